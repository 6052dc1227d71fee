"""`careweft tenant grants`, `end-grants`: what people granted, by application, as the console has it."""

import argparse
from typing import Any

from ..adapters import clock
from ..app import House
from .apps import operator, terminal
from .model import Command, Wrong, arg
from .place import at_home, show


def list_(args: argparse.Namespace) -> int:
    """How much people of a tenant granted to each application."""

    async def run(house: House) -> list[dict[str, Any]]:
        tenant = await house.tenant(args.id)
        return [
            {
                "client_id": one.client,
                "people": one.people,
                "grants": one.permits,
                "while_signed_in": one.online,
                "last_used": one.used.isoformat() if one.used else None,
            }
            for one in await house.auth.permits.by_client(tenant.number, clock.now())
        ]

    return show(args, at_home(args, run))


def end(args: argparse.Namespace) -> int:
    """End all that people granted to one application."""

    async def run(house: House) -> dict[str, Any]:
        tenant, now = await house.tenant(args.id), clock.now()
        if args.client not in {one.client for one in await house.auth.permits.by_client(tenant.number, now)}:
            raise Wrong("nobody granted anything to such an application; `careweft tenant grants` shows them all")
        entry = terminal().entry(now, "grants end", operator().id, tenant.number, args.client)
        return {
            "client_id": args.client,
            "ended": await house.auth.permits.end_client(tenant.number, args.client, now, entry),
        }

    return show(args, at_home(args, run))


OF = arg("id", metavar="ID", help="the tenant's id")
COMMANDS = (
    Command(("tenant", "grants"), "count what people of a tenant granted, by application", list_, (OF,)),
    Command(
        ("tenant", "end-grants"),
        "end all that people granted to an application; its tokens are dead within five seconds",
        end,
        (OF, arg("client", metavar="CLIENT", help="the application's client_id")),
    ),
)
