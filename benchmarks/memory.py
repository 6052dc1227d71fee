"""Our FHIR door with everything behind it in memory: the real front, guard and token verification, twins of the ports.

`application` is what granian serves; the parent process mints the token with a key that both processes know.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime
from typing import Any, cast

from joserfc.jwk import ECKey

from careweft import surfaces
from careweft.access.reach import Reach
from careweft.access.scopes import read_all
from careweft.adapters import clock, memory, turns
from careweft.oauth import jose
from careweft.oauth.frame import Frame
from careweft.oauth.grants import Authorization
from careweft.oauth.keys import ALG, Keyring
from careweft.oauth.refresh import Refreshing
from careweft.oauth.server import Kept as Granted
from careweft.oauth.server import Persons, build
from careweft.oauth.tokens import Mint
from careweft.oauth.verifier import Verifier
from careweft.ports.clients import Client
from careweft.ports.journal import Entry
from careweft.ports.keys import SigningKey
from careweft.ports.records import Records, Version
from careweft.tenancy import Tenant
from careweft.web import Site
from careweft.web import application as doors

BASE_URL = "http://localhost:8080"
HOST = BASE_URL.removeprefix("http://")
TENANT = Tenant("43477c76-ceb6-47ed-81c8-1b7c0ae10ca6", 1, "Bench")
SURFACE = surfaces.find("provider", "system")
PATH = f"{SURFACE.url('', TENANT.id)}/Observation/one"
SMALL = replace(SURFACE, id="small", base="/small/{tenant}", exports="", offers=SURFACE.offers[:1])
"""An API of one type: its CapabilityStatement is some 3 KB, public, and answered from memory."""
STATEMENT = f"{SMALL.url('', TENANT.id)}/metadata"
AT = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "BENCH_SIGNING_KEY"
SIZE = 3072


def _resource() -> bytes:
    """An Observation of exactly 3 KB."""
    head = {"resourceType": "Observation", "id": "one", "meta": {"versionId": "1"}, "status": "final"}
    empty = json.dumps({**head, "note": [{"text": ""}]}, separators=(",", ":"))
    return empty.replace('"text":""', f'"text":"{"x" * (SIZE - len(empty))}"').encode()


RESOURCE = _resource()
NOWHERE: Mapping[str, tuple[str, ...]] = {}


def signing_key() -> SigningKey:
    """One key for this process and those it starts."""
    pem = os.environ.get(KEY)
    key = ECKey.import_key(pem) if pem else ECKey.generate_key(jose.CURVES[ALG])
    os.environ[KEY] = key.as_pem(private=True).decode()
    public = {name: value for name, value in key.as_dict(private=False).items() if name in jose.PUBLIC["EC"]}
    return SigningKey("bench", TENANT.number, ALG, public, os.environ[KEY].encode(), AT, until=None, forget=None)


class Keys:
    """ports.SigningKeys of one key."""

    def __init__(self) -> None:
        self._key = signing_key()

    async def of(self, _: int) -> list[SigningKey]:
        return [self._key]

    async def add(self, key: SigningKey) -> None:
        raise NotImplementedError

    async def end(self, kid: str, until: datetime, forget: datetime) -> None:
        raise NotImplementedError


class Nothing:
    """ports.Revocations, KeySets, Assertions and Clients in which there is nothing."""

    def fresh(self) -> bool:
        return True

    def dead(self, _keys: tuple[str, ...], _issued: float) -> bool:
        return False

    async def find(self, _tenant: int, _id: str) -> None:
        return None

    async def origins(self, _: int) -> frozenset[str]:
        return frozenset()

    async def networks(self, _: int) -> Mapping[str, tuple[str, ...]]:
        return NOWHERE

    def fences(self, _: int) -> Mapping[str, tuple[str, ...]]:
        return NOWHERE


class OneTenant:
    """ports.Tenants."""

    async def find(self, id_: str) -> Tenant | None:
        return self.held(id_)

    def held(self, id_: str) -> Tenant | None:
        return TENANT if id_ == TENANT.id else None


class OneRecord:
    """ports.Records with one resource."""

    def __init__(self) -> None:
        self._one = Version("Observation", "one", 1, AT, RESOURCE, ("p",))

    async def read(self, type_: str, id_: str, reach: Reach) -> Version | None:
        return self._one if (type_, id_) == ("Observation", "one") and reach.wide else None


class Kept:
    """ports.Journal that remembers the last entry alone."""

    last: Entry | None = None

    async def write(self, entry: Entry) -> None:
        self.last = entry


def application() -> Callable[..., Any]:
    """The ASGI application."""

    async def ready() -> Mapping[str, bool]:
        return {"memory": True}

    @asynccontextmanager
    async def opening() -> AsyncIterator[Site]:
        turns.begin_patient()
        keyring, nothing, record = Keyring(Keys(), clock.now), cast(Any, Nothing()), cast(Records, OneRecord())
        frame = Frame(BASE_URL, nothing, nothing, nothing, clock.now)
        verifier = Verifier(BASE_URL, keyring, nothing, clock.now)
        wanted = [one.name for one in fields(Site) if one.default is MISSING and one.default_factory is MISSING]
        told: dict[str, Any] = {
            "base_url": BASE_URL,
            "tenants": OneTenant(),
            "records": lambda _: record,
            "journal": Kept(),
            "verifier": verifier,
            "auth": build(
                frame,
                Mint(BASE_URL, keyring),
                verifier,
                nothing,
                Granted(nothing, nothing, nothing),
                Persons(nothing, nothing, nothing),
                Refreshing(bytes(32)),
            ),
            "keyring": keyring,
            "seal": bytes(32),
            "clock": clock.now,
            "ready": ready,
            "surfaces": (*surfaces.ALL, SMALL),
        }
        yield Site(**dict.fromkeys(wanted, nothing) | told)

    return doors(opening, memory.settle)


def headers() -> dict[str, str]:
    """What a request for PATH carries: the Host that is answered and a token that this key signed."""
    client = Client("bench", TENANT.number, "Bench", "system", "web", "provider", "secret", ("system/*.rs",))
    granted = Authorization(client, SURFACE, tuple(read_all("system/*.rs")))
    token = asyncio.run(Mint(BASE_URL, Keyring(Keys(), clock.now)).token(TENANT, granted, clock.now()))
    return {"Host": HOST, "Authorization": f"Bearer {token.text}"}
