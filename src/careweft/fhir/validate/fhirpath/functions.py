"""The functions of FHIRPath that take collections, not expressions: https://hl7.org/fhirpath/N1/#functions

What FHIR adds (`resolve`, `memberOf`, `hasValue`, `htmlChecks`): https://hl7.org/fhir/R4/fhirpath.html
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from ..narrative import safe
from .values import FALSE, NONE, TRUE, Env, Unknown, Values, below, distinct, key, members, number, one, said, truth

Function = Callable[..., Values]
LONGEST_TEXT = 100_000
"""Characters of a text that a pattern of our own tables looks at."""


@lru_cache(256)
def pattern(text: str) -> re.Pattern[str]:
    """A regular expression of an invariant: they come from profiles that ship with careweft, never from a request."""
    return re.compile(text)


def text(of: Callable[..., Any]) -> Function:
    """A function of one text and texts or numbers beside it; of anything else nothing is said."""

    def function(found: Values, _: Env, *args: Values) -> Values:
        given = one(found)
        beside = [one(arg) for arg in args]
        if type(given) is not str or any(arg is None for arg in beside):
            return NONE
        value = of(given[:LONGEST_TEXT], *beside)
        return NONE if value is None else [value]

    return function


def substring(given: str, start: Any, length: Any = None) -> str | None:
    """`substring(start, length)`; nothing from beyond the end."""
    if not isinstance(start, int) or not 0 <= start < len(given):
        return None
    return given[start:] if length is None else given[start : start + int(length)]


def to_integer(found: Values, _: Env) -> Values:
    """`toInteger()`"""
    value = one(found)
    if type(value) is str:
        return [int(value)] if re.fullmatch(r"[+-]?[0-9]{1,18}", value) else NONE
    return [int(value)] if isinstance(value, int) else NONE


def to_decimal(found: Values, _: Env) -> Values:
    """`toDecimal()`"""
    value = one(found)
    try:
        return [Decimal(value)] if isinstance(value, str | int | Decimal) else NONE
    except InvalidOperation:
        return NONE


def to_string(found: Values, _: Env) -> Values:
    """`toString()`"""
    value = one(found)
    if type(value) is bool:
        return ["true" if value else "false"]
    return [str(value)] if isinstance(value, str) or number(value) else NONE


def is_distinct(found: Values, env: Env) -> Values:
    """`isDistinct()`"""
    return said(len(distinct(found, env)) == len(found))


def subset(found: Values, env: Env, other: Values) -> Values:
    """`subsetOf(other)`"""
    env.spend(len(found) + len(other))
    return said({key(value) for value in found} <= {key(value) for value in other})


def superset(found: Values, env: Env, other: Values) -> Values:
    """`supersetOf(other)`"""
    return subset(other, env, found)


def intersect(found: Values, env: Env, other: Values) -> Values:
    """`intersect(other)`"""
    env.spend(len(found) + len(other))
    wanted = {key(value) for value in other}
    return distinct([value for value in found if key(value) in wanted], env)


def exclude(found: Values, env: Env, other: Values) -> Values:
    """`exclude(other)`"""
    env.spend(len(found) + len(other))
    unwanted = {key(value) for value in other}
    return [value for value in found if key(value) not in unwanted]


def negated(found: Values, _: Env) -> Values:
    """`not()`"""
    held = truth(found)
    return NONE if held is None else said(not held)


def resolve(found: Values, env: Env) -> Values:
    """`resolve()`: what the references lead to."""
    return [target for value in found if (target := env.target(value)) is not None]


def member_of(found: Values, env: Env, wanted: Values) -> Values:
    """`memberOf(valueset)`. Raises Unknown for a value set that is not at hand."""
    value = one(found)
    codes = env.codes(str(one(wanted)).partition("|")[0])
    if value is None:
        return NONE
    if not codes:
        raise Unknown
    if type(value) is str:
        return said(any(value == code for _, code in codes))
    codings = value.get("coding", [value]) if isinstance(value, dict) else []
    return said(any((one_.get("system"), one_.get("code")) in codes for one_ in codings if isinstance(one_, dict)))


def has_value(found: Values, _: Env) -> Values:
    """`hasValue()`: one primitive value."""
    return said(len(found) == 1 and not isinstance(found[0], dict))


def html_checks(found: Values, _: Env) -> Values:
    """`htmlChecks()`: https://hl7.org/fhir/R4/narrative.html#Narrative"""
    return said(all(type(value) is not str or safe(value) is None for value in found))


FUNCTIONS: dict[str, Function] = {
    "empty": lambda found, _: FALSE if found else TRUE,
    "not": negated,
    "count": lambda found, _: [len(found)],
    "first": lambda found, _: found[:1],
    "last": lambda found, _: found[-1:],
    "tail": lambda found, _: found[1:],
    "single": lambda found, _: found[:1],
    "skip": lambda found, _, many: found[max(0, one(many) or 0) :],
    "take": lambda found, _, many: found[: max(0, one(many) or 0)],
    "trace": lambda found, *_: found,
    "distinct": distinct,
    "isDistinct": is_distinct,
    "subsetOf": subset,
    "supersetOf": superset,
    "intersect": intersect,
    "exclude": exclude,
    "union": lambda found, env, other: distinct(found + other, env),
    "combine": lambda found, _, other: found + other,
    "allTrue": lambda found, _: said(all(value is True for value in found)),
    "anyTrue": lambda found, _: said(any(value is True for value in found)),
    "allFalse": lambda found, _: said(all(value is False for value in found)),
    "anyFalse": lambda found, _: said(any(value is False for value in found)),
    "startsWith": text(lambda given, start: given.startswith(str(start))),
    "endsWith": text(lambda given, end: given.endswith(str(end))),
    "contains": text(lambda given, part: str(part) in given),
    "indexOf": text(lambda given, part: given.find(str(part))),
    "matches": text(lambda given, wanted: pattern(str(wanted)).fullmatch(given) is not None),
    "replace": text(lambda given, old, new: given.replace(str(old), str(new))),
    "replaceMatches": text(lambda given, old, new: pattern(str(old)).sub(str(new), given)),
    "substring": text(substring),
    "length": text(len),
    "upper": text(str.upper),
    "lower": text(str.lower),
    "toInteger": to_integer,
    "toDecimal": to_decimal,
    "toString": to_string,
    "children": lambda found, _: [child for value in found for child in members(value)],
    "descendants": lambda found, env: [*below(found, env)],
    "resolve": resolve,
    "memberOf": member_of,
    "hasValue": has_value,
    "htmlChecks": html_checks,
}
