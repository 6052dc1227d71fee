"""Quantity parameters: https://hl7.org/fhir/R4/search.html#quantity

`number`, `number|system|code` or `number||unit`; units are compared as they stand, never converted.
"""

from decimal import Decimal
from typing import Any

from ...definitions import SearchParam
from ...outcomes import BadValue
from ..context import Context
from ..escapes import split, unescape
from ..index import Index
from ..query import Amount, Test, Value
from . import number
from .number import INFINITY, known
from .prefix import take
from .reader import Numbers, Reader, part, text

MODIFIERS = frozenset({""})
CURRENCIES = "urn:iso:std:iso:4217"


# How a resource is indexed -------------------------------------------------------------------------------------------


def quantity(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Quantity: its value; with a comparator, all that it may be. The bound itself counts as one of them."""
    low = high = known(part(element, "value"))
    if low is not None and high is not None:
        comparator = text(element.get("comparator"))
        if comparator.startswith("<"):
            low = -INFINITY
        elif comparator.startswith(">"):
            high = INFINITY
        write(low, high, element, numbers, into)


def money(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Money: the currency is its unit."""
    value, currency = known(part(element, "value")), text(part(element, "currency"))
    if value is not None:
        system = CURRENCIES if currency else ""
        into.amounts.extend((one, value, value, system, currency, currency) for one in numbers)


def range_(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Range: between its ends, in the unit of either; an end left out is open."""
    ends = part(element, "low"), part(element, "high")
    low, high = (known(part(end, "value")) for end in ends)
    if low is not None or high is not None:
        unit = ends[0] if low is not None else ends[1]
        write(-INFINITY if low is None else low, INFINITY if high is None else high, unit, numbers, into)


def sampled(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """SampledData: from the least to the greatest of what was measured."""
    origin, factor = part(element, "origin"), known(part(element, "factor"))
    zero = known(part(origin, "value"))
    values = readings(text(part(element, "data")))
    if zero is not None and values:
        scale = Decimal(1) if factor is None else factor
        ends = [number.EXACT.fma(one, scale, zero) for one in (min(values), max(values))]
        write(min(ends), max(ends), origin, numbers, into)


def readings(data: str) -> list[Decimal]:
    """The numbers of SampledData.data, without its letters for error, below and above."""
    return [one for one in map(number.written, data.split()) if one is not None]


def write(low: Decimal, high: Decimal, unit: Any, numbers: Numbers, into: Index) -> None:
    """One row for each parameter, unless the ends are the wrong way round."""
    if low is high or low <= high:
        said = unit if isinstance(unit, dict) else {}
        system, code, name = text(said.get("system")), text(said.get("code")), text(said.get("unit"))
        for one in numbers:
            into.amounts.append((one, low, high, system, code, name))


READERS: dict[str, Reader] = {
    **dict.fromkeys(("Quantity", "Age", "Count", "Distance", "Duration"), quantity),
    "Money": money,
    "Range": range_,
    "SampledData": sampled,
}


# How it is asked -----------------------------------------------------------------------------------------------------


def read(param: SearchParam, _: str, value: str, __: Context) -> tuple[Test, ...]:
    """One alternative: a prefix, a number, and its unit. Raises BadValue."""
    parts = [unescape(one) for one in split(value, "|")]
    if len(parts) not in (1, 3):
        raise BadValue(f"{param.code} wants a quantity such as 5.4, 5.4|http://unitsofmeasure.org|mg or 5.4||mg")
    how, rest = take(parts[0])
    _, system, code = [*parts, "", ""][:3]
    return (Test(param.code, Amount(*number.bounds(param.code, how, rest), system or None, code or None), how),)


def fits(have: Value, test: Test) -> bool:
    """Does this value of a resource answer the test?"""
    if not (isinstance(have, Amount) and isinstance(test.value, Amount)):
        return False
    return measured(have, test.value) and number.fits(have, test)


def measured(have: Amount, asked: Amount) -> bool:
    """Is this in the unit that is asked? With a system it has to be the code, else the human unit will do."""
    if asked.system is not None:
        return have.system == asked.system and asked.code in (None, have.code)
    return asked.code in (None, have.code, have.unit)
