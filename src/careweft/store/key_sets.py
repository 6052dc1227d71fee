"""What became of the last fetch of each published key set, for the page of the application that publishes it."""

from collections.abc import Sequence

from ..ports.clock import Clock
from ..ports.keys import Fetched
from .pool import Pool

MOST, LONGEST = 50, 256
FOUND = """
insert into key_set (url, fetched, kids) values ($1, $2, $3)
on conflict (url) do update set fetched = excluded.fetched, kids = excluded.kids, told = null
"""
FAILED = """
insert into key_set (url, failed, fault) values ($1, $2, $3)
on conflict (url) do update set failed = excluded.failed, fault = excluded.fault
"""
BROKEN = """
with broken as (
  update key_set set told = $1 where failed > fetched and told is null returning url, fault
)
select a.id, b.fault from broken b join application a on a.asked ->> 'jwks_uri' = b.url where a.removed is null
"""
LAST = "select fetched, kids, failed, fault from key_set where url = $1"


class PostgresKeySets:
    """ports.KeySetLog."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def found(self, url: str, kids: Sequence[str]) -> None:
        """As ports.KeySetLog."""
        shown = [one[:LONGEST].replace("\0", "") for one in kids[:MOST]]
        await self._pool.fetch(FOUND, url, self._clock(), shown)

    async def failed(self, url: str, fault: str) -> None:
        """As ports.KeySetLog."""
        await self._pool.fetch(FAILED, url, self._clock(), fault[:LONGEST])

    async def last(self, url: str) -> Fetched:
        """As ports.KeySetLog."""
        row = await self._pool.fetchrow(LAST, url)
        return Fetched() if row is None else Fetched(row["fetched"], tuple(row["kids"]), row["failed"], row["fault"])

    async def broken(self) -> Sequence[tuple[str, str]]:
        """As ports.KeySetLog."""
        return [(row["id"], row["fault"]) for row in await self._pool.fetch(BROKEN, self._clock())]
