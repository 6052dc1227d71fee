"""A search as a value: parsed from a URL, narrowed by access, compiled by the store.

Nothing here knows about HTTP or SQL.
"""

from dataclasses import field, replace
from datetime import UTC, datetime
from decimal import Decimal

from ...values import dataclass
from ..subset import WHOLE, View

ALWAYS_BEFORE = datetime.min.replace(tzinfo=UTC)
ALWAYS_AFTER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Token:
    """`system|code`. None in a place: that place was left open; system "": the value has no system.

    A resource's own values never have None as code; `text` is its display or text, for `:text`.
    """

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Display:
    """Text beside a coded value (CodeableConcept.text, Coding.display, Identifier.type.text), for `:text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Typed:
    """An Identifier by system and code of its type, and its value, for `:of-type`."""

    system: str
    code: str
    value: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a resource of this tenant: `Patient/123`."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Logical:
    """A reference's `identifier`, for `:identifier`; the same places as Token."""

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI, URL or canonical, compared as a whole."""

    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, `start` included and `end` excluded; ALWAYS_BEFORE and ALWAYS_AFTER where it is open."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Text:
    """A string as it stands in the resource or in the URL; kinds.string.fold gives the form that is compared."""

    text: str


@dataclass(frozen=True, slots=True)
class Amount:
    """A number or quantity between `low` and `high`; system and code "" where it has none, None where left open.

    In a resource: low = high, or one side infinite where it has a comparator. In a search: the implicit precision of
    the literal as [low, high), with `exact` the literal itself. `unit` is the human unit beside a resource's code.
    """

    low: Decimal
    high: Decimal
    exact: Decimal
    system: str | None = None
    code: str | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Present:
    """`:missing`: does the parameter have any value at all?"""

    wanted: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """What a reference leads to: a resource of this type, for which all of `where` holds."""

    type: str
    where: tuple["AnyOf", ...]


@dataclass(frozen=True, slots=True)
class Has:
    """What refers here: a resource of this type, by its parameter `by`, for which all of `where` holds (`_has`)."""

    type: str
    by: str
    where: tuple["AnyOf", ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """A value of a composite: its parts, which lie in one element."""

    parts: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Each:
    """What is asked of a composite: a test for each part."""

    tests: tuple["Test", ...]


Hop = Chain | Has
Value = Token | Display | Typed | Ref | Logical | Uri | Span | Text | Amount | Present | Chain | Has | Whole | Each


@dataclass(frozen=True, slots=True)
class Test:
    """Parameter `param` has a value that compares with `value` by `how`.

    `how` by kind: date, number, quantity: eq ne gt lt ge le sa eb ap (`ap` already widened into the value);
    string: starts exact contains; token: is text of-type; reference: is identifier chain; uri: is below; composite: is;
    any: missing. For `_has`, which is a parameter of every type: has.
    """

    param: str
    value: Value
    how: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A comma in a URL: one of these is enough; `negated` (`:not`): none of these may hold."""

    tests: tuple[Test, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of `_sort`."""

    param: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """`_include=source:param:target`, with `reverse` `_revinclude`; target "" is any type, param "*" is all.

    `iterate`: applied to what was included too, and not to the matches alone.
    """

    source: str
    param: str
    target: str = ""
    reverse: bool = False
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Every group in `where` has to hold. `count` 0 asks for no entries, `total` is one of `_total`'s words or ""."""

    type: str
    where: tuple[AnyOf, ...] = ()
    sort: tuple[Sort, ...] = ()
    count: int = 100
    includes: tuple[Include, ...] = field(default=())
    total: str = ""
    view: View = WHOLE

    def narrowed(self, *groups: AnyOf) -> "Query":
        """The same search, confined further."""
        return replace(self, where=(*self.where, *groups))
