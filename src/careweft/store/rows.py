"""The index rows of one resource: its values, hashed for the tenant and sorted into the tables they live in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from ..fhir.definitions import RESOURCES, SEARCH
from ..fhir.search.index import ORDINALS, Index
from ..fhir.search.kinds import string, token
from ..fhir.search.sort import MAIN_DATE
from .hashes import Hashes

MISSING = datetime.min.replace(tzinfo=UTC)  # PostgreSQL's '-infinity'
HEAD = 128
ALWAYS = 0b11  # every resource has an _id and a _lastUpdated, which the body's own row answers


Number = tuple[int, Decimal, Decimal, int, int, int]


@dataclass(slots=True)
class Rows:
    """Everything by which one resource is found. The lists are columns beside each other, as the SQL takes them."""

    type: int
    pat: int
    own: int
    have: int
    d: datetime
    dz: datetime
    many: bool
    tok: list[int]
    pats: list[int]
    dates: list[tuple[int, datetime, datetime]]
    numbers: list[Number]
    strings: list[tuple[int, str, str | None]]
    terms: list[tuple[int, str, str | None, int]]

    def columns(self) -> Sequence[Any]:
        """The arguments of `add_index_rows` behind the index version."""
        return (
            self.pat,
            self.own,
            self.have,
            self.d,
            self.dz,
            self.many,
            self.tok,
            self.pats,
            *_turned(self.dates, 3),
            *_turned(self.numbers, 6),
            *_turned(self.strings, 3),
            *_turned(self.terms, 4),
        )


NOTHING = (0, 0, 0, MISSING, MISSING, False, [], [], *([] for _ in range(16)))
"""The same for a deletion, which has no index rows."""


def _turned(rows: Sequence[tuple[Any, ...]], width: int) -> Sequence[Any]:
    return list(zip(*rows, strict=True)) if rows else ((),) * width


def rows(type_: str, id_: str, index: Index, patients: Sequence[str], hashes: Hashes) -> Rows:
    """Sort the values of a resource into rows; `patients` whose compartment it is in, its subject first."""
    d, dz, many, dates = _dates(type_, index)
    pats = [hashes.own("Patient", patient) for patient in patients]
    terms = _terms(index, hashes) if index.displays else []
    have = index.have | ALWAYS
    return Rows(
        RESOURCES[type_],
        pats[0] if pats else 0,
        hashes.own(type_, id_),
        have - (1 << 64) if have >> 63 else have,
        d,
        dz,
        many,
        [*_tokens(index, hashes), *(row[3] for row in terms)],
        pats[1:],
        dates,
        [_number(row, hashes) for row in index.amounts] if index.amounts else [],
        list(dict.fromkeys(_cut(p, string.fold(text)) for p, text in index.strings)) if index.strings else [],
        terms,
    )


def _dates(type_: str, index: Index) -> tuple[datetime, datetime, bool, list[tuple[int, datetime, datetime]]]:
    """The bounds of the main date, whether it has several values, and the dates that get rows of their own."""
    if not index.dates:
        return MISSING, MISSING, False, []
    main = _main(type_)
    own = [row for row in index.dates if row[0] == main]
    rest = [row for row in index.dates if row[0] & ORDINALS > 1 and (row[0] != main or len(own) > 1)]
    if not own:
        return MISSING, MISSING, False, rest
    return min(row[1] for row in own), max(row[2] for row in own), len(own) > 1, rest


@cache
def _main(type_: str) -> int:
    """The number of the type's main date, -1 without one."""
    code = MAIN_DATE.get(type_)
    return SEARCH[type_][code].number if code else -1


def _tokens(index: Index, hashes: Hashes) -> set[int]:
    found: set[int] = set()
    for row in index.tokens:
        found.update(hashes.known(row, _coded))
    own, salt = hashes.own, hashes.salt
    for p, target, id_ in index.refs:
        found.add(own(target, id_) ^ salt(p))  # hashes.reference, where it is called most
    for p, text in index.uris:
        found.add(hashes.uri(p, text))
    for p, text in index.strings:
        found.add(hashes.exact(p, text))
    for row in index.logicals:
        found.update(_logical(hashes, *row))
    return found


def _coded(hashes: Hashes, p: int, system: str, code: str) -> Iterator[int]:
    """The forms in which one code is asked for."""
    if system:
        yield hashes.system(p, system)
    if code:
        folded = token.fold(code)
        yield hashes.code(p, folded)
        yield hashes.coding(p, system, folded)


def _logical(hashes: Hashes, p: int, system: str, code: str) -> Iterator[int]:
    if system:
        yield hashes.logical(p, system, None)
    if code:
        yield hashes.logical(p, None, token.fold(code))
        yield hashes.logical(p, system, token.fold(code))


def _terms(index: Index, hashes: Hashes) -> list[tuple[int, str, str | None, int]]:
    """The words beside codes, each once."""
    found = {one[3]: one for row in index.displays for one in hashes.known(row, _term)}
    return list(found.values())


def _term(hashes: Hashes, p: int, text: str) -> Iterator[tuple[int, str, str | None, int]]:
    folded = string.fold(text)
    if folded:
        yield *_cut(p, folded), hashes.display(p, folded)


def _cut(p: int, folded: str) -> tuple[int, str, str | None]:
    """A value longer than a btree row takes is indexed by its beginning and compared to its end."""
    return p, folded[:HEAD], folded[HEAD:] or None


def _number(row: tuple[int, Decimal, Decimal, str, str, str], hashes: Hashes) -> Number:
    p, low, high, *unit = row
    system, code, text = hashes.known(tuple(unit), _unit)
    return p, low, high, system, code, text


def _unit(hashes: Hashes, system: str, code: str, unit: str) -> Iterator[int]:
    yield from (hashes.unit(system), hashes.unit(code), hashes.unit(unit))
