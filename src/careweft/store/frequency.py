"""How common a token is, by what PostgreSQL itself has counted: decides whether the GIN index or a walk is cheaper."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from .pool import Pool

LASTS = 60.0
READ = """
select most_common_elems::text::int8[] as tokens, most_common_elem_freqs as frequencies,
  (select greatest(reltuples, 0)::float8 from pg_class where oid = 'res'::regclass) as rows
from pg_stats where schemaname = any(current_schemas(false)) and tablename = 'res' and attname = 'tok'
"""


class Frequencies:
    """Estimates from the statistics of the table; read again every minute, at the first question after that."""

    start = 1000

    def __init__(self, pool: Pool, now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._now = now
        self._until = float("-inf")
        self._common: Mapping[int, float] = {}
        self._rest = 0.0
        self.rows = 0.0

    async def refresh(self) -> None:
        """Read the statistics, if they are older than a minute."""
        if self._now() < self._until:
            return
        self._until = self._now() + LASTS
        row = await self._pool.fetchrow(READ)
        if row is not None:
            self.rows = row["rows"]
            tokens, shares = row["tokens"] or [], row["frequencies"] or []
            self._common = {token: share * self.rows for token, share in zip(tokens, shares, strict=False)}
            self._rest = min(self._common.values(), default=0.0)

    def of(self, tokens: Iterable[int]) -> float:
        """About how many rows hold one of these; what is not among the common is at most as common as the least."""
        return sum(self._common.get(token, self._rest) for token in tokens)

    def common(self, rows: float) -> Sequence[int]:
        """The tokens that more rows hold than that."""
        return [token for token, held in self._common.items() if held > rows]
