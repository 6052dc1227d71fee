"""`careweft schedule` and `careweft research`: exports that come again, and Groups without names."""

import argparse
import getpass
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from .. import surfaces
from ..adapters import clock
from ..app import House
from ..bulk.schedule import Rule
from ..ports.approvals import Approval
from ..ports.journal import Entry
from ..ports.schedules import Schedule
from ..store.approvals import PostgresApprovals
from ..store.schedules import PostgresSchedules
from ..tenancy import Tenant
from .model import Command, Wrong, arg
from .place import at_home, show


def create(args: argparse.Namespace) -> int:
    """Have a client's export of a Group begin again and again."""
    rule = Rule.read(args.rule)

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        surface = await exported(house, tenant, args.client)
        unknown = [one for one in args.type if one not in surface.by_type]
        if unknown:
            raise Wrong(f"{surface.name} exports no {unknown[0]}")
        made = Schedule(str(uuid.uuid4()), args.client, surface.id, args.group, args.rule, tuple(args.type))
        first = rule.after(clock.now(), ZoneInfo(tenant.zone))
        await house.journal.write(entry(tenant, "schedule-create", args.client, args.group))
        await PostgresSchedules(tenant.number, house.pool).add(made, first)
        return {"schedule": made.id, "first": first.isoformat(timespec="seconds")}

    return show(args, at_home(args, run))


def list_(args: argparse.Namespace) -> int:
    """Every schedule of a tenant, one a line."""

    async def run(house: House) -> list[dict[str, Any]]:
        tenant = await house.tenant(args.tenant)
        return [told(one) for one in await PostgresSchedules(tenant.number, house.pool).all()]

    return show(args, at_home(args, run))


def delete(args: argparse.Namespace) -> int:
    """Forget a schedule; what has begun goes on."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        schedules = PostgresSchedules(tenant.number, house.pool)
        found = await schedules.find(args.id)
        if found is None:
            raise Wrong("there is no schedule with this id; `careweft schedule list` shows them all")
        await house.journal.write(entry(tenant, "schedule-delete", found.client, found.group))
        await schedules.remove(args.id)
        return {"schedule": args.id, "deleted": True}

    return show(args, at_home(args, run))


def approve(args: argparse.Namespace) -> int:
    """Let an application have a Group de-identified."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        client = await house.clients.find(tenant.number, args.client)
        if client is None or client.access != surfaces.RESEARCH.side:
            raise Wrong("a Group is approved for an application of this tenant with --access research")
        made = Approval(client.id, args.group, args.dates, clock.now(), getpass.getuser())
        await house.journal.write(entry(tenant, "research-approve", client.id, args.group))
        await PostgresApprovals(house.pool).approve(tenant.number, made)
        base = surfaces.RESEARCH.url(house.settings.public_url, tenant.id)
        return {"client": client.id, "dates": made.dates, "export": f"{base}/Group/{args.group}/$export"}

    return show(args, at_home(args, run))


def approved(args: argparse.Namespace) -> int:
    """Every approval of a tenant, one a line."""

    async def run(house: House) -> list[dict[str, Any]]:
        tenant = await house.tenant(args.tenant)
        return [
            {"client": one.client, "group": one.group, "dates": one.dates, "at": one.at.isoformat(), "by": one.by}
            for one in await PostgresApprovals(house.pool).all(tenant.number)
        ]

    return show(args, at_home(args, run))


def withdraw(args: argparse.Namespace) -> int:
    """Take an approval back: exports at work end."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        await house.journal.write(entry(tenant, "research-withdraw", args.client, args.group))
        if not await PostgresApprovals(house.pool).withdraw(tenant.number, args.client, args.group):
            raise Wrong("nothing of the kind is approved; `careweft research list` shows what is")
        return {"client": args.client, "group": args.group, "withdrawn": True}

    return show(args, at_home(args, run))


async def exported(house: House, tenant: Tenant, client_id: str) -> surfaces.Surface:
    """The API from which this client exports."""
    client = await house.clients.find(tenant.number, client_id)
    if client is None or client.type != "system" or not client.bulk:
        raise Wrong("this tenant has no application of that id that may export")
    surface = surfaces.find(client.access, "system")
    if not surface.exports:
        raise Wrong(f"an application of access {client.access} exports nothing")
    return surface


def entry(tenant: Tenant, action: str, client: str, group: str) -> Entry:
    """What the audit keeps of an owner's decision."""
    return Entry(
        at=clock.now(),
        tenant=tenant.number,
        action=action,
        surface="command line",
        status=200,
        request_id=str(uuid.uuid4()),
        client=client,
        user=getpass.getuser(),
        type="Group",
        id=group,
    )


def told(one: Schedule) -> dict[str, Any]:
    """A schedule as a row."""
    return {
        "schedule": one.id,
        "client": one.client,
        "group": one.group,
        "rule": one.rule,
        "types": list(one.types),
        "since": one.since or None,
        "job": one.job,
        "problem": one.problem,
    }


TENANT = arg("--tenant", metavar="ID", required=True, help="whose records")
CLIENT = arg("--client", metavar="ID", required=True, help="the application's client id")
GROUP = arg("group", metavar="GROUP", help="the Group's id")
COMMANDS = (
    Command(
        ("schedule", "create"),
        "export a Group again and again, each time what changed since the last",
        create,
        (
            GROUP,
            TENANT,
            CLIENT,
            arg(
                "--rule",
                metavar="RULE",
                required=True,
                help="'daily 02:30', 'weekly mon 02:30', 'monthly 15 02:30', 'monthly last 02:30', in its zone",
            ),
            arg(
                "--type",
                metavar="TYPE",
                action="append",
                default=[],
                help="only this type; may be repeated (default: all that the application may have)",
            ),
        ),
    ),
    Command(("schedule", "list"), "list the exports that come again", list_, (TENANT,)),
    Command(
        ("schedule", "delete"),
        "forget an export that comes again",
        delete,
        (arg("id", metavar="ID", help="the schedule's id"), TENANT),
    ),
    Command(
        ("research", "approve"),
        "let an application with access research export a Group de-identified",
        approve,
        (
            GROUP,
            TENANT,
            CLIENT,
            arg(
                "--dates",
                choices=("shifted", "years"),
                default="shifted",
                help="what becomes of days: moved by up to a year, or years alone (default: shifted)",
            ),
        ),
    ),
    Command(("research", "list"), "list which applications may have which Groups de-identified", approved, (TENANT,)),
    Command(("research", "withdraw"), "take such an approval back", withdraw, (GROUP, TENANT, CLIENT)),
)
