"""How applications are used, counted from the journal: under row security, so that a tenant's rows are all there is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from ..ports.clock import Clock
from ..ports.usage import Day, Refusal
from .pool import Pool, Row

BIND = "select set_config('app.tenant', $1, true)"
DAYS = """
select (at at time zone 'UTC')::date as day, count(*)::int4 as calls,
  count(*) filter (where status >= 400)::int4 as errors, count(*) filter (where status = 429)::int4 as limited,
  count(*) filter (where action like '%export%')::int4 as exports
from audit where tenant = $1 and client = $2 and at >= $3 group by 1 order by 1
"""
TOLD = "at, action, type, status, reason, request_id, client"
REFUSALS = (
    f"select {TOLD} from audit where tenant = $1 and client = $2 and at >= $3 and status >= 400"
    " order by at desc limit $4"
)
SEEN = "select client, max(at) as at from audit where tenant = $1 and client is not null and at >= $2 group by 1"
FOUND = (
    f"select {TOLD} from audit where tenant = $1 and at >= $2"
    " and (request_id = $3 or patient = $3 or $3 = any(patients)) order by at desc limit $4"
)
MONTH = timedelta(days=31)


class PostgresUsage:
    """ports.Usage; nothing is looked at that is older than a month."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def days(self, tenant: int, client: str, since: datetime) -> Sequence[Day]:
        """As ports.Usage."""
        return [Day(*row) for row in await self._read(tenant, DAYS, client, since)]

    async def refusals(self, tenant: int, client: str, most: int = 20) -> Sequence[Refusal]:
        """As ports.Usage."""
        return [Refusal(*row) for row in await self._read(tenant, REFUSALS, client, self._since(), most)]

    async def seen(self, tenant: int) -> dict[str, datetime]:
        """As ports.Usage."""
        return {row["client"]: row["at"] for row in await self._read(tenant, SEEN, self._since())}

    async def found(self, tenant: int, text: str, most: int = 50) -> Sequence[Refusal]:
        """As ports.Usage."""
        if "\0" in text:
            return []
        return [Refusal(*row) for row in await self._read(tenant, FOUND, self._since(), text, most)]

    def _since(self) -> datetime:
        return self._clock() - MONTH

    async def _read(self, tenant: int, sql: str, *args: Any) -> Sequence[Row]:
        async with self._pool.connection() as connection, connection.transaction(readonly=True):
            await connection.execute(BIND, str(tenant))
            return await connection.fetch(sql, tenant, *args)
