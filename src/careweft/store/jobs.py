"""ports.Jobs over PostgreSQL: exports as their clients see them. A cancelled job is one that is not there."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

from ..fhir.outcomes import TooMany
from ..ports.jobs import AT_WORK, File, Job, Stretch
from .pool import Connection, Pool, Row

FIELDS = tuple(one.name for one in fields(Job))
NAMES = ", ".join(FIELDS)
OURS = f"select {NAMES} from job where tenant = $1 and surface = $2 and client = $3 and state <> 'cancelled'"
FIND = f"{OURS} and id = $4"
OF = f"""{OURS} and ($4::text is null or (created, id) < (select x.created, x.id from job x where x.id = $4))
order by created desc, id desc limit $5"""
BEGIN = "select set_config('app.tenant', $1::int4::text, true)"
LOCK = "select pg_advisory_xact_lock(20212, $1)"
COUNT = """
select count(*) filter (where client = $2 and surface = $3 and about = $4) as same, count(*) as every from job
where tenant = $1 and state = any($5)
"""
ADD = f"insert into job (id, tenant, client, surface, about) values ($1, $2, $3, $4, $5) returning {NAMES}"
ASKED = "insert into export_order (job, tenant, said) values ($1, $2, $3)"
PART = "insert into job_part (job, n, tenant, step, weight) values ($1, $2, $3, $4, $5)"
SPEC = "insert into export_part (job, n, tenant, spec) values ($1, $2, $3, $4)"
WAKE = "select pg_notify('careweft', 'job ' || $1)"
ORDER = "select said from export_order where tenant = $1 and job = $2"
POLL = """
update job j set polled = clock_timestamp(), credit = x.credit - (x.credit >= 1)::int
from (select id, least(10, credit + extract(epoch from clock_timestamp() - polled) / 5) as credit
      from job where id = $1 for no key update) x
where j.id = x.id returning x.credit >= 1 as fine
"""
CANCEL = """
update job set state = 'cancelled', ended = clock_timestamp() where id = $1 and state <> 'cancelled'
returning pg_notify('careweft', 'job ' || id)
"""
KEEP = "update job set expires = $2 where id = $1 and state = 'done' and expires > clock_timestamp() returning true"
FILES = "select id, job, said from export_file where tenant = $1 and job = $2 order by place"
FILE = "select id, job, said from export_file where tenant = $1 and id = $2"
AGAIN = 30
"""Seconds after which a client that has too many exports at work may try again."""


class ExportLimit(TooMany):
    """Export limit: this client or this tenant has as many exports at work as it may; wait for one to end."""

    retry_after = AGAIN


class PostgresJobs:
    """Bound to no tenant: each method is told whose job is meant, and finds no other's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(self, job: Job, order: Mapping[str, Any], most: int) -> Job:
        """As ports.Jobs. Raises Unavailable too."""
        async with self._of(job.tenant) as connection:
            await connection.execute(LOCK, job.tenant)
            row = await connection.fetchrow(COUNT, job.tenant, job.client, job.surface, job.about, list(AT_WORK))
            if row is None or row["same"] or row["every"] >= most:
                raise ExportLimit
            made = await connection.fetchrow(ADD, job.id, job.tenant, job.client, job.surface, job.about)
            await connection.execute(ASKED, job.id, job.tenant, json.dumps(order))
            await connection.execute(PART, job.id, 0, job.tenant, "plan", 0)
            await connection.execute(SPEC, job.id, 0, job.tenant, "{}")
            await connection.execute(WAKE, job.id)
        assert made is not None  # noqa: S101  an insert returns its row
        return read(made)

    async def find(self, tenant: int, surface: str, client: str, id_: str) -> Job | None:
        """As ports.Jobs."""
        row = await self._pool.fetchrow(FIND, tenant, surface, client, id_)
        return None if row is None else read(row)

    async def of(self, tenant: int, surface: str, client: str, before: str | None, count: int) -> Sequence[Job]:
        """As ports.Jobs."""
        return [read(row) for row in await self._pool.fetch(OF, tenant, surface, client, before, count)]

    async def poll(self, job: Job) -> bool:
        """As ports.Jobs: ten at once, then one every five seconds, over all processes; a refused one costs nothing."""
        row = await self._pool.fetchrow(POLL, job.id)
        return row is not None and row["fine"]

    async def cancel(self, job: Job) -> bool:
        """As ports.Jobs."""
        return await self._pool.fetchrow(CANCEL, job.id) is not None

    async def keep(self, job: Job, until: datetime) -> bool:
        """As ports.Jobs."""
        return await self._pool.fetchrow(KEEP, job.id, until) is not None

    async def order(self, tenant: int, job: str) -> Mapping[str, Any]:
        """As ports.Jobs. Raises LookupError where there is none."""
        async with self._of(tenant) as connection:
            said = await connection.fetchval(ORDER, tenant, job)
        if said is None:
            raise LookupError("there is no such job")
        found: Mapping[str, Any] = json.loads(said)
        return found

    async def files(self, tenant: int, job: str) -> Sequence[File]:
        """As ports.Jobs."""
        async with self._of(tenant) as connection:
            return [file(row) for row in await connection.fetch(FILES, tenant, job)]

    async def file(self, tenant: int, id_: str) -> tuple[str, File] | None:
        """As ports.Jobs."""
        async with self._of(tenant) as connection:
            row = await connection.fetchrow(FILE, tenant, id_)
        return None if row is None else (row["job"], file(row))

    @asynccontextmanager
    async def _of(self, tenant: int) -> AsyncIterator[Connection]:
        """A transaction of this tenant."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(BEGIN, tenant)
            yield connection


def read(row: Row) -> Job:
    """A row as a Job."""
    return Job(**{name: row[name] for name in FIELDS})


def file(row: Row) -> File:
    """A row as a File."""
    role, type_, count, size, stored, crc, sha256, stretches = json.loads(row["said"])
    return File(row["id"], role, type_, count, size, stored, crc, sha256, tuple(Stretch(*one) for one in stretches))


def said(one: File) -> str:
    """What `file` reads again."""
    return json.dumps([one.role, one.type, one.count, one.bytes, one.size, one.crc, one.sha256, one.stretches])
