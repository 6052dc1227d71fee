"""Does this caller see this version? Checked on exact ids and the decoded body, wherever a hash has let a row through.

The SQL of `compile` finds; this decides (architecture decisions 6 and 19).
"""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from ..access.reach import REACH, How, Reach, Way
from ..fhir.definitions import SEARCH
from ..fhir.search.evaluate import holds, values
from ..fhir.search.kinds.reference import literal
from ..fhir.search.query import Ref, Uri
from ..ports.records import Resource
from .bound import Bound
from .found import Found, each
from .pool import Pool
from .reads import Reads

HOLDERS = ("DocumentReference", "DiagnosticReport", "Patient")
OWNERS = "select * from bodies_by_rid($1, array(select r.rid from res r where r.tok && $2 and (r.tenant = $1) is true))"


class Sight:
    """Decides for one tenant what a reach shows."""

    def __init__(self, bound: Bound, pool: Pool, reads: Reads) -> None:
        self._bound = bound
        self._pool = pool
        self._reads = reads

    async def shows(self, reach: Reach, found: Found) -> bool:
        """Some way of this reach leads to this version. A tombstone is seen as the version before it: hand in that."""
        if reach.wide:
            return True
        for way in reach.ways:
            if await self._leads(way, found) and self._passes(way, found):
                return True
        return False

    def _passes(self, way: Way, found: Found) -> bool:
        """The granular filter lets this version through."""
        return not way.where or (found.resource is not None and holds(found.resource, way.where, self._bound.zone))

    async def _leads(self, way: Way, found: Found) -> bool:
        if way.how is How.NEVER:
            return False
        if way.patient is None:
            return True
        match way.how:
            case How.COMPARTMENT | How.OWN:
                return way.patient in found.patients
            case How.TARGET:
                return await self._all_targets(way.patient, found)
            case How.OWNER:
                return await self._owned(way.patient, found)
        return False

    async def _all_targets(self, patient: str, found: Found) -> bool:
        """There is a target, and each is either of a shared type or in this patient's compartment."""
        resource = found.resource or {}
        links = [one.get("reference") for one in resource.get("target", ()) if isinstance(one, dict)]
        return bool(links) and all([await self._visible(patient, link) for link in links])

    async def _owned(self, patient: str, found: Found) -> bool:
        """By its securityContext where it has one, else by a document of this patient that holds it."""
        context = (found.resource or {}).get("securityContext")
        if context is not None:
            return await self._visible(patient, context.get("reference") if isinstance(context, dict) else None)
        return any([await self._in_compartment(patient, owner) for owner in await self._holders(found.id)])

    async def _visible(self, patient: str, link: Any) -> bool:
        """What a reference leads to is seen by this patient; what cannot be followed is not."""
        target = literal(link) if isinstance(link, str) else None
        if not isinstance(target, Ref):
            return False
        how = REACH.get(target.type, How.NEVER)
        if how is How.SHARED:
            return True
        if how not in (How.COMPARTMENT, How.OWN):
            return False
        row = await self._reads.get(self._bound.tenant, target.type, target.id)
        return row is not None and patient in each(row, self._bound.bodies).patients

    async def _in_compartment(self, patient: str, owner: Found) -> bool:
        return REACH.get(owner.type) is How.COMPARTMENT and patient in owner.patients

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


def _attachments(type_: str, resource: Resource) -> Iterator[object]:
    return values(resource, SEARCH[type_]["-attachment"], UTC)
