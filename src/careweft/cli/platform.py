"""`careweft platform`: what the pages under /administration do, from a terminal."""

import argparse
import platform
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from .. import __version__
from ..accounts.letters import letter
from ..adapters import clock
from ..app import House
from ..ports.people import Account
from ..ports.platform import LONGEST_TERMS, late
from ..registry.refusal import RegistrationRefused
from ..tenancy import PLATFORM
from .apps import operator, terminal
from .model import Command, Wrong, arg
from .people import terminal as sitting
from .people import told
from .place import at_home, show

ROLE = "administrator"


def status(args: argparse.Namespace) -> int:
    """What runs here, and what is set up."""

    async def run(house: House) -> dict[str, Any]:
        ran, terms = await house.platform.versions(), await house.platform.terms()
        return {
            "environment": house.settings.environment,
            "base_url": house.settings.public_url,
            "careweft": __version__,
            "python": platform.python_version(),
            "postgresql": ran.postgres,
            "schema": ran.schema,
            "administrators": len([one for one in await administrators(house) if one.username and one.enabled]),
            "tenants": len(await house.tenants.all()),
            "mail": house.settings.mails,
            "terms": terms.version if terms else None,
        }

    return show(args, at_home(args, run))


def invite(args: argparse.Namespace) -> int:
    """A one-time code for an administrator; it is shown here and nowhere else."""

    async def run(house: House) -> dict[str, Any]:
        with told():
            code, days = await invited(house, args.name, args.email)
        return {"name": args.name, "code": code, "valid_days": days, "address": address(house)}

    return show(args, at_home(args, run))


async def invited(house: House, name: str, email: str | None) -> tuple[str, int]:
    """A code for an administrator of this name, and its days; who waits already gets another code."""
    known = next((one for one in await administrators(house) if not one.username and one.name == name), None)
    account = known or Account("", PLATFORM.number, "", name, email, ROLE)
    made = await house.people.invitations.invite(None, account, sitting(), new=known is None)
    return made.code, made.until.days


async def administrators(house: House) -> list[Account]:
    """Everybody who administers, also who was only invited."""
    return [one for one in await house.register.all(PLATFORM.number) if one.role == ROLE]


def address(house: House) -> str:
    """Where a code is typed."""
    return f"{house.settings.public_url}/account/{PLATFORM.id}/join"


def mail(args: argparse.Namespace) -> int:
    """Post a letter to try the mail server with; the job process sends it."""

    async def run(house: House) -> dict[str, Any]:
        if not house.outbox.works:
            raise Wrong("no mail server is configured: set CAREWEFT_SMTP_URL and CAREWEFT_MAIL_FROM")
        account = Account("", PLATFORM.number, "", operator().id, args.address, ROLE)
        one = letter("test", account, PLATFORM.name, link=house.settings.public_url)
        if one is None or not await house.outbox.post(PLATFORM.number, one, clock.now()):
            raise Wrong("three letters an hour go to one address; try again later")
        return {"posted": args.address}

    return show(args, at_home(args, run))


def jobs(args: argparse.Namespace) -> int:
    """Exports of all tenants: those at work first."""

    async def run(house: House) -> list[dict[str, Any]]:
        names = {one.number: one.id for one in await house.tenants.all()}
        return [
            {
                "job": one.id,
                "tenant": names.get(one.tenant),
                "client_id": one.client,
                "about": one.about,
                "state": one.state,
                "begun": one.created.isoformat(timespec="seconds"),
                "problem": one.problem,
            }
            for one in await house.platform.jobs()
        ]

    return show(args, at_home(args, run))


def change(word: str) -> Callable[[argparse.Namespace], int]:
    """Cancel an export, or begin a failed one again."""

    def run_(args: argparse.Namespace) -> int:
        async def run(house: House) -> dict[str, Any]:
            job = await house.platform.job(args.job)
            if job is None:
                raise Wrong("there is no such export; `careweft platform jobs` shows them all")
            entry = terminal().entry(clock.now(), f"job {word}", operator().id, job.tenant, job.client)
            act: Callable[..., Awaitable[bool]] = getattr(house.platform, word)
            if not await act(job, entry):
                raise Wrong(NOT[word])
            return {"job": job.id, "done": word}

        return show(args, at_home(args, run))

    return run_


NOT = {
    "cancel": "this export is over already",
    "retry": "only an export that failed is begun again, a minute after it did: its old files go first",
}


def letters(args: argparse.Namespace) -> int:
    """What waits for the job process, or letters that were given up sent again."""

    async def run(house: House) -> list[dict[str, Any]]:
        now = clock.now()
        if args.again:
            await house.platform.resend(now, terminal().entry(now, "letters again", operator().id, None, None))
        return [
            {
                "what": one.name,
                "due": one.waiting,
                "since": one.oldest.isoformat(timespec="seconds") if one.oldest else None,
                "given_up": one.given_up,
            }
            for one in await house.platform.chores(now)
        ]

    return show(args, at_home(args, run))


def feeds(args: argparse.Namespace) -> int:
    """When each tenant last got records."""

    async def run(house: House) -> list[dict[str, Any]]:
        now, found = clock.now(), []
        for one in await house.tenants.all():
            load = await house.platform.load(one.number, now)
            found.append({
                "tenant": one.id,
                "name": one.name,
                "last_load": load.at.isoformat(timespec="seconds") if load else None,
                "batches_in_a_month": load.batches if load else 0,
                "expected_within_hours": one.feed_hours,
                "late": late(load, one.feed_hours, now),
            })  # fmt: skip
        return found

    return show(args, at_home(args, run))


def terms(args: argparse.Namespace) -> int:
    """The terms of today, or a new version from a file."""
    text = written(args.publish).strip() if args.publish else ""

    async def run(house: House) -> dict[str, Any]:
        if args.publish:
            if not 0 < len(text) <= LONGEST_TERMS:
                raise RegistrationRefused(f"terms want 1 to {LONGEST_TERMS} characters")
            entry = terminal().entry(clock.now(), "terms publish", operator().id, None, None)
            await house.platform.publish(text, operator().id, entry)
        held = await house.platform.terms()
        if held is None:
            raise Wrong("no terms are published: `careweft platform terms --publish FILE`")
        return {"version": held.version, "since": held.since.isoformat(timespec="seconds"), "by": held.by,
                "text": held.text}  # fmt: skip

    return show(args, at_home(args, run))


def written(place: str) -> str:
    """The text in a file, or from standard input by `-`."""
    return sys.stdin.read() if place == "-" else Path(place).read_text("utf-8")


JOB = arg("job", metavar="JOB", help="the export's id")
COMMANDS = (
    Command(("platform", "status"), "tell what runs here and what is set up", status),
    Command(
        ("platform", "invite"),
        "make a one-time code for an administrator, who chooses username and password with it",
        invite,
        (
            arg("name", metavar="NAME", help="the administrator's name"),
            arg("--email", metavar="ADDRESS", help="where letters go"),
        ),
    ),
    Command(
        ("platform", "mail"),
        "post a letter to try the mail server with",
        mail,
        (arg("address", metavar="ADDRESS", help="to whom"),),
    ),
    Command(("platform", "jobs"), "list the exports of all tenants", jobs),
    Command(("platform", "cancel"), "end an export and remove its files", change("cancel"), (JOB,)),
    Command(("platform", "retry"), "begin an export again that failed", change("retry"), (JOB,)),
    Command(
        ("platform", "letters"),
        "list what waits for the job process: letters, Groups, exports that come again",
        letters,
        (arg("--again", action="store_true", help="send the letters again that were given up"),),
    ),
    Command(("platform", "feeds"), "tell when each tenant last got records", feeds),
    Command(
        ("platform", "terms"),
        "show the terms that developers accept, or publish a new version, which asks all of them again",
        terms,
        (arg("--publish", metavar="FILE", help="a text file, or - for standard input"),),
    ),
)
