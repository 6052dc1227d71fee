"""ports.groups.Due over PostgreSQL: many processes may look, one takes."""

from datetime import datetime

from .pool import Connection, Pool

TAKE = """
update due set at = $3 where (tenant, kind, id) = (
  select tenant, kind, id from due where kind = $1 and at <= $2 order by at limit 1 for update skip locked)
returning tenant, id
"""
SET = """
insert into due (tenant, kind, id, at) values ($1, $2, $3, $4)
on conflict (tenant, kind, id) do update set at = excluded.at
"""
DROP = "delete from due where tenant = $1 and kind = $2 and id = $3"


class PostgresDue:
    """What is due, over all tenants."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def take(self, kind: str, now: datetime, until: datetime) -> tuple[int, str] | None:
        """As ports.groups.Due."""
        row = await self._pool.fetchrow(TAKE, kind, now, until)
        return None if row is None else (row["tenant"], row["id"])


async def set_due(connection: Connection, tenant: int, kind: str, id_: str, at: datetime) -> None:
    """Within the transaction that changes what it is about."""
    await connection.execute(SET, tenant, kind, id_, at)


async def drop_due(connection: Connection, tenant: int, kind: str, id_: str) -> None:
    """Within the transaction that removes what it is about."""
    await connection.execute(DROP, tenant, kind, id_)
