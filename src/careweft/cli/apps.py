"""`careweft app` and `careweft token`: register an application, and get a token in a terminal."""

import argparse
import getpass
import json
import sys
import uuid
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from ..adapters import clock
from ..app import House
from ..oauth.frame import Context
from ..ports.registry import Place
from ..registry.answers import told
from ..registry.application import Application
from ..registry.authorization import CODES, OPERATOR, Actor, Said, State, now_is
from ..registry.narrowing import wanted
from .model import Command, Usage, Wrong, arg
from .place import at_home, show


def create(args: argparse.Namespace) -> int:
    """Register an application for one tenant; prints client_id, and client_secret once."""
    if (args.auth == "private-key-jwt") != bool(args.jwks_uri or args.jwks):
        raise Usage("private-key-jwt wants --jwks-uri URL or --jwks FILE, and the other methods want neither")

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        place, team = terminal(), house.registry
        made = await team.register(asked(args, house.settings.fetch_allow), None, operator(), place)
        client = made.registration
        said = await team.ask(client.id, tenant, "", operator(), place)
        if args.approve:
            said = await team.approve(client.id, tenant, None, operator(), place)
        shown = {"client_id": client.id, "scope": " ".join(wanted(client.asked))}
        shown |= {"client_secret": made.secret} if made.secret else {}
        return shown | {"approved": said.state is State.APPROVED, "token_url": house.urls(tenant)["Token endpoint"]}

    return show(args, at_home(args, run))


def asked(args: argparse.Namespace, fetch_allow: Iterable[str]) -> Application:
    """What the command line asks to be registered."""
    return Application(
        name=args.name,
        type=args.type,
        access=args.access,
        auth=args.auth,
        platform=args.platform,
        scopes=tuple(args.scope.split()),
        jwks_uri=args.jwks_uri,
        jwks=json.loads(Path(args.jwks).read_text()) if args.jwks else None,
        redirect_uris=tuple(args.redirect_uri),
        logout_uris=tuple(args.logout_uri),
        origins=tuple(args.origin),
        bulk=args.bulk,
        lifetime=args.lifetime,
        launch_url=args.launch_url,
        publisher=args.publisher,
        home=args.home,
        policy=args.policy,
        terms=args.terms,
        logo=args.logo,
        require_par=args.require_par,
        refresh_days=args.refresh_days,
        refresh_limit=args.refresh_limit or None,
        grace=args.grace,
        fetch_allow=frozenset(fetch_allow),
    )


def operator() -> Actor:
    """Who sits at the terminal."""
    return Actor(getpass.getuser(), OPERATOR)


def terminal() -> Place:
    """What the audit entry says of where something was done."""
    return Place("command line", str(uuid.uuid4()))


def list_(args: argparse.Namespace) -> int:
    """A tenant's applications."""

    async def run(house: House) -> list[dict[str, Any]]:
        tenant = await house.tenant(args.tenant)
        return [
            {
                "client_id": c.id,
                "name": c.name,
                "type": c.type,
                "access": c.access,
                "auth": c.auth,
                "approved": c.approved,
                "enabled": c.enabled,
            }
            for c in await house.clients.all(tenant.number)
        ]

    return show(args, at_home(args, run))


def revoke(args: argparse.Namespace) -> int:
    """Switch an application off: its tokens are dead within five seconds."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        said = Said(code=args.code, reason=args.reason)
        await house.registry.step("suspend", args.client, tenant, said, operator(), terminal())
        return {"revoked": args.client}

    return show(args, at_home(args, run))


def approve(args: argparse.Namespace) -> int:
    """Authorize an application for its tenant, also one that was switched off."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        desk = house.registry
        held = await desk.shelf.held(args.client, tenant.number)
        if held is not None and held.authorization is not None and held.authorization.state is State.SUSPENDED:
            await desk.step("resume", args.client, tenant, Said(), operator(), terminal())
        else:
            await desk.approve(args.client, tenant, None, operator(), terminal())
        return {"approved": args.client}

    return show(args, at_home(args, run))


def verify(args: argparse.Namespace) -> int:
    """Say to the people of a tenant that somebody has checked who publishes an application, or no longer."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        name = "unverify" if args.undo else "verify"
        await house.registry.step(name, args.client, tenant, Said(), operator(), terminal())
        return {"client_id": args.client, "tenant": tenant.id, "verified": not args.undo}

    return show(args, at_home(args, run))


def ask(args: argparse.Namespace) -> int:
    """Ask one more tenant to authorize an application."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        said = await house.registry.ask(args.client, tenant, args.message, operator(), terminal())
        return {"client_id": args.client, "tenant": tenant.id, "state": str(said.state)}

    return show(args, at_home(args, run))


def leave(args: argparse.Namespace) -> int:
    """Take a request back, or give up what was authorized."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        said = await house.registry.step("leave", args.client, tenant, Said(), operator(), terminal())
        return {"client_id": args.client, "tenant": tenant.id, "state": str(said.state)}

    return show(args, at_home(args, run))


def rotate(args: argparse.Namespace) -> int:
    """Make a new client_secret; prints it once."""

    async def run(house: House) -> dict[str, Any]:
        overlap = timedelta(days=args.days)
        made = await house.registry.rotate(args.client, overlap, operator(), terminal())
        return {"client_id": args.client, "client_secret": made.secret, "old_secrets_end_in_days": args.days}

    return show(args, at_home(args, run))


def shown(args: argparse.Namespace) -> int:
    """What an application registered, and what each tenant decided."""

    async def run(house: House) -> dict[str, Any]:
        found = await house.registry.shelf.find(args.client)
        if found is None:
            raise Wrong("there is no such application; `careweft app list` shows them all")
        tenants = {one.number: one for one in await house.tenants.all()}
        decided = await house.registry.shelf.authorizations(found.id)
        return {
            "client_id": found.id,
            **{name: value for name, value in told(found.asked).items() if name != "jwks"},
            "version": found.version,
            "tenants": {tenants[one.tenant].id: str(now_is(one, clock.now()).state) for one in decided},
        }

    return show(args, at_home(args, run))


def token(args: argparse.Namespace) -> int:
    """A token for a terminal: by the token endpoint's own rules, or in preview with a patient in context."""
    secret = sys.stdin.readline().strip() if args.secret_stdin else None
    if not (secret or args.key or args.patient):
        raise Usage("say how the client proves itself: --secret-stdin or --key FILE")
    context = Context(str(uuid.uuid4()))

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        if args.patient:
            minted = await house.trial.mint_patient(tenant, args.client, args.patient, args.scope or None, context)
            return minted.answer()
        client = await house.clients.find(tenant.number, args.client)
        scope = args.scope or " ".join(client.scopes if client else ())
        form = [("grant_type", "client_credentials"), ("scope", scope)]
        form += proof(args, secret, house.tokens.frame.known(tenant).audiences[0])
        return await house.tokens.answer(tenant, form, None, context)

    result = at_home(args, run)
    if args.json:
        return show(args, result)
    print(result["access_token"])
    return 0


def proof(args: argparse.Namespace, secret: str | None, audience: str) -> list[tuple[str, str]]:
    """What proves the client to the token endpoint: its secret, or an assertion signed with its key."""
    if secret:
        return [("client_id", args.client), ("client_secret", secret)]
    key, kid = signing_key(Path(args.key)), args.kid
    alg = "RS384" if isinstance(key, RSAKey) else "ES384"
    now = int(clock.now().timestamp())
    claims = {
        "iss": args.client,
        "sub": args.client,
        "aud": audience,
        "iat": now,
        "exp": now + 240,
        "jti": str(uuid.uuid4()),
    }
    header = {"alg": alg, "typ": "JWT", "kid": kid or key.kid or key.thumbprint()}
    return [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", jwt.encode(header, claims, key, algorithms=[alg])),
    ]


def signing_key(file: Path) -> RSAKey | ECKey:
    """The client's private key: a PEM or a JWK. Raises ValueError."""
    text = file.read_bytes()
    told: Any = json.loads(text) if text.lstrip().startswith(b"{") else text
    for kind in (RSAKey, ECKey):
        try:
            return kind.import_key(told)
        except (JoseError, ValueError, TypeError):
            continue
    raise ValueError(f"{file} holds no RSA or EC private key")


COMMANDS = (
    Command(
        ("app", "create"),
        "register an application; prints its client_id, and its client_secret once",
        create,
        (
            arg("--tenant", metavar="ID", required=True, help="the tenant whose records it asks for"),
            arg("--name", metavar="N", required=True, help="its name"),
            arg("--type", choices=("patient", "practitioner", "system"), required=True, help="who uses it"),
            arg("--platform", choices=("web", "native", "browser"), default="web", help="where it runs (default: web)"),
            arg(
                "--access", choices=("provider", "payer", "intake", "research"), required=True, help="the APIs it calls"
            ),
            arg("--auth", choices=("secret", "private-key-jwt", "none"), required=True, help="how it proves itself"),
            arg("--jwks-uri", metavar="URL", help="where its public keys are"),
            arg("--jwks", metavar="FILE", help="its public keys, as a JWK Set"),
            arg("--redirect-uri", metavar="U", action="append", default=[], help="may be repeated"),
            arg(
                "--logout-uri",
                metavar="U",
                action="append",
                default=[],
                help="where people come back to when it has them signed out; may be repeated",
            ),
            arg(
                "--origin",
                metavar="O",
                action="append",
                default=[],
                help="a web origin that may call from a browser; may be repeated",
            ),
            arg(
                "--scope", metavar="SCOPES", default="", help='such as "system/*.rs" (default: what its type may have)'
            ),
            arg("--bulk", action="store_true", help="it may export populations"),
            arg(
                "--lifetime",
                metavar="SECONDS",
                type=int,
                help="how long its tokens live (default: an hour, at most 43200)",
            ),
            arg("--launch-url", metavar="URL", help="where an EHR opens it"),
            arg("--publisher", metavar="N", help="who answers for it, as the consent page tells"),
            arg("--home", metavar="URL", help="its own page"),
            arg("--policy", metavar="URL", help="its privacy policy"),
            arg("--terms", metavar="URL", help="its terms of use"),
            arg("--logo", metavar="URL", help="its picture"),
            arg("--require-par", action="store_true", help="take its authorization requests by PAR alone (RFC 9126)"),
            arg(
                "--refresh-days",
                metavar="DAYS",
                type=int,
                default=92,
                help="how long a refresh token lives from each use (default: 92)",
            ),
            arg(
                "--refresh-limit",
                metavar="DAYS",
                type=int,
                default=1096,
                help="after how many days a person is asked anew; 0 for never (default: 1096)",
            ),
            arg(
                "--grace",
                metavar="SECONDS",
                type=int,
                help="how long the refresh token before still works (default: 10, without credentials 0; at most 60)",
            ),
            arg("--approve", action="store_true", help="authorize it for the tenant at once"),
        ),
    ),
    Command(
        ("app", "list"),
        "list a tenant's applications",
        list_,
        (arg("--tenant", metavar="ID", required=True, help="whose"),),
    ),
    Command(
        ("app", "approve"),
        "authorize a registered application for its tenant",
        approve,
        (
            arg("--tenant", metavar="ID", required=True, help="whose"),
            arg("client", metavar="CLIENT", help="its client_id"),
        ),
    ),
    Command(
        ("app", "revoke"),
        "switch an application off; its tokens are dead within five seconds",
        revoke,
        (
            arg("--tenant", metavar="ID", required=True, help="whose"),
            arg("client", metavar="CLIENT", help="its client_id"),
            arg("--code", choices=tuple(CODES), default="ended", help="why (default: ended)"),
            arg("--reason", metavar="TEXT", default="", help="what its developer reads beside that"),
        ),
    ),
    Command(
        ("app", "verify"),
        "say on the consent page that you have checked who publishes an application",
        verify,
        (
            arg("--tenant", metavar="ID", required=True, help="whose people read it"),
            arg("--undo", action="store_true", help="say so no longer"),
            arg("client", metavar="CLIENT", help="its client_id"),
        ),
    ),
    Command(
        ("app", "show"),
        "show what an application registered, and what each tenant decided",
        shown,
        (arg("client", metavar="CLIENT", help="its client_id"),),
    ),
    Command(
        ("app", "request"),
        "ask one more tenant to authorize a registered application",
        ask,
        (
            arg("--tenant", metavar="ID", required=True, help="which"),
            arg("--message", metavar="TEXT", default="", help="what its owner reads"),
            arg("client", metavar="CLIENT", help="its client_id"),
        ),
    ),
    Command(
        ("app", "withdraw"),
        "take a request back, or give up what a tenant authorized",
        leave,
        (
            arg("--tenant", metavar="ID", required=True, help="whose"),
            arg("client", metavar="CLIENT", help="its client_id"),
        ),
    ),
    Command(
        ("app", "rotate"),
        "make a new client_secret; prints it once",
        rotate,
        (
            arg(
                "--days",
                metavar="N",
                type=int,
                default=7,
                help="how long the old ones are good beside it (default: 7, at most 30; 0 ends them now)",
            ),
            arg("client", metavar="CLIENT", help="its client_id"),
        ),
    ),
    Command(
        ("token",),
        "print an access token",
        token,
        (
            arg("--tenant", metavar="ID", required=True, help="whose records"),
            arg("--client", metavar="ID", required=True, help="the registered application"),
            arg("--scope", metavar="SCOPES", default="", help="what to ask for (default: what it was registered for)"),
            arg("--secret-stdin", action="store_true", help="read the client secret from standard input"),
            arg("--key", metavar="FILE", help="the client's private key (PEM or JWK)"),
            arg("--kid", metavar="KID", help="the id of that key (default: the JWK's own, else its thumbprint)"),
            arg(
                "--patient", metavar="ID", help="a patient-context token for this patient; only in preview, and audited"
            ),
        ),
    ),
)
