"""`careweft group`: Groups that a tenant defines by searches, as the console does it."""

import argparse
import getpass
import sys
import uuid
from pathlib import Path
from typing import Any

from ..app import House
from ..insight.groups.keep import Actor, Preview, Refreshed
from ..insight.groups.refusal import DefinitionRefused, NoSuchGroup
from ..ports.groups import Defined
from .model import Command, Wrong, arg
from .place import at_home, show

OWNER = "command line"


def create(args: argparse.Namespace) -> int:
    """Keep a definition and make its Group."""
    wanted = Defined(
        "",
        args.name,
        written(args.definition),
        code=args.code,
        manager=args.manager,
        withheld=args.with_withheld,
        every=args.every,
    )

    async def run(house: House) -> dict[str, Any]:
        groups = await house.groups(await house.tenant(args.tenant))
        defined, made = await groups.create(wanted, actor())
        return {"group": defined.id, "name": defined.name} | came_to(made)

    return show(args, at_home(args, run))


def preview(args: argparse.Namespace) -> int:
    """Count what a definition would come to, line by line; nothing is kept."""
    text = written(args.definition)

    async def run(house: House) -> Preview:
        groups = await house.groups(await house.tenant(args.tenant))
        return await groups.preview(text, actor(), withheld=args.with_withheld)

    found = at_home(args, run)
    lines = [{"patients": one.patients, "line": one.line} for one in found.lines]
    if args.json:
        return show(args, {"members": found.size, "unknown": found.unknown, "lines": lines})
    show(args, {"members": found.size, "named but unknown": found.unknown})
    print()
    return show(args, lines)


def list_(args: argparse.Namespace) -> int:
    """Every definition of a tenant, one a line."""

    async def run(house: House) -> list[dict[str, Any]]:
        groups = await house.groups(await house.tenant(args.tenant))
        return [told(one) for one in await groups.definitions.all()]

    return show(args, at_home(args, run))


def show_(args: argparse.Namespace) -> int:
    """One definition, as it was written."""

    async def run(house: House) -> Defined:
        return await (await house.groups(await house.tenant(args.tenant))).find(args.id)

    found = here(args, run)
    details = told(found) | {"code": found.code, "manager": found.manager, "withheld": found.withheld}
    if args.json:
        return show(args, details | {"definition": found.text})
    show(args, details)
    print(f"\n{found.text.rstrip()}")
    return 0


def refresh(args: argparse.Namespace) -> int:
    """Evaluate a definition now."""

    async def run(house: House) -> dict[str, Any]:
        groups = await house.groups(await house.tenant(args.tenant))
        return {"group": args.id} | came_to(await groups.refresh(args.id, actor()))

    return show(args, here(args, run))


def delete(args: argparse.Namespace) -> int:
    """Forget a definition and delete its Group."""

    async def run(house: House) -> dict[str, Any]:
        groups = await house.groups(await house.tenant(args.tenant))
        await groups.delete(args.id, actor())
        return {"group": args.id, "deleted": True}

    return show(args, here(args, run))


def here(args: argparse.Namespace, run: Any) -> Any:
    """At home; a Group that is not there is told in one line."""
    try:
        return at_home(args, run)
    except NoSuchGroup as missing:
        raise Wrong(str(missing)) from None


def written(place: str) -> str:
    """The definition in a file, or from standard input by `-`."""
    try:
        return sys.stdin.read() if place == "-" else Path(place).read_text("utf-8")
    except UnicodeDecodeError:
        raise DefinitionRefused("a definition is text in UTF-8") from None


def actor() -> Actor:
    """Whoever sits at the terminal."""
    return Actor(OWNER, str(uuid.uuid4()), user=getpass.getuser())


def came_to(made: Refreshed) -> dict[str, Any]:
    """An evaluation as the terminal shows it."""
    return {
        "outcome": made.outcome,
        "version": made.version,
        "members": made.size,
        "came": made.came,
        "went": made.went,
    }


def told(one: Defined) -> dict[str, Any]:
    """A definition as a row."""
    evaluated = None if one.evaluated is None else one.evaluated.isoformat(timespec="seconds")
    return {
        "group": one.id,
        "name": one.name,
        "members": one.size,
        "every": one.every,
        "evaluated": evaluated,
        "failure": one.failure,
    }


TENANT = arg("--tenant", metavar="ID", required=True, help="whose Group")
GROUP = arg("id", metavar="ID", help="the Group's id")
TEXT = arg("definition", metavar="FILE", help="the definition; - reads it from standard input")
WITHHELD = arg(
    "--with-withheld", action="store_true", help="count records that are withheld as sensitive: membership then tells"
)
COMMANDS = (
    Command(
        ("group", "create"),
        "define a Group by including searches minus excluding ones",
        create,
        (
            TEXT,
            TENANT,
            arg("--name", metavar="NAME", required=True, help="what people call it"),
            arg("--code", metavar="SYSTEM|CODE", help="the Group's code"),
            arg("--manager", metavar="REFERENCE", help="who manages it, such as Organization/123"),
            arg("--every", metavar="SECONDS", type=int, default=3600, help="how often it is evaluated (default: 3600)"),
            WITHHELD,
        ),
    ),
    Command(
        ("group", "preview"), "count what a definition comes to, and keep nothing", preview, (TEXT, TENANT, WITHHELD)
    ),
    Command(("group", "list"), "list the Groups that a tenant defines", list_, (TENANT,)),
    Command(("group", "show"), "show a Group's definition", show_, (GROUP, TENANT)),
    Command(("group", "refresh"), "evaluate a Group's definition now", refresh, (GROUP, TENANT)),
    Command(("group", "delete"), "forget a definition and delete its Group", delete, (GROUP, TENANT)),
)
