"""A patient's records, type by type, a page at a time, and the shared records that they refer to.

What `$everything` and `$docref` gather: every type by its own right, nothing beyond what was asked for at once.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ...access.decide import Denied
from ...access.narrow import about, reach
from ...access.reach import REACH, How, Narrowed, Reach
from ...fhir import json
from ...fhir.outcomes import issue, outcome
from ...fhir.references import named
from ...fhir.search.query import Query, Ref
from ...ports.records import Place, Records, Shown, Version
from ...surfaces.model import Surface
from ..exchange import Request

WITHIN = (How.COMPARTMENT, How.OWN, How.TARGET)
"""How a type is within a patient's compartment; the others are shared, follow an owner, or are nobody's."""
MOST_SHARED = 1000
"""Shared records that come with one page."""
LARGEST = 64 * 1024 * 1024
"""Of a stored body: what was let in is read again."""

Narrow = Callable[[Query], Narrowed | Denied]


@dataclass(slots=True)
class Gathered:
    """What was found, the types that were left out for want of a right, and where there is more (None: nowhere)."""

    matches: list[Shown] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    following: tuple[str, Place | None] | None = None


def types(surface: Surface) -> list[str]:
    """The types that can be in a patient's compartment, in the order of this API's rows."""
    return [one.type for one in surface.offers if "search-type" in one.can and REACH.get(one.type) in WITHIN]


def narrow(request: Request, surface: Surface, patient: str) -> Narrow:
    """How far this caller sees into each type, within the patient's compartment."""
    caller, zone = request.known_caller, request.known_tenant.zone
    return partial(about, caller=caller, surface=surface, patient=patient, zone=zone)


async def gather(
    page: Gathered,
    records: Records,
    queries: Iterable[Query],
    sees: Narrow,
    count: int,
    begin: tuple[str, Place | None] = ("", None),
) -> None:
    """Fill the page up to `count` records, from the type and place of `begin` on."""
    first, place = begin
    for query in queries:
        if first and query.type != first:
            continue
        room, first = count - len(page.matches), ""
        narrowed = sees(replace(query, count=max(room, 1)))
        if isinstance(narrowed, Denied):
            page.left_out.append(query.type)
            continue
        if not room:
            page.following = query.type, None
            break
        found = await records.search(narrowed, place)
        page.matches += found.matches
        place = None
        if found.following is not None:
            page.following = query.type, found.following
            break


def readable(request: Request, surface: Surface) -> Mapping[str, Reach]:
    """The shared types that this caller may read."""
    shared = (one.type for one in surface.offers if REACH.get(one.type) is How.SHARED)
    found = {one: reach(request.known_caller, surface, one, "r", request.known_tenant.zone) for one in shared}
    return {type_: one for type_, one in found.items() if isinstance(one, Reach)}


async def referred(records: Records, matches: Sequence[Shown], may: Mapping[str, Reach]) -> list[Version]:
    """The shared records that these refer to, and that may be read; each once, and theirs in turn (a role's place)."""
    seen: dict[Ref, Version | None] = {}
    resources: list[dict[str, Any]] = [json.decode(one.body, LARGEST) for one in matches]
    while resources and len(seen) < MOST_SHARED:
        wanted = dict.fromkeys(ref for one in resources for ref in named(one) if ref.type in may and ref not in seen)
        refs = list(wanted)[: MOST_SHARED - len(seen)]
        found = await asyncio.gather(*(records.read(ref.type, ref.id, may[ref.type]) for ref in refs))
        seen |= dict(zip(refs, found, strict=True))
        resources = [json.decode(one.body, LARGEST) for one in found if one is not None and one.body is not None]
    return [one for one in seen.values() if one is not None and one.body is not None]


def left_out(page: Gathered) -> list[dict[str, Any]]:
    """What is said of types without a right; it rests on scopes alone."""
    if not page.left_out:
        return []
    told = f"{', '.join(page.left_out)} want a scope that this token does not have, and are left out."
    return [outcome(issue("warning", "suppressed", told))]
