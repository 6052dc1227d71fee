"""`careweft tenant upstream|majority`: a tenant's own identity provider, and the age at which children are of age."""

import argparse
import sys
from dataclasses import replace
from typing import Any

from ..accounts.federation import Upstream
from ..accounts.roles import ROLES
from ..app import House
from ..registry.refusal import RegistrationRefused
from ..registry.urls import check_jwks
from .model import Command, Usage, Wrong, arg
from .people import terminal
from .place import at_home, show


def upstream(args: argparse.Namespace) -> int:
    """Point a tenant to its provider, or switch that off; prints what to register there."""
    secret = sys.stdin.readline().strip() if args.secret_stdin else None
    if not args.off and not (args.issuer and args.client_id):
        raise Usage("say which provider: --issuer URL --client-id ID, or --off")
    if bool(args.claim) is not bool(args.system):
        raise Usage("--claim and --system go together: a claim's value is an identifier in a system")

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.id)
        federation = house.people.federation
        known = await federation.of(tenant)
        if args.off:
            if known is None:
                raise Wrong("this tenant has no provider of its own")
            found = off(known)
        else:
            checked(args.issuer, frozenset(house.settings.fetch_allow))
            found = Upstream(
                tenant.number, args.issuer, args.name or tenant.name, args.client_id, secret, args.scope, args.role,
                ROLES[args.role].records[0] if args.claim else None, args.claim, args.system,
            )  # fmt: skip
        await federation.save(tenant, found, terminal())
        return {
            "issuer": found.issuer,
            "enabled": found.enabled,
            "redirect_uri": federation.redirect_uri(tenant),
            "backchannel_logout_uri": federation.logout_uri(tenant),
            "frontchannel_logout_uri": federation.logout_uri(tenant),
        }

    return show(args, at_home(args, run))


def off(known: Upstream) -> Upstream:
    """The same, switched off: people sign in by password again."""
    return replace(known, enabled=False)


def checked(issuer: str, allow: frozenset[str]) -> None:
    """Raise Wrong where this URL would never be fetched."""
    try:
        check_jwks(issuer, allow)
    except RegistrationRefused as refused:
        raise Wrong(str(refused).replace("jwks_uri", "--issuer")) from None


def majority(args: argparse.Namespace) -> int:
    """Set the age at which a child's proxy ends."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.id)
        await house.register.set_majority(tenant.number, args.years)
        return {"tenant": tenant.id, "majority": args.years}

    if not 12 <= args.years <= 25:
        raise Usage("an age from 12 to 25 is wanted")
    return show(args, at_home(args, run))


ID = arg("id", metavar="ID", help="the tenant's id")
COMMANDS = (
    Command(
        ("tenant", "upstream"),
        "let a tenant's people sign in at its own OpenID provider instead of by password",
        upstream,
        (
            ID,
            arg("--issuer", metavar="URL", help="the provider, as it calls itself"),
            arg("--client-id", metavar="ID", help="what it calls us"),
            arg("--secret-stdin", action="store_true", help="read the client secret from standard input"),
            arg("--name", metavar="N", help="on the button of the sign-in page (default: the tenant's name)"),
            arg("--scope", metavar="S", default="openid profile email", help="(default: openid profile email)"),
            arg("--role", choices=tuple(ROLES), default="patient", help="what its people are here (default: patient)"),
            arg("--claim", metavar="C", help="at the first sign-in: the claim that is the identifier of one record"),
            arg("--system", metavar="URI", help="the system of that identifier"),
            arg("--off", action="store_true", help="sign in by password again"),
        ),
    ),
    Command(
        ("tenant", "majority"),
        "set the age at which a child's proxy ends (default: 18)",
        majority,
        (ID, arg("years", metavar="YEARS", type=int, help="the age")),
    ),
)
