"""`careweft emergency`: who had emergency access, why, and an end to it."""

import argparse
from typing import Any

from ..access.emergency import END, Emergency
from ..adapters import clock
from ..app import House
from .apps import operator, terminal
from .audit import moment
from .model import Command, arg
from .place import at_home, show


def list_(args: argparse.Namespace) -> int:
    """What was opened since a day, latest first, one a line."""

    async def run(house: House) -> list[dict[str, Any]]:
        tenant = await house.tenant(args.tenant)
        return [described(one) for one in await house.emergencies.listed(tenant.number, moment(args.since))]

    return show(args, at_home(args, run))


def end(args: argparse.Namespace) -> int:
    """End one before its time; exit 1 where none of this id is in force."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        now = clock.now()
        entry = terminal().entry(now, END, operator().id, tenant.number, args.id)
        return {"ended": await house.emergencies.end(tenant.number, args.id, now, entry)}

    result: dict[str, Any] = at_home(args, run)
    show(args, result)
    return 0 if result["ended"] else 1


def described(one: Emergency) -> dict[str, Any]:
    """An emergency as the terminal shows it."""
    return {
        "id": one.id,
        "account": one.account,
        "user": one.user,
        "patients": one.patient or "all",
        "from": one.begins.isoformat(timespec="seconds"),
        "until": (one.ended or one.ends).isoformat(timespec="seconds"),
        "reason": one.reason,
    }


TENANT = arg("--tenant", metavar="ID", required=True, help="the tenant's id")
COMMANDS = (
    Command(
        ("emergency", "list"),
        "list who had emergency access to a tenant's records, and why",
        list_,
        (TENANT, arg("--since", metavar="DATE", required=True, help="opened from this day or moment on (UTC)")),
    ),
    Command(
        ("emergency", "end"),
        "end an emergency access before its time",
        end,
        (arg("id", metavar="EMERGENCY", help="its id, as listed"), TENANT),
    ),
)
