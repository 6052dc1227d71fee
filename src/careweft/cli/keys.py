"""`careweft keys`: the keys that sign a tenant's tokens."""

import argparse
from typing import Any

from ..adapters import clock
from ..app import House
from .apps import operator, terminal
from .model import Command, arg
from .place import at_home, show


def rotate(args: argparse.Namespace) -> int:
    """Make a successor; the present key signs until every cache has seen the new one."""

    async def run(house: House) -> list[dict[str, Any]]:
        tenant = await house.tenant(args.tenant)
        entry = terminal().entry(clock.now(), "keys rotate", operator().id, tenant.number, None)
        await house.keyring.rotate(tenant.number, entry)
        return await listed(house, args.tenant)

    return show(args, at_home(args, run))


def list_(args: argparse.Namespace) -> int:
    """Every key that is still published."""
    return show(args, at_home(args, lambda house: listed(house, args.tenant)))


async def listed(house: House, tenant: str) -> list[dict[str, Any]]:
    """A tenant's keys without their private parts."""
    return [
        {
            "kid": key.kid,
            "alg": key.alg,
            "signs_from": key.since.isoformat(),
            "signs_until": key.until.isoformat() if key.until else None,
            "forgotten_at": key.forget.isoformat() if key.forget else None,
        }
        for key in await house.signing_keys.of((await house.tenant(tenant)).number)
    ]


TENANT = arg("--tenant", metavar="ID", required=True, help="whose keys")
COMMANDS = (
    Command(
        ("keys", "rotate"),
        "make a new signing key; tokens signed by the old one stay good until they end",
        rotate,
        (TENANT,),
    ),
    Command(("keys", "list"), "list a tenant's signing keys", list_, (TENANT,)),
)
