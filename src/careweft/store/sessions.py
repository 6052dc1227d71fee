"""Who is signed in where (WEB-08). Each request reads its row: what has ended has ended at once, everywhere."""

from collections.abc import Sequence
from datetime import timedelta

from ..accounts.changes import EndSessions
from ..accounts.signin import key
from ..ports.clock import Clock
from ..ports.journal import Entry
from ..ports.people import Session
from .changing import end_sessions
from .journal import APPEND, columns
from .people import ACCOUNT, account
from .pool import Pool, Row

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
TOUCH = timedelta(seconds=30)
"""A session that was seen less than this ago is not written to again."""

STANDS = f"""select s.id as sid, s.opened, s.auth_time, s.seen, s.amr, s.agent, s.address, s.enrol, {ACCOUNT}
from session s join account a on a.id = s.account
where s.tenant = $1 and a.tenant = $1 and a.enabled and s.seen > $2 and s.opened > $3 and """
COUNT = """
select count(distinct s.account) from session s join account a on a.id = s.account
where s.tenant = $1 and a.tenant = $1 and a.enabled and s.seen > $2 and s.opened > $3
"""
TOUCHED = "update session set seen = $3 where tenant = $1 and id = $2 and seen < $3"
PRUNE = "with gone as (delete from session where seen < $1 or opened < $2 returning 1) select count(*) from gone"


class PostgresSessions:
    """ports.Sessions."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def find(self, tenant: int, cookie: str) -> Session | None:
        """As ports.Sessions."""
        found = await self.peek(tenant, key(cookie))
        now = self._clock()
        if found is not None and now - found.seen > TOUCH:
            await self._pool.fetch(TOUCHED, tenant, found.id, now)
        return found

    async def peek(self, tenant: int, hashed: bytes) -> Session | None:
        """The session whose cookie has this hash; it does not count as seen."""
        row = await self._pool.fetchrow(STANDS + "s.key = $4", tenant, *self._since(), hashed)
        return None if row is None else session(row)

    async def alive(self, tenant: int, id_: str) -> bool:
        """As ports.Sessions."""
        return await self._pool.fetchrow(STANDS + "s.id = $4", tenant, *self._since(), id_) is not None

    async def list(self, tenant: int, account: str) -> Sequence[Session]:
        """As ports.Sessions."""
        rows = await self._pool.fetch(
            STANDS + "s.account = $4 order by s.seen desc, s.id", tenant, *self._since(), account
        )
        return [session(row) for row in rows]

    async def standing(self, tenant: int) -> int:
        """As ports.Sessions."""
        rows = await self._pool.fetch(COUNT, tenant, *self._since())
        return int(rows[0][0])

    async def end(self, tenant: int, id_: str, entry: Entry | None = None) -> None:
        """As ports.Sessions."""
        row = await self._pool.fetchrow("select account from session where tenant = $1 and id = $2", tenant, id_)
        if row is not None:
            await self._end(tenant, EndSessions(row["account"], id=id_), entry)

    async def end_all(self, tenant: int, account: str, entry: Entry | None = None, but: str | None = None) -> None:
        """As ports.Sessions."""
        await self._end(tenant, EndSessions(account, but=but), entry)

    async def prune(self) -> int:
        """Delete those that ran out; returns how many."""
        rows = await self._pool.fetch(PRUNE, *self._since())
        return int(rows[0][0])

    async def _end(self, tenant: int, change: EndSessions, entry: Entry | None) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            await end_sessions(connection, tenant, change)
            if entry is not None:
                await connection.execute(APPEND, *columns([entry]))

    def _since(self) -> tuple[object, object]:
        """Last seen and opened after these moments."""
        now = self._clock()
        return now - IDLE, now - LONGEST


def session(row: Row) -> Session:
    """A row as a Session."""
    return Session(
        id=row["sid"],
        account=account(row),
        opened=row["opened"],
        auth_time=row["auth_time"],
        seen=row["seen"],
        amr=tuple(row["amr"]),
        agent=row["agent"],
        address=row["address"],
        enrol=row["enrol"],
    )
