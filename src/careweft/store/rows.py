"""The index rows of one resource: its values, hashed for the tenant and sorted into the tables they live in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from ..fhir.definitions import RESOURCES, SEARCH
from ..fhir.definitions.parameters import PER_TYPE
from ..fhir.search.index import ORDINALS, Cell, Index
from ..fhir.search.kinds import string, token
from ..fhir.search.sort import MAIN_DATE
from .hashes import Hashes

MISSING = datetime.min.replace(tzinfo=UTC)  # PostgreSQL's '-infinity'
HEAD = 128
_TYPES = {number: type_ for type_, number in RESOURCES.items()}
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
ALWAYS = 0b11  # every resource has an _id and a _lastUpdated, which the body's own row answers


Number = tuple[int, Decimal, Decimal, int, int, int]
Pair = tuple[int, int, int, Decimal, Decimal, int, int, int]
Term = tuple[int, str, str | None, int]


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
    terms: list[Term]
    pairs: list[Pair]

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
            *_turned(self.pairs, 8),
        )


NOTHING = (0, 0, 0, MISSING, MISSING, False, [], [], *([] for _ in range(24)))
"""The same for a deletion, which has no index rows."""


def _turned(rows: Sequence[tuple[Any, ...]], width: int) -> Sequence[Any]:
    return list(zip(*rows, strict=True)) if rows else ((),) * width


def rows(type_: str, id_: str, index: Index, patients: Sequence[str], hashes: Hashes) -> Rows:
    """Sort the values of a resource into rows; `patients` whose compartment it is in, its subject first."""
    d, dz, many, dates = _dates(type_, index)
    pats = [hashes.own("Patient", patient) for patient in patients]
    terms = _terms(index, hashes) if index.displays or index.uris else {}
    have = index.have | ALWAYS
    tok, strings = _tokens(index, hashes), index.strings
    tok.update(terms)
    pairs: list[Pair] = []
    if index.wholes:
        pairs, said = _wholes(index, hashes, tok)
        strings = strings + said
    return Rows(
        RESOURCES[type_],
        pats[0] if pats else 0,
        hashes.own(type_, id_),
        have - (1 << 64) if have >> 63 else have,
        d,
        dz,
        many,
        list(tok),
        pats[1:],
        dates,
        [_number(row, hashes) for row in index.amounts] if index.amounts else [],
        list(dict.fromkeys(_cut(p, string.fold(text)) for p, text in strings)) if strings else [],
        list(terms.values()),
        pairs,
    )


def _dates(type_: str, index: Index) -> tuple[datetime, datetime, bool, list[tuple[int, datetime, datetime]]]:
    """The bounds of the main date, whether it has several values, and the dates that get rows of their own."""
    if not index.dates:
        return MISSING, MISSING, False, []
    main = _main(type_)
    if len(index.dates) == 1 and index.dates[0][0] == main:  # as most resources have it
        return index.dates[0][1], index.dates[0][2], False, []
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
    remembered, own, salt = hashes.remembered, hashes.own, hashes.salt
    for row in index.tokens:
        found.update(remembered(row) or hashes.known(row, _coded))
    for p, target, id_ in index.refs:
        found.add((remembered((target, id_)) or own(target, id_)) ^ salt(p))  # hashes.reference, called most here
    for p, text in index.uris:
        found.add(hashes.uri(p, text))
    for p, text in index.strings:
        found.add(hashes.exact(p, text))
    for p, system, code, value in index.typed:
        found.add(hashes.typed(p, system, token.fold(code), token.fold(value)))
    for row in index.logicals:
        found.update(_logical(hashes, *row))
    return found


def _wholes(index: Index, hashes: Hashes, tok: set[int]) -> tuple[list[Pair], list[tuple[int, str]]]:
    """Composites (docs/adr/0302-composite-search.md): two hashed parts go into `tok` as one; a code and what is ordered
    are a row; a code and a text, which stand but once, lie apart.
    """
    pairs: list[Pair] = []
    strings: list[tuple[int, str]] = []
    for row in index.wholes:
        p, first, second = row
        if second[0] == "strings":
            tok.update(hashes.known((p, *first[1]), _coded))
            strings.append((p, *second[1]))
        elif second[0] in ("amounts", "dates"):
            pairs.append(_pair(p, first, second, hashes))
        else:
            tok.update(hashes.known(row, _joined))
    return pairs, strings


def _pair(p: int, first: Cell, second: Cell, hashes: Hashes) -> Pair:
    system, code = first[1]
    of_system, of_code, _ = hashes.known((system, token.fold(code), ""), _unit)
    name, row = second
    if name == "dates":
        low, high = map(microseconds, row)
        return p, of_system, of_code, low, high, 0, 0, 0
    measured = hashes.known(row[2:], _unit)
    return p, of_system, of_code, row[0], row[1], measured[0], measured[1], measured[2]


def microseconds(at: datetime) -> Decimal:
    """A moment as a number: since 1970.

    >>> microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    Decimal('1000000')
    """
    return Decimal((at - EPOCH) // MICROSECOND)


def _joined(hashes: Hashes, p: int, first: Cell, second: Cell) -> Iterator[int]:
    """The forms in which two hashed parts are asked for together."""
    for one in _forms(hashes, p, first):
        for other in _forms(hashes, p, second):
            yield hashes.pair(p, one, other)


def _forms(hashes: Hashes, p: int, cell: Cell) -> Iterator[int]:
    match cell:
        case "refs", (type_, id_):
            yield hashes.reference(p, type_, id_)
        case "uris", (text,):
            yield hashes.uri(p, text)
        case _:
            yield from _coded(hashes, p, *cell[1])


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


def _terms(index: Index, hashes: Hashes) -> dict[int, Term]:
    """The words beside codes, and URLs for `:below`, by their tokens."""
    found: dict[int, Term] = {}
    remembered = hashes.remembered
    for row in index.displays:
        found.update(remembered(row) or hashes.known(row, _term))
    for p, uri in index.uris:
        if _has_path(p):
            found.update(hashes.known((p, uri, ""), _link))
    return found


def _term(hashes: Hashes, p: int, text: str) -> Iterator[tuple[int, Term]]:
    if folded := string.fold(text):
        tok = hashes.display(p, folded)
        yield tok, (*_cut(p, folded), tok)


@cache
def _has_path(p: int) -> bool:
    """Is this a parameter whose URLs are asked for by the path that they lie on?"""
    params = SEARCH[_TYPES[p // PER_TYPE]].values()
    return any(one.number == p and one.kind == "uri" and not one.code.startswith("-") for one in params)


def _link(hashes: Hashes, p: int, url: str, _: str) -> Iterator[tuple[int, Term]]:
    """A URL as it stands, by the token that says it anyway; of what is no URL nothing."""
    if "://" in url:
        tok = hashes.uri(p, url)
        yield tok, (*_cut(p, url), tok)


def _cut(p: int, folded: str) -> tuple[int, str, str | None]:
    """A value longer than a btree row takes is indexed by its beginning and compared to its end."""
    return p, folded[:HEAD], folded[HEAD:] or None


def _number(row: tuple[int, Decimal, Decimal, str, str, str], hashes: Hashes) -> Number:
    system, code, unit = hashes.known(row[3:], _unit)
    return row[0], row[1], row[2], system, code, unit


def _unit(hashes: Hashes, system: str, code: str, unit: str) -> Iterator[int]:
    yield from (hashes.unit(system), hashes.unit(code), hashes.unit(unit))
