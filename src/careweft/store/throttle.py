"""How often was something tried in vain: counted before the try, in one statement: many at once count as many."""

import hashlib
import hmac
from datetime import datetime, timedelta

from ..accounts.needs import Count
from .pool import Pool

TAKE = """
insert into throttle as t (key, count, total, since, wait) values ($1, 1, 1, $2, '-infinity')
on conflict (key) do update set
  count = case when t.since <= $3 then 1 else t.count + 1 end,
  since = case when t.since <= $3 then $2 else t.since end,
  total = t.total + 1,
  wait = case when $6::int4 is null or t.since <= $3 or t.count + 1 < $6 then '-infinity'
              else $2 + interval '1 second' * least(power(2, t.count + 1 - $6), $7) end
where t.wait <= $2 and (t.since <= $3 or t.count < $4) and ($5::int4 is null or t.total < $5)
returning 1
"""
LEASE = """
insert into throttle as t (key, count, total, since, wait) values ($1, $5, 0, $2, '-infinity')
on conflict (key) do update set
  count = case when t.since <= $3 then $5 else t.count + $5 end,
  since = case when t.since <= $3 then $2 else t.since end
where t.since <= $3 or t.count + $5 <= $4
returning since
"""
SEEN = "select count, total, since, greatest(wait, since) as wait from throttle where key = $1"
FORGET = "delete from throttle where key = $1"
RETURN = "update throttle set count = greatest(count - 1, 0), total = greatest(total - 1, 0) where key = $1"
PRUNE = "with gone as (delete from throttle where since < $1 and total < 10 returning 1) select count(*) from gone"


class PostgresThrottle:
    """accounts.Throttle. What is counted is kept as a keyed hash: no name, no address."""

    def __init__(self, pool: Pool, key: bytes) -> None:
        self._pool = pool
        self._key = key

    async def take(self, count: Count, what: str, now: datetime) -> timedelta | None:
        """As accounts.Throttle."""
        row, since = self._row(count, what), now - count.window
        taken = await self._pool.fetchrow(
            TAKE, row, now, since, count.limit, count.most, count.patience, float(count.longest)
        )
        if taken is not None:
            return None
        seen = await self._pool.fetchrow(SEEN, row)
        if seen is None:
            return timedelta(seconds=1)
        if count.most is not None and seen["total"] >= count.most:
            return timedelta.max
        full = seen["since"] + count.window if seen["count"] >= count.limit else now
        waits: list[datetime] = [full, *([seen["wait"]] if count.patience else [])]
        return max(waits) - now

    async def forgive(self, count: Count, what: str, *, wholly: bool) -> None:
        """As accounts.Throttle."""
        await self._pool.fetch(FORGET if wholly else RETURN, self._row(count, what))

    async def lease(self, key: str, tries: int, limit: int, window: timedelta, now: datetime) -> tuple[int, datetime]:
        """As oauth.pace.Leases."""
        row = self._mark(key)
        granted = await self._pool.fetchrow(LEASE, row, now, now - window, limit, tries)
        seen = granted or await self._pool.fetchrow(SEEN, row)
        return tries if granted else 0, (seen["since"] if seen else now) + window

    async def prune(self, now: datetime) -> int:
        """Forget what was counted a day ago, but for those that came near their total; returns how many rows."""
        rows = await self._pool.fetch(PRUNE, now - timedelta(days=1))
        return int(rows[0][0])

    def _row(self, count: Count, what: str) -> bytes:
        return self._mark(f"{count.name} {what}")

    def _mark(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).digest()
