"""Where a command works: the embedded database of a data folder, or a database by URL; opened, used and left."""

import argparse
import gc
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from .. import config
from ..config import Settings
from ..store import embedded
from .awaited import awaited
from .model import Wrong

if TYPE_CHECKING:  # loaded while the database starts
    from ..app import House

T = TypeVar("T")

SERVED = "base-url"
"""The file in the data folder that says under which base URL the installation was last served."""

__all__ = ["at_home", "settings_of", "show", "standing"]


def settings_of(args: argparse.Namespace, **more: Any) -> Settings:
    """The settings of the environment, with what the command line says over them."""
    given = {"data": args.data, "database_url": args.database, **more}
    return config.read(**{name: value for name, value in given.items() if value is not None})


def as_served(settings: Settings) -> Settings:
    """With the base URL that this installation was last served under, where nobody named one: tokens name it."""
    served = settings.data / SERVED
    if settings.base_url is not None or not served.exists():
        return settings
    return replace(settings, base_url=served.read_text().strip() or None)


def note_served(settings: Settings) -> None:
    """Remember the base URL for commands that are run beside the server."""
    (settings.data / SERVED).write_text(settings.public_url + "\n")


@contextmanager
def standing(settings: Settings, *, initial: bool = False, serving: Sequence[str] = ()) -> Iterator[Settings]:
    """A running, migrated database; the settings come back with the URL that the server's role uses.

    An embedded database that runs already is attached to and left running; one that this call starts is stopped at the
    end. Modules named by `serving` are loaded meanwhile. With `initial` the search indexes of a database without
    records are left off until the end. Raises Wrong with one line where it cannot be had.
    """
    new = settings.database_url is None and not (settings.data / "postgres").exists()
    loading = Thread(target=load, args=(("careweft.app", *serving), new), daemon=True)
    loading.start()
    try:
        if settings.database_url:
            loading.join()
            from ..store import master, roles

            server_url = awaited(roles.prepare(settings.database_url, master.load(settings.master_key)))
            with left_off(settings.database_url) if initial else nullcontext():
                yield settings.with_database(server_url)
            return
        database = embedded.start(settings.data, pg_bin=settings.pg_bin)
        try:
            loading.join()
            migrated(database.url)
            with left_off(database.url) if initial else nullcontext():
                yield settings.with_database(database.server_url)
        finally:
            database.stop()
    except failures() as failure:
        raise Wrong(told(failure)) from failure


def load(modules: Sequence[str], new: bool) -> None:  # noqa: FBT001  handed over by a Thread
    """These, the rooms among them, and for a new database, which takes longer to make, what it will be told.

    What is loaded stays: nobody looks through it for garbage, now or ever, here or in a web process.
    """
    gc.disable()
    try:
        for one in modules:
            import_module(one)
        if new:
            import_module("careweft.store.registry").wanted()
    finally:
        gc.freeze()
        gc.enable()


def migrated(owner_url: str) -> None:
    """Bring the database to this program's schema."""
    from ..store.migrate import migrate

    awaited(migrate(owner_url))


def failures() -> tuple[type[Exception], ...]:
    """What is not a mistake of the program: it is told in one line."""
    from ..fhir.outcomes import FhirRefusal
    from ..oauth.errors import OAuthError
    from ..store.faults import DatabaseError
    from ..store.master import KeyFileError
    from ..store.migrate import SchemaError
    from ..store.roles import RoleError

    return embedded.EmbeddedError, KeyFileError, SchemaError, RoleError, DatabaseError, FhirRefusal, OAuthError


@contextmanager
def left_off(owner_url: str) -> Iterator[None]:
    """Search indexes are built after the block, where there were no records before it."""
    from ..store import initial

    if not awaited(initial.drop(owner_url)):
        print("there are records already, so the indexes stay as they are", file=sys.stderr)
    try:
        yield
    finally:
        migrated(owner_url)


def told(failure: Exception) -> str:
    """A failure in one line."""
    from ..fhir.outcomes import FhirRefusal
    from ..oauth.errors import OAuthError

    if isinstance(failure, FhirRefusal):
        return failure.message
    if isinstance(failure, OAuthError):
        return f"{failure.error}: {failure.description}"
    return str(failure)


def at_home(args: argparse.Namespace, run: "Callable[[House], Awaitable[T]]", *, initial: bool = False) -> T:
    """Open the house, run, and leave."""

    async def inside(settings: Settings) -> T:
        from ..app import open_house

        async with open_house(settings) as house:
            return await run(house)

    with standing(as_served(settings_of(args)), initial=initial) as settings:
        import uvloop  # as the server has it: a load sends much

        return awaited(inside(settings), uvloop.new_event_loop)


def show(args: argparse.Namespace, result: Any) -> int:
    """Print a result: JSON for a script, aligned lines for a person."""
    if args.json:
        json.dump(result, sys.stdout, indent=2)
        print()
    elif isinstance(result, list):
        for line in columns(result):
            print(line)
    else:
        for line in lines(result):
            print(line)
    return 0


def lines(result: dict[str, Any], indent: str = "") -> Iterator[str]:
    """`name  value`, nested ones indented."""
    width = max((len(name) for name, value in result.items() if not isinstance(value, dict)), default=0)
    for name, value in result.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from lines(value, indent + "  ")
        else:
            yield f"{indent}{name:<{width}}  {word(value)}"


def columns(result: list[dict[str, Any]]) -> Iterator[str]:
    """A table with its names on top; `none` where there is no row."""
    if not result:
        yield "none"
        return
    table = [list(result[0]), *([word(value) for value in row.values()] for row in result)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def word(value: Any) -> str:
    """A value as a person reads it."""
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, (list, tuple)) else str(value)
