"""ports.approvals.Approvals over PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ..ports.approvals import Approval
from .pool import Connection, Pool, Row

BIND = "select set_config('app.tenant', $1::int4::text, true)"
FIELDS = 'client, group_id as "group", dates, at, by'
FIND = f"select {FIELDS} from research_approval where tenant = $1 and client = $2 and group_id = $3"
ALL = f"select {FIELDS} from research_approval where tenant = $1 order by client, group_id"
APPROVE = """
insert into research_approval (tenant, client, group_id, dates, at, by) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant, client, group_id) do update set dates = excluded.dates, at = excluded.at, by = excluded.by
"""
WITHDRAW = "delete from research_approval where tenant = $1 and client = $2 and group_id = $3"


class PostgresApprovals:
    """Read anew each time: a withdrawal counts at once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, tenant: int, client: str, group: str) -> Approval | None:
        """As ports.approvals.Approvals."""
        async with self._bound(tenant) as connection:
            row = await connection.fetchrow(FIND, tenant, client, group)
        return None if row is None else _read(row)

    async def all(self, tenant: int) -> Sequence[Approval]:
        """As ports.approvals.Approvals."""
        async with self._bound(tenant) as connection:
            return [_read(row) for row in await connection.fetch(ALL, tenant)]

    async def approve(self, tenant: int, approval: Approval) -> None:
        """As ports.approvals.Approvals."""
        values = (approval.client, approval.group, approval.dates, approval.at, approval.by)
        async with self._bound(tenant) as connection:
            await connection.execute(APPROVE, tenant, *values)

    async def withdraw(self, tenant: int, client: str, group: str) -> bool:
        """As ports.approvals.Approvals."""
        async with self._bound(tenant) as connection:
            return bool(await connection.execute(WITHDRAW, tenant, client, group) != "DELETE 0")

    @asynccontextmanager
    async def _bound(self, tenant: int) -> AsyncIterator[Connection]:
        """A transaction that sees this tenant's rows."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(BIND, tenant)
            yield connection


def _read(row: Row) -> Approval:
    return Approval(**dict(row))
