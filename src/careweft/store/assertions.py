"""Used client assertions, each in one transaction with the audit entry of the token it bought (SMART-10, AUDX-01)."""

import hashlib
from datetime import datetime

from ..ports.journal import Entry, Journal
from .journal import columns
from .pool import Pool

SPEND = """
with fresh as (
  insert into assertion (tenant, client, jti, until) values ($17, $18, $19, $20) on conflict do nothing returning 1
)
select audit_write($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) is not null from fresh
"""


class PostgresAssertions:
    """ports.Assertions: shared by every process, and it survives a crash."""

    def __init__(self, pool: Pool, journal: Journal) -> None:
        self._pool = pool
        self._journal = journal

    async def spend(self, tenant: int, client: str, jti: str, until: datetime, entry: Entry) -> bool:
        """Record the `jti` and the entry of the token it buys; False, and nothing recorded, if it was used before.

        Of many at once exactly one gets True: the others wait for its commit. `until` is when the assertion can no
        longer be accepted, leeway included. Raises Unavailable: then no token may leave.
        """
        mark = hashlib.sha256(jti.encode("utf-8", "surrogatepass")).digest()
        return await self._pool.fetchrow(SPEND, *columns([entry]), tenant, client, mark, until) is not None

    async def record(self, entry: Entry) -> None:
        """Make a token issue without assertion durable. Raises Unavailable."""
        await self._journal.write(entry)


async def prune(pool: Pool) -> int:
    """Delete what was used up by assertions that have expired; returns how many."""
    rows = await pool.fetch("select assertion_prune()")
    return int(rows[0][0])
