"""The audit journal as a patient reads it: who looked at these records, newest first (OAUTH-21, AUD-13)."""

from collections.abc import Sequence

from ..ports.activity import Act
from .pool import Pool, Row

BEGIN = "select set_config('app.tenant', $1::int4::text, true)"
# The index by tenant and time is walked from its end, and the walk stops as soon as the page is full.
ABOUT = """
select seq, at, action, client, person, type, patients from audit
where tenant = $1 and patients && $2::text[] and status < 400 and ($3::int8 is null or seq < $3)
order by at desc, seq desc
limit $4
"""


class PostgresActivity:
    """ports.Activity."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def about(
        self, tenant: int, patients: Sequence[str], *, before: int | None = None, most: int = 20
    ) -> Sequence[Act]:
        """As ports.Activity."""
        async with self._pool.connection() as connection, connection.transaction(readonly=True):
            await connection.execute(BEGIN, tenant)
            return [act(row) for row in await connection.fetch(ABOUT, tenant, list(patients), before, most)]


def act(row: Row) -> Act:
    """A row as the page is given it."""
    return Act(row["seq"], row["at"], row["action"], row["client"], row["person"], row["type"], tuple(row["patients"]))
