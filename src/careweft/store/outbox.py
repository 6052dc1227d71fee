"""Letters that wait to be sent: sealed, counted for each address, removed once they are sent."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from ..ports.mail import Letter, Posted, Waiting
from .master import Master
from .pool import Pool, Row

MOST, WITHIN = 3, timedelta(hours=1)
"""WEB-14: so many letters to one address."""
TRIES = 8

TURN = "select pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 1))"
"""One at a time for each address: what is counted below is then all there is."""
POST = """
insert into outbox (tenant, recipient, content, made, due)
select $1, $2, $3, $4, $4 where (select count(*) from outbox where recipient = $2 and made > $5) < $6 returning id
"""
BOX = """select id, content, made, sent from outbox where tenant = $1 and content is not null
order by id desc limit $2"""
TAKE = """
update outbox set tries = tries + 1, due = $1 + interval '30 seconds' * power(2, tries)
where id = (
  select id from outbox where sent is null and content is not null and due <= $1 and tries < $2
  order by due limit 1 for update skip locked
) returning id, content
"""
SENT = "update outbox set sent = $2, content = null where id = $1"
PRUNE = "with gone as (delete from outbox where made < $1 returning 1) select count(*) from gone"


class PostgresOutbox:
    """ports.Mail. `works` says whether somebody sends what is posted, or a page of preview shows it."""

    def __init__(self, pool: Pool, master: Master, *, works: bool) -> None:
        self._pool = pool
        self._master = master
        self._key = master.derive("outbox recipients")
        self._works = works

    @property
    def works(self) -> bool:
        """As ports.Mail."""
        return self._works

    async def post(self, tenant: int, letter: Letter, now: datetime) -> bool:
        """As ports.Mail."""
        to = hmac.new(self._key, letter.to.lower().encode(), hashlib.sha256).digest()
        text = json.dumps([letter.to, letter.subject, letter.body]).encode()
        sealed = self._master.seal(text, CONTEXT)
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(TURN, to)
            return await connection.fetchrow(POST, tenant, to, sealed, now, now - WITHIN, MOST) is not None

    async def box(self, tenant: int, limit: int = 50) -> Sequence[Posted]:
        """As ports.Mail."""
        rows = await self._pool.fetch(BOX, tenant, limit)
        return [Posted(self._opened(row), row["made"], row["sent"]) for row in rows]

    async def take(self, now: datetime) -> Waiting | None:
        """The next letter to be sent, given to one sender only; it comes again later where that does not succeed."""
        row = await self._pool.fetchrow(TAKE, now, TRIES)
        return None if row is None else Waiting(row["id"], self._opened(row))

    async def sent(self, due: Waiting, now: datetime) -> None:
        """It is out: what it said is removed."""
        await self._pool.fetch(SENT, due.id, now)

    async def prune(self, now: datetime) -> int:
        """Delete letters of a day ago, sent or not: their links are long dead; returns how many."""
        rows = await self._pool.fetch(PRUNE, now - timedelta(days=1))
        return int(rows[0][0])

    def _opened(self, row: Row) -> Letter:
        return Letter(*json.loads(self._master.open(bytes(row["content"]), CONTEXT)))


CONTEXT = "outbox"
