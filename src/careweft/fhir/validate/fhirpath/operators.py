"""What stands between two expressions: https://hl7.org/fhirpath/N1/#operations"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from typing import Any

from .values import FALSE, NONE, TRUE, Env, Values, distinct, key, number, one, said

Operator = Callable[[Values, Values, Env], Values]
MOMENT = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T.{8}.*)?)?)?\Z", re.ASCII)


def equal(left: Values, right: Values, env: Env) -> Values:
    """`=`"""
    if not left or not right:
        return NONE
    if len(left) != len(right):
        return FALSE
    if len(left) == 1 and type(left[0]) is str:
        return TRUE if left[0] == right[0] else FALSE
    env.spend(len(left))
    return said([*map(key, left)] == [*map(key, right)])


def differs(left: Values, right: Values, env: Env) -> Values:
    """`!=`"""
    found = equal(left, right, env)
    return found if not found else FALSE if found[0] else TRUE


def like(left: Values, right: Values, _: Env) -> Values:
    """`~`: in any order, texts without regard to case and space."""
    return said(sorted(_plain(left)) == sorted(_plain(right)))


def _plain(found: Values) -> list[str]:
    return [repr(" ".join(value.lower().split()) if type(value) is str else key(value)) for value in found]


def unlike(left: Values, right: Values, env: Env) -> Values:
    """`!~`"""
    return FALSE if like(left, right, env)[0] else TRUE


def compared(holds: Callable[[Any], bool]) -> Operator:
    """`<`, `<=`, `>`, `>=`: numbers, texts, dates (unequally precise ones: not), quantities of one unit."""

    def compare(left: Values, right: Values, _: Env) -> Values:
        found = order(one(left), one(right))
        return NONE if found is None else said(holds(found))

    return compare


def order(left: Any, right: Any) -> int | None:
    """-1, 0 or 1; None where these two have no order."""
    if number(left) and number(right):
        return int(left > right) - int(left < right)
    if type(left) is str and type(right) is str:
        return _texts(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        units = [tuple(side.get(name) for name in ("system", "code", "unit")) for side in (left, right)]
        return order(left.get("value"), right.get("value")) if units[0][:2] == units[1][:2] else None
    return None


def _texts(left: str, right: str) -> int | None:
    if MOMENT.match(left) and MOMENT.match(right):
        if "T" in left and "T" in right:
            return _moments(left, right)
        if len(left) != len(right):  # the shorter one decides where it can
            short = min(len(left), len(right), 10)
            left, right = left[:short], right[:short]
            if left == right:
                return None
    return (left > right) - (left < right)


def _moments(left: str, right: str) -> int | None:
    try:
        first, second = (datetime.fromisoformat(text) for text in (left, right))
    except ValueError:
        return None
    if (first.tzinfo is None) is not (second.tzinfo is None):
        return None
    first, second = (at if at.tzinfo else at.replace(tzinfo=UTC) for at in (first, second))
    return (first > second) - (first < second)


def union(left: Values, right: Values, env: Env) -> Values:
    """`|`"""
    return distinct(left + right, env)


def within(left: Values, right: Values, env: Env) -> Values:
    """`in`"""
    if not left:
        return NONE
    env.spend(len(right))
    wanted = key(left[0])
    return said(any(key(value) == wanted for value in right))


def contains(left: Values, right: Values, env: Env) -> Values:
    """`contains`"""
    return within(right, left, env)


def join(left: Values, right: Values, _: Env) -> Values:
    """`&`: what is empty is an empty text."""
    return [str(one(left) or "") + str(one(right) or "")]


def plus(left: Values, right: Values, _: Env) -> Values:
    """`+`: of numbers, and of texts."""
    first, second = one(left), one(right)
    alike = (type(first) is str and type(second) is str) or (number(first) and number(second))
    return [first + second] if alike else NONE


def counted(count: Callable[[Decimal, Decimal], Any]) -> Operator:
    """`-`, `*`, `/`, `div`, `mod`; nothing where a side is no number, or by zero."""

    def calculate(left: Values, right: Values, _: Env) -> Values:
        first, second = one(left), one(right)
        if not number(first) or not number(second):
            return NONE
        try:
            return [count(Decimal(first), Decimal(second))]
        except DecimalException:
            return NONE

    return calculate


OPERATORS: dict[str, Operator] = {
    "=": equal,
    "!=": differs,
    "~": like,
    "!~": unlike,
    "<": compared(lambda sign: sign < 0),
    "<=": compared(lambda sign: sign <= 0),
    ">": compared(lambda sign: sign > 0),
    ">=": compared(lambda sign: sign >= 0),
    "|": union,
    "in": within,
    "contains": contains,
    "&": join,
    "+": plus,
    "-": counted(lambda a, b: a - b),
    "*": counted(lambda a, b: a * b),
    "/": counted(lambda a, b: a / b),
    "div": counted(lambda a, b: int(a / b)),
    "mod": counted(lambda a, b: a % b),
}
