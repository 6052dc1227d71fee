"""Does this caller see this version? Checked on exact ids and the decoded body, wherever a hash has let a row through.

The SQL of `compile` finds; this decides (architecture decisions 6 and 19). Two questions, both of which have to be
answered with yes: is it withheld, for its own labels or those of what it hangs on; and does some way lead there.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from typing import Any

from ..access.reach import HANGING, REACH, How, Reach, Way
from ..fhir.definitions import SEARCH
from ..fhir.search.evaluate import holds, values
from ..fhir.search.kinds.reference import literal
from ..fhir.search.query import Ref, Uri
from ..ports.records import Resource
from .bound import Bound
from .follow import Followed, Following
from .found import Found, each
from .pool import Pool
from .reads import Reads

DEEPEST = 2
"""Steps from what hangs on what hangs on another record."""
HOLDERS = ("DocumentReference", "DiagnosticReport", "Patient")
OWNERS = "select * from bodies_by_rid($1, array(select r.rid from res r where r.tok && $2 and (r.tenant = $1) is true))"


class Sight:
    """Decides for one tenant what a reach shows."""

    def __init__(self, bound: Bound, pool: Pool, reads: Reads) -> None:
        self._bound = bound
        self._pool = pool
        self._reads = reads
        self._following = Following(bound, pool)

    async def shows(self, reach: Reach, found: Found) -> bool:
        """Some way of this reach leads to this version, and it is not withheld. A tombstone is seen as the version
        before it: hand in that.
        """
        return bool(await self.among(reach, [found]))

    async def among(self, reach: Reach, found: Sequence[Found]) -> Sequence[Found]:
        """Those of these versions that the reach shows; what has to be looked up for all is asked for once."""
        kept = [one for one in found if not one.labels & reach.withheld]
        if reach.wide or not kept:
            return kept
        followed = self._following.begin()
        await followed.ask((way.sight for way in reach.ways), (one.patients for one in kept))
        judged = await asyncio.gather(*(self._shown(reach, one, followed) for one in kept))
        return [one for one, sure in zip(kept, judged, strict=True) if sure]

    async def _shown(self, reach: Reach, found: Found, followed: Followed) -> bool:
        if reach.withheld and found.type in HANGING and await self._hangs_on_withheld(found, reach.withheld):
            return False
        for way in reach.ways:
            if self._passes(way, found) and await self._leads(way, found, followed):
                if not (way.withheld and found.type in HANGING):
                    return True
                if not await self._hangs_on_withheld(found, way.withheld):
                    return True
        return False

    def _passes(self, way: Way, found: Found) -> bool:
        """The granular filter lets this version through, and no label of its own closes the way."""
        if found.labels & way.withheld:
            return False
        return not way.where or (found.resource is not None and holds(found.resource, way.where, self._bound.zone))

    async def _leads(self, way: Way, found: Found, followed: Followed) -> bool:
        if way.how is How.NEVER:
            return False
        if not way.confined:
            return True
        match way.how:
            case How.COMPARTMENT | How.OWN:
                return await within(way, found.patients, followed)
            case How.TARGET:
                return await self._all_targets(way, found, followed)
            case How.OWNER:
                return await self._owned(way, found, followed)
        return False

    # What hangs on other records -------------------------------------------------------------------------------------

    async def _all_targets(self, way: Way, found: Found, followed: Followed) -> bool:
        """There is a target, and each is either of a shared type or in the compartment of a patient who is seen."""
        links = _targets(found.resource or {})
        return bool(links) and all([await self._visible(way, link, followed) for link in links])

    async def _owned(self, way: Way, found: Found, followed: Followed) -> bool:
        """By its securityContext where it has one, else by a document of a patient who is seen that holds it."""
        context = (found.resource or {}).get("securityContext")
        if context is not None:
            return await self._visible(way, _link(context), followed)
        holders = [one for one in await self._holders(found.id) if REACH.get(one.type) is How.COMPARTMENT]
        return any([await within(way, one.patients, followed) for one in holders])

    async def _visible(self, way: Way, link: Any, followed: Followed) -> bool:
        """What a reference leads to is seen by this way; what cannot be followed is not."""
        target = ref(link)
        if target is None:
            return False
        how = REACH.get(target.type, How.NEVER)
        if how is How.SHARED:
            return True
        if how not in (How.COMPARTMENT, How.OWN):
            return False
        row = await self._reads.get(self._bound.tenant, target.type, target.id)
        return row is not None and await within(way, each(row, self._bound.bodies).patients, followed)

    async def _hangs_on_withheld(self, found: Found, withheld: int, depth: int = 0) -> bool:
        """A target is withheld; or the context of a Binary, or every document that holds it. What hangs longer than we
        follow is withheld.
        """
        links = hung_on(found.type, found.resource or {})
        if any(await asyncio.gather(*(self._withheld(link, withheld, depth) for link in links))):
            return True
        if found.type != "Binary":
            return False
        holders = await self._holders(found.id)
        return bool(holders) and all(one.labels & withheld for one in holders)

    async def _withheld(self, link: Any, withheld: int, depth: int) -> bool:
        """What a reference leads to carries one of these labels, or hangs on what does."""
        target = ref(link)
        row = await self._reads.get(self._bound.tenant, target.type, target.id) if target else None
        if row is None or target is None or not (row["lab"] & withheld or target.type in HANGING):
            return False
        one = each(row, self._bound.bodies)
        return depth > DEEPEST or bool(one.labels & withheld) or await self._hangs_on_withheld(one, withheld, depth + 1)

    async def _holders(self, binary: str) -> list[Found]:
        """The documents whose attachment is this Binary."""
        link = f"Binary/{binary}"
        tokens = [self._bound.hashes.uri(SEARCH[type_]["-attachment"].number, link) for type_ in HOLDERS]
        rows = await self._pool.fetch(OWNERS, self._bound.tenant, tokens)
        return [
            one
            for one in (each(row, self._bound.bodies) for row in rows)
            if one.resource is not None and Uri(link) in _attachments(one.type, one.resource)
        ]


async def within(way: Way, patients: Iterable[str], followed: Followed) -> bool:
    """The way leads to the records of one of these patients."""
    if way.patient is not None and way.patient not in patients:
        return False
    return way.sight is None or await followed.any(way.sight, patients)


def _targets(resource: Resource) -> list[Any]:
    """The references of a Provenance."""
    return [one.get("reference") for one in resource.get("target", ()) if isinstance(one, dict)]


def hung_on(type_: str, resource: Resource) -> list[Any]:
    """What it hangs on by its own words: the targets of a Provenance, the context of a Binary."""
    return _targets(resource) if type_ != "Binary" else [_link(resource.get("securityContext"))]


def _link(reference: Any) -> Any:
    return reference.get("reference") if isinstance(reference, dict) else None


def ref(link: Any) -> Ref | None:
    """The record here that a reference leads to."""
    target = literal(link) if isinstance(link, str) else None
    return target if isinstance(target, Ref) else None


def _attachments(type_: str, resource: Resource) -> Iterator[object]:
    return values(resource, SEARCH[type_]["-attachment"], UTC)
