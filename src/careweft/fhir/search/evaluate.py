"""Does this resource answer this search? The plain meaning, with which every store has to agree.

https://hl7.org/fhir/R4/search.html and, where the page leaves a choice, docs/adr/0101-search-meaning.md.
"""

from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import Any

from .. import paths
from ..definitions import SEARCH, SearchParam
from .kinds import KINDS
from .query import AnyOf, Present, Test, Value


def holds(resource: dict[str, Any], where: tuple[AnyOf, ...], zone: tzinfo = UTC) -> bool:
    """Every group has to hold. Dates without offset in the resource are read in `zone`.

    >>> from .query import Token
    >>> final = AnyOf((Test("status", Token(None, "final"), "is"),))
    >>> holds({"resourceType": "Observation", "status": "final"}, (final,))
    True
    """
    return all(any(answers(resource, test, zone) for test in group.tests) is not group.negated for group in where)


def answers(resource: dict[str, Any], test: Test, zone: tzinfo) -> bool:
    """One test: some value of the parameter fits it."""
    param = SEARCH[resource["resourceType"]][test.param]
    found = values(resource, param, zone)
    if isinstance(test.value, Present):
        return (next(found, None) is not None) is test.value.wanted
    fits = KINDS[param.kind].fits
    return any(fits(value, test) for value in found)


def values(resource: dict[str, Any], param: SearchParam, zone: tzinfo) -> Iterator[Value]:
    """All that a parameter finds in this resource."""
    kind = KINDS[param.kind]
    for node in paths.values(resource, param.expression):
        yield from kind.index(node.value, node.type, zone, node.system)
