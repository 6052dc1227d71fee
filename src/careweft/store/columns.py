"""Many rows of one type in one row of columns: an export looks at them together, and at none by itself.

Numbers come as the bytes of a column behind each other, ids as one text, bodies as one stretch that is unpacked in one
call. Only where a row is in the way (it is sealed, or cannot be read) are rows looked at one by one.
"""

import sys
from array import array
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain, compress, repeat
from typing import Any

from ..bulk.lines import Opened
from ..fhir.instants import in_utc
from ..fhir.json import decode
from ..fhir.outcomes import Unavailable
from ..ports.records import Resource
from .bodies import LARGEST, whole
from .bound import Bound
from .pool import Row

TOGETHER = 2000
"""Rows at once, at most."""
FIRST = 500
"""And for a beginning, as long as nobody knows how long they are."""
WEIGHT = 500_000
"""Bytes at rest of what is asked for at once, about; of what is looked at one by one at most, but for one row."""
OPENED = 100_000
"""And of what is opened at once: some ten times as much lies in memory then, which is had again for the next ones."""
LONG = 8192
"""Bytes at rest of a body that is read with others: so rows can be asked for before anybody knows their lengths."""
APART = -2
"""The length of a body that is longer."""
GATHER = f"""
select count(*)::int4 as n, max(rid) as last, array_agg(rid) filter (where octet_length(body) > {{long}}) as apart,
  string_agg(id, ',') as ids, string_agg(coalesce(subject, ''), ',') as subjects,
  case when bool_or(others is not null)
    then string_agg(coalesce(array_to_string(others, ' '), ''), ',') end as others,
  string_agg(int4send(ver), ''::bytea) as ver, string_agg(timestamptz_send(updated), ''::bytea) as updated,
  string_agg(int4send(dic::int4), ''::bytea) as dic, string_agg(int4send(kid), ''::bytea) as kid,
  string_agg(int4send(case when octet_length(body) > {{long}} then {APART}
    else coalesce(octet_length(body), -1) end), ''::bytea) as length,
  string_agg(case when octet_length(body) <= {{long}} then body end, ''::bytea) as data
from ({{sql}}) z
"""
"""Ids hold no commas. A body's length is known without the body."""
IN_RANGE = "b.rid > $7 and b.rid <= $8"
LISTED = "b.rid > $7 and b.rid = any($8::int8[])"
"""What Pace asks for, both by `body_by_type`, which has the type as an int4, so that no look-up by id takes it."""
EACH = ("ids", "subjects", "ver", "updated", "dic", "kid", "length")
"""What Columns always hold of every row."""
SINCE = datetime(2000, 1, 1, tzinfo=UTC)
"""What PostgreSQL counts microseconds from."""


def portions(sizes: Sequence[Row]) -> Iterator[list[int]]:
    """Numbers of rows whose bodies fit into memory together; one that is larger alone."""
    some: list[int] = []
    held = 0
    for row in sizes:
        if some and held + row["size"] > WEIGHT:
            yield some
            some, held = [], 0
        some.append(row["rid"])
        held += row["size"]
    if some:
        yield some


@dataclass(slots=True)
class Pace:
    """Goes through rows with numbers above one, up to `among`, or through these, in their order: about as many at once
    as weigh WEIGHT, by what the last ones weighed.
    """

    among: int | Sequence[int] = field(repr=False)
    above: int = 0
    rows: int = FIRST
    _at: int = 0
    _more: bool = True

    def next(self) -> tuple[int, int | Sequence[int], int] | None:
        """What to ask for: above which number, up to which or among which, how many; None at the end."""
        if isinstance(self.among, int):
            return (self.above, self.among, self.rows) if self._more else None
        some = self.among[self._at : self._at + self.rows]
        return (0, some, self.rows) if some else None

    def seen(self, rows: int, weight: int, last: int | None) -> None:
        """So many came, of this weight, up to this number."""
        self._more = rows == self.rows
        self._at += self.rows
        self.above = self.above if last is None else last
        fit = rows * WEIGHT // weight if weight else TOGETHER
        self.rows = max(1, min(TOGETHER, 4 * self.rows, fit))


@dataclass(slots=True)
class Columns:
    """Rows of one type, to be opened once. `length` is -1 where a row has no body: it was deleted; and APART where its
    body is too long to stand here.
    """

    type: str
    bound: Bound = field(repr=False)
    ids: Sequence[str] = field(repr=False)
    subjects: Sequence[str] = field(repr=False)
    others: Sequence[str] | None = field(repr=False)
    ver: Sequence[int] = field(repr=False)
    updated: Sequence[int] = field(repr=False)
    dic: Sequence[int] = field(repr=False)
    kid: Sequence[int] = field(repr=False)
    length: Sequence[int] = field(repr=False)
    data: bytes = field(repr=False)
    opened: Sequence[bytes] | None = field(default=None, repr=False)
    """What each body holds, where somebody has looked already."""

    @classmethod
    def of(cls, type_: str, row: Row, bound: Bound) -> "Columns":
        """What GATHER found, with what stands apart."""
        ids, subjects = row["ids"].split(","), row["subjects"].split(",")
        others = None if row["others"] is None else row["others"].split(",")
        codes = {"ver": "i", "updated": "q", "dic": "i", "kid": "i", "length": "i"}
        numbers: dict[str, Any] = {name: _numbers(code, row[name]) for name, code in codes.items()}
        return cls(type_, bound, ids, subjects, others, data=row["data"] or b"", **numbers)

    @property
    def count(self) -> int:
        """How many."""
        return len(self.ids)

    def near(self) -> "Columns":
        """Those whose bodies stand here."""
        return self.only([one != APART for one in self.length]) if APART in self.length else self

    def stretches(self, weight: int) -> Iterator["Columns"]:
        """The same in stretches of about this weight at rest, one row at least; they take the bodies with them."""
        data, self.data = self.data, b""
        opened, self.opened = self.opened, None
        if len(data) <= weight:
            yield replace(self, data=data, opened=opened)
            return
        ends = self._ends()
        low = begun = 0
        while low < self.count:
            high = max(low + 1, bisect(ends, begun + weight))
            some = {name: getattr(self, name)[low:high] for name in EACH}
            others = None if self.others is None else self.others[low:high]
            texts = None if opened is None else opened[low:high]
            yield replace(self, others=others, data=data[begun : ends[high - 1]], opened=texts, **some)
            low, begun = high, ends[high - 1]

    def touching(self, here: frozenset[str]) -> "Columns":
        """The rows in the compartment of one of these patients: all, where each is about one of them."""
        return self if here.issuperset(self.subjects) else self.only(_touching(self.patients(), here))

    def people(self) -> set[str]:
        """In whose compartments they lie."""
        found = set(self.subjects)
        for one in set(self.others or ()):
            found.update(one.split())
        return found - {""}

    def patients(self) -> Sequence[tuple[str, ...]]:
        """Whose compartments each row lies in, the one it is about first."""
        others = self.others or repeat("")
        return [
            (one, *more.split()) if one else () for one, more in zip(self.subjects, others, strict=bool(self.others))
        ]

    def only(self, kept: Sequence[bool]) -> "Columns":
        """The rows for which this says so."""
        if all(kept):
            return self
        some = {name: list(compress(getattr(self, name), kept)) for name in EACH}
        others = None if self.others is None else list(compress(self.others, kept))
        data = b"".join(one for one in compress(self._bodies(), kept) if one is not None)
        opened = None if self.opened is None else list(compress(self.opened, kept))
        return Columns(type=self.type, bound=self.bound, others=others, data=data, opened=opened, **some)

    def open(self) -> Opened:
        """Their lines, and the bodies at rest are let go; a row that cannot be opened is named instead."""
        tails = self._tails() if self.opened is None else self.opened
        self.opened = None
        if tails is None:
            rows = zip(self.ids, self.ver, map(_moment, self.updated), self.dic, self.kid, self._bodies(), strict=True)
            opened = _opened(self.type, self.bound, rows)
            self.data = b""
            return opened
        self.data = b""
        parts = chain.from_iterable(zip(self._heads(), tails, repeat(b"\n")))
        return Opened(b"".join(parts), len(self.ids))

    def texts(self) -> Sequence[bytes | None]:
        """What each body holds, behind its head; None where it was deleted, stands apart or cannot be read. Raises
        Unavailable.
        """
        tails = self._tails()
        if tails is not None:
            self.opened = [one.tobytes() for one in tails]
            return self.opened
        rows = zip(self.ids, self.dic, self.kid, self._bodies(), strict=True)
        return [None if body is None else self._text(id_, dic, kid, body) for id_, dic, kid, body in rows]

    def _text(self, id_: str, dic: int, kid: int, body: bytes) -> bytes | None:
        try:
            return self.bound.bodies.unpack(self.type, id_, body, dic, kid)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  whoever reads it next says so
            return None

    def record(self, at: int, text: bytes) -> Resource:
        """The resource of a row, of what its body holds."""
        made = whole(self.type, self.ids[at], self.ver[at], _moment(self.updated[at]), text)
        return decode(made, LARGEST)

    def _tails(self) -> Sequence[Any] | None:
        """All bodies, opened in one call, where that goes."""
        plain = len(set(self.dic)) == 1 and self.dic[0] and not any(self.kid) and min(self.length) >= 0
        return self.bound.bodies.together(self.data, self.length, self.dic[0]) if plain else None

    def _heads(self) -> Sequence[bytes]:
        """What stands before each row's tail, as `bodies.whole` puts it."""
        head = f'{{"resourceType":"{self.type}","id":"'
        times = {one: f'","lastUpdated":"{in_utc(_moment(one))}+00:00"' for one in set(self.updated)}
        if len(times) == 1 and len(set(self.ver)) == 1:  # loaded together, and never changed: most are
            behind = f'","meta":{{"versionId":"{self.ver[0]}{times[self.updated[0]]}'
            return (head + f"{behind}\n{head}".join(self.ids) + behind).encode().split(b"\n")
        versions = {one: f'","meta":{{"versionId":"{one}' for one in set(self.ver)}
        rows = zip(self.ids, self.ver, self.updated, strict=True)
        return "\n".join([head + id_ + versions[ver] + times[at] for id_, ver, at in rows]).encode().split(b"\n")

    def _ends(self) -> Sequence[int]:
        """Where in `data` each row's body ends."""
        here = self.length if min(self.length, default=0) >= 0 else [max(one, 0) for one in self.length]
        return list(accumulate(here))

    def _bodies(self) -> Iterable[bytes | None]:
        for end, length in zip(self._ends(), self.length, strict=True):
            yield None if length < 0 else self.data[end - length : end]


@dataclass(slots=True)
class Rows:
    """Some rows that were looked at one by one, to be opened once."""

    type: str
    bound: Bound = field(repr=False)
    rows: Sequence[Row] = field(repr=False)

    @property
    def count(self) -> int:
        """As Columns."""
        return len(self.rows)

    def touching(self, here: frozenset[str]) -> "Rows":
        """As Columns."""
        return self.only(_touching(self.patients(), here))

    def people(self) -> set[str]:
        """As Columns."""
        return set(chain.from_iterable(self.patients()))

    def patients(self) -> Sequence[tuple[str, ...]]:
        """As Columns."""
        return [() if row["subject"] is None else (row["subject"], *(row["others"] or ())) for row in self.rows]

    def only(self, kept: Sequence[bool]) -> "Rows":
        """As Columns."""
        return Rows(self.type, self.bound, list(compress(self.rows, kept)))

    def open(self) -> Opened:
        """As Columns."""
        named = "id", "ver", "updated", "dic", "kid", "body"
        rows, self.rows = self.rows, ()
        return _opened(self.type, self.bound, (tuple(row[one] for one in named) for row in rows))


def _opened(type_: str, bound: Bound, rows: Iterable[Sequence[Any]]) -> Opened:
    """Row by row, each with its id, version, time, dictionary, key and body."""
    lines: list[bytes] = []
    gone: list[str] = []
    broken: list[str] = []
    for id_, ver, at, dic, kid, body in rows:
        if body is None:
            gone.append(id_)
            continue
        try:
            rest = bound.bodies.unpack(type_, id_, body, dic, kid)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  whatever is wrong with it, the others go on (BULK-14)
            broken.append(id_)
        else:
            lines.append(whole(type_, id_, ver, at, rest))
    return Opened(b"\n".join((*lines, b"")), len(lines), gone, broken)


def _touching(patients: Sequence[tuple[str, ...]], here: frozenset[str]) -> Sequence[bool]:
    """Which rows lie in one of these compartments."""
    return [not here.isdisjoint(of) for of in patients]


def _moment(micros: int) -> datetime:
    return SINCE + timedelta(microseconds=micros)


def _numbers(code: str, data: bytes) -> Sequence[int]:
    """A column of numbers as PostgreSQL sends them: the high byte first."""
    found = array(code, data)
    if sys.byteorder == "little":
        found.byteswap()
    return found
