"""Number parameters: https://hl7.org/fhir/R4/search.html#number

`eq` and `ne` go by the precision that is written, the other prefixes exactly by the number.
"""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from decimal import Context as Arithmetic
from typing import Any

from ...definitions import SearchParam
from ...outcomes import BadValue
from ..context import Context
from ..index import Index
from ..query import Amount, Test, Value
from .prefix import shown, take
from .reader import Numbers, Reader, part

MODIFIERS = frozenset({""})
INFINITY = Decimal("Infinity")
LONGEST = 40
LARGEST = 64
_SHAPE = re.compile(r"[+\-]?\d{1,40}(\.\d{1,40})?([eE][+\-]?\d{1,3})?", re.ASCII)
EXACT = Arithmetic(prec=200, rounding=ROUND_HALF_EVEN)  # wide enough for every literal that is read


# How a resource is indexed -------------------------------------------------------------------------------------------


def known(found: Any) -> Decimal | None:
    """A JSON number as a Decimal, else None; one beyond our bounds is not read either."""
    if isinstance(found, bool) or not isinstance(found, (Decimal, int, float)):
        return None
    number = Decimal(repr(found)) if isinstance(found, float) else Decimal(found)
    return number if number.is_finite() and bounded(number) else None


def bounded(number: Decimal) -> bool:
    """Is this a number that we reckon with?"""
    return len(number.as_tuple().digits) <= LONGEST and abs(number.adjusted()) <= LARGEST


def number(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Integer, decimal."""
    if (found := known(element)) is not None:
        into.amounts.extend((one, found, found, "", "", "") for one in numbers)


def range_(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Range: between its ends, an end left out being open."""
    low, high = known(part(part(element, "low"), "value")), known(part(part(element, "high"), "value"))
    if low is None and high is None:
        return
    low, high = -INFINITY if low is None else low, INFINITY if high is None else high
    if low <= high:
        into.amounts.extend((one, low, high, "", "", "") for one in numbers)


READERS: dict[str, Reader] = {
    **dict.fromkeys(("decimal", "integer", "positiveInt", "unsignedInt"), number),
    "Range": range_,
}


# How it is asked -----------------------------------------------------------------------------------------------------


def read(param: SearchParam, _: str, value: str, __: Context) -> tuple[Test, ...]:
    """One alternative: a prefix and a number. Raises BadValue."""
    how, rest = take(value)
    return (Test(param.code, Amount(*bounds(param.code, how, rest)), how),)


def bounds(name: str, how: str, text: str) -> tuple[Decimal, Decimal, Decimal]:
    """Low, high and the literal itself: half a last digit to either side; for `ap` at least a tenth. Raises BadValue.

    >>> [str(one) for one in bounds("value", "eq", "5.40")]
    ['5.395', '5.405', '5.40']
    >>> [str(one) for one in bounds("value", "ap", "100")]
    ['90', '110', '100']
    """
    exact = literal(name, text)
    half = Decimal((0, (5,), last_digit(text, exact) - 1))
    if how == "ap":
        half = max(half, EXACT.divide(abs(exact), Decimal(10)))
    return EXACT.subtract(exact, half), EXACT.add(exact, half), exact


def literal(name: str, text: str) -> Decimal:
    """The number that is written."""
    exact = written(text)
    if exact is None:
        raise BadValue(f"{name} wants a number such as 5.4 or gt100, not {shown(text)}")
    return exact


def written(text: str) -> Decimal | None:
    """The number that this text is, None when it is none, or one beyond our bounds."""
    if len(text) > LONGEST or not _SHAPE.fullmatch(text):
        return None
    number = Decimal(text)
    return number if bounded(number) else None


def last_digit(text: str, exact: Decimal) -> int:
    """The power of ten of the last digit that counts; R4 gives 1e2 as [95, 105), so there it is one further down."""
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101 (finite, so it is no letter)
    return exponent - ("e" in text.lower() and "." not in text)


def fits(have: Value, test: Test) -> bool:
    """Does this value of a resource answer the test?"""
    if not (isinstance(have, Amount) and isinstance(test.value, Amount)):
        return False
    asked = test.value
    within = asked.low <= have.low and have.high < asked.high
    return {
        "eq": within,
        "ne": not within,
        "gt": have.high > asked.exact,
        "lt": have.low < asked.exact,
        "ge": have.high >= asked.exact,
        "le": have.low <= asked.exact,
        "sa": have.low > asked.exact,
        "eb": have.high < asked.exact,
        "ap": have.low <= asked.high and asked.low <= have.high,
    }[test.how]
