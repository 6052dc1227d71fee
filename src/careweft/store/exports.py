"""What exports read: a tenant's records as they stood at one moment, type by type, in short transactions.

The version that counts is the newest one whose time is not after the moment: the current one, or for what was changed
since, one of the versions before it. Each part reads under one snapshot, so that what changes meanwhile is neither lost
nor read twice. What a reach shows is decided by `visible`, row by row, as for every other reader.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import compress
from time import monotonic
from typing import Any

from ..access.reach import HANGING, Reach
from ..bulk.steps import Theirs, When
from ..fhir.definitions import RESOURCES
from ..fhir.outcomes import Unavailable
from ..values import dataclass
from .bound import Bound
from .columns import GATHER, IN_RANGE, LISTED, LONG, OPENED, WEIGHT, Columns, Pace, Rows, portions
from .found import TYPES, Found
from .hanging import Hanging
from .naming import Naming
from .pool import Connection, Pool, Row
from .reads import Reads
from .visible import Sight

Batch = Columns | Rows
ENDLESS = 2**62
"""A higher number than any row has."""
BATCH = 1000
"""Rows whose sizes are known at once where each is looked at; their bodies are read by WEIGHT."""
PATIENCE = 15.0
"""Seconds that an export waits for writes that run; then its moment is before theirs."""
SETTLED = 0.1
"""A transaction shows itself this long after its time was taken, at the latest."""
EVER = datetime(1, 1, 1, tzinfo=UTC)

NOW = "select clock_timestamp() as now, oldest_write() as oldest"
BEGIN = """
select set_config('app.tenant', $1::int4::text, true), set_config('enable_seqscan', 'off', true),
  set_config('plan_cache_mode', $2, true)
"""
"""Fresh records outrun what the planner knows: it would walk the whole table for each type."""
EACH, ONCE = "force_custom_plan", "force_generic_plan"
"""A plan is made for what is asked: what takes seconds is not to be planned for any ten. But a range of rows is gone
through in one way whatever it is, and to plan that again for each portion took a sixth of it.
"""
COLUMNS = "b.rid, b.id, v.ver, v.updated, v.subject, v.others, v.dic, v.kid, v.body, v.lab"
CURRENT = """
select b.rid, b.id, b.ver, b.updated, b.subject, b.others, b.dic, b.kid, b.body, b.lab from body b
where b.tenant = $1 and b.rt::int4 = $2 and b.updated <= $3 and b.updated > $4 and b.updated <= $5
  and (b.lab & $6::int2) = 0
"""
BEFORE = f"""
select {COLUMNS} from body b cross join lateral (
  select h.ver, h.updated, h.subject, h.others, h.dic, h.kid, h.body, h.lab | b.lab as lab from hist h
  where h.tenant = $1 and h.rt = $2 and h.id = b.id and h.updated <= $3 order by h.ver desc limit 1) v
where b.tenant = $1 and b.rt::int4 = $2 and b.updated > $3 and v.updated > $4 and v.updated <= $5
  and (v.lab & $6::int2) = 0
"""
SIZES = "select rid, coalesce(octet_length(body), 0) as size from ({}) x order by rid"
CHANGED = """
b.rid = any(array(select r.rid from res r where r.tenant = $1 and r.rt = $2 and r.updated > {since} {more}
  union select g.rid from body g where g.tenant = $1 and g.rt = $2 and g.body is null and g.updated > {since} {gone}))
"""
WITHIN = {"more": "and r.rid + 0 > $7 and r.rid + 0 <= $8", "gone": "and g.rid + 0 > $7 and g.rid + 0 <= $8"}
"""What changed is found by when, and not by its number (`+ 0`): a range has many, of which few changed."""
ABOUT = "(b.subject = any($9::text[]) or b.others && $9::text[])"
LATER = f"{IN_RANGE} and " + CHANGED.format(since="$3", **WITHIN)
"""What was changed after the moment."""
ALONE = "b.rid = any($7::int8[])"
LONGEST = 2**30
RIDS = "select coalesce(array_agg(rid), '{}') from body where tenant = $1 and rt = $2 and id = any($3::text[])"
NAMED = """
select array_agg(rid order by rid) as rids, array_agg(rid) filter (where updated > $4) as late
from body where tenant = $1 and rt = $2 and id = any($3::text[])
"""
WHOSE = """
select rt, array_agg(rid order by rid) as rids, array_agg(rid) filter (where late) as late from (
  select r.rt, r.rid, r.updated > $5 as late from res r where r.tenant = $1 and r.rt = any($2) and r.pat = any($3)
  union select r.rt, r.rid, r.updated > $5 from res_pat m join res r on r.tenant = m.tenant and r.rid = m.rid
    where m.tenant = $1 and m.rt = any($2) and m.pat = any($3)
  union select g.rt, g.rid, g.updated > $5 from body g
    where g.tenant = $1 and g.rt = any($2) and g.body is null and g.updated > $6
    and (g.subject = any($4) or g.others && $4)) x group by rt
"""
"""Numbers of the records that may lie in these patients' compartments; of those that were changed after the moment."""
CUTS = """
select n, rid from (select row_number() over (order by rid) as n, rid from body where tenant = $1 and rt::int4 = $2) x
where n % $3 = 0 order by n
"""
COUNTS = """
select rt::int4 as rt, count(*) as n from body
where tenant = $1 and rt::int4 = any($2::int4[]) group by rt::int4
"""
RECENT = """
select count(*) as n from (
  select from res where tenant = $1 and rt = $2 and updated > $3
  union all select from body where tenant = $1 and rt = $2 and body is null and updated > $3) x
"""
PATIENTS = "select id from body where tenant = $1 and rt::int4 = $2 and rid > $3 and rid <= $4 order by rid"
EXISTING = "select id from body where tenant = $1 and rt = $2 and id = any($3::text[])"
BEFORE_IT = """
select h.ver, h.updated, h.subject, h.others, h.dic, h.kid, h.body, h.lab | b.lab as lab
from hist h join body b on b.tenant = h.tenant and b.rt = h.rt and b.id = h.id
where h.tenant = $1 and h.rt = $2 and h.id = $3 and h.ver < $4 order by h.ver desc limit 1
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of a type with numbers above `low`, up to `high`: so many at most."""

    type: str
    low: int
    high: int
    rows: int


@dataclass(frozen=True, slots=True)
class Search:
    """What is read of one type, on one connection."""

    connection: Connection
    type: str
    when: When
    reach: Reach
    hanging: Hanging

    @property
    def hangs(self) -> bool:
        """What is withheld is so for its labels and for what it hangs on, and for nothing else."""
        return self.type in HANGING and any(way.open for way in self.reach.ways)

    def live(self, of: str) -> str:
        """What was deleted is only told to who asks for changes."""
        return "" if self.when.since is not None else f" and {of}.body is not null"


class PostgresSource:
    """Records of one tenant, for exports."""

    def __init__(self, bound: Bound, pool: Pool, reads: Reads) -> None:
        self._bound = bound
        self._pool = pool
        self._sight = Sight(bound, pool, reads)

    async def moment(self, asked: datetime) -> datetime:
        """The time up to which everything is final: when the export was asked for, once the writes that ran then are
        done; where one takes too long, just before it began.
        """
        begun = monotonic()
        while True:
            row = await self._pool.fetchrow(NOW)
            assert row is not None  # noqa: S101  a select without from
            oldest: datetime | None = row["oldest"]
            left = (asked - row["now"]).total_seconds() + SETTLED
            if left < 0:
                if oldest is None or oldest > asked:
                    return asked
                if monotonic() - begun > PATIENCE:
                    return oldest - timedelta(microseconds=1)
            await asyncio.sleep(min(0.05, max(left, 0.0)) or 0.05)

    async def cuts(self, types: Sequence[str], since: datetime | None, size: int) -> Sequence[Cut]:
        """The rows of these types in ranges of `size` at most; with `since`, where little changed, in one a type. The
        last range of a type has no end: whatever is written after this look lies in it.
        """
        async with self._reading() as connection:
            counted = await connection.fetch(COUNTS, self._bound.tenant, [RESOURCES[one] for one in types])
            found = {TYPES[row["rt"]]: row["n"] for row in counted}
            return [
                cut for type_ in types for cut in await self._cut(connection, type_, found.get(type_, 0), since, size)
            ]

    async def _cut(
        self, connection: Connection, type_: str, count: int, since: datetime | None, size: int
    ) -> Sequence[Cut]:
        rt = RESOURCES[type_]
        if since is not None:
            recent = await connection.fetchval(RECENT, self._bound.tenant, rt, since)
            if recent <= size:
                return [Cut(type_, 0, ENDLESS, recent)]
        if count <= size:
            return [Cut(type_, 0, ENDLESS, count)]
        ends = [row["rid"] for row in await connection.fetch(CUTS, self._bound.tenant, rt, size)]
        last = count - size * len(ends)
        highs, left = ([*ends, ENDLESS], last) if last > 0 else ([*ends[:-1], ENDLESS], size)
        rows = [size] * (len(highs) - 1) + [left]
        return [Cut(type_, *one) for one in zip([0, *highs[:-1]], highs, rows, strict=True)]

    async def patients(self, low: int, high: int) -> Sequence[str]:
        """The ids of the Patients with these row numbers, deleted ones too: their records are asked for by them."""
        async with self._reading() as connection:
            rows = await connection.fetch(PATIENTS, self._bound.tenant, RESOURCES["Patient"], low, high)
        return [row["id"] for row in rows]

    async def existing(self, type_: str, ids: Sequence[str]) -> frozenset[str]:
        """Those of these ids that are or were records of this type."""
        async with self._reading() as connection:
            rows = await connection.fetch(EXISTING, self._bound.tenant, RESOURCES[type_], list(ids))
        return frozenset(row["id"] for row in rows)

    async def targeting(self, theirs: Theirs, when: When, reach: Reach) -> frozenset[str]:
        """Ids of the Provenance of any of these patients' records."""
        async with self._naming(when, reach) as (search, naming):
            found = await naming.patients(theirs.patients or (), theirs.types)
            return await self._with_later(search, naming, theirs, found)

    async def targeted(self, refs: Sequence[tuple[str, str]], when: When, reach: Reach) -> frozenset[str]:
        """Ids of the Provenance of any of these records."""
        async with self._naming(when, reach) as (search, naming):
            return await self._with_later(search, naming, refs, await naming.records(refs))

    async def of_theirs(self, ids: Sequence[str], theirs: Theirs, when: When, reach: Reach) -> frozenset[str]:
        """Those of these Provenance that `provenance` gives somewhere."""
        async with self._naming(when, reach) as (search, naming):
            given = self._bound.tenant, RESOURCES["Provenance"], list(ids)
            found = await naming.those(theirs, await search.connection.fetchval(RIDS, *given))
            return (await self._with_later(search, naming, theirs, found)).intersection(ids)

    async def provenance(self, theirs: Theirs, low: int, high: int, when: When, reach: Reach) -> AsyncIterator[Batch]:
        """The Provenance of their records with these row numbers."""
        async with self._naming(when, reach) as (search, naming):
            async for batch in self._current(search, LISTED, await naming.theirs(theirs, low, high)):
                yield batch
            async for rows in self._before(search, LATER, high, low):
                yield rows.only(await naming.told(theirs, rows))

    async def _with_later(
        self, search: Search, naming: Naming, of: Theirs | Collection[tuple[str, str]], found: set[str]
    ) -> frozenset[str]:
        """And those which were changed or deleted since, by what they said."""
        async for rows in self._before(search, LATER, ENDLESS):
            found.update(compress((one["id"] for one in rows.rows), await naming.told(of, rows)))
        return frozenset(found)

    @asynccontextmanager
    async def _naming(self, when: When, reach: Reach) -> AsyncIterator[tuple[Search, Naming]]:
        async with self._reading() as connection:
            search = self._search(connection, "Provenance", when, reach)
            yield search, Naming(self._bound, connection, when.since or EVER, when.moment)

    async def between(self, type_: str, low: int, high: int, when: When, reach: Reach) -> AsyncIterator[Batch]:
        """The records of a type with these row numbers."""
        where = IN_RANGE
        if when.since is not None:
            where += " and " + CHANGED.format(since="$4", **WITHIN)
        async with self._reading(ONCE if when.since is None else EACH) as connection:
            search = self._search(connection, type_, when, reach)
            async for batch in self._current(search, where, high, low):
                yield batch
            async for batch in self._before(search, LATER, high, low):
                yield batch

    async def about(self, reaches: Mapping[str, Reach], patients: Sequence[str], when: When) -> AsyncIterator[Batch]:
        """The records in the compartments of these patients, type by type: found for all types at once."""
        here = frozenset(patients)
        pats = [self._bound.hashes.own("Patient", one) for one in patients]
        numbers = [RESOURCES[one] for one in reaches]
        gone = when.moment if when.since is None else min(when.since, when.moment)
        async with self._reading() as connection:
            given = numbers, pats, list(patients), when.moment, gone
            found = {TYPES[row["rt"]]: row for row in await connection.fetch(WHOSE, self._bound.tenant, *given)}
            for type_, reach in reaches.items():
                if type_ not in found:
                    continue
                search = self._search(connection, type_, when, reach)
                async for batch in self._current(search, LISTED, found[type_]["rids"]):
                    theirs = batch.touching(here)
                    if theirs.count:
                        yield theirs
                if late := found[type_]["late"]:
                    async for batch in self._before(search, f"{LISTED} and {ABOUT}", late, 0, list(patients)):
                        yield batch

    async def named(self, type_: str, ids: Sequence[str], when: When, reach: Reach) -> AsyncIterator[Batch]:
        """The records of a type with these ids."""
        async with self._reading() as connection:
            search = self._search(connection, type_, when, reach)
            found = await connection.fetchrow(NAMED, self._bound.tenant, RESOURCES[type_], list(ids), when.moment)
            assert found is not None  # noqa: S101  an aggregate
            async for batch in self._current(search, LISTED, found["rids"] or ()):
                yield batch
            if late := found["late"]:
                async for batch in self._before(search, LISTED, late):
                    yield batch

    def _search(self, connection: Connection, type_: str, when: When, reach: Reach) -> Search:
        return Search(connection, type_, when, reach, Hanging(self._bound, connection, reach.withheld))

    async def _current(self, search: Search, where: str, among: Any, above: int = 0) -> AsyncIterator[Batch]:
        """What holds now, of rows with numbers above that one: those up to `among`, or among these, in their order."""
        sql = f"{CURRENT} and {where}{search.live('b')}"
        plain = search.reach.open or search.reach.wide
        if not plain and not search.hangs:
            async for rows in self._looked_at(search, sql, above, among):
                yield rows
            return
        doubted: list[str] = []
        async for batch in self._gathered(search, sql, Pace(among, above)):
            clean = batch if plain else await self._clean(search, batch, doubted)
            for some in clean.stretches(OPENED):
                if some.count:
                    yield some
        for ids in (doubted[at : at + BATCH] for at in range(0, len(doubted), BATCH)):
            rids = await search.connection.fetchval(RIDS, self._bound.tenant, RESOURCES[search.type], ids)
            async for rows in self._looked_at(search, f"{CURRENT} and {LISTED}", 0, rids):
                yield rows

    async def _gathered(self, search: Search, sql: str, pace: Pace) -> AsyncIterator[Columns]:
        """What a statement finds, in stretches that may be opened at once; of what is long first the sizes."""
        given = self._given(search)
        ask = f"{sql} order by b.rid limit ${len(given) + 3}"
        gather, long = GATHER.format(sql=ask, long=LONG), GATHER.format(sql=f"{CURRENT} and {ALONE}", long=LONGEST)
        sizes = SIZES.format(f"{CURRENT} and {ALONE}")
        while (asked := pace.next()) is not None:
            row = await search.connection.fetchrow(gather, *given, *asked)
            assert row is not None  # noqa: S101  an aggregate
            pace.seen(row["n"], len(row["data"] or b""), row["last"])
            if not row["n"]:
                continue
            apart, batch = row["apart"] or (), Columns.of(search.type, row, self._bound).near()
            del row  # nobody holds bodies that somebody opens
            for some in batch.stretches(2 * WEIGHT):
                yield some
            if apart:
                for rids in portions(await search.connection.fetch(sizes, *given, apart)):
                    row = await search.connection.fetchrow(long, *given, rids)
                    assert row is not None  # noqa: S101  an aggregate
                    yield Columns.of(search.type, row, self._bound)

    async def _clean(self, search: Search, batch: Columns, doubted: list[str]) -> Columns:
        """The rows of a batch that hang on nothing withheld; `doubted` learns those of which nobody can tell here."""
        told = await search.hanging.told(batch)
        doubted += [id_ for id_, one in zip(batch.ids, told, strict=True) if one is None]
        return batch.only([one is True for one in told])

    async def _before(self, search: Search, where: str, among: Any, above: int = 0, *more: Any) -> AsyncIterator[Rows]:
        """What held before it was changed."""
        async for batch in self._looked_at(search, f"{BEFORE} and {where}{search.live('v')}", above, among, *more):
            yield batch

    async def _looked_at(self, search: Search, sql: str, *args: Any) -> AsyncIterator[Rows]:
        """Rows that are judged by themselves, as many at once as their bodies are small."""
        given = *self._given(search), *args
        whole = f"{sql} and b.rid = any(${len(given) + 1}::int8[]) order by b.rid"
        cursor = await search.connection.cursor(SIZES.format(sql), *given)
        while sizes := await cursor.fetch(BATCH):
            for rids in portions(sizes):
                seen = self._seen(search, await search.connection.fetch(whole, *given, rids))
                batch = Rows(search.type, self._bound, await seen)
                if batch.count:
                    yield batch

    def _given(self, search: Search) -> tuple[Any, ...]:
        """What CURRENT and BEFORE are given first; no row goes out whose own labels are withheld."""
        when, reach = search.when, search.reach
        since, until = when.since or EVER, min(when.until or when.moment, when.moment)
        return self._bound.tenant, RESOURCES[search.type], when.moment, since, until, reach.withheld

    async def _seen(self, search: Search, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows that the reach shows: where it is wide their own labels told, else `visible` is asked."""
        connection, type_, reach = search.connection, search.type, search.reach
        if reach.open or reach.wide:
            return rows
        judged = [await self._judged(connection, type_, row) for row in rows]
        try:
            sure = {one.id for one in await self._sight.among(reach, judged)}
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  one of them cannot be looked at: the others are looked at alone
            sure = {one.id for one in judged if await self._shows(reach, one)}
        return [row for row in rows if row["id"] in sure]

    async def _judged(self, connection: Connection, type_: str, row: Row) -> Found:
        """By what a row is judged: a deletion by the version before it."""
        if row["body"] is None:
            before = await connection.fetchrow(BEFORE_IT, self._bound.tenant, RESOURCES[type_], row["id"], row["ver"])
            if before is not None:
                return Found.of(before, type_, row["id"], self._bound.bodies)
        return Found.of(row, type_, row["id"], self._bound.bodies)

    async def _shows(self, reach: Reach, judged: Found) -> bool:
        try:
            return await self._sight.shows(reach, judged)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  what cannot be looked at is not shown
            return False

    @asynccontextmanager
    async def _reading(self, planned: str = EACH) -> AsyncIterator[Connection]:
        async with (
            self._pool.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute(BEGIN, self._bound.tenant, planned)
            yield connection
