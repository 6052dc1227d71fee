"""`careweft audit`: is the journal whole, and what does it say?"""

import argparse
import datetime as dt
import sys
from typing import Any

from ..adapters import clock
from ..app import House
from ..audit.report import chosen, events, table
from ..store import seal
from .model import Command, arg
from .place import at_home, show


def verify(args: argparse.Namespace) -> int:
    """Walk a tenant's chain; exit 1 where an entry was changed, added, moved or removed."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        async with house.pool.connection() as connection:
            anchor = house.anchors.last().get(tenant.number)
            found = await seal.verify(connection, tenant.number, house.master.derive("journal"), anchor)
        return {
            "whole": not found.findings,
            "links": found.links,
            "rows": found.rows,
            "findings": [str(one) for one in found.findings],
        }

    result: dict[str, Any] = at_home(args, run)
    show(args, result)
    return 0 if result["whole"] else 1


def report(args: argparse.Namespace) -> int:
    """The entries of a period: CSV, or with --json one AuditEvent a line."""
    since, until = moment(args.since), moment(args.until) if args.until else clock.now()

    async def run(house: House) -> str:
        tenant = await house.tenant(args.tenant)
        async with house.pool.connection() as connection:
            every = [row async for row in seal.period(connection, tenant.number, since, until)]
        rows = chosen(every, args.action)
        if args.json:
            return "".join(f"{event}\n" for event in events(rows, house.settings.public_url, args.by))
        return table(rows, args.by)

    sys.stdout.write(at_home(args, run))
    return 0


def moment(text: str) -> dt.datetime:
    """A day or moment of the command line, in UTC where it names no offset. Raises ValueError."""
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


TENANT = arg("--tenant", metavar="ID", required=True, help="whose journal")
COMMANDS = (
    Command(("audit", "verify"), "prove that the audit journal is whole", verify, (TENANT,)),
    Command(
        ("audit", "report"),
        "print the audit entries of a period",
        report,
        (
            TENANT,
            arg("--since", metavar="DATE", required=True, help="from this day or moment on (UTC)"),
            arg("--until", metavar="DATE", help="up to this one (default: now)"),
            arg(
                "--action",
                metavar="ACTION",
                action="append",
                default=[],
                help="only these, such as emergency-access and emergency-end; may be repeated",
            ),
            arg("--by", metavar="FIELD", default="at", help="sort by this field (default: at)"),
        ),
    ),
)
