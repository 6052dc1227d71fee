"""The tenants: who they are, by the id in their URLs."""

import json
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from zoneinfo import available_timezones

import asyncpg

from ..ports.journal import Entry
from ..tenancy import Tenant
from ..tenancy.brand import Brand, Branded
from ..tenancy.look import Look
from .journal import APPEND, columns
from .listen import Listener
from .memory import Memory
from .pool import Pool, Row

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)

FIELDS = (
    "id::text, number, name, zone, sdk_scopes, care_records, sandbox, networks, practitioners_see, feed_hours, look"
)
FIND = f"select {FIELDS} from tenant where id = $1::text::uuid"
ALL = f"select {FIELDS} from tenant order by number"
CREATE = f"""
insert into tenant (id, name, zone, sdk_scopes, care_records, hash_key) values ($1::text::uuid, $2, $3, $4, $5, $6)
returning {FIELDS}
"""
BRANDS = (
    f"select {FIELDS}, brand, coalesce((brand ->> 'changed')::timestamptz, created) as changed, reviewed"
    " from tenant order by number"
)
BRAND = "update tenant set brand = $2::jsonb, reviewed = $3 where number = $1"
SAVE = (
    "update tenant set sandbox = $2, networks = $3, practitioners_see = $4, feed_hours = $5,"
    " name = $6, look = $7::jsonb where number = $1"
)


class PostgresTenants:
    """ports.Tenants, answering from memory for a few seconds."""

    def __init__(self, pool: Pool, listener: Listener, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._pool = pool
        self._random = random
        self._memory: Memory[str, Tenant] = Memory()
        listener.hear("tenant", self._changed)

    async def find(self, id_: str) -> Tenant | None:
        """The tenant whose id this is, letter by letter; what is no lower-case UUID is none. Raises Unavailable."""
        held = self._memory.held(id_)
        if held is not None or not UUID.fullmatch(id_):
            return held
        return await self._memory.get(id_, lambda: self._read(id_))

    def held(self, id_: str) -> Tenant | None:
        """As ports.Tenants."""
        return self._memory.held(id_)

    async def all(self) -> Sequence[Tenant]:
        """Every tenant, oldest first. Raises Unavailable."""
        return [read(row) for row in await self._pool.fetch(ALL)]

    async def create(
        self,
        name: str,
        id_: str,
        zone: str,
        sdk_scopes: tuple[str, ...],
        care_records: tuple[str, ...],
        entry: Entry | None = None,
    ) -> Tenant:
        """A new tenant with a hash key of its own, and the audit entry of that in its journal.

        Raises ValueError where id or zone are none or the id is taken.
        """
        if not UUID.fullmatch(id_):
            raise ValueError(f"a tenant's id is a lower-case UUID, not {id_!r}")
        if zone not in available_timezones():
            raise ValueError(f"a tenant's zone is an IANA time zone such as America/New_York, not {zone!r}")
        try:
            async with self._pool.connection() as connection, connection.transaction():
                row = await connection.fetchrow(
                    CREATE, id_, name, zone, list(sdk_scopes), list(care_records), self._random(32)
                )
                assert row is not None  # noqa: S101  an insert returns its row
                if entry is not None:
                    await connection.execute(APPEND, *columns([entry._replace(tenant=row["number"])]))
        except asyncpg.UniqueViolationError:
            raise ValueError(f"there is already a tenant {id_}") from None
        return read(row)

    async def save(self, tenant: Tenant, entry: Entry) -> None:
        """Keep its name, its look and its settings, with the audit entry. Raises Unavailable."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                SAVE,
                tenant.number,
                tenant.sandbox,
                list(tenant.networks),
                tenant.practitioners_see,
                tenant.feed_hours,
                tenant.name,
                json.dumps(asdict(tenant.look)),
            )
            await connection.execute(APPEND, *columns([entry]))
        self._changed(tenant.id)

    async def brands(self) -> Sequence[Branded]:
        """As ports.Tenants. Raises Unavailable."""
        return [branded(row) for row in await self._pool.fetch(BRANDS)]

    async def save_brand(self, one: Branded, entry: Entry) -> None:
        """Keep what the published lists say of a tenant, and when that was looked through. Raises Unavailable."""
        said = json.dumps({**asdict(one.brand), "changed": one.changed.isoformat()})
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(BRAND, one.tenant.number, said, one.reviewed)
            await connection.execute(APPEND, *columns([entry]))

    def _changed(self, id_: str) -> None:
        if id_:
            self._memory.drop(id_)
        else:
            self._memory.clear()

    async def _read(self, id_: str) -> Tenant | None:
        row = await self._pool.fetchrow(FIND, id_)
        return None if row is None else read(row)


def read(row: Row) -> Tenant:
    """A row as a Tenant."""
    return Tenant(
        id=row["id"],
        number=row["number"],
        name=row["name"],
        zone=row["zone"],
        sdk_scopes=tuple(row["sdk_scopes"]),
        care_records=tuple(row["care_records"]),
        sandbox=row["sandbox"],
        networks=tuple(row["networks"]),
        practitioners_see=row["practitioners_see"],
        feed_hours=row["feed_hours"],
        look=Look(**json.loads(row["look"])),
    )


def branded(row: Row) -> Branded:
    """A row as a tenant with its brand."""
    said = json.loads(row["brand"])
    said.pop("changed", None)
    return Branded(read(row), Brand(**said), row["changed"], row["reviewed"])
