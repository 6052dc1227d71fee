"""Which of many records hang on nothing that is withheld: asked for all at once, where `visible` asks one by one.

Provenance hangs on its targets, a Binary on its context and on the documents that hold it. Whoever is told here is
surely clean: every reference counts for that, not only those that matter. Who hangs right on what carries a label is
surely withheld. The others are doubted, and left to `visible`.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from dataclasses import field

from ..access.reach import HANGING
from ..fhir.definitions import RESOURCES, SEARCH
from ..fhir.outcomes import Unavailable
from ..values import dataclass
from .bound import Bound
from .columns import portions
from .found import TYPES, Found
from .pool import Connection, Row
from .visible import HOLDERS, hung_on, ref

STEPS = 2
"""From what hangs on what hangs on other records; whatever hangs longer is doubted."""
MARKS = tuple(f'"reference":"{type_}/'.encode() for type_ in HANGING)
Named = tuple[str, str]
MOST = 200_000
"""Labelled records that are held against index rows; where a tenant has more, what is named is looked up instead."""

MOST_HOLDING = 5_000
"""Labelled documents that are looked through for attachments; where there are more, each attachment is looked up."""
ATTACHED = re.compile(rb'"url":"Binary/([A-Za-z0-9.\-]{1,64})"')
MARKED = """
select b.rt, b.id from unnest($2::int2[], $3::text[]) k(rt, id)
join body b on b.tenant = $1 and b.rt = k.rt and b.id = k.id where (b.lab & $4::int2) <> 0
"""
BETWEEN = """
select b.rid, b.rt, b.id, coalesce(octet_length(b.body), 0) as size from unnest($2::int2[], $3::text[]) k(rt, id)
join body b on b.tenant = $1 and b.rt = k.rt and b.id = k.id
"""
BODIES = """
select b.rt, b.id, b.body, b.dic, b.kid, b.lab from body b where b.tenant = $1 and b.rid = any($2::int8[])
"""
LABELLED = f"""
select own # $3 as mark from res where tenant = $1 and lab <> 0 and (lab & $2::int2) <> 0 limit {MOST + 1}
"""
DOUBTED = """
select array_agg(z.rid order by z.rid) from ({sql}) z where not (
  (z.lab & {withheld}::int2) = 0 and z.body is not null and exists (
    select from res p where p.tenant = $1 and p.rid = z.rid and p.ixv = (select g.ixv from ixgen g where g.rt = $2)
    and not exists (select from unnest(p.tok) t(mark) where t.mark = any({marks}::int8[]))))
"""
"""Of which index rows do not tell the same where the rows are, all at once; the marks are hashed."""
GONE = f"""
select rt, id from body where tenant = $1 and body is null and lab <> 0 and (lab & $2::int2) <> 0 limit {MOST + 1}
"""
HOLDING = """
select r.rid, coalesce(octet_length(b.body), 0) as size
from res r join body b on b.tenant = r.tenant and b.rid = r.rid
where r.tenant = $1 and r.lab <> 0 and (r.lab & $2::int2) <> 0 and r.rt = any($3::int2[]) limit $4::int4
"""
HELD = """
select k.tok from unnest($2::int8[]) k(tok) where exists (
  select from res r where r.tok @> array[k.tok] and (r.tenant = $1 and (r.lab & $3::int2) <> 0) is true)
"""
"""A token is looked up by itself: of `&&` with thousands the index compares all with all."""


@dataclass(frozen=True, slots=True)
class Hanging:
    """Looks at one tenant's records, under the snapshot of a connection; `withheld` are labels, as bits."""

    bound: Bound
    connection: Connection
    withheld: int
    known: list[frozenset[int] | None] = field(default_factory=list, init=False, repr=False)
    """What `marks` found."""
    holding: list[frozenset[str] | None] = field(default_factory=list, init=False, repr=False)
    """What `_holding` found."""

    async def told(self, type_: str, rows: Sequence[Row]) -> tuple[frozenset[str], frozenset[str]]:
        """Ids of those of these rows that are clean, and of those that are surely withheld. Raises Unavailable."""
        asked = [(type_, row["id"], row) for row in rows]
        marked: set[Named] = set()
        clean = frozenset(id_ for _, id_ in await self._clean(asked, STEPS, marked))
        dark = await asyncio.to_thread(self._dark, type_, [row for row in rows if row["id"] not in clean], marked)
        return clean, dark

    def _dark(self, type_: str, rows: Sequence[Row], marked: Collection[Named]) -> frozenset[str]:
        """Ids of those that carry a label themselves, or hang right on one of these."""
        return frozenset(row["id"] for row in rows if row["lab"] & self.withheld or self._hangs(type_, row, marked))

    def _hangs(self, type_: str, row: Row, marked: Collection[Named]) -> bool:
        try:
            links = hung_on(Found.of(row, type_, row["id"], self.bound.bodies))
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  whoever reads it next says so
            return False
        return any(one is not None and (one.type, one.id) in marked for one in map(ref, links))

    async def marks(self) -> frozenset[int] | None:
        """What index rows of Provenance hold of targets that carry a label, or did when they were deleted; None where
        there are too many.
        """
        if not self.known:
            hashes, number = self.bound.hashes, SEARCH["Provenance"]["target"].number
            here = await self.connection.fetch(LABELLED, self.bound.tenant, self.withheld, hashes.salt(number))
            gone = await self.connection.fetch(GONE, self.bound.tenant, self.withheld)
            marks = {hashes.reference(number, TYPES[row["rt"]], row["id"]) for row in gone}
            marks.update(row["mark"] for row in here)
            self.known.append(None if max(len(here), len(gone)) > MOST else frozenset(marks))
        return self.known[0]

    async def _clean(self, rows: Sequence[tuple[str, str, Row]], left: int, labelled: set[Named]) -> set[Named]:
        """Those that are clean; so many steps further. `labelled` learns which of what they name carries a label."""
        told = await asyncio.to_thread(self._told, rows)
        labelled |= await self._marked(told.every)
        marked = labelled | await self._held(told)
        between = [one for one in told.every if one[0] in HANGING]
        if between:
            marked |= set(between) - (await self._through(between, left - 1) if left else set())
        return {one for one, named in told.named.items() if one not in marked and marked.isdisjoint(named)}

    async def _through(self, between: Sequence[Named], left: int) -> set[Named]:
        """Those of them that are clean; one that never was here withholds nothing."""
        sizes = await self.connection.fetch(BETWEEN, self.bound.tenant, *_keys(between))
        clean = set(between) - {(TYPES[row["rt"]], row["id"]) for row in sizes}
        async for rows in self._bodies(sizes):
            plain = await self._plain(rows)
            asked = [(TYPES[row["rt"]], row["id"], row) for row in rows if row["id"] not in plain]
            clean |= {("Binary", one) for one in plain} | (await self._clean(asked, left, set()) if asked else set())
        return clean

    async def _bodies(self, sizes: Sequence[Row]) -> AsyncIterator[Sequence[Row]]:
        """Rows by their numbers, with their bodies, as many at once as fit into memory."""
        for rids in portions(sizes):
            yield await self.connection.fetch(BODIES, self.bound.tenant, rids)

    async def _plain(self, rows: Sequence[Row]) -> frozenset[str]:
        """Of attachments, looked at together, those that are surely clean, by their ids: there is no label in sight."""
        binary = RESOURCES["Binary"]
        some = [
            row for row in rows if row["rt"] == binary and row["body"] is not None and not row["lab"] & self.withheld
        ]
        holding = await self._holding() if some else None
        named = None if holding is None else await asyncio.to_thread(self._named_by, some)
        if holding is None or named is None or any(type_ in HANGING for type_, _ in named):
            return frozenset()
        return frozenset() if await self._marked(list(named)) else frozenset(row["id"] for row in some) - holding

    def _named_by(self, rows: Sequence[Row]) -> set[Named] | None:
        """All that these refer to; None where they cannot be opened in one stroke."""
        dic = rows[0]["dic"]
        if any(row["kid"] or row["dic"] != dic for row in rows):
            return None
        data = b"".join(row["body"] for row in rows)
        tails = self.bound.bodies.together(data, [len(row["body"]) for row in rows], dic)
        return None if tails is None else references(b"".join(tails))

    async def _marked(self, every: Sequence[Named]) -> set[Named]:
        """Those that carry one of the labels: only those are looked up whose hash does."""
        marks = await self.marks()
        asked = every if marks is None else await asyncio.to_thread(self._among, every, marks)
        if not asked:
            return set()
        found = await self.connection.fetch(MARKED, self.bound.tenant, *_keys(asked), self.withheld)
        return {(TYPES[row["rt"]], row["id"]) for row in found}

    def _among(self, every: Sequence[Named], marks: frozenset[int]) -> Sequence[Named]:
        reference, number = self.bound.hashes.reference, SEARCH["Provenance"]["target"].number
        return [one for one in every if reference(number, *one) in marks]

    async def _held(self, told: "Told") -> set[Named]:
        """Every Binary that a labelled document may hold."""
        binaries = [one for one in told.named if one[0] == "Binary"]
        if not binaries:
            return set()
        holding = await self._holding()
        if holding is not None:
            return {one for one in binaries if one[1] in holding}
        hashes, numbers = self.bound.hashes, [SEARCH[type_]["-attachment"].number for type_ in HOLDERS]
        tokens = {hashes.uri(number, f"Binary/{one[1]}"): one for one in binaries for number in numbers}
        found = await self.connection.fetch(HELD, self.bound.tenant, list(tokens), self.withheld)
        return {tokens[row["tok"]] for row in found}

    async def _holding(self) -> frozenset[str] | None:
        """Ids of attachments that labelled documents name; None where there are too many, or one cannot be read."""
        if not self.holding:
            asked = self.withheld, [RESOURCES[one] for one in HOLDERS], MOST_HOLDING + 1
            few = await self.connection.fetch(HOLDING, self.bound.tenant, *asked)
            ids: set[str] | None = None if len(few) > MOST_HOLDING else set()
            async for rows in self._bodies(few[:MOST_HOLDING]):
                ids = None if ids is None else await asyncio.to_thread(self._attached, rows, ids)
            self.holding.append(None if ids is None else frozenset(ids))
        return self.holding[0]

    def _attached(self, rows: Sequence[Row], ids: set[str]) -> set[str] | None:
        """The same, with what these rows name."""
        try:
            for row in rows:
                if row["body"] is not None:
                    one = TYPES[row["rt"]], row["id"], row["body"], row["dic"], row["kid"]
                    ids.update(name.decode() for name in ATTACHED.findall(self.bound.bodies.unpack(*one)))
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  whoever reads it next says so
            return None
        return ids

    def _told(self, rows: Iterable[tuple[str, str, Row]]) -> "Told":
        """What their texts name."""
        told = Told()
        for type_, row, text in self._read(rows):
            named = references(text)
            if named is not None:
                told.named[type_, row["id"]] = named
        told.every = list(set().union(*told.named.values()))
        return told

    def _read(self, rows: Iterable[tuple[str, str, Row]]) -> Iterator[tuple[str, Row, bytes]]:
        """Their texts. One with a label, without a text, or that cannot be read, is not among them."""
        unpack, withheld = self.bound.bodies.unpack, self.withheld
        for type_, id_, row in rows:
            if row["body"] is None or row["lab"] & withheld:
                continue
            try:
                text = unpack(type_, id_, row["body"], row["dic"], row["kid"])
            except Unavailable:
                raise
            except Exception:  # noqa: BLE001, S112  whoever reads it next says so
                continue
            yield type_, row, text


@dataclass(slots=True)
class Told:
    """What each record names, and all of that."""

    named: dict[Named, set[Named]] = field(default_factory=dict)
    every: list[Named] = field(default_factory=list)


def references(text: bytes) -> set[Named] | None:
    """All records that a text refers to; None where one of them cannot be followed.

    >>> references(b'"who":{"reference":"Group/1/_history/2"}}'), references(b'"who":{"reference":"#me"}}')
    ({('Group', '1')}, None)
    """
    named: set[Named] = set()
    for part in text.split(b'"reference":"')[1:]:
        type_, _, rest = part[: part.index(b'"')].decode().partition("/")
        if type_ not in RESOURCES:
            return None
        named.add((type_, rest.partition("/")[0]))
    return named


def _keys(every: Sequence[Named]) -> tuple[list[int], list[str]]:
    return [RESOURCES[type_] for type_, _ in every], [id_ for _, id_ in every]
