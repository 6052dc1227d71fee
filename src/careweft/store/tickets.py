"""Values that work once and not for long: kept as a keyed hash, with what they are for sealed under the master key."""

import hashlib
import hmac
from datetime import datetime, timedelta

from ..accounts.codes import plain
from ..accounts.needs import Chance, Ticket
from .master import Master
from .pool import Pool

TYPED = frozenset({"invitation"})
"""Kinds that people type from a letter, in whatever case."""
MOST_TRIES = 10

ISSUE = """insert into ticket (digest, tenant, kind, account, content, made, until)
values ($1, $2, $3, $4, $5, $6, $7)"""
FIND = """select account, content, tries, until from ticket
where digest = $1 and tenant = $2 and kind = $3 and used is null and until > $4 and tries < $5"""
MISS = "update ticket set tries = tries + 1 where digest = $1 and tenant = $2 returning tries"
PRUNE = "with gone as (delete from ticket where until < $1 or used < $1 returning 1) select count(*) from gone"


class PostgresTickets:
    """accounts.Tickets."""

    def __init__(self, pool: Pool, master: Master, chance: Chance) -> None:
        self._pool = pool
        self._master = master
        self._key = master.derive("tickets")
        self._chance = chance

    async def issue(
        self,
        tenant: int,
        kind: str,
        account: str | None,
        content: bytes,
        now: datetime,
        lasts: timedelta,
        code: str | None = None,
    ) -> str:
        """As accounts.Tickets."""
        shown = code or self._chance(32).hex()
        digest = self.digest(kind, shown)
        sealed = self._master.seal(content, place(digest))
        await self._pool.fetch(ISSUE, digest, tenant, kind, account, sealed, now, now + lasts)
        return shown

    async def find(self, tenant: int, kind: str, shown: str, now: datetime) -> Ticket | None:
        """As accounts.Tickets."""
        digest = self.digest(kind, shown[:200])
        row = await self._pool.fetchrow(FIND, digest, tenant, kind, now, MOST_TRIES)
        if row is None:
            return None
        content = self._master.open(bytes(row["content"]), place(digest))
        return Ticket(digest, kind, tenant, row["account"], content, row["tries"], row["until"])

    async def miss(self, tenant: int, digest: bytes) -> int:
        """As accounts.Tickets."""
        row = await self._pool.fetchrow(MISS, digest, tenant)
        return MOST_TRIES if row is None else int(row["tries"])

    async def prune(self, now: datetime) -> int:
        """Delete what ran out or was used a day ago; returns how many."""
        rows = await self._pool.fetch(PRUNE, now - timedelta(days=1))
        return int(rows[0][0])

    def digest(self, kind: str, shown: str) -> bytes:
        """What is kept of the value that its holder shows."""
        text = plain(shown) if kind in TYPED else shown
        return hmac.new(self._key, f"{kind} {text}".encode("utf-8", "replace"), hashlib.sha256).digest()


def place(digest: bytes) -> str:
    """What a sealed content is bound to."""
    return f"ticket {digest.hex()}"
