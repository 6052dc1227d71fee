"""Index rows of many resources at once, by COPY where the table allows it (row-level security refuses COPY).

Rows are made some at a time while the database takes in those before them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from ..fhir.extract import extractor
from ..ports.records import Resource
from . import binary
from .binary import moment
from .bound import Bound
from .pool import Connection
from .rows import Rows, rows

DROP = "select drop_index_rows($1, $2::int8[])"
STRINGS = """
insert into ix_str (tenant, p, head, rest, rid)
select $1, p, head, rest, rid from unnest($2::int2[], $3::text[], $4::text[], $5::int8[]) x(p, head, rest, rid)
"""
TERMS = """
insert into term (tenant, p, head, rest, tok)
select $1, p, head, rest, tok from unnest($2::int2[], $3::text[], $4::text[], $5::int8[]) x(p, head, rest, tok)
on conflict do nothing
"""
RES = ("tenant", "rt", "ixv", "lab", "rid", "pat", "own", "have", "d", "dz", "updated", "many", "tok")
DATE = ("tenant", "p", "lo", "hi", "rid")
TOGETHER = 20
"""Resources of which one thing is made after the other: the code for one thing stays in the processor's own memory,
that for all of them does not, and yet they are few enough to stay there themselves.
"""

Line = tuple[Any, ...]


@dataclass(slots=True)
class Entry:
    """A resource to be indexed: its row number, whose compartment it is in, when it changed, by which index version;
    and the labels that it carries.
    """

    rid: int
    type: str
    id: str
    resource: Resource = field(repr=False)
    patients: Sequence[str]
    updated: datetime
    version: int
    labels: int


class Indexing:
    """Writes the index rows of one tenant within somebody's transaction, in which `app.tenant` is set."""

    def __init__(self, bound: Bound, connection: Connection, known: Iterable[int] = ()) -> None:
        self._bound = bound
        self._connection = connection
        self._known = known
        self._pats: list[Line] = []
        self._dates: list[bytes] = []
        self._numbers: list[Line] = []
        self._pairs: list[Line] = []
        self._strings: list[Line] = []
        self.terms: dict[int, Line] = {}
        """Display texts that are not among `known`, by their tokens."""

    async def drop(self, rids: Sequence[int]) -> None:
        """Take the rows of these resources away."""
        await self._connection.execute(DROP, self._bound.tenant, rids)

    async def add(self, entries: Iterable[Entry]) -> None:
        """Write the rows of these resources, which have none."""
        await self._copy("res", self._lines(entries), RES)
        if self._dates:
            await self._copy("ix_date", self._dates, DATE)
        for table, lines in (("res_pat", self._pats), ("ix_num", self._numbers), ("ix_pair", self._pairs)):
            if lines:
                await self._connection.copy_records_to_table(table, records=lines)
        if self._strings:
            await self._connection.execute(STRINGS, self._bound.tenant, *zip(*self._strings, strict=True))
        if self.terms:
            ordered = sorted(self.terms.values(), key=lambda line: (line[0], line[3]))  # in one order: no deadlock
            await self._connection.execute(TERMS, self._bound.tenant, *zip(*ordered, strict=True))

    async def _copy(self, table: str, lines: Iterable[bytes], columns: Sequence[str]) -> None:
        await self._connection.copy_to_table(table, source=binary.stream(lines), columns=columns, format="binary")

    def _lines(self, entries: Iterable[Entry]) -> Iterator[bytes]:
        """The lines of `res`; what goes into other tables is put aside."""
        bound, left = self._bound, iter(entries)
        while some := list(islice(left, TOGETHER)):
            indexes = [extractor(one.type)(one.resource, bound.zone) for one in some]
            both = zip(some, indexes, strict=True)
            every = [rows(one.type, one.id, index, one.patients, bound.hashes) for one, index in both]
            for one, found in zip(some, every, strict=True):
                self._put_aside(found, one.rid)
                yield self._line(one, found)

    def _line(self, one: Entry, found: Rows) -> bytes:
        """A line of `res`."""
        return binary.res(
            self._bound.tenant,
            found.type,
            one.version,
            (one.rid, found.pat, found.own, found.have),
            (moment(found.d), moment(found.dz), moment(one.updated)),
            found.tok,
            many=found.many,
            lab=one.labels,
        )

    def _put_aside(self, found: Rows, rid: int) -> None:
        tenant = self._bound.tenant
        if found.pats:
            self._pats += [(tenant, found.type, pat, found.d, rid) for pat in found.pats]
        if found.dates:
            self._dates += [binary.date(tenant, p, moment(low), moment(high), rid) for p, low, high in found.dates]
        if found.numbers:
            self._numbers += [(tenant, *line, rid) for line in found.numbers]
        if found.pairs:
            self._pairs += [(tenant, *line, rid) for line in found.pairs]
        if found.strings:
            self._strings += [(*line, rid) for line in found.strings]
        for line in found.terms:
            if line[3] not in self._known:
                self.terms[line[3]] = line
