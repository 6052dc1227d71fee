"""ports.Emergencies over PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from ..access.emergency import Emergency
from ..ports.journal import Entry
from .journal import APPEND, columns
from .pool import Pool, Row

WITHIN = "select set_config('app.tenant', $1::int4::text, true)"
BEGIN = """
insert into emergency (tenant, id, account, person, patient, reason, begins, ends)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
END = """
update emergency set ended = $3 where tenant = $1 and id = $2 and ended is null and begins <= $3 and ends > $3
returning id
"""
LISTED = """
select tenant, id, account, person, patient, reason, begins, ends, ended from emergency
where tenant = $1 and begins >= $2 and ($3::text is null or account = $3) order by begins desc, id
"""
IN_FORCE = """
select patient from emergency where tenant = $1 and account = $2 and begins <= $3 and ends > $3 and ended is null
"""


class PostgresEmergencies:
    """Keeps emergency access, each with its audit entry in one transaction."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, emergency: Emergency, entry: Entry) -> None:
        """As ports.Emergencies. Raises Unavailable."""
        one = emergency
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(WITHIN, one.tenant)
            row = one.tenant, one.id, one.account, one.user, one.patient, one.reason, one.begins, one.ends
            await connection.execute(BEGIN, *row)
            await connection.execute(APPEND, *columns([entry]))

    async def end(self, tenant: int, id_: str, now: datetime, entry: Entry) -> bool:
        """As ports.Emergencies. Raises Unavailable."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(WITHIN, tenant)
            if await connection.fetchrow(END, tenant, id_, now) is None:
                return False
            await connection.execute(APPEND, *columns([entry]))
            return True

    async def listed(self, tenant: int, since: datetime, account: str | None = None) -> Sequence[Emergency]:
        """As ports.Emergencies. Raises Unavailable."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(WITHIN, tenant)
            return [read(row) for row in await connection.fetch(LISTED, tenant, since, account)]


async def in_force(pool: Pool, tenant: int, account: str, now: datetime) -> Sequence[str | None]:
    """The patients whom emergency access shows this account now; None among them is every patient of the tenant."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(WITHIN, tenant)
        return [row["patient"] for row in await connection.fetch(IN_FORCE, tenant, account, now)]


def read(row: Row) -> Emergency:
    """A row as an Emergency."""
    return Emergency(
        row["id"],
        row["tenant"],
        row["account"],
        row["person"],
        row["patient"],
        row["reason"],
        row["begins"],
        row["ends"],
        row["ended"],
    )
