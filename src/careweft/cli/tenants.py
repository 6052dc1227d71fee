"""`careweft tenant`: create, list, show."""

import argparse
import uuid
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..access.rules import RULES
from ..adapters import clock
from ..app import House
from ..registry.application import Application
from ..registry.authorization import CODES, Narrowing, Said, State, due, now_is
from ..registry.narrowing import everything, only_types, spelled
from ..registry.paper import paper
from ..tenancy import Tenant
from ..tenancy.brand import Brand, checked
from . import grants, look, upstream
from .apps import operator, terminal
from .model import Command, Wrong, arg
from .place import at_home, show


def create(args: argparse.Namespace) -> int:
    """Make a tenant with its first signing keys."""

    async def run(house: House) -> dict[str, Any]:
        id_ = str(uuid.UUID(args.id)) if args.id else str(uuid.uuid4())
        entry = terminal().entry(clock.now(), "tenant create", operator().id, None, None)
        tenant = await house.tenants.create(
            args.name, id_, args.zone, tuple(args.sdk_scope), tuple(args.care_record), entry
        )
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


def requests(args: argparse.Namespace) -> int:
    """Every application that asked this tenant, with where that stands."""

    async def run(house: House) -> list[dict[str, Any]]:
        tenant, now = await house.tenant(args.id), clock.now()
        found = [(one.registration, one.authorization) for one in await house.registry.shelf.requests(tenant.number)]
        return [
            {
                "client_id": held.id,
                "name": held.asked.name,
                "type": held.asked.type,
                "access": held.asked.access,
                "state": str(now_is(said, now).state),
                "requested": said.requested.date().isoformat(),
                "decide_by": due(said).isoformat() if said.state is State.REQUESTED else None,
            }
            for held, said in found
            if said is not None
        ]

    return show(args, at_home(args, run))


def approve(args: argparse.Namespace) -> int:
    """Say yes to an application's request, or to less of it."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.id)
        desk = house.registry
        found = await desk.shelf.find(args.client)
        if found is None:
            raise Wrong("there is no such application; `careweft tenant requests` shows those that asked")
        sent = paper(args.agreement.read_bytes()) if args.agreement else None
        said = await desk.approve(args.client, tenant, narrowed(args, found.asked), operator(), terminal(), paper=sent)
        allowed = said.narrowing
        return {
            "client_id": args.client,
            "state": str(said.state),
            "scope": " ".join(allowed.scopes if allowed else ()),
        }

    return show(args, at_home(args, run))


def narrowed(args: argparse.Namespace, asked: Application) -> Narrowing:
    """What the command line allows of what is asked for."""
    whole = everything(asked)
    scopes = tuple(args.scope.split()) if args.scope else whole.scopes
    if args.type:
        scopes = tuple(only_types(scopes, frozenset(args.type), asked))
    ends = datetime.fromisoformat(args.expires) if args.expires else None
    return Narrowing(
        scopes=scopes,
        bulk=whole.bulk and not args.no_bulk,
        groups=tuple(args.group),
        networks=tuple(args.network),
        lifetime=args.lifetime,
        expires=ends if ends is None or ends.tzinfo else ends.replace(tzinfo=UTC),
    )


def step(name: str) -> Callable[[argparse.Namespace], int]:
    """Refuse, suspend, resume or withdraw."""

    def run_(args: argparse.Namespace) -> int:
        async def run(house: House) -> dict[str, Any]:
            tenant = await house.tenant(args.id)
            said = Said(code=getattr(args, "code", ""), reason=args.reason)
            done = await house.registry.step(name, args.client, tenant, said, operator(), terminal())
            return {"client_id": args.client, "state": str(done.state)}

        return show(args, at_home(args, run))

    return run_


def set_(args: argparse.Namespace) -> int:
    """Whom practitioners see, whether a tenant is a sandbox, and whence its APIs may be called."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.id)
        changed = replace(
            tenant,
            sandbox=tenant.sandbox if args.sandbox is None else args.sandbox,
            networks=tenant.networks if args.network is None else spelled(one for one in args.network if one != "any"),
            practitioners_see=args.practitioners_see or tenant.practitioners_see,
            feed_hours=tenant.feed_hours if args.feed_hours is None else args.feed_hours or None,
        )
        entry = terminal().entry(clock.now(), "tenant set", operator().id, tenant.number, None)
        await house.tenants.save(changed, entry)
        return {
            "id": tenant.id,
            "sandbox": changed.sandbox,
            "networks": list(changed.networks),
            "practitioners see": changed.practitioners_see,
            "load expected within hours": changed.feed_hours,
        }

    return show(args, at_home(args, run))


def brand(args: argparse.Namespace) -> int:
    """What the published lists say of a tenant; without more, it is only shown."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.id)
        (held,) = [one for one in await house.tenants.brands() if one.tenant.id == tenant.id]
        said = {one.name: value for one in fields(Brand) if (value := getattr(args, one.name)) is not None}
        now = clock.now()
        new = replace(
            held,
            brand=checked(replace(held.brand, **said)),
            changed=now if said else held.changed,
            reviewed=now if args.reviewed else held.reviewed,
        )
        if new != held:
            entry = terminal().entry(now, "tenant brand", operator().id, tenant.number, None)
            await house.tenants.save_brand(new, entry)
        shown = {"tenant": tenant.id, **{name: value or None for name, value in asdict(new.brand).items()}}
        return shown | {"reviewed": new.reviewed.date().isoformat() if new.reviewed else None}

    return show(args, at_home(args, run))


def described(house: House, tenant: Tenant) -> dict[str, Any]:
    """A tenant as the terminal shows it."""
    return {
        "id": tenant.id,
        "name": tenant.name,
        "zone": tenant.zone,
        "sandbox": tenant.sandbox,
        "practitioners see": RULES[tenant.practitioners_see].plain,
        "urls": dict(house.urls(tenant)),
    }


OF = arg("id", metavar="ID", help="the tenant's id")
CLIENT = arg("client", metavar="CLIENT", help="the application's client_id")
REASON = arg("--reason", metavar="TEXT", default="", help="what its developer reads")
CODE = arg("--code", choices=tuple(CODES), required=True, help="which of the reasons that hold for every application")
BRAND = (
    ("alias", "another name that people know it by"),
    ("url", "its web site, by which it is identified"),
    ("logo", "where its logo is"),
    ("npi", "its National Provider Identifier"),
    ("ccn", "its CMS Certification Number"),
    ("phone", "its telephone"),
    ("line", "street and number"),
    ("city", "its city"),
    ("state", "its state, such as MN"),
    ("postal_code", "its ZIP code"),
    ("portal_name", "what its people call the place where they sign in (default: its name)"),
    ("portal_url", "where that is"),
)

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
    Command(
        ("tenant", "set"),
        "say whom practitioners see, whether it is a sandbox, whence its APIs are called, when loads are expected",
        set_,
        (
            OF,
            arg("--sandbox", action="store_true", default=None, help="it approves every application at once"),
            arg("--no-sandbox", dest="sandbox", action="store_false", help="its owners decide"),
            arg(
                "--network",
                metavar="CIDR",
                action="append",
                help="such as 192.0.2.0/24, or any; may be repeated; replaces those of before",
            ),
            arg(
                "--feed-hours", metavar="N", type=int, help="hours within which the next load is expected; 0: whenever"
            ),
            arg(
                "--practitioners-see",
                choices=tuple(RULES),
                help="; ".join(f"{one.name}: {one.plain}" for one in RULES.values()),
            ),
        ),
    ),
    Command(
        ("tenant", "brand"),
        "say what the published lists of brands and base URLs tell of a tenant, and that somebody looked through it",
        brand,
        (
            OF,
            *(arg(f"--{name.replace('_', '-')}", metavar="TEXT", help=help_) for name, help_ in BRAND),
            arg("--reviewed", action="store_true", help="it was looked through today; due every quarter"),
        ),
    ),
    Command(
        ("tenant", "requests"), "list the applications that asked a tenant, and where that stands", requests, (OF,)
    ),
    Command(
        ("tenant", "approve"),
        "authorize an application for a tenant, or less than it asks for; again to allow other than before",
        approve,
        (
            OF,
            CLIENT,
            arg("--scope", metavar="SCOPES", default="", help="the scopes that are allowed (default: all asked for)"),
            arg("--type", metavar="T", action="append", default=[], help="only this resource type; may be repeated"),
            arg("--no-bulk", action="store_true", help="no export, although it asks for that"),
            arg(
                "--group",
                metavar="ID",
                action="append",
                default=[],
                help="only this Group is exported; may be repeated",
            ),
            arg(
                "--network",
                metavar="CIDR",
                action="append",
                default=[],
                help="it calls from here only; may be repeated",
            ),
            arg("--lifetime", metavar="SECONDS", type=int, help="how long its tokens live (60 to 43200)"),
            arg("--expires", metavar="DATE", help="when the authorization ends by itself, such as 2027-06-30"),
            arg("--agreement", metavar="FILE", type=Path, help="the agreement behind it: a PDF, or text; it is kept"),
        ),
    ),
    Command(("tenant", "refuse"), "refuse an application's request", step("refuse"), (OF, CLIENT, CODE, REASON)),
    Command(
        ("tenant", "suspend"),
        "switch an application off for a tenant until it is resumed; its tokens are dead within five seconds",
        step("suspend"),
        (OF, CLIENT, CODE, REASON),
    ),
    Command(("tenant", "resume"), "switch a suspended application on again", step("resume"), (OF, CLIENT, REASON)),
    Command(
        ("tenant", "withdraw"),
        "take an application's authorization back; its tokens are dead within five seconds",
        step("withdraw"),
        (OF, CLIENT, CODE, REASON),
    ),
    *grants.COMMANDS,
    *look.COMMANDS,
    *upstream.COMMANDS,
)
