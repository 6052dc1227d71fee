"""ports.groups.Definitions over PostgreSQL, for one tenant."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from ..ports.groups import Defined
from .due import drop_due, set_due
from .pool import Connection, Pool, Row

KIND = "group"
BIND = "select set_config('app.tenant', $1::int4::text, true)"
FIELDS = "id, name, definition, code, manager, withheld, every, evaluated, size, failure"
ALL = f"select {FIELDS} from group_definition where tenant = $1 order by name, id"
FIND = f"select {FIELDS} from group_definition where tenant = $1 and id = $2"
KEEP = """
insert into group_definition (tenant, id, name, definition, code, manager, withheld, every)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant, id) do update set name = excluded.name, definition = excluded.definition, code = excluded.code,
  manager = excluded.manager, withheld = excluded.withheld, every = excluded.every
"""
EVALUATED = "update group_definition set evaluated = $3, size = $4, failure = null where tenant = $1 and id = $2"
FAILED = "update group_definition set failure = $3 where tenant = $1 and id = $2"
REMOVE = "delete from group_definition where tenant = $1 and id = $2"
LONGEST = 500


class PostgresDefinitions:
    """The definitions of one tenant; when each is due is written with it."""

    def __init__(self, tenant: int, pool: Pool) -> None:
        self._tenant = tenant
        self._pool = pool

    async def all(self) -> Sequence[Defined]:
        """As ports.groups.Definitions."""
        async with self._bound() as connection:
            return [_read(row) for row in await connection.fetch(ALL, self._tenant)]

    async def find(self, id_: str) -> Defined | None:
        """As ports.groups.Definitions."""
        async with self._bound() as connection:
            row = await connection.fetchrow(FIND, self._tenant, id_)
        return None if row is None else _read(row)

    async def keep(self, defined: Defined, due: datetime) -> None:
        """As ports.groups.Definitions."""
        values = (defined.name, defined.text, defined.code, defined.manager, defined.withheld, defined.every)
        async with self._bound() as connection:
            await connection.execute(KEEP, self._tenant, defined.id, *values)
            await set_due(connection, self._tenant, KIND, defined.id, due)

    async def evaluated(self, id_: str, at: datetime, size: int, due: datetime) -> None:
        """As ports.groups.Definitions."""
        await self._settle(id_, EVALUATED, due, at, size)

    async def failed(self, id_: str, why: str, due: datetime) -> None:
        """As ports.groups.Definitions."""
        await self._settle(id_, FAILED, due, why[:LONGEST])

    async def remove(self, id_: str) -> None:
        """As ports.groups.Definitions."""
        async with self._bound() as connection:
            await connection.execute(REMOVE, self._tenant, id_)
            await drop_due(connection, self._tenant, KIND, id_)

    async def _settle(self, id_: str, sql: str, due: datetime, *values: object) -> None:
        """Say what became of it, unless it was removed meanwhile."""
        async with self._bound() as connection:
            if await connection.execute(sql, self._tenant, id_, *values) != "UPDATE 0":
                await set_due(connection, self._tenant, KIND, id_, due)

    @asynccontextmanager
    async def _bound(self) -> AsyncIterator[Connection]:
        """A transaction that sees this tenant's rows."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(BIND, self._tenant)
            yield connection


def _read(row: Row) -> Defined:
    values = dict(row)
    return Defined(text=values.pop("definition"), **values)
