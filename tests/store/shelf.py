"""What the tests of the clinical records share: a process with its tenants, and builders of reaches and tests."""

import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from careweft.access.reach import _SEAL, How, Narrowed, Reach, Way
from careweft.fhir.labels import EVERY
from careweft.fhir.search.query import AnyOf, Query, Ref, Test, Token
from careweft.ports.feed import Arrival
from careweft.ports.journal import Entry
from careweft.store.clinical import Clinical
from careweft.store.feed import PostgresFeed
from careweft.store.pool import Pool
from careweft.store.records import PostgresRecords
from careweft.tenancy import Tenant

NEW = "insert into tenant (id, name, zone, hash_key) values ($1, 'Northwind Clinic', $2, $3) returning number"


@dataclass
class Shelf:
    """One tenant's records, to read and to feed."""

    tenant: Tenant
    clinical: Clinical
    pool: Pool
    records: PostgresRecords
    feed: PostgresFeed

    async def put(self, *resources):
        """Store these; returns what became of each."""
        arrivals = [Arrival(one["resourceType"], one["id"], one) for one in resources]
        return [receipt.outcome for receipt in await self.feed.put(arrivals)]

    async def delete(self, type_, id_):
        return [receipt.outcome for receipt in await self.feed.put([Arrival(type_, id_, None)])]

    async def ids(self, query, reach=None, **brought):
        """The ids of all pages of a search, in order."""
        return [one.id for page in await self.pages(query, reach, **brought) for one in page.matches]

    async def pages(self, query, reach=None, **brought):
        found = [await self.records.search(Narrowed(query, reach or everything(query.type), **brought))]
        while found[-1].following is not None:
            narrowed = Narrowed(query, reach or everything(query.type), **brought)
            found.append(await self.records.search(narrowed, found[-1].following))
        return found


@asynccontextmanager
async def process(database, master=None) -> AsyncIterator[Clinical]:
    """The clinical records as one process has them."""
    pool = Pool(database.server_url)
    try:
        yield Clinical(pool, master)
    finally:
        await pool.close()


@asynccontextmanager
async def shelf(database, zone="UTC", master=None) -> AsyncIterator[Shelf]:
    """A process with a new tenant."""
    async with process(database, master) as clinical:
        yield await tenant(clinical, zone)


async def tenant(clinical, zone="UTC") -> Shelf:
    """Another tenant of this process."""
    id_ = uuid.uuid4()
    pool = clinical.pool
    row = await pool.fetchrow(NEW, id_, zone, secrets.token_bytes(32))
    made = Tenant(str(id_), row["number"], "Northwind Clinic", zone)
    return Shelf(made, clinical, pool, await clinical.records(made), await clinical.feed(made))


def everything(type_, withheld=0):
    """A system scope without filter, by a token with every word for sensitive records, or without some."""
    return reach(type_, Way("system", How.SHARED), withheld=withheld)


def of(patient, type_, how=How.COMPARTMENT, where=()):
    """A patient-context token's reach."""
    return reach(type_, Way("patient", how, patient, tuple(where)))


def seen(sight, type_, how=How.COMPARTMENT, where=()):
    """The reach of a person with this sight."""
    return reach(type_, Way("user", how, None, tuple(where), sight))


def reach(type_, *ways, withheld=EVERY):
    return Reach(type_, ways, _SEAL, withheld)


def one(param, value, how="is"):
    """A group of one test."""
    return AnyOf((Test(param, value, how),))


def code(param, text, system=None):
    return one(param, Token(system, text))


def about(patient, param="patient"):
    return one(param, Ref("Patient", patient))


def entry(shelf_, **changes) -> Entry:
    """The audit entry of a write."""
    return Entry(
        **{
            "at": datetime(2026, 11, 22, 12, tzinfo=UTC),
            "tenant": shelf_.tenant.number,
            "action": "update",
            "surface": "test",
            "status": 200,
            "request_id": "r-1",
        }
        | changes
    )


def patient(id_, **members):
    return {"resourceType": "Patient", "id": id_} | members


def observation(id_, about_="1", **members):
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.example/category", "code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
        "subject": {"reference": f"Patient/{about_}"},
        "effectiveDateTime": "2024-05-17T09:30:00Z",
    } | members


def search(type_, *where, **rest):
    return Query(type_, where, **rest)
