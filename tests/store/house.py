"""What the tests of the access rooms share: connections, a listener that runs, and builders."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg

from careweft.adapters import clock
from careweft.ports.clients import Client
from careweft.ports.journal import Entry
from careweft.store.clients import PostgresClients
from careweft.store.listen import Listener
from careweft.store.pool import Pool
from careweft.store.revocations import PostgresRevocations
from careweft.store.tenants import PostgresTenants


@dataclass
class Process:
    """One process of the server, as far as access goes. `skew` puts its clock wrong."""

    pool: Pool
    skew: timedelta = timedelta(0)
    listener: Listener = field(init=False)
    revocations: PostgresRevocations = field(init=False)
    clients: PostgresClients = field(init=False)
    tenants: PostgresTenants = field(init=False)

    def __post_init__(self):
        self.listener = Listener(self.pool.connect)
        self.revocations = PostgresRevocations(self.pool, self.listener, self.now)
        self.clients = PostgresClients(self.pool, self.listener, self.now)
        self.tenants = PostgresTenants(self.pool, self.listener)

    def now(self) -> datetime:
        return clock.now() + self.skew


@asynccontextmanager
async def process(database, skew=timedelta(0), listening=True) -> AsyncIterator[Process]:
    """A process that has caught up; with `listening` False its listener does not run."""
    pool = Pool(database.server_url)
    made = Process(pool, skew)
    task = asyncio.create_task(made.listener.run() if listening else asyncio.sleep(0))
    while listening and not made.revocations.fresh():
        await asyncio.sleep(0.01)
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await pool.close()


async def tenant(made: Process, name="Northwind Clinic"):
    """A new tenant."""
    return await made.tenants.create(name, str(uuid.uuid4()), "UTC", (), ())


def client(tenant_: int, **changes) -> Client:
    """A backend service with one secret."""
    return Client(
        **{
            "id": uuid.uuid4().hex,
            "tenant": tenant_,
            "name": "Night report",
            "type": "system",
            "platform": "web",
            "access": "provider",
            "auth": "secret",
            "scopes": ("system/Patient.rs", "system/Observation.rs"),
            "secrets": ((b"s" * 32, None),),
            "approved": True,
        }
        | changes
    )


def entry(tenant_: int | None = 1, **changes) -> Entry:
    """What a token request leaves behind."""
    return Entry(
        **{
            "at": datetime(2026, 11, 22, 12, tzinfo=UTC),
            "tenant": tenant_,
            "action": "token",
            "surface": "v2",
            "status": 200,
            "request_id": "r-1",
        }
        | changes
    )


@asynccontextmanager
async def connected(url):
    """A plain connection."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def kill_server_connections(database) -> int:
    """End every connection of the server's role, as a failing database would."""
    async with connected(database.admin_url) as admin:
        return await admin.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where usename = 'careweft_server' and datname = current_database()"
        )
