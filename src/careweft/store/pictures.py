"""ports.Pictures over PostgreSQL."""

from datetime import datetime

from ..ports.journal import Entry
from .journal import APPEND, columns
from .pool import Pool

FIND = "select body from picture where digest = $1 limit 1"
KEEP = """
insert into picture (owner, digest, body, at) values ($1, $2, $3, $4)
on conflict (owner) do update set digest = excluded.digest, body = excluded.body, at = excluded.at
"""
DROP = "delete from picture where owner = $1"


class PostgresPictures:
    """Each at most 256 KB."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, digest: str) -> bytes | None:
        """As ports.Pictures."""
        row = await self._pool.fetchrow(FIND, digest) if digest.isascii() and digest.isalnum() else None
        return None if row is None else bytes(row["body"])

    async def keep(self, owner: str, digest: str, body: bytes, now: datetime, entry: Entry | None = None) -> None:
        """As ports.Pictures."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(KEEP, owner, digest, body, now)
            if entry is not None:
                await connection.execute(APPEND, *columns([entry]))

    async def drop(self, owner: str, entry: Entry | None = None) -> None:
        """As ports.Pictures."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(DROP, owner)
            if entry is not None:
                await connection.execute(APPEND, *columns([entry]))
