"""Tests of a search as SQL conditions on an index row `r`: what kinds.*.fits means, said with hashes, dates and bounds.

Values are bound, never written into the text. Whatever must not use an index is wrapped in IS TRUE, so that the planner
does not AND a bitmap over half the table to a lookup that found its row already (stack.md section 4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from ..access.sight import Sight
from ..fhir.definitions import RESOURCES, SEARCH
from ..fhir.search.index import ORDINALS
from ..fhir.search.kinds import composite, date, string, token
from ..fhir.search.query import (
    Amount,
    AnyOf,
    Chain,
    Display,
    Each,
    Has,
    Logical,
    Present,
    Ref,
    Span,
    Test,
    Text,
    Token,
    Typed,
    Uri,
)
from ..fhir.search.sort import MAIN_DATE
from . import pairs
from .comparisons import AMOUNT, MOMENT, SPAN
from .hashes import Hashes
from .rows import HEAD
from .within import Patients

LAST = "\U0010ffff"  # no folded text holds a character as high


BRIEF = timedelta(days=32)
"""As long as a main date may last that does not `last`: the same number is in schema/0007_long_dates.sql."""


@dataclass(slots=True)
class Bounds:
    """Bounds on `r.d`: those that hold for every row, those that hold unless it has several main dates, and those that
    hold unless it also lasts.
    """

    always: list[str] = field(default_factory=list)
    single: list[str] = field(default_factory=list)
    brief: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Args:
    """The bound values of one statement; `patients` are those within a sight, where they are few."""

    values: list[Any] = field(default_factory=list)
    patients: Patients = field(default_factory=dict)
    _places: dict[Sight, str] = field(default_factory=dict)

    def add(self, value: Any, type_: str) -> str:
        """Bind a value; returns its place, with the type that it has in SQL."""
        self.values.append(value)
        return f"${len(self.values)}::{type_}"

    def few(self, sight: Sight) -> str | None:
        """The place of a sight's few patients, bound once; None where they are many."""
        if sight not in self.patients:
            return None
        if sight not in self._places:
            self._places[sight] = self.add(list(self.patients[sight]), "int8[]")
        return self._places[sight]


class Chains(Protocol):
    """Writes the conditions that look at other rows; store.hops."""

    def condition(self, conditions: "Conditions", test: Test) -> str:
        """What a Chain or Has asks, of the row `r` of these conditions."""
        ...


class Conditions:
    """Writes conditions for one statement over one type of one tenant; `$1` is the tenant.

    `hops` writes the chains; without it there are none.
    """

    def __init__(
        self, tenant: int, type_: str, hashes: Hashes, hops: "Chains | None" = None, args: Args | None = None
    ) -> None:
        self.args = args or Args([tenant])
        self.tenant = tenant
        self.type = type_
        self.hops = hops
        self.rt = self.args.add(RESOURCES[type_], "int2")
        self.hashes = hashes
        self._params = SEARCH[type_]
        main = MAIN_DATE.get(type_)
        self._main = self._params[main].number if main else -1
        self.few = False
        """The rows that are asked come from an index that gives few of them: look beside each, not for all."""

    def look_beside(self, path: str) -> None:
        """Rows come by this path: of a walk's there may be many."""
        self.few = path in ("patient", "sight", "token", "rows")

    def group(self, group: AnyOf) -> str:
        """One of these (negated: none of these)."""
        hashed = [test for test in group.tests if is_hashed(test)]
        ids = [test.value.code for test in group.tests if test.param == "_id" and isinstance(test.value, Token)]
        found = [self.tokens(self.hashed(hashed))] if hashed else []
        found += [f"r.rid in (select rids_of($1::int4, {self.rt}, {self.args.add(ids, 'text[]')}))"] if ids else []
        found += [self.test(test) for test in group.tests if not is_hashed(test) and test.param != "_id"]
        any_ = " or ".join(found) or "false"
        return f"not ({any_})" if group.negated else f"({any_})"

    def groups(self, groups: Iterable[AnyOf]) -> list[str]:
        """All of these, one by one."""
        return [self.group(group) for group in groups]

    def tokens(self, tokens: Sequence[int], *, index: bool = False) -> str:
        """The row holds one of these; with `index` in a form that the GIN index answers."""
        test = f"r.tok && {self.args.add(list(tokens), 'int8[]')}"
        return test if index else f"({test}) is true"

    def hashed(self, tests: Iterable[Test]) -> list[int]:
        """The tokens of tests that are answered by tokens alone."""
        return [self.token(place, test) for test in tests for place in self.places(test)]

    def places(self, test: Test) -> list[int]:
        """The numbers under which the index rows of this parameter lie."""
        param = self._params[test.param]
        return [one.number for one in composite.places(param)] if param.kind == "composite" else [param.number]

    def token(self, p: int, test: Test) -> int:  # noqa: PLR0911 (one row for each kind of value)
        """The token that says what a test asks, under this number."""
        match test.value:
            case Token(None, str(code)):
                return self.hashes.code(p, token.fold(code))
            case Token(str(system), None):
                return self.hashes.system(p, system)
            case Token(str(system), str(code)):
                return self.hashes.coding(p, system, token.fold(code))
            case Ref(type_, id_):
                return self.hashes.reference(p, type_, id_)
            case Uri(text):
                return self.hashes.uri(p, text)
            case Text(text):
                return self.hashes.exact(p, text)
            case Each((first, second)):
                return self.hashes.pair(p, self.token(p, first), self.token(p, second))
            case Typed(system, code, value):
                return self.hashes.typed(p, system, token.fold(code), token.fold(value))
            case Logical(system, code):
                return self.hashes.logical(p, system, None if code is None else token.fold(code))
        raise TypeError(f"a {type(test.value).__name__} is not answered by a token")

    def test(self, test: Test) -> str:  # noqa: PLR0911 (one row for each kind of value)
        """One test that needs more than tokens."""
        if isinstance(test.value, Chain | Has) and self.hops is not None:
            return self.hops.condition(self, test)
        param = self._params[test.param]
        match test.value:
            case Present(wanted):
                either = " | ".join(f"(r.have >> {place & ORDINALS})" for place in self.places(test))
                return f"({either}) & 1 = {int(wanted)}"
            case Each((first, second)):
                return pairs.condition(self, test, first, second)
            case Display(text):
                return f"(r.tok && array(select terms_starting({self.beginning(param.number, text)}))) is true"
            case Uri(text):
                under = self.beginning(param.number, text, folded=text)
                return f"(r.tok && array(select terms_starting({under}))) is true"
            case Text(text) if test.how == "contains":
                return f"r.rid in (select {self.containing(param.number, text)})"
            case Text(text):
                return f"r.rid in (select strings_starting({self.beginning(param.number, text)}))"
            case Span() as span:
                return self._date(param.number, span, test.how)
            case Amount() as amount:
                return self._amount(param.number, amount, test.how)
        raise TypeError(f"no condition for {type(test.value).__name__}")

    def beginning(self, p: int, text: str, folded: str | None = None) -> str:
        """Arguments of a lookup of folded texts that begin with this one, or with `folded` as it stands."""
        folded = string.fold(text) if folded is None else folded
        head, rest = folded[:HEAD], folded[HEAD:] or None
        add = self.args.add
        return f"$1::int4, {add(p, 'int2')}, {add(head, 'text')}, {add(head + LAST, 'text')}, {add(rest, 'text')}"

    def containing(self, p: int, text: str) -> str:
        """A lookup of strings that hold this one."""
        return f"strings_containing($1::int4, {self.args.add(p, 'int2')}, {self.args.add(string.fold(text), 'text')})"

    def _date(self, p: int, span: Span, how: str) -> str:
        moment = p & ORDINALS == 1
        ends = self.bound((MOMENT if moment else SPAN)[how], low=span.start, high=span.end)
        if moment:
            return MOMENT[how].format(**ends, a="r.updated")
        rows = self._rows("ix_date", p, SPAN[how].format(**ends, a="x.lo", b="x.hi"))
        if p != self._main:
            return f"exists (select {rows})"
        main = SPAN[how].format(**ends, a="r.d", b="r.dz")
        # Not `exists`, for which the planner would read the whole table in case.
        several = f"coalesce((select true {rows} limit 1), false)"
        return f"((r.have >> {p & ORDINALS}) & 1 = 1 and case when r.many then {several} else {main} end)"

    def bounds(self, group: AnyOf) -> Bounds:
        """Bounds on `r.d` that follow from a date test, so that a walk can start and end there."""
        found = Bounds()
        if len(group.tests) == 1 and not group.negated and isinstance(group.tests[0].value, Span):
            test = group.tests[0]
            if isinstance(test.value, Span) and self._params[test.param].number == self._main:
                self._bounded(found, test.how, test.value)
        return found

    def _bounded(self, found: Bounds, how: str, asked: Span) -> None:
        if how in ("eq", "ap", "le"):
            found.always.append(f"r.d < {self._moment(asked.end)}")
        if how in ("lt", "eb"):
            found.always.append(f"r.d < {self._moment(asked.start)}")
        if how == "eq":
            found.single.append(f"r.d >= {self._moment(asked.start)}")
        if how == "sa":
            found.single.append(f"r.d >= {self._moment(asked.end)}")
        if how in ("ge", "gt", "ap"):  # it ends after this, and began no longer before than it lasts
            found.brief.append(f"r.d >= {self._moment(date.later(asked.end if how == 'gt' else asked.start, -BRIEF))}")

    def _amount(self, p: int, amount: Amount, how: str) -> str:
        ends = self.bound(AMOUNT[how], low=amount.low, high=amount.high, exact=amount.exact)
        test = " and ".join([AMOUNT[how].format(**ends), *self.unit(amount)])
        return f"exists (select {self._rows('ix_num', p, test)})"

    def bound(self, template: str, **ends: datetime | Decimal) -> dict[str, str]:
        """The ends that this comparison speaks of, bound; PostgreSQL refuses values that no text mentions."""
        return {
            name: self.args.add(end, "timestamptz" if isinstance(end, datetime) else "numeric")
            for name, end in ends.items()
            if f"{{{name}}}" in template
        }

    def unit(self, amount: Amount) -> list[str]:
        """The conditions that the unit sets."""
        code = None if amount.code is None else self.args.add(self.hashes.unit(amount.code), "int8")
        if amount.system is None:
            return [] if code is None else [f"{code} in (x.code, x.unit)"]
        system = f"x.system = {self.args.add(self.hashes.unit(amount.system), 'int8')}"
        return [system] if code is None else [system, f"x.code = {code}"]

    def _rows(self, table: str, p: int, test: str) -> str:
        """Rows of a side table that belong to `r` and pass this test."""
        place = self.args.add(p, "int2")
        return f"from {table} x where x.tenant = $1::int4 and x.rid = r.rid and x.p = {place} and {test}"

    def _moment(self, at: datetime) -> str:
        return self.args.add(at, "timestamptz")


def is_hashed(test: Test) -> bool:
    """Tokens alone answer this test."""
    match test.value:
        case Token():
            return test.param != "_id"
        case Ref() | Logical() | Typed():
            return True
        case Uri():
            return test.how != "below"
        case Text():
            return test.how == "exact"
        case Each(tests):
            return all(map(is_hashed, tests))
    return False
