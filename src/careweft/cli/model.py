"""What a command is: a row from which the parser, the help and docs/reference/command-line.md are made."""

import argparse
from collections.abc import Callable
from dataclasses import field
from typing import Any

from ..values import dataclass


class Wrong(Exception):
    """The command was used wrongly or cannot do what it was asked; the text goes to the terminal, exit code 1."""


class Usage(Wrong):
    """Arguments that do not go together: exit code 2."""


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument: its flags or its name, its help, and whatever else argparse needs to know."""

    flags: tuple[str, ...]
    help: str
    more: dict[str, Any] = field(default_factory=dict)


def arg(*flags: str, help: str, **more: Any) -> Arg:  # noqa: A002  argparse's own word
    """A readable way to write an Arg."""
    return Arg(flags, help, more)


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, one line of help, its arguments, and what runs it; `run` returns the exit code."""

    words: tuple[str, ...]
    help: str
    run: Callable[[argparse.Namespace], int]
    args: tuple[Arg, ...] = ()


EVERYWHERE = (
    arg("--data", help="folder of the embedded database and files (default: the user's data folder)", metavar="DIR"),
    arg("--database", help="a PostgreSQL URL instead of the embedded database", metavar="URL"),
    arg("--json", help="print the result as JSON", action="store_true"),
)
"""Arguments of every command."""
