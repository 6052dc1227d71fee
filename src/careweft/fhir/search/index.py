"""What a resource is found by: rows of plain tuples, each with the number of its search parameter in front.

The kinds write into it, `extract` fills it for a whole resource, the store keeps its rows.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from .query import Amount, Display, Logical, Ref, Span, Text, Token, Typed, Uri, Value, Whole

Cell = tuple[str, tuple[Any, ...]]  # the list that a row comes from, and the row without its number
ORDINALS = 63  # a parameter's number modulo 64 is its place among its type's own


class Index:
    """The rows of one resource. Values without offset are read in `zone` while it is filled."""

    __slots__ = (
        "amounts",
        "dates",
        "displays",
        "have",
        "logicals",
        "refs",
        "strings",
        "tokens",
        "typed",
        "uris",
        "wholes",
        "zone",
    )

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone
        self.have = 0
        """Bit o is set: the parameter with ordinal o has a value."""
        self.tokens: list[tuple[int, str, str]] = []
        """(number, system or "", code); code "" where a Coding has only a system."""
        self.displays: list[tuple[int, str]] = []
        """Text beside coded values, for `:text`."""
        self.typed: list[tuple[int, str, str, str]] = []
        """(number, system or "", code, value) of an Identifier and its type, for `:of-type`."""
        self.refs: list[tuple[int, str, str]] = []
        """(number, type, id) of references within this tenant."""
        self.logicals: list[tuple[int, str, str]] = []
        """(number, system or "", value) of `Reference.identifier`."""
        self.uris: list[tuple[int, str]] = []
        self.strings: list[tuple[int, str]] = []
        """As they stand; kinds.string.fold gives what is compared."""
        self.dates: list[tuple[int, datetime, datetime]] = []
        self.amounts: list[tuple[int, Decimal, Decimal, str, str, str]] = []
        """(number, low, high, system or "", code or "", unit or ""); an open side is infinite."""

        self.wholes: list[tuple[int, Cell, Cell]] = []
        """Parts of a composite that lie in one element."""

    def close(self) -> "Index":
        """Drop rows that came twice and note which parameters have a value."""
        numbers: set[int] = set()
        lists: tuple[list[Any], ...] = (
            self.tokens, self.displays, self.typed, self.refs, self.logicals, self.uris, self.strings, self.dates,
            self.amounts, self.wholes,
        )  # fmt: skip
        for rows in filter(None, lists):
            if len(rows) > 1 and len(once := dict.fromkeys(rows)) < len(rows):
                rows[:] = once
            numbers.update([row[0] for row in rows])
        have = 0
        for number in numbers:
            have |= 1 << (number & ORDINALS)
        self.have = have
        return self

    def of(self, number: int) -> Iterator[Value]:
        """What this parameter holds, as values."""
        yield from (Token(system, code) for n, system, code in self.tokens if n == number)
        yield from (Display(text) for n, text in self.displays if n == number)
        yield from (Typed(*row) for n, *row in self.typed if n == number)
        yield from (Ref(type_, id_) for n, type_, id_ in self.refs if n == number)
        yield from (Logical(system, code) for n, system, code in self.logicals if n == number)
        yield from (Uri(text) for n, text in self.uris if n == number)
        yield from (Text(text) for n, text in self.strings if n == number)
        yield from (Span(start, end) for n, start, end in self.dates if n == number)
        for n, low, high, system, code, unit in self.amounts:
            if n == number:
                yield Amount(low, high, low, system, code, unit)
        yield from (Whole((value(first), value(second))) for n, first, second in self.wholes if n == number)


def _amount(low: Decimal, high: Decimal, system: str, code: str, unit: str) -> Amount:
    return Amount(low, high, low, system, code, unit)


def cells(index: Index, slots: int) -> list[list[Cell]]:
    """What composites are made of, by number, which is below `slots`; each once."""
    found: list[list[Cell]] = [[] for _ in range(slots)]
    for name in VALUES:
        lines: list[tuple[Any, ...]] = getattr(index, name)
        for row in dict.fromkeys(lines) if len(lines) > 1 else lines:
            found[row[0]].append((name, row[1:]))
    return found


def value(cell: Cell) -> Value:
    """What a cell says."""
    name, row = cell
    return VALUES[name](*row)


VALUES: Mapping[str, Callable[..., Value]] = {
    "tokens": Token,
    "refs": Ref,
    "uris": Uri,
    "strings": Text,
    "dates": Span,
    "amounts": _amount,
}
