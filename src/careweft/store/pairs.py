"""Composites as SQL conditions on an index row `r`: docs/adr/0302-composite-search.md"""

from typing import TYPE_CHECKING

from ..fhir.search.kinds import token
from ..fhir.search.query import Amount, Span, Test, Text, Token
from .comparisons import AMOUNT, SPAN
from .rows import microseconds

if TYPE_CHECKING:
    from .conditions import Conditions


def condition(of: "Conditions", test: Test, first: Test, second: Test) -> str:
    """A code, and in its element a quantity, a date or a text."""
    if isinstance(second.value, Text):  # the element is the resource, so that there is only one
        (place,) = of.places(test)
        words = f"r.rid in (select strings_starting({of.beginning(place, second.value.text)}))"
        return f"({of.tokens([of.token(place, first)])} and {words})"
    both = " and ".join([*code(of, first), *measured(of, second)])
    places = of.args.add(of.places(test), "int2[]")
    rows = f"from ix_pair x where x.tenant = $1::int4 and x.rid = r.rid and x.p = any({places}) and {both}"
    return f"coalesce((select true {rows} limit 1), false)" if of.few else f"exists (select {rows})"


def code(of: "Conditions", test: Test) -> list[str]:
    """The code of a pair."""
    if not isinstance(test.value, Token):
        raise TypeError(f"a pair is led by a code, not by a {type(test.value).__name__}")
    hash_, add, found = of.hashes.unit, of.args.add, []
    if test.value.code is not None:
        found.append(f"x.of_code = {add(hash_(token.fold(test.value.code)), 'int8')}")
    if test.value.system is not None:
        found.append(f"x.of_system = {add(hash_(test.value.system), 'int8')}")
    return found


def measured(of: "Conditions", test: Test) -> list[str]:
    """The quantity or date of a pair."""
    match test.value:
        case Span(start, end):
            ends = of.bound(SPAN[test.how], low=microseconds(start), high=microseconds(end))
            return [SPAN[test.how].format(**ends, a="x.lo", b="x.hi")]
        case Amount(low, high, exact) as amount:
            ends = of.bound(AMOUNT[test.how], low=low, high=high, exact=exact)
            return [AMOUNT[test.how].format(**ends), *of.unit(amount)]
    raise TypeError(f"no condition for {type(test.value).__name__} in a composite")
