"""registry.reminders.Notices over PostgreSQL: whoever writes the row first tells; of several job processes one does."""

from collections.abc import Sequence
from datetime import datetime

from .pool import Pool

SOON = """
select a.id, e.ends from application a cross join lateral unnest(a.secret_ends) e(ends)
where a.removed is null and e.ends > $1 and e.ends <= $2 order by e.ends, a.id
"""
FIRST = "insert into notice (kind, subject, mark) values ($1, $2, $3) on conflict do nothing returning true"


class PostgresNotices:
    """Over all tenants."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def ending(self, now: datetime, until: datetime) -> Sequence[tuple[str, datetime]]:
        """As Notices."""
        return [(row["id"], row["ends"]) for row in await self._pool.fetch(SOON, now, until)]

    async def first(self, kind: str, subject: str, mark: str) -> bool:
        """As Notices."""
        return await self._pool.fetchrow(FIRST, kind, subject, mark) is not None
