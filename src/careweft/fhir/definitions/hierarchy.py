"""Which code is under which, in the code systems that R4 itself lists in full: https://hl7.org/fhir/R4/codesystem.html#hierarchy"""

from collections.abc import Mapping
from functools import cache

from .table import Lazy, sections


@cache
def _sections() -> dict[str, str]:
    return sections("hierarchy.tsv")


def _children(system: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _sections()[system].splitlines():
        parent, _, codes = line.partition("\t")
        found[parent] = tuple(codes.split(" ")) if codes else ()
    return found


CHILDREN: Mapping[str, Mapping[str, tuple[str, ...]]] = Lazy(_sections, _children)
"""Of each code system with a hierarchy: every code, with those right under it."""


def below(system: str, code: str) -> set[str]:
    """This code and all under it; none where R4 says nothing of it.

    >>> sorted(below("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"))
    ['active', 'recurrence', 'relapse']
    """
    children = CHILDREN.get(system, {})
    found: set[str] = set()
    waiting = [code] if code in children else []
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += children[one]
    return found


def above(system: str, code: str) -> set[str]:
    """This code and all over it; none where R4 says nothing of it.

    >>> sorted(above("http://terminology.hl7.org/CodeSystem/condition-clinical", "relapse"))
    ['active', 'relapse']
    """
    return {one for one in CHILDREN.get(system, {}) if code in below(system, one)}
