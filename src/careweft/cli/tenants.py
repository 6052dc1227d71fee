"""`careweft tenant`: create, list, show."""

import argparse
import uuid
from typing import Any

from ..app import House
from ..tenancy import Tenant
from .model import Command, arg
from .place import at_home, show


def create(args: argparse.Namespace) -> int:
    """Make a tenant with its first signing keys."""

    async def run(house: House) -> dict[str, Any]:
        id_ = str(uuid.UUID(args.id)) if args.id else str(uuid.uuid4())
        tenant = await house.tenants.create(args.name, id_, args.zone, tuple(args.sdk_scope), tuple(args.care_record))
        await house.keyring.signing(tenant.number)
        return described(house, tenant)

    return show(args, at_home(args, run))


def list_(args: argparse.Namespace) -> int:
    """Every tenant, one a line."""

    async def run(house: House) -> list[dict[str, Any]]:
        return [{"id": t.id, "name": t.name, "zone": t.zone} for t in await house.tenants.all()]

    return show(args, at_home(args, run))


def show_(args: argparse.Namespace) -> int:
    """One tenant and its base URLs."""

    async def run(house: House) -> dict[str, Any]:
        return described(house, await house.tenant(args.id))

    return show(args, at_home(args, run))


def seal(args: argparse.Namespace) -> int:
    """Encrypt a tenant's records at rest from now on, under a key of its own; again: under a new key."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.id)
        return {"tenant": tenant.id, "key": await house.clinical.seal(tenant)}

    return show(args, at_home(args, run))


def described(house: House, tenant: Tenant) -> dict[str, Any]:
    """A tenant as the terminal shows it."""
    return {"id": tenant.id, "name": tenant.name, "zone": tenant.zone, "urls": dict(house.urls(tenant))}


COMMANDS = (
    Command(
        ("tenant", "create"),
        "make a tenant",
        create,
        (
            arg("name", metavar="NAME", help="the organization's name"),
            arg("--id", metavar="UUID", help="its id (default: a new one)"),
            arg(
                "--zone",
                metavar="ZONE",
                default="UTC",
                help="time zone of values without one (default: UTC); fixed for good",
            ),
            arg(
                "--sdk-scope",
                metavar="S",
                action="append",
                default=[],
                help="its name in the previous generation; may be repeated",
            ),
            arg(
                "--care-record",
                metavar="R",
                action="append",
                default=[],
                help="a record system behind it; may be repeated",
            ),
        ),
    ),
    Command(("tenant", "list"), "list the tenants", list_),
    Command(
        ("tenant", "seal"),
        "encrypt a tenant's records from now on under a key of its own; running servers follow when they start again",
        seal,
        (arg("id", metavar="ID", help="the tenant's id"),),
    ),
    Command(
        ("tenant", "show"), "show a tenant and its base URLs", show_, (arg("id", metavar="ID", help="the tenant's id"),)
    ),
)
