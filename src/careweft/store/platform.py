"""ports.Platform over PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from ..ports.jobs import AT_WORK, Job
from ..ports.journal import Entry
from ..ports.platform import Chore, Load, Terms, Versions
from .jobs import BEGIN, NAMES, PART, SPEC, WAKE, read
from .journal import APPEND, columns
from .outbox import TRIES
from .pool import Pool

JOBS = f"select {NAMES} from job order by state = any($2) desc, created desc, id limit $1"
JOB = f"select {NAMES} from job where id = $1"
CANCEL = (
    "update job set state = 'cancelled', ended = clock_timestamp() where id = $1 and state = any($2) returning true"
)
AGAIN = """
update job set state = 'waiting', turn = null, moment = null, ended = null, expires = null, weight = 0, done = 0,
  bytes = 0, problem = null, swept = false
where id = $1 and state = 'failed' and swept and exists (select from export_order where job = $1) returning true
"""
"""Once the files of the first try are gone: nothing of them is taken for the new ones."""
DUE = "select kind, count(*)::int4 as waiting, min(at) as oldest from due where at <= $1 group by kind order by kind"
LETTERS = """
select count(*) filter (where tries < $1)::int4 as waiting, min(made) as oldest,
  count(*) filter (where tries >= $1)::int4 as given_up
from outbox where sent is null and content is not null
"""
RESEND = """
update outbox set tries = 0, due = $2 where sent is null and content is not null and tries >= $1 returning true
"""
SEALED = "select max(at) from audit_link"
BIND = "select set_config('app.tenant', $1, true)"
LAST = "select at from audit where tenant = $1 and action in ('load', 'intake') and at >= $2 order by at desc limit 1"
BATCHES = "select count(*)::int4 from audit where tenant = $1 and action in ('load', 'intake') and at >= $2"
VERSIONS = "select (select max(number) from migration) as schema, current_setting('server_version') as postgres"
TERMS = "select version, text, since, by from terms order by version desc limit 1"
PUBLISH = """
insert into terms (version, text, since, by) select coalesce(max(version), 0) + 1, $1, $2, $3 from terms
returning version, text, since, by
"""
OWES = """
select (select max(version) from terms)
  > coalesce((select max(version) from terms_accepted where account = $1), 0) as owes
"""
YEAR, MONTH = timedelta(days=366), timedelta(days=31)
WORDS = {"group": "Groups to be evaluated", "export": "Exports that come again"}


class PostgresPlatform:
    """Over all tenants; of their records it reads nothing."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def jobs(self, most: int = 100) -> Sequence[Job]:
        """As ports.Platform."""
        return [read(row) for row in await self._pool.fetch(JOBS, most, list(AT_WORK))]

    async def job(self, id_: str) -> Job | None:
        """As ports.Platform."""
        row = await self._pool.fetchrow(JOB, id_) if id_.isascii() and id_.isalnum() else None
        return None if row is None else read(row)

    async def cancel(self, job: Job, entry: Entry) -> bool:
        """As ports.Platform."""
        async with self._pool.connection() as connection, connection.transaction():
            if await connection.fetchval(CANCEL, job.id, list(AT_WORK)) is None:
                return False
            await connection.execute(WAKE, job.id)
            await connection.execute(APPEND, *columns([entry]))
        return True

    async def retry(self, job: Job, entry: Entry) -> bool:
        """As ports.Platform."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(BEGIN, job.tenant)
            if await connection.fetchval(AGAIN, job.id) is None:
                return False
            await connection.execute(PART, job.id, 0, job.tenant, "plan", 0)
            await connection.execute(SPEC, job.id, 0, job.tenant, "{}")
            await connection.execute(WAKE, job.id)
            await connection.execute(APPEND, *columns([entry]))
        return True

    async def chores(self, now: datetime) -> Sequence[Chore]:
        """As ports.Platform."""
        found = [
            Chore(WORDS.get(row["kind"], row["kind"]), row["waiting"], row["oldest"])
            for row in await self._pool.fetch(DUE, now)
        ]
        letters = await self._pool.fetchrow(LETTERS, TRIES)
        if letters is not None:
            found.append(Chore("Letters", *letters))
        return found

    async def resend(self, now: datetime, entry: Entry) -> int:
        """As ports.Platform."""
        async with self._pool.connection() as connection, connection.transaction():
            again = await connection.fetch(RESEND, TRIES, now)
            await connection.execute(APPEND, *columns([entry]))
        return len(again)

    async def load(self, tenant: int, now: datetime) -> Load | None:
        """As ports.Platform."""
        async with self._pool.connection() as connection, connection.transaction(readonly=True):
            await connection.execute(BIND, str(tenant))
            last = await connection.fetchval(LAST, tenant, now - YEAR)
            if last is None:
                return None
            return Load(last, await connection.fetchval(BATCHES, tenant, now - MONTH))

    async def versions(self) -> Versions:
        """As ports.Platform."""
        row = await self._pool.fetchrow(VERSIONS)
        assert row is not None  # noqa: S101  a select without a table has one row
        return Versions(*row)

    async def terms(self) -> Terms | None:
        """As ports.Platform."""
        row = await self._pool.fetchrow(TERMS)
        return None if row is None else Terms(*row)

    async def publish(self, text: str, by: str, entry: Entry) -> Terms:
        """As ports.Platform."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtext('careweft terms'))")
            row = await connection.fetchrow(PUBLISH, text, entry.at, by)
            await connection.execute(APPEND, *columns([entry]))
        assert row is not None  # noqa: S101  an insert returns its row
        return Terms(*row)

    async def owes(self, account: str) -> bool:
        """As ports.Platform."""
        row = await self._pool.fetchrow(OWES, account)
        return bool(row and row["owes"])
