"""The sealer: chains what was committed, tenant by tenant, within a second; and the reading of the chain (AUD-09)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime

import asyncpg

from ..audit.chain import Finding, Head, Link, Recorded, check, ends, sign
from ..ports.journal import Entry
from ..values import dataclass
from .faults import GONE, reported
from .listen import Connect
from .pool import Connection, Row

LOG = logging.getLogger(__name__)

LOCK = "select pg_try_advisory_lock(hashtext('careweft sealer'))"
SEAL = "select tenant, n, hash from audit_seal()"
SIGN = "select audit_sign($1, $2, $3)"
HEADS = "select tenant, n, hash from audit_head order by tenant"
LINKS = """
select n, seqs, marks, hash, since, at, mac from audit_link where tenant = $1 and n > $2 order by n limit 200
"""
FIELDS = (
    "seq, at, tenant, action, surface, status, request_id, client, person, patient, jti, type, id, query, patients,"
    " address, reason"
)
ROWS = f"select {FIELDS} from audit where seq between $1 and $2 and tenant is not distinct from $3"
PERIOD = f"select {FIELDS} from audit where tenant is not distinct from $1 and at >= $2 and at < $3 order by at, seq"
LOOSE = """
select a.seq from audit a, audit_sealer s
where a.tenant is not distinct from $1 and (a.seq <= s.floor or a.seq <= s.edge and a.at <= s.ran - interval '1 day')
  and not a.seq <@ coalesce((select range_agg(l.seqs) from audit_link l where l.tenant = coalesce($1, 0)), '{}')
order by a.seq limit 1000
"""
CHUNK = 5000
WORST = 1000
"""So many findings of one tenant are enough."""

Publish = Callable[[Sequence[Head]], Awaitable[None]]


class Sealer:
    """One at a time, whichever process holds the lock: seals every second and keeps the journal's house in order."""

    def __init__(self, connect: Connect, key: bytes, publish: Publish | None = None, every: float = 0.8) -> None:
        self._connect = connect
        self._key = key
        self._publish = publish
        self._every = every

    async def run(self) -> None:
        """Seal until cancelled; where another process does, wait for it to end."""
        while True:
            try:
                connection = await self._connect()
                try:
                    while not await connection.fetchval(LOCK):  # noqa: ASYNC110  another process lets it go
                        await asyncio.sleep(self._every)
                    await self._work(connection)
                finally:
                    connection.terminate()
            except GONE:
                await asyncio.sleep(self._every)
            except Exception as failure:  # noqa: BLE001  an unsealed journal is worse than a noisy log
                LOG.warning("the audit journal could not be sealed: %s", type(failure).__name__)
                await asyncio.sleep(self._every * 10)

    async def _work(self, connection: Connection) -> None:
        turn = 0
        while True:
            await seal(connection, self._key)
            if turn % 4500 == 0:  # about hourly
                await prepare(connection)
            if turn % 75 == 0:  # about every minute
                await connection.execute("select assertion_prune(), revocation_prune(), grants_prune()")
                await self._export(connection)
            turn += 1
            await asyncio.sleep(self._every)

    async def _export(self, connection: Connection) -> None:
        """Hand the heads out; where that fails the chain goes on all the same."""
        if self._publish is None:
            return
        made = await heads(connection)
        try:
            await self._publish(made)
        except OSError as failure:
            LOG.warning("the anchors of the audit journal could not be written: %s", failure.strerror)


async def prepare(connection: Connection) -> None:
    """Make the coming months' partitions; a lock that is not to be had now is tried for again in an hour."""
    try:
        await connection.execute("select audit_prepare()")
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        return


async def seal(connection: Connection, key: bytes) -> Sequence[Head]:
    """Chain and sign what was committed since the last time; returns the new heads."""
    async with connection.transaction():
        made = [head(row) for row in await connection.fetch(SEAL)]
        await connection.executemany(SIGN, [(one.tenant or 0, one.n, sign(key, one)) for one in made])
    return made


async def heads(connection: Connection) -> list[Head]:
    """Where every chain ends, to be kept elsewhere."""
    return [head(row) for row in await connection.fetch(HEADS)]


def head(row: Row) -> Head:
    """A row as a Head."""
    return Head(row["tenant"] or None, row["n"], bytes(row["hash"]))


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification looked at, and what it found."""

    tenant: int | None
    links: int
    rows: int
    findings: tuple[Finding, ...]


async def verify(connection: Connection, tenant: int | None, key: bytes | None, anchor: Head | None = None) -> Verified:
    """Hold a tenant's rows against its chain. The rows of no tenant (None) need the owner's connection.

    With `key` the links' MACs are checked too, with `anchor` that the chain still contains what was exported.
    Raises Unavailable.
    """
    with reported():
        await connection.execute("select audit_seal()") if key is None else await seal(connection, key)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(
                "select set_config('app.tenant', $1, true), set_config('statement_timeout', '0', true)",
                str(tenant or ""),
            )
            return await _verify(connection, tenant, key, anchor)


async def _verify(connection: Connection, tenant: int | None, key: bytes | None, anchor: Head | None) -> Verified:
    findings: list[Finding] = []
    last: Link | None = None
    links = rows = 0
    anchored: bytes | None = None
    async for group in _groups(connection, tenant):
        found = await _rows(connection, tenant, group)
        for link in group:
            if link.n != (last.n if last else 0) + 1:
                findings.append(Finding("truncated" if last is None else "broken", (last.n if last else 0) + 1))
            findings += check(link, last.hash if last else b"", found, key)
            anchored = link.hash if anchor and link.n == anchor.n else anchored
            last, links, rows = link, links + 1, rows + len(link.numbers())
        if len(findings) > WORST:
            break
    findings += [Finding("inserted", None, row[0]) for row in await connection.fetch(LOOSE, tenant)]
    row = await connection.fetchrow("select tenant, n, hash from audit_head where tenant = $1", tenant or 0)
    findings += ends(last, None if row is None else head(row), anchor, anchored)
    return Verified(tenant, links, rows, tuple(findings[:WORST]))


async def _groups(connection: Connection, tenant: int | None) -> AsyncIterator[list[Link]]:
    """The tenant's links in order, so many at a time as cover a few thousand rows."""
    group: list[Link] = []
    covered, n = 0, 0
    while rows := await connection.fetch(LINKS, tenant or 0, n):
        for row in rows:
            group.append(_link(tenant, row))
            covered += len(group[-1].marks) // 8
            if covered >= CHUNK:
                yield group
                group, covered = [], 0
        n = rows[-1]["n"]
    if group:
        yield group


def _link(tenant: int | None, row: Row) -> Link:
    seqs = tuple((one.lower, one.upper) for one in row["seqs"])
    return Link(tenant, row["n"], seqs, bytes(row["marks"]), bytes(row["hash"]), row["since"], row["at"], row["mac"])


async def _rows(connection: Connection, tenant: int | None, group: Sequence[Link]) -> dict[int, list[Recorded]]:
    """The rows that have the numbers these links cover."""
    low = min((link.seqs[0][0] for link in group if link.seqs), default=0)
    high = max((link.seqs[-1][1] for link in group if link.seqs), default=0)
    found: dict[int, list[Recorded]] = {}
    for row in await connection.fetch(ROWS, low, high, tenant):
        found.setdefault(row["seq"], []).append(recorded(row))
    return found


def recorded(row: Row) -> Recorded:
    """A row of the journal as it was written."""
    values = dict(row)
    seq, user, patients = values.pop("seq"), values.pop("person"), tuple(values.pop("patients"))
    return Recorded(seq, Entry(**values, user=user, patients=patients))


async def period(
    connection: Connection, tenant: int | None, since: datetime, until: datetime
) -> AsyncIterator[Recorded]:
    """A tenant's rows from `since` on and before `until`, oldest first. Those of no tenant need the owner."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(
            "select set_config('app.tenant', $1, true), set_config('statement_timeout', '0', true)", str(tenant or "")
        )
        async for row in connection.cursor(PERIOD, tenant, since, until, prefetch=1000):
            yield recorded(row)
