"""ports.Turns over PostgreSQL: parts of jobs under leases, taken by fair turns (architecture decision 9).

Whose tenant holds the fewest parts comes first, then the job that had no turn for the longest. A lease has a token that
goes up with each lease; only who has the newest may say what came of it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from ..fhir.definitions import RESOURCES
from ..ports.jobs import Done, File, Job, Part, Piece, Superseded, Task
from .found import TYPES
from .jobs import BEGIN, NAMES, PART, SPEC, WAKE, PostgresJobs, read, said
from .journal import APPEND, columns
from .listen import Listener
from .pool import Connection, Pool

LEASE = 20.0
"""Seconds for which a part is held without a sign of life."""
ATTEMPTS = 3
"""Failures of a part, after which its job has failed."""
LEASES = 10
"""Leases of a part that ended in silence: whoever held it was killed, which may be its doing."""
PAUSE = 2.0
"""Seconds before a part that failed is tried again."""
WORN = "A part of this export failed three times. The operator's log says more; start it again later."

OPEN = "('waiting', 'running', 'finishing')"
EXHAUSTED = f"""
update job set state = 'failed', ended = clock_timestamp(), problem = $2 where state in {OPEN} and id in (
  select p.job from job_part p where p.state = 'leased' and p.until <= clock_timestamp() and p.leases >= $1)
"""
TAKE = f"""
with busy as (
  select tenant, count(*) as held from job_part where state = 'leased' and until > clock_timestamp() group by tenant
), chosen as (
  select p.job, p.n from job j
  cross join lateral (
    select x.job, x.n from job_part x where x.job = j.id and x.state <> 'done' and x.until <= clock_timestamp()
    order by x.n for update skip locked limit 1
  ) p left join busy b on b.tenant = j.tenant
  where j.state in {OPEN}
  order by coalesce(b.held, 0), j.turn nulls first, j.created limit 1
), told as (  -- nobody waits for a job's row while it holds a part's: whoever ends a part does so the other way round
  select id from job where id = (select job from chosen) for no key update skip locked
), turn as (update job j set turn = clock_timestamp() from told where j.id = told.id)
update job_part p set state = 'leased', leases = leases + 1, token = token + 1,
  until = clock_timestamp() + make_interval(secs => $1)
from chosen c where p.job = c.job and p.n = c.n and p.state <> 'done' and p.until <= clock_timestamp()
returning p.job, p.n, p.tenant, p.step, p.token
"""
GIVEN = "select spec from export_part where tenant = $1 and job = $2 and n = $3"
BEAT = f"""
update job_part p set until = clock_timestamp() + make_interval(secs => $4) from job j
where p.job = $1 and p.n = $2 and p.token = $3 and p.state = 'leased' and j.id = p.job and j.state in {OPEN}
returning {", ".join(f"j.{name.strip()}" for name in NAMES.split(","))}
"""
HOLD = f"select {NAMES} from job where id = $1 and state in {OPEN} for no key update"
END = """
update job_part set state = 'done' where job = $1 and n = $2 and token = $3 and state = 'leased' returning weight
"""
PLANNED = """
update job set state = 'running', moment = $2, weight = $3 where id = $1
"""
COUNTED = "update job set done = done + $2, bytes = bytes + $3 where id = $1"
LEFT = "select count(*) from job_part where job = $1 and state <> 'done'"
NEXT = "select max(n) + 1 from job_part where job = $1"
RESULT = "update export_part set object = $4, pieces = $5 where tenant = $1 and job = $2 and n = $3"
REFER = """
insert into export_ref (job, tenant, rt, id) select $1, $2, rt, id from unnest($3::int2[], $4::text[]) x(rt, id)
on conflict do nothing
"""
REFS = "select rt, id from export_ref where tenant = $1 and job = $2 order by rt, id"
PIECES = "select object, pieces from export_part where tenant = $1 and job = $2 and object is not null order by n"
FINISHING = "update job set state = 'finishing' where id = $1"
FINISHED = """
update job set state = 'done', ended = clock_timestamp(), expires = clock_timestamp() + make_interval(secs => $2)
where id = $1
"""
FILE = "insert into export_file (id, tenant, job, place, said) values ($1, $2, $3, $4, $5)"
BACK = """
update job_part set state = 'ready', until = clock_timestamp() + make_interval(secs => $4),
  failures = failures + $5, leases = leases - 1
where job = $1 and n = $2 and token = $3 and state = 'leased' returning failures
"""
FAIL = f"update job set state = 'failed', ended = clock_timestamp(), problem = $2 where id = $1 and state in {OPEN}"
OVER = f"""
select {", ".join(f"j.{name.strip()}" for name in NAMES.split(","))}, t.id::text || '/' || j.id as folder
from job j join tenant t on t.number = j.tenant where not j.swept and (j.state in ('cancelled', 'failed')
  or j.state = 'done' and j.expires < clock_timestamp() - make_interval(secs => $1)) order by j.ended limit 100
"""
SWEPT = "update job set swept = true where id = $1"
EMPTIED = (
    "delete from export_part where tenant = $1 and job = $2",
    "delete from export_ref where tenant = $1 and job = $2",
    "delete from export_order where tenant = $1 and job = $2 and (select state from job where id = $2) = 'cancelled'",
)
PARTLESS = "delete from job_part where job = $1"
STORED = "select coalesce(sum(bytes), 0) as bytes from job where tenant = $1 and not swept"
KNOWN = "select id from job where id = any($1) and not swept"


class PostgresTurns(PostgresJobs):
    """For one worker process; `lease` seconds as LEASE."""

    def __init__(self, pool: Pool, listener: Listener, lease: float = LEASE) -> None:
        super().__init__(pool)
        self._lease = lease
        self._news = asyncio.Event()
        listener.hear("job", lambda _: self._news.set())

    async def idle(self, seconds: float) -> None:
        """As ports.Turns."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def lease(self) -> Task | None:
        """As ports.Turns."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(EXHAUSTED, LEASES, WORN)
            row = await connection.fetchrow(TAKE, self._lease)
            if row is None:
                return None
            await connection.execute(BEGIN, row["tenant"])
            spec = await connection.fetchval(GIVEN, row["tenant"], row["job"], row["n"])
        return Task(row["job"], row["n"], row["tenant"], row["step"], row["token"], json.loads(spec))

    async def beat(self, task: Task) -> Job:
        """As ports.Turns."""
        row = await self._pool.fetchrow(BEAT, task.job, task.n, task.token, self._lease)
        if row is None:
            raise Superseded
        return read(row)

    async def planned(self, task: Task, moment: datetime, parts: Sequence[Part]) -> None:
        """As ports.Turns."""
        async with self._ending(task) as connection:
            await connection.execute(PLANNED, task.job, moment, sum(part.weight for part in parts))
            await self._add(connection, task, parts or [Part("finish", 0, {})])

    async def complete(self, task: Task, done: Done, following: str) -> None:
        """As ports.Turns."""
        async with self._ending(task, done.bytes) as connection:
            await self._keep(connection, task, done)
            if await connection.fetchval(LEFT, task.job) == 0:
                await self._add(connection, task, [Part(following, 0, {})])

    async def gathered(self, task: Task, done: Done, parts: Sequence[Part]) -> None:
        """As ports.Turns."""
        async with self._ending(task, done.bytes) as connection:
            await self._keep(connection, task, done)
            await self._add(connection, task, parts or [Part("finish", 0, {})])

    async def refs(self, task: Task) -> Sequence[tuple[str, str]]:
        """As ports.Turns."""
        async with self._of(task.tenant) as connection:
            return [(TYPES[row["rt"]], row["id"]) for row in await connection.fetch(REFS, task.tenant, task.job)]

    async def pieces(self, task: Task) -> Sequence[tuple[str, Piece]]:
        """As ports.Turns."""
        async with self._of(task.tenant) as connection:
            rows = await connection.fetch(PIECES, task.tenant, task.job)
        return [(row["object"], Piece(*one)) for row in rows for one in json.loads(row["pieces"])]

    async def finish(self, task: Task, files: Sequence[File], seconds: float) -> None:
        """As ports.Turns."""
        async with self._ending(task) as connection:
            rows = [(one.id, task.tenant, task.job, place, said(one)) for place, one in enumerate(files)]
            await connection.executemany(FILE, rows)
            await connection.execute(FINISHED, task.job, seconds)

    async def failed(self, task: Task, problem: str, *, final: bool) -> None:
        """As ports.Turns."""
        async with self._pool.connection() as connection, connection.transaction():
            failures = await connection.fetchval(BACK, task.job, task.n, task.token, PAUSE, 1)
            if failures is not None and (final or failures >= ATTEMPTS):
                await connection.execute(FAIL, task.job, problem)

    async def stored(self, tenant: int) -> int:
        """As ports.Turns."""
        row = await self._pool.fetchrow(STORED, tenant)
        return 0 if row is None else int(row["bytes"])

    async def release(self, task: Task) -> None:
        """As ports.Turns."""
        await self._pool.fetch(BACK, task.job, task.n, task.token, 0.0, 0)
        await self._pool.fetch(WAKE, task.job)

    async def over(self, grace: float) -> Sequence[tuple[Job, str]]:
        """As ports.Turns."""
        return [(read(row), row["folder"]) for row in await self._pool.fetch(OVER, grace)]

    async def swept(self, job: Job) -> None:
        """As ports.Turns: what was asked and who it is about is forgotten with the files."""
        async with self._of(job.tenant) as connection:
            for statement in EMPTIED:
                await connection.execute(statement, job.tenant, job.id)
            await connection.execute(PARTLESS, job.id)
            await connection.execute(SWEPT, job.id)

    async def known(self, jobs: Sequence[str]) -> frozenset[str]:
        """As ports.Turns."""
        return frozenset(row["id"] for row in await self._pool.fetch(KNOWN, list(jobs)))

    @asynccontextmanager
    async def _ending(self, task: Task, stored: int = 0) -> AsyncIterator[Connection]:
        """The transaction in which this part is done and what follows from it is said: all of it or nothing."""
        async with self._of(task.tenant) as connection:
            if await connection.fetchrow(HOLD, task.job) is None:
                raise Superseded
            weight = await connection.fetchval(END, task.job, task.n, task.token)
            if weight is None:
                raise Superseded
            await connection.execute(COUNTED, task.job, weight, stored)
            yield connection

    async def _keep(self, connection: Connection, task: Task, done: Done) -> None:
        """What a part came to."""
        await connection.execute(RESULT, task.tenant, task.job, task.n, done.object, json.dumps(done.pieces))
        if done.entry is not None:
            await connection.execute(APPEND, *columns([done.entry]))
        if done.refs:
            named = sorted(one.split("/") for one in done.refs)
            numbers, ids = [RESOURCES[one[0]] for one in named], [one[1] for one in named]
            await connection.execute(REFER, task.job, task.tenant, numbers, ids)

    async def _add(self, connection: Connection, task: Task, parts: Sequence[Part]) -> None:
        first = await connection.fetchval(NEXT, task.job)
        numbered = list(enumerate(parts, first))
        await connection.executemany(PART, [(task.job, n, task.tenant, one.step, one.weight) for n, one in numbered])
        await connection.executemany(SPEC, [(task.job, n, task.tenant, _spec(one.spec)) for n, one in numbered])
        if any(one.step == "finish" for one in parts):
            await connection.execute(FINISHING, task.job)
        await connection.execute(WAKE, task.job)


def _spec(spec: Mapping[str, Any]) -> str:
    return json.dumps(spec)
