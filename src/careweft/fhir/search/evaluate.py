"""Does this resource answer this search? The plain meaning, with which every store has to agree.

https://hl7.org/fhir/R4/search.html and, where the page leaves a choice, docs/adr/0101-search-meaning.md.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, tzinfo
from typing import Any

from .. import paths
from ..definitions import SEARCH, SearchParam
from .kinds import KINDS, composite
from .query import AnyOf, Chain, Has, Present, Ref, Test, Value

Resource = dict[str, Any]
Look = Callable[[str], Iterable[Resource]]
"""All resources of a type that whoever searches may find: where chains and `_has` lead."""


def nowhere(_: str) -> Iterable[Resource]:
    """Nothing may be found."""
    return ()


def holds(resource: Resource, where: tuple[AnyOf, ...], zone: tzinfo = UTC, look: Look = nowhere) -> bool:
    """Every group has to hold. Dates without offset in the resource are read in `zone`.

    >>> from .query import Token
    >>> final = AnyOf((Test("status", Token(None, "final"), "is"),))
    >>> holds({"resourceType": "Observation", "status": "final"}, (final,))
    True
    """
    return all(any(answers(resource, test, zone, look) for test in group.tests) is not group.negated for group in where)


def answers(resource: Resource, test: Test, zone: tzinfo, look: Look = nowhere) -> bool:
    """One test: some value of the parameter fits it."""
    if isinstance(test.value, Has):
        return _referred(resource, test.value, zone, look)
    param = SEARCH[resource["resourceType"]][test.param]
    found = values(resource, param, zone)
    match test.value:
        case Present(wanted):
            return (next(found, None) is not None) is wanted
        case Chain():
            return _leads({one for one in found if isinstance(one, Ref)}, test.value, zone, look)
    fits = KINDS[param.kind].fits
    return any(fits(value, test) for value in found)


def _leads(refs: set[Ref], chain: Chain, zone: tzinfo, look: Look) -> bool:
    """One of these references leads to a resource for which the chain goes on."""
    targets = (one for one in look(chain.type) if Ref(chain.type, one["id"]) in refs)
    return any(holds(one, chain.where, zone, look) for one in targets)


def _referred(resource: Resource, has: Has, zone: tzinfo, look: Look) -> bool:
    """Some resource refers to this one, and all that is asked of it holds."""
    here = Ref(resource["resourceType"], resource["id"])
    param = SEARCH[has.type][has.by]
    sources = (one for one in look(has.type) if here in values(one, param, zone))
    return any(holds(one, has.where, zone, look) for one in sources)


def values(resource: Resource, param: SearchParam, zone: tzinfo) -> Iterator[Value]:
    """All that a parameter finds in this resource."""
    if param.kind == "composite":
        yield from composite.values(resource, param, zone)
        return
    kind = KINDS[param.kind]
    for node in paths.values(resource, param.expression):
        yield from kind.index(node.value, node.type, zone, node.system)
