"""Which of many records hang on nothing that is withheld: asked for all at once, where `visible` asks one by one.

Provenance hangs on its targets, a Binary on its context and on the documents that hold it. Whoever is told here is
surely clean; the others are doubted, and left to `visible`: every reference counts here, not only those that matter.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..access.reach import HANGING
from ..fhir.definitions import RESOURCES, SEARCH
from ..fhir.outcomes import Unavailable
from .bound import Bound
from .found import TYPES
from .pool import Connection, Row
from .visible import HOLDERS

STEPS = 2
"""From what hangs on what hangs on other records; whatever hangs longer is doubted."""
MARKS = tuple(f'"reference":"{type_}/'.encode() for type_ in HANGING)
Named = tuple[str, str]
MOST = 200_000
"""Labelled records that are held against index rows; where a tenant has more, what is named is looked up instead."""

MARKED = """
select b.rt, b.id from unnest($2::int2[], $3::text[]) k(rt, id)
join body b on b.tenant = $1 and b.rt = k.rt and b.id = k.id where (b.lab & $4::int2) <> 0
"""
BETWEEN = """
select b.rt, b.id, b.body, b.dic, b.kid, b.lab from unnest($2::int2[], $3::text[]) k(rt, id)
join body b on b.tenant = $1 and b.rt = k.rt and b.id = k.id
"""
LABELLED = f"""
select own # $3 as mark from res where tenant = $1 and lab <> 0 and (lab & $2::int2) <> 0 limit {MOST + 1}
"""
TOKENS = """
select p.rid, p.tok from res p where p.tenant = $1 and p.rid = any($2::int8[])
  and p.ixv = (select g.ixv from ixgen g where g.rt = p.rt)
"""
GONE = f"""
select rt, id from body where tenant = $1 and body is null and lab <> 0 and (lab & $2::int2) <> 0 limit {MOST + 1}
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
    """What `_marks` found."""

    async def clean(self, type_: str, rows: Sequence[Row]) -> frozenset[str]:
        """Ids of those of these rows that are clean. Raises Unavailable."""
        marks = await self._marks() if type_ == "Provenance" else None
        if marks is None:
            return await self._followed(type_, rows)
        near, far = await asyncio.to_thread(self._parted, rows)
        tokens = await self.connection.fetch(TOKENS, self.bound.tenant, list(near))
        found = frozenset(near[row["rid"]] for row in tokens if marks.isdisjoint(row["tok"]))
        return found | await self._followed(type_, far)

    def _parted(self, rows: Sequence[Row]) -> tuple[dict[int, str], Sequence[Row]]:
        """Numbers and ids of those whose targets index rows tell; and those that hang on what hangs on others."""
        near: dict[int, str] = {}
        far: list[Row] = []
        for _, row, text in self._read(("Provenance", row["id"], row) for row in rows):
            if any(mark in text for mark in MARKS):
                far.append(row)
            else:
                near[row["rid"]] = row["id"]
        return near, far

    async def _marks(self) -> frozenset[int] | None:
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

    async def _followed(self, type_: str, rows: Sequence[Row]) -> frozenset[str]:
        asked = [(type_, row["id"], row) for row in rows]
        return frozenset(id_ for _, id_ in await self._clean(asked, STEPS)) if asked else frozenset()

    async def _clean(self, rows: Sequence[tuple[str, str, Row]], left: int) -> set[Named]:
        """Those that are clean; so many steps further."""
        told = await asyncio.to_thread(self._told, rows)
        marked = await self._marked(told.every) | await self._held(told)
        between = [one for one in told.every if one[0] in HANGING]
        if between:
            marked |= set(between) - (await self._through(between, left - 1) if left else set())
        return {one for one, named in told.named.items() if one not in marked and marked.isdisjoint(named)}

    async def _through(self, between: Sequence[Named], left: int) -> set[Named]:
        """Those of them that are clean; one that never was here withholds nothing."""
        found = await self.connection.fetch(BETWEEN, self.bound.tenant, *_keys(between))
        rows = [(TYPES[row["rt"]], row["id"], row) for row in found]
        return set(between) - {(type_, id_) for type_, id_, _ in rows} | await self._clean(rows, left)

    async def _marked(self, every: Sequence[Named]) -> set[Named]:
        """Those that carry one of the labels."""
        if not every:
            return set()
        found = await self.connection.fetch(MARKED, self.bound.tenant, *_keys(every), self.withheld)
        return {(TYPES[row["rt"]], row["id"]) for row in found}

    async def _held(self, told: "Told") -> set[Named]:
        """Every Binary that a labelled document may hold."""
        binaries = [one for one in told.named if one[0] == "Binary"]
        if not binaries:
            return set()
        hashes, numbers = self.bound.hashes, [SEARCH[type_]["-attachment"].number for type_ in HOLDERS]
        tokens = {hashes.uri(number, f"Binary/{one[1]}"): one for one in binaries for number in numbers}
        found = await self.connection.fetch(HELD, self.bound.tenant, list(tokens), self.withheld)
        return {tokens[row["tok"]] for row in found}

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
