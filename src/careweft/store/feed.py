"""ports.Feed over PostgreSQL: a batch of resources in one transaction, by COPY (stack.md section 6).

Each round of a batch holds an id once. It locks what is there, tells same from changed content by digest, replaces
what changed in sets, and writes the index rows of new and changed resources together.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from ..fhir.definitions import RESOURCES
from ..fhir.labels import labels_of_written
from ..fhir.outcomes import Unavailable
from ..ports.feed import Arrival, Receipt
from ..ports.journal import Entry as Journal
from .bodies import Packed, tail
from .bound import Bound, patients
from .indexing import Entry, Indexing
from .journal import APPEND, columns
from .pool import Connection, Pool
from .registry import Registries

TRIES = 5
AGAIN = (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
DELETES = 5000  # of a snapshot, in one transaction
MEASURED = 2000  # new records after which the planner is first told, then at every doubling

BEGIN = "select set_config('app.tenant', $1::int4::text, true), transaction_timestamp()"
REQUIRE = "select require_index_version(rt, ixv) from unnest($1::int2[], $2::int2[]) x(rt, ixv)"
CURRENT = """
select b.rt, b.id, b.rid, b.subject, b.digest, b.body is not null as live, b.updated
from unnest($2::int2[], $3::text[]) k(rt, id) join body b on b.tenant = $1 and b.rt = k.rt and b.id = k.id
order by b.rt, b.id for update of b
"""
NUMBERS = "select array_agg(nextval('record_rid')) from generate_series(1, $1)"
INSERT = """
insert into body (tenant, rid, rt, ver, updated, dic, kid, id, subject, others, digest, body, lab)
select $1, rid, rt, 1, transaction_timestamp(), dic, kid, id, subject, string_to_array(others, ' '), digest, body, lab
from unnest($2::int8[], $3::int2[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::int2[], $9::int4[],
  $10::bytea[], $11::int2[]) x(rid, rt, id, subject, others, digest, dic, kid, body, lab)
"""
KEEP = """
insert into hist (tenant, rt, ver, updated, dic, kid, id, subject, others, body, lab)
select b.tenant, b.rt, b.ver, b.updated, b.dic, b.kid, b.id, b.subject, b.others, b.body, b.lab
from body b where b.tenant = $1 and b.rid = any($2::int8[])
"""
UPDATE = """
update body b set ver = b.ver + 1, updated = greatest(transaction_timestamp(), b.updated + interval '1 microsecond'),
  subject = case when x.body is null then b.subject else x.subject end,
  others = case when x.body is null then b.others else string_to_array(x.others, ' ') end,
  lab = case when x.body is null then b.lab else x.lab end,
  digest = x.digest, dic = x.dic, kid = x.kid, body = x.body
from unnest($2::int8[], $3::text[], $4::text[], $5::bytea[], $6::int2[], $7::int4[], $8::bytea[], $9::int2[])
  x(rid, subject, others, digest, dic, kid, body, lab)
where b.tenant = $1 and b.rid = x.rid
returning b.rid, b.updated
"""
TELL = "select refresh_statistics($1)"
SETTLE = "select settle_tokens()"
MANY = 500
"""Records after which their tokens are put in their place at once; of fewer each search reads past them."""
IDS = "select id from body where tenant = $1 and rt = $2 and body is not null order by id"

CREATED, UPDATED, UNCHANGED = Receipt("created"), Receipt("updated"), Receipt("unchanged")
DELETED, ABSENT = Receipt("deleted"), Receipt("absent")

Key = tuple[int, str]


@dataclass(slots=True)
class Change:
    """An arrival that makes a version: its row number, its content (None: deleted), what it is found by, its labels."""

    arrival: Arrival
    rid: int
    who: Sequence[str] = ()
    packed: Packed | None = None
    labels: int = 0


@dataclass(slots=True)
class Work:
    """What a round of a batch has to write."""

    new: list[Change] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)


class PostgresFeed:
    """Takes batches for one tenant."""

    def __init__(self, bound: Bound, pool: Pool, registries: Registries) -> None:
        self._bound = bound
        self._pool = pool
        self._registries = registries
        self._terms: set[int] = set()  # display tokens that a committed batch has stored
        self._created, self._measure = 0, MEASURED
        self._written = 0

    async def put(self, arrivals: Sequence[Arrival], entry: Journal | None = None) -> list[Receipt]:
        """As ports.Feed. Raises Unavailable, also when others keep writing the same ids."""
        await self._registries.refresh()
        async with self._pool.connection() as connection:
            for attempt in range(TRIES):
                try:
                    receipts = await self._commit(connection, arrivals, entry)
                except AGAIN:
                    await asyncio.sleep(0.01 * 2**attempt)
                else:
                    self._written += sum(receipt.outcome in ("created", "updated") for receipt in receipts)
                    await self._tell(connection, sum(receipt.outcome == "created" for receipt in receipts))
                    return receipts
        raise Unavailable("These records are being written by others at the same time; send them again.")

    async def _tell(self, connection: Connection, created: int) -> None:
        """Keep the planner's picture of the tables true while they grow faster than autovacuum looks."""
        self._created += created
        if self._created >= self._measure:
            self._measure = 2 * self._created
            await connection.execute(TELL, self._created)

    async def settle(self) -> None:
        """As ports.Feed."""
        if self._written >= MANY:
            await self._pool.fetch(SETTLE)
        self._written = 0

    async def absent(self, types: Sequence[str], keep: set[tuple[str, str]]) -> int:
        """As ports.Feed; in transactions of some thousand deletions."""
        gone = 0
        for type_ in types:
            doomed = [id_ for id_ in await self._live(type_) if (type_, id_) not in keep]
            for start in range(0, len(doomed), DELETES):
                receipts = await self.put([Arrival(type_, id_, None) for id_ in doomed[start : start + DELETES]])
                gone += sum(receipt.outcome == "deleted" for receipt in receipts)
        return gone

    async def _live(self, type_: str) -> list[str]:
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(BEGIN, self._bound.tenant)
            return [row["id"] for row in await connection.fetch(IDS, self._bound.tenant, RESOURCES[type_])]

    async def _commit(
        self, connection: Connection, arrivals: Sequence[Arrival], entry: Journal | None
    ) -> list[Receipt]:
        receipts: dict[int, Receipt] = {}
        terms: set[int] = set()
        async with connection.transaction():
            begun = await connection.fetchrow(BEGIN, self._bound.tenant)
            assert begun is not None  # noqa: S101  a select without from
            await self._require(connection, arrivals)
            for numbered in _rounds(arrivals):
                terms |= await self._round(connection, numbered, receipts, begun["transaction_timestamp"])
            if entry is not None:
                await connection.execute(APPEND, *columns([entry]))
        self._terms |= terms
        return [receipts[at] for at in range(len(arrivals))]

    async def _require(self, connection: Connection, arrivals: Sequence[Arrival]) -> None:
        """Nobody raises the index version of these types while this transaction runs."""
        types = sorted({arrival.type for arrival in arrivals}, key=RESOURCES.__getitem__)
        await connection.execute(
            REQUIRE, [RESOURCES[one] for one in types], [self._registries.version(one) for one in types]
        )

    async def _round(
        self, connection: Connection, numbered: Mapping[int, Arrival], receipts: dict[int, Receipt], now: datetime
    ) -> set[int]:
        there = await self._current(connection, numbered.values())
        fresh = iter(await connection.fetchval(NUMBERS, len(numbered) - len(there)) or ())
        work = Work()
        for at, arrival in numbered.items():
            receipts[at] = self._sort(arrival, there.get((RESOURCES[arrival.type], arrival.id)), fresh, work)
        indexing = Indexing(self._bound, connection, self._terms)
        updated = await self._store_bodies(connection, work, indexing)
        await indexing.add(self._entries(work, updated, now))
        return set(indexing.terms)

    async def _current(self, connection: Connection, arrivals: Any) -> Mapping[Key, asyncpg.Record]:
        found = await connection.fetch(
            CURRENT, self._bound.tenant, [RESOURCES[one.type] for one in arrivals], [one.id for one in arrivals]
        )
        return {(row["rt"], row["id"]): row for row in found}

    def _sort(self, arrival: Arrival, there: asyncpg.Record | None, fresh: Iterator[int], work: Work) -> Receipt:
        """What is to be done about an arrival; adds it to `work` if anything is."""
        if arrival.resource is None:
            if there is None or not there["live"]:
                return ABSENT
            work.changed.append(Change(arrival, there["rid"]))
            return DELETED
        who = patients(arrival.type, arrival.resource)
        if there is not None and there["subject"] is not None and there["subject"] not in who[:1]:
            return Receipt("refused", f"{arrival.type}/{arrival.id} exists and belongs to another patient")
        content = tail(arrival.resource, arrival.written)
        if there is not None and there["live"] and there["digest"] == self._bound.bodies.digest(content):
            return UNCHANGED
        packed = self._bound.bodies.pack(arrival.type, arrival.id, content)
        rid = next(fresh) if there is None else there["rid"]
        change = Change(arrival, rid, who, packed, labels_of_written(arrival.resource, content))
        (work.new if there is None else work.changed).append(change)
        return UPDATED if there is not None and there["live"] else CREATED

    async def _store_bodies(self, connection: Connection, work: Work, indexing: Indexing) -> Mapping[int, datetime]:
        """Bodies and history; returns the times of changed rows."""
        tenant = self._bound.tenant
        if work.new:
            await connection.execute(INSERT, tenant, *_columns(work.new))
        if not work.changed:
            return {}
        rids = [change.rid for change in work.changed]
        await connection.execute(KEEP, tenant, rids)
        await indexing.drop(rids)
        rid, _, _, *content = _columns(work.changed)
        return {row["rid"]: row["updated"] for row in await connection.fetch(UPDATE, tenant, rid, *content)}

    def _entries(self, work: Work, updated: Mapping[int, datetime], now: datetime) -> Iterator[Entry]:
        """What is to be indexed of it."""
        for change in (*work.new, *work.changed):
            one = change.arrival
            if one.resource is not None:
                yield Entry(
                    change.rid,
                    one.type,
                    one.id,
                    one.resource,
                    change.who,
                    updated.get(change.rid, now),
                    self._registries.version(one.type),
                    change.labels,
                )


def _rounds(arrivals: Sequence[Arrival]) -> Iterator[Mapping[int, Arrival]]:
    """The arrivals by their place, in rounds in which no id comes twice; what comes again is for a later round."""
    left = dict(enumerate(arrivals))
    while left:
        first = {(arrival.type, arrival.id): at for at, arrival in reversed(left.items())}
        taken = sorted(first.values())
        yield {at: left[at] for at in taken}
        for at in taken:
            del left[at]


def _columns(changes: Sequence[Change]) -> tuple[list[Any], ...]:
    """The columns of INSERT and, without type and id, of UPDATE."""
    packed = [change.packed or Packed(b"", b"", 0, 0) for change in changes]
    return (
        [change.rid for change in changes],
        [RESOURCES[change.arrival.type] for change in changes],
        [change.arrival.id for change in changes],
        [change.who[0] if change.who else None for change in changes],
        [" ".join(change.who[1:]) or None for change in changes],
        [one.digest or None for one in packed],
        [one.dic for one in packed],
        [one.kid for one in packed],
        [one.body if change.packed else None for one, change in zip(packed, changes, strict=True)],
        [change.labels for change in changes],
    )
