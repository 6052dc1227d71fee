"""What is brought along with what is found: https://hl7.org/fhir/R4/search.html#include"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC
from typing import Any

from ..definitions import SEARCH, SearchParam
from ..outcomes import Exceeding, UnknownParameter
from .evaluate import values
from .kinds.prefix import shown
from .offered import Offered
from .query import Include, Query, Ref

NAMES = ("_include", "_revinclude", "_include:iterate", "_revinclude:iterate")
MOST_ITERATED = 8


def include(name: str, text: str, offered: Collection[str]) -> Include:
    """One of NAMES: `Type:parameter` or `Type:parameter:TargetType`. Raises UnknownParameter.

    >>> include("_revinclude", "Provenance:target", ["Provenance:target"])
    Include(source='Provenance', param='target', target='', reverse=True, iterate=False)
    """
    source, param, target = [*text.split(":"), "", ""][:3]
    if text.count(":") > 2 or f"{source}:{param}" not in offered or not leads(source, param, target):
        known = sorted(one for one in offered if one.partition(":")[0] == source) or sorted(offered)
        offers = f"offers {', '.join(known)}" if offered else "offers none"
        raise UnknownParameter(f"Invalid search parameter: {name}={shown(text, 60)}; this API {offers}")
    return Include(source, param, target, name.startswith("_revinclude"), name.endswith(":iterate"))


def brought(query: Query, name: str, text: str, offers: Collection[Offered]) -> Query:
    """The query with one more include; `offers` are those of the type that is searched, or where it goes on from what
    was included (`:iterate`) of all types. Raises UnknownParameter, Exceeding.
    """
    known = {one for offer in offers for one in (offer.revincludes if "rev" in name else offer.includes)}
    found = replace(query, includes=(*query.includes, include(name, text, known)))
    if sum(one.iterate for one in found.includes) > MOST_ITERATED:
        raise Exceeding(f"A search wants at most {MOST_ITERATED} includes with :iterate")
    return found


def leads(source: str, param: str, target: str) -> bool:
    """May this parameter lead to that type? No target is any."""
    if not target:
        return True
    return any(not one.targets or target in one.targets for one in parameters(source, param))


def parameters(source: str, param: str) -> list[SearchParam]:
    """The reference parameters that an include follows; "*" is all of them."""
    params = SEARCH.get(source, {})
    return [one for one in params.values() if one.kind == "reference" and param in ("*", one.code)]


def targets(resource: dict[str, Any], include: Include) -> list[Ref]:
    """What this resource leads to by an `_include`, each once, in the order in which it stands there.

    >>> pulse = {"resourceType": "Observation", "subject": {"reference": "Patient/7"}}
    >>> targets(pulse, Include("Observation", "patient"))
    [Ref(type='Patient', id='7')]
    """
    return list(dict.fromkeys(_targets(resource, include)))


def _targets(resource: dict[str, Any], include: Include) -> Iterator[Ref]:
    if include.reverse or resource.get("resourceType") != include.source:
        return
    for param in parameters(include.source, include.param):
        for value in values(resource, param, UTC):
            if isinstance(value, Ref) and include.target in ("", value.type):
                yield value
