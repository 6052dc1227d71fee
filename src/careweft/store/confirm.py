"""Do chains and `_has` hold by what the caller sees? Asked again, one hop at a time, as searches of the far ends.

The SQL of `hops` goes by hashes, and by fewer rules than a reach may have; a search decides each row on exact ids and
the decoded body (`visible`). So where a hop's reach is not open, what was found is only believed when a search, by this
caller, of what lies at the other end finds it there (architecture decision 6, security.md AUTHZ-10).
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC
from typing import TypeVar

from ..access.reach import Narrowed
from ..fhir.definitions import SEARCH
from ..fhir.search.chain import hops
from ..fhir.search.evaluate import values
from ..fhir.search.query import AnyOf, Chain, Has, Query, Ref, Test, Token
from .found import Found

Item = TypeVar("Item")
Search = Callable[[Narrowed], Awaitable[Sequence[Found]]]
"""The first page of a search."""
AT_ONCE = 200
SPARE = 4
"""So many times as many rows as are asked about are looked at together; whoever is still unsure is asked alone."""


async def confirmed(narrowed: Narrowed, found: Sequence[Found], search: Search) -> Sequence[Found]:
    """Those of the rows found for which every chain and `_has` holds."""
    for group in narrowed.query.where:
        if found and not _certain(group, narrowed):
            found = await _confirmed(group, narrowed, found, search)
    return found


def _certain(group: AnyOf, narrowed: Narrowed) -> bool:
    """There is no hop, or each is over a type of whose rows all are shown but for what SQL itself withholds."""
    return all((reach := narrowed.sought.get(hop.type)) is not None and reach.wide for hop in hops((group,)))


async def _confirmed(group: AnyOf, narrowed: Narrowed, found: Sequence[Found], search: Search) -> Sequence[Found]:
    sure: set[str] = set()
    for test in group.tests:
        unsure = [one for one in found if one.id not in sure]
        for some in _parts(unsure):
            sure |= await _hold(test, narrowed, some, search)
    return [one for one in found if one.id in sure]


async def _hold(test: Test, narrowed: Narrowed, found: Sequence[Found], search: Search) -> set[str]:
    """The ids of the rows for which this test holds."""
    match test.value:
        case Chain():
            return await _lead(test.param, test.value, narrowed, found, search)
        case Has():
            return await _referred(test.value, narrowed, found, search)
    raise TypeError(f"{test.param} with a {type(test.value).__name__} is no hop")


async def _lead(code: str, chain: Chain, narrowed: Narrowed, found: Sequence[Found], search: Search) -> set[str]:
    """Rows from which a reference leads to one of the resources that a search by this chain finds."""
    leads = {one.id: _targets(one, code, chain.type) for one in found}
    shown: set[str] = set()
    for some in _parts(sorted(set().union(*leads.values()))):
        named = AnyOf(tuple(Test("_id", Token(None, id_), "is") for id_ in some))
        shown |= {one.id for one in await _search(narrowed, chain, (named,), len(some), search)}
    return {id_ for id_, ids in leads.items() if not shown.isdisjoint(ids)}


def _targets(found: Found, code: str, type_: str) -> set[str]:
    """The ids of this type to which a parameter leads."""
    refs = values(found.resource or {}, SEARCH[found.type][code], UTC)
    return {one.id for one in refs if isinstance(one, Ref) and one.type == type_}


async def _referred(has: Has, narrowed: Narrowed, found: Sequence[Found], search: Search) -> set[str]:
    """Rows to which one of the resources leads that a search finds: most of them are met in a first search for all,
    the others are asked one by one.
    """
    unsure = {one.id: Test(has.by, Ref(one.type, one.id), "is") for one in found}
    first = await _search(narrowed, has, (AnyOf(tuple(unsure.values())),), SPARE * len(unsure), search)
    sure = {id_ for one in first for id_ in _targets(one, has.by, found[0].type)} & unsure.keys()
    if len(first) < SPARE * len(unsure):
        return sure
    for id_ in unsure.keys() - sure:
        alone = await _search(narrowed, has, (AnyOf((unsure[id_],)),), 1, search)
        sure |= {id_} if any(id_ in _targets(one, has.by, found[0].type) for one in alone) else set()
    return sure


async def _search(
    narrowed: Narrowed, hop: Chain | Has, where: tuple[AnyOf, ...], count: int, search: Search
) -> Sequence[Found]:
    """What this caller finds of the far end's type, as far as it is asked for."""
    reach = narrowed.sought.get(hop.type)
    if reach is None:
        return ()
    query = Query(hop.type, (*where, *hop.where), count=count)
    return await search(Narrowed(query, reach, sought=narrowed.sought))


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]
