"""ports.schedules.Schedules over PostgreSQL, for one tenant."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from ..ports.schedules import Schedule
from .due import drop_due, set_due
from .pool import Connection, Pool, Row

KIND = "export"
BIND = "select set_config('app.tenant', $1::int4::text, true)"
FIELDS = 'id, client, surface, group_id as "group", rule, types, since, job, problem'
ALL = f"select {FIELDS} from export_schedule where tenant = $1 order by client, group_id, id"
FIND = f"select {FIELDS} from export_schedule where tenant = $1 and id = $2"
ADD = """
insert into export_schedule (tenant, id, client, surface, group_id, rule, types) values ($1, $2, $3, $4, $5, $6, $7)
"""
SETTLE = "update export_schedule set since = $3, job = $4, problem = $5 where tenant = $1 and id = $2"
REMOVE = "delete from export_schedule where tenant = $1 and id = $2"


class PostgresSchedules:
    """The schedules of one tenant; when each is due is written with it."""

    def __init__(self, tenant: int, pool: Pool) -> None:
        self._tenant = tenant
        self._pool = pool

    async def all(self) -> Sequence[Schedule]:
        """As ports.schedules.Schedules."""
        async with self._bound() as connection:
            return [_read(row) for row in await connection.fetch(ALL, self._tenant)]

    async def find(self, id_: str) -> Schedule | None:
        """As ports.schedules.Schedules."""
        async with self._bound() as connection:
            row = await connection.fetchrow(FIND, self._tenant, id_)
        return None if row is None else _read(row)

    async def add(self, schedule: Schedule, due: datetime) -> None:
        """As ports.schedules.Schedules."""
        values = (schedule.client, schedule.surface, schedule.group, schedule.rule, list(schedule.types))
        async with self._bound() as connection:
            await connection.execute(ADD, self._tenant, schedule.id, *values)
            await set_due(connection, self._tenant, KIND, schedule.id, due)

    async def settle(self, schedule: Schedule, due: datetime) -> None:
        """As ports.schedules.Schedules."""
        values = (schedule.since, schedule.job, schedule.problem)
        async with self._bound() as connection:
            if await connection.execute(SETTLE, self._tenant, schedule.id, *values) != "UPDATE 0":
                await set_due(connection, self._tenant, KIND, schedule.id, due)

    async def remove(self, id_: str) -> bool:
        """As ports.schedules.Schedules."""
        async with self._bound() as connection:
            await drop_due(connection, self._tenant, KIND, id_)
            return bool(await connection.execute(REMOVE, self._tenant, id_) != "DELETE 0")

    @asynccontextmanager
    async def _bound(self) -> AsyncIterator[Connection]:
        """A transaction that sees this tenant's rows."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(BIND, self._tenant)
            yield connection


def _read(row: Row) -> Schedule:
    values = dict(row)
    return Schedule(types=tuple(values.pop("types")), **values)
