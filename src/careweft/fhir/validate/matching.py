"""Fixed values and patterns: https://hl7.org/fhir/R4/elementdefinition.html#ElementDefinition.pattern_x_"""

from collections.abc import Callable
from typing import Any


def same(value: Any, fixed: Any) -> bool:
    """Exactly this, whatever the order of members."""
    if isinstance(fixed, bool) or isinstance(value, bool):
        return value is fixed
    return bool(value == fixed)


def fitting(pattern: Any) -> Callable[[Any], bool]:
    """`fits` of one pattern. The commonest, one coding of a concept, is asked without a walk.

    >>> fitting({"coding": [{"system": "s", "code": "c"}]})({"coding": [{"system": "s", "code": "c"}], "text": "t"})
    True
    """
    codings = pattern.get("coding") if isinstance(pattern, dict) and len(pattern) == 1 else None
    if isinstance(codings, list) and len(codings) == 1 and codings[0].keys() == {"system", "code"}:
        return _concept(codings[0]["system"], codings[0]["code"])
    return lambda value: fits(value, pattern)


def _concept(system: str, code: str) -> Callable[[Any], bool]:
    def holds(value: Any) -> bool:
        codings = value.get("coding") if type(value) is dict else None
        if type(codings) is list:
            for one in codings:
                if type(one) is dict and one.get("code") == code and one.get("system") == system:
                    return True
        return False

    return holds


def fits(value: Any, pattern: Any) -> bool:
    """All that the pattern holds, and perhaps more: each item of a list in it fits one that came.

    >>> fits({"coding": [{"code": "a"}, {"code": "b"}]}, {"coding": [{"code": "b"}]})
    True
    """
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and fits(value[name], wanted) for name, wanted in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(fits(one, wanted) for one in value) for wanted in pattern)
    return same(value, pattern)


def at(value: Any, path: tuple[str, ...]) -> list[Any]:
    """The values at a path of plain names, lists opened."""
    if len(path) == 1 and type(value) is dict:
        one = value.get(path[0])
        return one if type(one) is list else [] if one is None else [one]
    found = [value]
    for name in path:
        below = [one.get(name) for one in found if isinstance(one, dict)]
        found = []
        for one in below:
            found += one if isinstance(one, list) else [] if one is None else [one]
    return found
