"""`careweft check`: would the platform run here, and what is in its way?"""

import argparse
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from ..adapters.mail import Smtp
from ..app import open_house
from ..config import Settings
from .awaited import awaited
from .model import Command, Usage, Wrong, arg
from .place import settings_of, show, standing

T = TypeVar("T")

SPACE = 2 * 1024**3
"""Free bytes under which the disk is called short."""
SKEW = 5.0
"""Seconds that the database's clock may differ from this machine's."""


def check(args: argparse.Namespace) -> int:
    """Configuration, disk, database and clock, a line each; or a tenant's records; exit 1 when something is wrong."""
    if (args.what == "records") is not (args.tenant is not None):
        raise Usage("`careweft check records` wants --tenant ID, and only that takes it")
    if args.what == "records":
        from .conformance import survey

        return survey(args)
    results: dict[str, str] = {}
    settings = said(results, "configuration", lambda: settings_of(args), lambda s: f"{s.environment}, data in {s.data}")
    if settings is not None:
        said(results, "disk", lambda: free(settings), lambda n: f"{n / 1024**3:.0f} GB free")
        said(results, "mail", lambda: mailed(settings), str)
        said(
            results,
            "database",
            lambda: asked(settings),
            lambda skew: f"reached, migrated, the server's role is confined; clock {skew:+.1f} s",
        )
    show(args, results)
    return int(any(text.startswith("WRONG") for text in results.values()))


def said(results: dict[str, str], name: str, find: Callable[[], T], tell: Callable[[T], str]) -> T | None:
    """Run one check and note what it says."""
    try:
        found = find()
    except (Wrong, OSError, ValueError, RuntimeError) as wrong:
        results[name] = f"WRONG: {wrong}"
        return None
    results[name] = f"ok: {tell(found)}"
    return found


def mailed(settings: Settings) -> str:
    """How letters reach people; raises OSError where the mail server that is configured cannot be used."""
    if settings.smtp_url and settings.mail_from:
        Smtp.read(settings.smtp_url, settings.mail_from).reach()
        return f"the mail server takes letters from {settings.mail_from}"
    if settings.preview:
        return "letters are shown on a page, none is sent"
    return "none: password resets and invitations by mail are refused until CAREWEFT_SMTP_URL is set"


def free(settings: Settings) -> int:
    """Free bytes where the data is; raises OSError when they are too few."""
    place = settings.data
    while not place.exists():
        place = place.parent
    left = shutil.disk_usage(place).free
    if left < SPACE:
        raise OSError(f"only {left / 1024**2:.0f} MB are free in {place}")
    return left


def asked(settings: Settings) -> float:
    """How far the database's clock is from ours; raises ValueError when that is too far or the role is not confined."""

    async def ask(ready: Settings) -> float:
        async with open_house(ready) as house:
            before = time.time()
            row = await house.pool.fetchrow("select clock_timestamp() as now")
            if row is None:
                raise OSError("the database does not tell the time")
            return float((row["now"] - datetime.fromtimestamp((before + time.time()) / 2, UTC)).total_seconds())

    with standing(settings) as ready:
        skew = awaited(ask(ready))
    if abs(skew) > SKEW:
        raise ValueError(f"the database's clock is {skew:+.1f} s from this machine's")
    return skew


COMMANDS = (
    Command(
        ("check",),
        "check configuration, disk, database and clock; `check records`: a tenant's records against their profiles",
        check,
        (
            arg(
                "what",
                metavar="records",
                nargs="?",
                choices=("records",),
                help="each profile: which records fail and why, which must-support elements never occur",
            ),
            arg("--tenant", metavar="ID", help="whose records"),
        ),
    ),
)
