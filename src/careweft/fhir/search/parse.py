"""The parameters of a search, as they came, to a Query, against what one API offers: https://hl7.org/fhir/R4/search.html

Whatever is not offered is refused by name, unless the caller asked for lenience; then it is left out, and left out of
`used` too, from which the Bundle's `self` link is made.
"""

import re
from collections.abc import Iterable, Mapping

from ...values import dataclass
from .. import paths
from ..definitions import RESOURCES, SEARCH, SearchParam
from ..outcomes import BadValue, Exceeding, UnknownParameter
from . import chain, include, results
from .context import Context
from .escapes import split
from .kinds import KINDS, composite
from .kinds.prefix import shown
from .offered import Offered, Offers
from .query import AnyOf, Present, Query, Test

COMMON = ("_id", "_lastUpdated", "_profile", "_security", "_tag")  # searched for on every type
FORMS = ("_format", "_pretty")  # read where the answer is written
ONCE = ("_count", "_sort", "_total", "_summary")
PARAMS, VALUES, LENGTH, TESTS = 50, 200, 1024, 4000  # limits of one search (security.md FATK-02)
_UNFIT = re.compile("[\x00\ud800-\udfff]")

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Search:
    """The query, the pairs that made it, in their order, and the names of those that lenience left out."""

    query: Query
    used: tuple[Pair, ...] = ()
    ignored: tuple[str, ...] = ()


def parse(
    type_: str,
    offered: Offered,
    pairs: Iterable[Pair],
    context: Context,
    *,
    lenient: bool = False,
    others: Mapping[str, Offered] | None = None,
) -> Search:
    """The search that these decoded pairs ask for; `others` is what the API offers of the types to which chains,
    `_has` and `_include:iterate` may lead, without which there are none.

    Raises UnknownParameter, BadValue and Exceeding.

    >>> from datetime import UTC, datetime
    >>> here = Context(datetime(2024, 5, 17, tzinfo=UTC), UTC, "https://fhir.example")
    >>> parse("Observation", Offers(["status"]), [("status", "final"), ("_count", "5")], here).query.count
    5
    """
    query = Query(type_, count=results.COUNT)
    used: list[Pair] = []
    ignored: list[str] = []
    offers = {**others, type_: offered} if others else {}
    for name, text in fit(pairs):
        try:
            query = taken(query, name, text, offered, context, offers)
        except UnknownParameter:
            if not lenient or begun(name, offered):
                raise
            ignored.append(name)
        else:
            used.append((name, str(query.count) if name == "_count" else text))
    return Search(results.agreeing(query), tuple(used), tuple(ignored))


def searched(code: str, offered: Offered) -> bool:
    """Is this a parameter by which this API searches?"""
    return code in COMMON or code in offered.params


def begun(name: str, offered: Offered) -> bool:
    """Does this name begin with a parameter of this API, so that what follows it may not be passed over?"""
    code = re.split("[:.]", name, maxsplit=1)[0]
    return code == chain.HAS or searched(code, offered)


def fit(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs, once they are few enough and their texts can be text everywhere. Raises BadValue."""
    found = list(pairs)
    if len(found) > PARAMS:
        raise Exceeding(f"A search wants at most {PARAMS} parameters")
    for name in ONCE:
        if sum(one == name for one, _ in found) > 1:
            raise BadValue(f"{name} is given more than once")
    for name, text in found:
        if _UNFIT.search(name) or _UNFIT.search(text):
            raise BadValue("A parameter wants valid Unicode text without U+0000")
        if not text:
            raise BadValue(f"{shown(name, 60)} wants a value")
    return found


def taken(
    query: Query, name: str, text: str, offered: Offered, context: Context, offers: Mapping[str, Offered]
) -> Query:
    """The query with one more parameter in it; `offers` has the types to which a chain may lead."""
    if name in FORMS:
        return query
    if name in results.TAKEN:
        return results.taken(query, name, text, offered)
    if name in include.NAMES:
        on = [*offers.values()] if offers and name.endswith(":iterate") else [offered]
        return include.brought(query, name, text, on)
    if offers and chain.is_chain(name):
        asked = chain.group(query.type, name, offers, lambda of, end: plain(of, end, text, offers[of], context))
    else:
        asked = plain(query.type, name, text, offered, context)
    narrowed = query.narrowed(asked)
    if chain.weight(narrowed.where) > TESTS:
        raise Exceeding(f"A search wants at most {TESTS} values in all, counting each type that a bare id may be of")
    if sum(1 for _ in chain.hops(narrowed.where)) > chain.MOST:
        raise Exceeding(f"The chains of a search want to lead to at most {chain.MOST} types in all; name their types")
    return narrowed


def plain(type_: str, name: str, text: str, offered: Offered, context: Context) -> AnyOf:
    """A parameter of the type itself, with its modifier."""
    code, _, modifier = name.partition(":")
    if not searched(code, offered) or code not in SEARCH[type_] or (":" in name and not modifier):
        offers = ", ".join(sorted({*offered.params, *COMMON}))
        raise UnknownParameter(f"Invalid search parameter: {shown(name, 60)}; this API offers {offers} for {type_}")
    return group(SEARCH[type_][code], modifier, text, context)


def conditions(type_: str, pairs: Iterable[Pair], context: Context) -> tuple[AnyOf, ...]:
    """What these pairs ask, all of the type's parameters being offered: for the filters of granular scopes."""
    return parse(type_, Offers(SEARCH[type_]), pairs, context).query.where


def group(param: SearchParam, modifier: str, text: str, context: Context) -> AnyOf:
    """One parameter with all its alternatives. Raises UnknownParameter for its modifier, BadValue for its value."""
    if modifier not in modifiers(param):
        known = ", ".join(f":{one}" for one in modifiers(param) if one)
        asked = shown(f"{param.code}:{modifier}", 60)
        raise UnknownParameter(f"Invalid search parameter: {asked}; {param.code} knows {known or 'no modifier'}")
    if modifier == "missing":
        return AnyOf((missing(param, text),))
    found = split(text, ",")
    if len(found) > VALUES:
        raise Exceeding(f"{param.code} wants at most {VALUES} values")
    if any(len(one) > LENGTH for one in found):
        raise BadValue(f"{param.code} wants values of at most {LENGTH} characters")
    if not all(found):
        raise BadValue(f"{param.code} wants a value on each side of a comma; a comma within a value is written \\,")
    read = KINDS[param.kind].read
    negated = modifier in ("not", "not-in")
    tests = (test for one in found for test in read(param, "" if modifier == "not" else modifier, one, context))
    return AnyOf(tuple(tests), negated)


def missing(param: SearchParam, text: str) -> Test:
    """`:missing`, which is true or false."""
    if text not in ("true", "false"):
        raise BadValue(f"{param.code}:missing wants true or false, not {shown(text)}")
    return Test(param.code, Present(text == "false"), "missing")


def modifiers(param: SearchParam) -> tuple[str, ...]:
    """What may follow the parameter's name, "" being nothing; every resource has an id and a date of change.

    >>> modifiers(SEARCH["Observation"]["code"]), modifiers(SEARCH["Observation"]["patient"])
    (('', 'above', 'below', 'in', 'missing', 'not', 'not-in', 'text'), ('', 'Patient', 'identifier', 'missing'))
    """
    if param.kind not in KINDS or (param.kind == "composite" and not composite.parts(param)):
        return ()
    if param.code == "_id":
        return ("", "not")
    if param.code == "_lastUpdated":
        return ("",)
    if param.code.startswith("-"):  # ours, which no API offers
        return ("", "missing")
    types = (param.targets or tuple(RESOURCES)) if param.kind == "reference" else ()
    found = {*KINDS[param.kind].modifiers, "missing", *types}
    return tuple(sorted(found if "Identifier" in paths.types(param.expression, param.type) else found - {"of-type"}))
