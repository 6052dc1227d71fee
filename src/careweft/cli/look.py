"""`careweft tenant look`: how a tenant looks, as its console has it."""

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ..adapters import clock
from ..app import House
from ..oauth.style import COLOURS
from ..registry.pictures import made_anew, named
from ..tenancy.look import checked
from .apps import operator, terminal
from .model import Command, arg
from .place import at_home, show


def look(args: argparse.Namespace) -> int:
    """Name, colours and logo; without more, they are only shown."""
    body = made_anew(Path(args.logo).read_bytes()) if args.logo else None

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.id)
        said = {name: value.lower() for name in COLOURS if (value := getattr(args, name)) is not None}
        if body is not None:
            said["logo"] = named(body)
        new = replace(tenant, name=args.name or tenant.name, look=replace(tenant.look, **said))
        checked(new.look, COLOURS)
        if new != tenant:
            now = clock.now()
            if body is not None:
                await house.pictures.keep(f"tenant {tenant.number}", named(body), body, now)
            await house.tenants.save(new, terminal().entry(now, "tenant look", operator().id, tenant.number, None))
        shown = {name: value or None for name, value in asdict(new.look).items()}
        return {"tenant": tenant.id, "name": new.name, **shown}

    return show(args, at_home(args, run))


COMMANDS = (
    Command(
        ("tenant", "look"),
        "say how a tenant looks: on its pages, and in the style document that applications dress by",
        look,
        (
            arg("id", metavar="ID", help="the tenant's id"),
            arg("--name", metavar="NAME", help="the organization's name"),
            *(arg(f"--{name}", metavar="COLOUR", help="such as #0b5c8a; empty: ours") for name in COLOURS),
            arg("--logo", metavar="FILE", help="a PNG or JPEG file, which is made anew"),
        ),
    ),
)
