"""In-memory twins of the ports, and a Site of two tenants on them: the doors under test, the real rooms behind them."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from careweft import surfaces
from careweft.access.labels import words
from careweft.access.reach import How, Narrowed, Reach, Way
from careweft.access.scopes import read_all
from careweft.access.sight import NOBODY, Sight
from careweft.bulk.desk import Desk
from careweft.fhir.bundles import entry
from careweft.fhir.search.evaluate import holds
from careweft.fhir.search.include import targets
from careweft.oauth import secrets
from careweft.oauth.frame import Frame
from careweft.oauth.grants import Authorization
from careweft.oauth.keys import Keyring
from careweft.oauth.refresh import Refreshing
from careweft.oauth.server import Kept, Persons, build
from careweft.oauth.tokens import Mint
from careweft.oauth.verifier import Verifier
from careweft.ports.clients import Client
from careweft.ports.journal import Entry
from careweft.ports.keys import SigningKey
from careweft.ports.permits import Launched, Permit
from careweft.ports.records import Page, Place, Shown, Version
from careweft.tenancy import Tenant
from careweft.tenancy.brand import Brand, Branded
from careweft.web import Front, Site
from tests.oauth.twins import Charts, Launches, People, Permits, Requests

NOON = datetime(2026, 5, 17, 12, 0, tzinfo=UTC)
BASE = "http://localhost:8080"
MAPLE = Tenant("43477c76-ceb6-47ed-81c8-1b7c0ae10ca6", 1, "Maple")
BIRCH = Tenant("d6c40265-c5c6-494f-b1aa-a27bf9a8c3f1", 2, "Birch")
OAK = "00000000-0000-4000-8000-000000000000"
SECRET = "a-secret-of-the-nightly-job-0123456789"
ORIGIN = "https://app.example"


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class TenantsTwin:
    known: tuple[Tenant, ...] = (MAPLE, BIRCH)

    async def find(self, id_: str) -> Tenant | None:
        return self.held(id_)

    def held(self, id_: str) -> Tenant | None:
        return next((one for one in self.known if one.id == id_), None)

    async def all(self) -> tuple[Tenant, ...]:
        return self.known

    async def create(self, *_: Any) -> Tenant:
        raise NotImplementedError

    async def brands(self) -> list[Branded]:
        return [Branded(one, Brand(), datetime(2026, 11, 1, tzinfo=UTC)) for one in self.known]


@dataclass
class JournalTwin:
    """Keeps what is written; `down` makes it refuse."""

    entries: list[Entry] = field(default_factory=list)
    down: Exception | None = None

    async def write(self, entry: Entry) -> None:
        if self.down:
            raise self.down
        self.entries.append(entry)


@dataclass
class ClientsTwin:
    known: list[Client] = field(default_factory=list)
    told: dict[int, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    async def find(self, tenant: int, client_id: str) -> Client | None:
        return next((one for one in self.known if (one.tenant, one.id) == (tenant, client_id)), None)

    async def save(self, client: Client) -> None:
        self.known.append(client)

    async def origins(self, tenant: int) -> frozenset[str]:
        return frozenset(origin for one in self.known if one.tenant == tenant for origin in one.origins)

    async def networks(self, tenant: int) -> dict[str, tuple[str, ...]]:
        return self.fences(tenant)

    def fences(self, tenant: int) -> dict[str, tuple[str, ...]]:
        now = {one.id: one.networks for one in self.known if one.tenant == tenant and one.networks}
        if self.told.get(tenant) != now:
            self.told[tenant] = now
        return self.told[tenant]

    async def all(self, tenant: int) -> list[Client]:
        return [one for one in self.known if one.tenant == tenant]


@dataclass
class SigningKeysTwin:
    known: list[SigningKey] = field(default_factory=list)

    async def of(self, tenant: int) -> list[SigningKey]:
        return [one for one in self.known if one.tenant == tenant]

    async def add(self, key: SigningKey, entry: Any = None) -> None:  # noqa: ARG002
        self.known.append(key)

    async def end(self, kid: str, until: datetime, forget: datetime) -> None:
        self.known = [replace(one, until=until, forget=forget) if one.kid == kid else one for one in self.known]


@dataclass
class AssertionsTwin:
    journal: JournalTwin
    spent: set[tuple[int, str, str]] = field(default_factory=set)

    async def spend(self, tenant: int, client: str, jti: str, until: datetime, entry: Entry) -> bool:  # noqa: ARG002
        if (tenant, client, jti) in self.spent:
            return False
        self.spent.add((tenant, client, jti))
        await self.record(entry)
        return True

    async def record(self, entry: Entry) -> None:
        await self.journal.write(entry)


@dataclass
class RevocationsTwin:
    marks: set[str] = field(default_factory=set)
    heard: bool = True

    async def revoke(self, tenant: int, key: str) -> None:  # noqa: ARG002
        self.marks.add(key)

    def fresh(self) -> bool:
        return self.heard

    def dead(self, keys: tuple[str, ...], issued: float) -> bool:  # noqa: ARG002
        return not self.marks.isdisjoint(keys)


class NoFiles:
    pass


class NoApprovals:
    pass


class NoKeySets:
    async def fetch(self, url: str, kid: str) -> dict[str, Any]:  # noqa: ARG002
        raise OSError("no network here")


@dataclass
class JobsTwin:
    """No export, and none can be begun."""

    async def find(self, *_: Any) -> None:
        return None

    async def of(self, *_: Any) -> list[Any]:
        return []

    async def file(self, *_: Any) -> None:
        return None


@dataclass
class RecordsTwin:
    """Versions by type and id, oldest first; shown as `reach` says, on the plain meaning of searches."""

    kept: dict[tuple[str, str], list[Version]] = field(default_factory=dict)
    down: Exception | None = None

    def put(self, resource: dict[str, Any] | None, *patients: str, of: tuple[str, str] | None = None) -> Version:
        key = of or (resource["resourceType"], resource["id"])  # type: ignore[index]
        before = self.kept.setdefault(key, [])
        number = len(before) + 1
        at = NOON - timedelta(days=1) + timedelta(seconds=number)
        meta = {"versionId": str(number), "lastUpdated": at.isoformat()}
        body = None if resource is None else json.dumps({**resource, "meta": meta}, separators=(",", ":")).encode()
        before.append(Version(*key, number, at, body, patients))
        return before[-1]

    async def read(self, type_: str, id_: str, reach: Reach) -> Version | None:
        return next(reversed(self._shown(type_, id_, reach)), None)

    async def version(self, type_: str, id_: str, version: int, reach: Reach) -> Version | None:
        return next((one for one in self._shown(type_, id_, reach) if one.version == version), None)

    async def history(self, type_: str, id_: str, reach: Reach, count: int, before: int | None = None) -> list[Version]:
        found = [one for one in reversed(self._shown(type_, id_, reach)) if before is None or one.version < before]
        return found[:count]

    async def search(self, narrowed: Narrowed, after: Place | None = None) -> Page:
        query = narrowed.query
        every = [
            (rid, one)
            for rid, one in enumerate(self._current(query.type, narrowed.reach), 1)
            if holds(body(one), query.where, look=lambda of: self._sought(narrowed, of))
        ]
        found = [(rid, one) for rid, one in every if rid > (after.rid if after else 0)]
        shown = found[: query.count]
        more = Place((), shown[-1][0], len(found)) if len(found) > len(shown) > 0 else None
        whole = query.total != "none" and query.count > 0 and after is None and more is None
        total = len(every) if whole or query.total in ("estimate", "accurate") else None
        included = self._included(narrowed, [one for _, one in shown])
        return Page([hit(one) for _, one in shown], [hit(one) for one in included], more, total=total)

    def _included(self, narrowed: Narrowed, matches: list[Version]) -> list[Version]:
        brought: dict[tuple[str, str], Version] = {}
        for include in narrowed.query.includes:
            if include.reverse:
                reach = narrowed.backward.get(include.source)
                ids = {(one.type, one.id) for one in matches}
                for one in self._current(include.source, reach) if reach else ():
                    if any((ref.type, ref.id) in ids for ref in targets(body(one), replace(include, reverse=False))):
                        brought[one.type, one.id] = one
                continue
            for ref in (ref for one in matches for ref in targets(body(one), include)):
                reach = narrowed.forward.get(ref.type)
                found = self._shown(ref.type, ref.id, reach) if reach else []
                if found and found[-1].body is not None:
                    brought[ref.type, ref.id] = found[-1]
        return list(brought.values())

    def _sought(self, narrowed: Narrowed, type_: str) -> list[dict[str, Any]]:
        reach = narrowed.sought.get(type_)
        return [body(one) for one in self._current(type_, reach)] if reach else []

    def _current(self, type_: str, reach: Reach) -> list[Version]:
        latest = [versions[-1] for (of, _), versions in self.kept.items() if of == type_]
        return [one for one in latest if one.body is not None and visible(one, reach)]

    def _shown(self, type_: str, id_: str, reach: Reach) -> list[Version]:
        if self.down:
            raise self.down
        return [one for one in self.kept.get((type_, id_), []) if visible(one, reach)]


def hit(version: Version) -> Shown:
    return Shown(version.type, version.id, version.patients, entry(version.type, version.id, version.body or b"{}"))


def body(version: Version) -> dict[str, Any]:
    return json.loads(version.body or b"{}")


def visible(version: Version, reach: Reach) -> bool:
    return any(_way(version, way) for way in reach.ways)


def _way(version: Version, way: Way) -> bool:
    near = way.patient is None or way.how is How.SHARED or way.patient in version.patients
    return near and (version.body is None or holds(body(version), way.where, ZoneInfo("UTC")))


@dataclass
class World:
    """The doors, and everything behind them that a test may look at or break."""

    clock: Clock
    journal: JournalTwin
    clients: ClientsTwin
    revocations: RevocationsTwin
    records: dict[int, RecordsTwin]
    mint: Mint
    site: Site
    front: Front

    def maple(self) -> RecordsTwin:
        return self.records[MAPLE.number]

    async def bearer(
        self,
        scopes: str,
        *,
        side: str = "provider",
        patient: str | None = None,
        tenant: Tenant = MAPLE,
        client: str = "nightly",
        user: str | None = None,
    ) -> dict[str, str]:
        """The Authorization header of a token with these scopes, for patient access where there is a patient, or a
        person who granted it.
        """
        surface = surfaces.find(side, "patient" if patient or user else "system")
        registered = await self.clients.find(tenant.number, client) or replace(NIGHTLY, id=client, tenant=tenant.number)
        permit = granted_by(user, tenant, client, scopes, self.clock()) if user else None
        said = words(scopes) + tuple(one for one in ("openid", "fhirUser") if one in scopes.split())
        granted = Authorization(registered, surface, read_all(scopes), patient, said, permit)
        token = await self.mint.token(tenant, granted, self.clock())
        return {"authorization": f"Bearer {token.text}"}

    def client(self, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.front),
            base_url=BASE,
            headers={"accept": "*/*", "accept-encoding": "identity", **(headers or {})},
        )


def granted_by(user: str, tenant: Tenant, client: str, scopes: str, now: datetime) -> Permit:
    """What a person granted to an application for an hour."""
    asked = tuple(scopes.split())
    return Permit(
        "permit", tenant.number, "sub", client, "provider", asked, asked, "", Launched(), now, now,
        now + timedelta(hours=1), user=user,
    )  # fmt: skip


@dataclass
class SightsTwin:
    """ports.Sights, with one sight for everybody."""

    sight: Sight = NOBODY

    async def of(self, tenant: Tenant, account: str, user: str) -> Sight:  # noqa: ARG002
        return self.sight

    async def sees(self, tenant: Tenant, account: str, user: str, patient: str) -> bool:  # noqa: ARG002
        return bool(self.sight.surely(patient))


NIGHTLY = Client(
    "nightly",
    MAPLE.number,
    "Nightly job",
    "system",
    "web",
    "provider",
    "secret",
    ("system/*.rs",),
    secrets=((secrets.digest(SECRET), None),),
    origins=(ORIGIN,),
    approved=True,
)


def world(base_url: str = BASE, **changes: Any) -> World:
    """Two tenants, Maple with one registered client, no records; `changes` are fields of the Site."""
    clock, journal = Clock(), JournalTwin()
    clients, revocations = ClientsTwin([NIGHTLY]), RevocationsTwin()
    records = {tenant.number: RecordsTwin() for tenant in (MAPLE, BIRCH)}
    keyring = Keyring(SigningKeysTwin(), clock)
    mint = Mint(base_url, keyring)
    frame = Frame(base_url, clients, NoKeySets(), AssertionsTwin(journal), clock)
    verifier = Verifier(base_url, keyring, revocations, clock)

    requests, people = Requests(), People()
    auth = build(
        frame,
        mint,
        verifier,
        revocations,
        Kept(requests, Permits(requests, revocations), Launches()),
        Persons(people, people.alive, Charts(people)),
        Refreshing(bytes(32)),
    )

    async def ready() -> Mapping[str, bool]:
        return {"database": records[1].down is None}

    async def feed(tenant: Tenant) -> Any:
        raise NotImplementedError(f"{tenant.name} takes no records here")

    site = Site(
        base_url,
        TenantsTwin(),
        lambda tenant: records[tenant.number],
        feed,
        feed,
        journal,
        verifier,
        clients,
        auth,
        keyring,
        bytes(range(32)),
        clock,
        ready,
        exports=Desk(JobsTwin(), NoFiles(), NoApprovals()),
        people=None,  # the doors of records do without
        sessions=None,
        activity=None,
        registry=None,
        usage=None,
        look=None,
        fetched=None,
        groups=None,
        platform=None,
        pictures=None,
        emergencies=None,
    )
    site = replace(site, **changes)
    return World(clock, journal, clients, revocations, records, mint, site, Front(site))


@asynccontextmanager
async def opened(site: Site) -> AsyncIterator[Site]:
    yield site


def patient(id_: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "name": [{"family": id_.title()}], "gender": "female", **more}


def pulse(id_: str, of: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{of}"},
        "valueQuantity": {"value": 72.5, "unit": "/min"},
        **more,
    }


def base(side: str = "provider", audience: str = "system", tenant: str = MAPLE.id) -> str:
    return f"/{side}/{audience}-access/v2/{tenant}"


def uuid(text: str) -> bool:
    return str(UUID(text)) == text
