"""An authorization server with everything outside in memory: clients, keys, used assertions, revocations, the clock."""

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from joserfc.jwk import ECKey, RSAKey

from careweft.fhir.outcomes import Unavailable
from careweft.oauth import secrets
from careweft.oauth.assertion import JWT_BEARER
from careweft.oauth.frame import Context, Frame
from careweft.oauth.keys import Keyring
from careweft.oauth.refresh import Refreshing
from careweft.oauth.server import Kept, Persons, build
from careweft.oauth.tokens import Mint
from careweft.oauth.trial import Trial
from careweft.oauth.verifier import Verifier
from careweft.ports.clients import Client
from careweft.ports.keys import SigningKey
from careweft.surfaces import find
from careweft.tenancy import Tenant

from .twins import Charts, Launches, People, Permits, Requests

BASE = "https://fhir.example"
A = Tenant("43477c76-ceb6-47ed-81c8-1b7c0ae10ca6", 1, "A")
B = Tenant("d6c40265-c5c6-494f-b1aa-a27bf9a8c3f1", 2, "B")
ISSUER = f"{BASE}/auth/{A.id}/oauth2/v1"
TOKEN_URL = f"{ISSUER}/token"
JWKS_URI = "https://client.example/jwks.json"
START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
SYSTEM, PATIENT = find("provider", "system"), find("provider", "patient")
SECRET = secrets.make()
CONTEXT = Context("request-1", "192.0.2.1")

RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
EC384 = ECKey.generate_key("P-384", {"kid": "ec-1", "use": "sig"})
EC256 = ECKey.generate_key("P-256", {"kid": "ec-2"})
KEYS = {"RS384": RSA, "RS256": RSA, "ES384": EC384, "ES256": EC256}
JWKS = {"keys": [one.as_dict(private=False) for one in (RSA, EC384, EC256)]}


@dataclass
class Clock:
    at: datetime = START

    def __call__(self):
        return self.at

    def pass_(self, **by):
        self.at += timedelta(**by)

    @property
    def seconds(self):
        return int(self.at.timestamp())


@dataclass
class Registered:
    """ports.Clients"""

    kept: dict = field(default_factory=dict)

    async def find(self, tenant, client_id):
        return self.kept.get((tenant, client_id))

    async def save(self, client):
        self.kept[client.tenant, client.id] = client

    async def origins(self, tenant):
        return frozenset(origin for client in await self.all(tenant) for origin in client.origins)

    async def networks(self, tenant):
        return {client.id: client.networks for client in await self.all(tenant) if client.networks}

    async def all(self, tenant):
        return [client for (number, _), client in self.kept.items() if number == tenant]


@dataclass
class Published:
    """ports.KeySets: what lies at the URLs of the world; every fetch is counted."""

    sets: dict = field(default_factory=lambda: {JWKS_URI: JWKS})
    fetched: list = field(default_factory=list)

    async def fetch(self, url, _kid):
        self.fetched.append(url)
        if url not in self.sets:
            raise OSError("connection refused")
        return self.sets[url]


@dataclass
class Spent:
    """ports.Assertions"""

    used: set = field(default_factory=set)
    entries: list = field(default_factory=list)
    down: bool = False

    async def spend(self, tenant, client, jti, _until, entry):
        if self.down:
            raise Unavailable
        if (tenant, client, jti) in self.used:
            return False
        self.used.add((tenant, client, jti))
        self.entries.append(entry)
        return True

    async def record(self, entry):
        if self.down:
            raise Unavailable
        self.entries.append(entry)


@dataclass
class Signing:
    """ports.SigningKeys"""

    kept: dict[str, SigningKey] = field(default_factory=dict)
    reads: int = 0

    async def of(self, tenant):
        self.reads += 1
        return [key for key in self.kept.values() if key.tenant == tenant]

    async def add(self, key, entry=None):  # noqa: ARG002
        self.kept[key.kid] = key

    async def end(self, kid, until, forget):
        self.kept[kid] = replace(self.kept[kid], until=until, forget=forget)


@dataclass
class Revoked:
    """ports.Revocations"""

    clock: Clock
    kept: dict = field(default_factory=dict)
    stale: bool = False

    async def revoke(self, _tenant, key):
        self.kept[key] = self.clock.at.timestamp()

    def fresh(self):
        return not self.stale

    def dead(self, keys, issued):
        return any(self.kept.get(key, -1) >= issued for key in keys)


@dataclass
class Watch:
    """Seconds that pass for caches, one by one as they are told to."""

    at: float = 0.0

    def __call__(self):
        return self.at


class World:
    """The server, with one client of each kind in tenant A."""

    def __init__(self, preview=True):
        self.clock, self.watch = Clock(), Watch()
        self.clients, self.key_sets, self.spent, self.signing = Registered(), Published(), Spent(), Signing()
        self.revoked = Revoked(self.clock)
        self.keyring = Keyring(self.signing, self.clock, self.watch)
        self.mint = Mint(BASE, self.keyring)
        self.frame = Frame(BASE, self.clients, self.key_sets, self.spent, self.clock)
        self.verifier = Verifier(BASE, self.keyring, self.revoked, self.clock)
        self.requests, self.launches, self.people = Requests(), Launches(), People()
        self.permits, self.charts = Permits(self.requests, self.revoked), Charts(self.people)
        self.auth = build(
            self.frame,
            self.mint,
            self.verifier,
            self.revoked,
            Kept(self.requests, self.permits, self.launches),
            Persons(self.people, self.people.alive, self.charts),
            Refreshing(b"r" * 32),
        )
        self.endpoint, self.introspection, self.revocation = (
            self.auth.tokens,
            self.auth.introspection,
            self.auth.revocation,
        )
        self.trial = Trial(self.mint, self.clients, self.spent, self.clock, preview)
        for one in clients():
            self.clients.kept[one.tenant, one.id] = one

    def change(self, id_, **to):
        """The client with something about it changed."""
        self.clients.kept[1, id_] = replace(self.clients.kept[1, id_], **to)

    async def ask(self, *pairs, authorization=None, tenant=A, **form):
        """The token endpoint's answer to a form."""
        return await self.endpoint.answer(tenant, [*form.items(), *pairs], authorization, CONTEXT)

    async def token(self, scope="system/*.rs", client_id="secret", tenant=A):
        """An access token of a client with a secret."""
        return await self.ask(**by_secret(scope, client_id), tenant=tenant)

    async def patient_token(self, patient="p1", scope=None, client_id="secret"):
        return (await self.trial.mint_patient(A, client_id, patient, scope, CONTEXT)).answer()

    def claims(self, client_id="key", **changed):
        """Good claims of a client assertion, with something about them changed; None takes one out."""
        now = self.clock.seconds
        good = {
            "iss": client_id,
            "sub": client_id,
            "aud": TOKEN_URL,
            "exp": now + 240,
            "iat": now,
            "jti": secrets.identifier(),
        }
        return {name: value for name, value in (good | changed).items() if value is not None}


def clients():
    """Who is registered in tenant A."""
    system = Client(
        "secret",
        1,
        "S",
        "system",
        "web",
        "provider",
        "secret",
        ("system/*.rs",),
        secrets=((secrets.digest(SECRET), None),),
        approved=True,
    )
    yield system
    yield replace(system, id="payer", access="payer")
    yield replace(system, id="intake", access="intake", scopes=("system/*.cud",))
    yield replace(system, id="key", auth="private-key-jwt", secrets=(), jwks_uri=JWKS_URI)
    yield replace(system, id="inline", auth="private-key-jwt", secrets=(), jwks=JWKS)
    yield replace(system, id="public", type="patient", auth="none", secrets=(), scopes=("patient/*.rs",))
    yield replace(system, id="patient", type="patient", scopes=("patient/*.rs",))
    yield replace(system, id="waiting", approved=False)
    yield replace(system, id="off", enabled=False)
    yield replace(system, id="foreign", tenant=2)


def by_secret(scope="system/*.rs", client_id="secret", secret=SECRET):
    return {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, "scope": scope}


def by_assertion(assertion, scope="system/*.rs"):
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
        "scope": scope,
    }


def basic(client_id="secret", secret=SECRET):
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def opened(token):
    """Header and claims of a JWT, unverified."""
    return [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in token.split(".")[:2]]
