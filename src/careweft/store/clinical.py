"""The clinical records of all tenants: hands out what is bound to one."""

import asyncio
import secrets
from collections.abc import Mapping
from functools import partial

import asyncpg

from ..tenancy import Tenant
from .bound import Bound, bind
from .exports import PostgresSource
from .feed import PostgresFeed
from .filing import PostgresFiling
from .frequency import Frequencies
from .master import Master
from .memory import Flights
from .pool import Pool
from .population import PostgresPeople
from .reads import Reads
from .records import PostgresRecords
from .registry import Registries

KEYS = "select kid, wrapped from tenant_key where tenant = $1"
ADD = "insert into tenant_key (tenant, kid, wrapped) values ($1, $2, $3)"


class Clinical:
    """One for each process. `master` opens the keys of tenants whose bodies are sealed."""

    def __init__(self, pool: Pool, master: Master | None = None) -> None:
        self.pool = pool
        self.registries = Registries(pool)
        self._master = master
        self._reads = Reads(pool)
        self._frequencies = Frequencies(pool)
        self._bound: dict[int, Bound] = {}
        self._bindings: Flights[tuple[int, int], Bound] = Flights()
        self._turns = asyncio.Lock()
        self._records: dict[int, PostgresRecords] = {}

    def known(self, tenant: Tenant) -> PostgresRecords | None:
        """ports.Records of this tenant, if they were bound before and are still as the database has them."""
        found = self._records.get(tenant.number)
        return None if found is None or found.outdated else found

    async def records(self, tenant: Tenant) -> PostgresRecords:
        """ports.Records of this tenant. Raises Unavailable."""
        found = self.known(tenant)
        if found is None:
            bound = await self.bound(tenant)
            found = PostgresRecords(bound, self.pool, self._reads, self._frequencies, self.registries)
            self._records[tenant.number] = found
        return found

    async def feed(self, tenant: Tenant) -> PostgresFeed:
        """ports.Feed of this tenant. Raises Unavailable."""
        return PostgresFeed(await self.bound(tenant), self.pool, self.registries)

    async def filing(self, tenant: Tenant) -> PostgresFiling:
        """ports.Filing of this tenant. Raises Unavailable."""
        bound, records = await self.bound(tenant), await self.records(tenant)
        return PostgresFiling(bound, self.pool, self._reads, self.registries, records, self._turns)

    async def people(self, tenant: Tenant) -> PostgresPeople:
        """ports.groups.People of this tenant. Raises Unavailable."""
        return PostgresPeople(await self.bound(tenant), self.pool, self._frequencies, self.registries)

    async def source(self, tenant: Tenant) -> PostgresSource:
        """What exports of this tenant read. Raises Unavailable."""
        return PostgresSource(await self.bound(tenant), self.pool, self._reads)

    async def bound(self, tenant: Tenant) -> Bound:
        """What the store has to know of this tenant; read once, and again when it turned out to be too little."""
        found = self._bound.get(tenant.number)
        if found is None or found.bodies.outdated:
            return await self._bindings.join((tenant.number, id(found)), partial(self._bind, tenant))
        return found

    async def _bind(self, tenant: Tenant) -> Bound:
        await self.registries.refresh()
        found = self._bound[tenant.number] = await bind(self.pool, tenant, await self._keys(tenant))
        return found

    async def seal(self, tenant: Tenant) -> int:
        """Seal this tenant's bodies from now on, under a new key, whose number is returned; other processes take it
        up when they first meet it. Raises ValueError without a master key.
        """
        if self._master is None:
            raise ValueError("bodies can be sealed under a master key only")
        kid = max(await self._keys(tenant), default=0) + 1
        wrapped = self._master.seal(secrets.token_bytes(32), _place(tenant, kid))
        try:
            await self.pool.fetch(ADD, tenant.number, kid, wrapped)
        except asyncpg.UniqueViolationError:
            raise ValueError(f"another process makes key {kid} of tenant {tenant.id} right now") from None
        self._bound.pop(tenant.number, None)
        self._records.pop(tenant.number, None)
        return kid

    async def _keys(self, tenant: Tenant) -> Mapping[int, bytes]:
        """The tenant's keys, opened. Raises ValueError where there are any but no master key, or another one."""
        rows = await self.pool.fetch(KEYS, tenant.number)
        if rows and self._master is None:
            raise ValueError(f"the records of tenant {tenant.id} are sealed: the master key is needed")
        return {
            row["kid"]: self._master.open(bytes(row["wrapped"]), _place(tenant, row["kid"]))
            for row in rows
            if self._master is not None
        }


def _place(tenant: Tenant, kid: int) -> str:
    """What binds a wrapped key to its row."""
    return f"tenant_key {tenant.number} {kid}"
