"""The command line: `careweft COMMAND`, a contract that scripts depend on. Exit 0 done, 1 failed, 2 wrong usage."""

import argparse
import os
import signal
import sys
from importlib import import_module

from .. import __version__
from .model import EVERYWHERE, Command, Usage, Wrong

MODULES = {
    "serve": ("demo", "serve", "worker"),
    "tenants": ("tenant",),
    "people": ("user",),
    "platform": ("platform",),
    "records": ("load", "sample", "reindex"),
    "export": ("export",),
    "apps": ("app", "token"),
    "keys": ("keys",),
    "audit": ("audit",),
    "emergency": ("emergency",),
    "check": ("check",),
    "explain": ("explain",),
    "groups": ("group",),
    "sharing": ("schedule", "research"),
}
"""Where the commands that begin with a word are: only that module is loaded, which is half the time of a start."""


def commands(word: str | None = None) -> tuple[Command, ...]:
    """Every command in the order of the help, or those that begin with `word` where there are any."""
    wanted = [name for name, words in MODULES.items() if word in words] or list(MODULES)
    return tuple(one for name in wanted for one in import_module(f"{__name__}.{name}").COMMANDS)


def parser(word: str | None = None) -> argparse.ArgumentParser:
    """The parser that the rows describe, of all or of `commands(word)`; two-word commands become a group."""
    top = argparse.ArgumentParser(prog="careweft", description="A self-hosted, multi-tenant FHIR R4 platform.")
    top.add_argument("--version", action="version", version=f"careweft {__version__}")
    first = top.add_subparsers(metavar="COMMAND", required=True)
    groups: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    known = commands(word)
    for command in known:
        head, *tail = command.words
        if tail and head not in groups:
            group = first.add_parser(head, help=f"{', '.join(c.words[1] for c in known if c.words[0] == head)}")
            groups[head] = group.add_subparsers(metavar="ACTION", required=True)
        place = groups[head] if tail else first
        one = place.add_parser(command.words[-1], help=command.help, description=command.help)
        for given in (*command.args, *EVERYWHERE):
            one.add_argument(*given.flags, help=given.help, **given.more)
        one.set_defaults(run=command.run)
    return top


def ended(_: int, __: object) -> None:
    """SIGTERM ends a command as Ctrl+C does: what it started is stopped."""
    raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    args = parser(words[0] if words else None).parse_args(words)
    signal.signal(signal.SIGTERM, ended)
    try:
        code = int(args.run(args))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads our output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Usage as wrong:
        print(f"careweft: {wrong}", file=sys.stderr)
        return 2
    except (Wrong, OSError, ValueError) as wrong:
        print(f"careweft: {wrong}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
