"""Which patients a sight shows, decided on the records themselves: a lead counts where a current record of the patient
refers, exactly, to where the lead begins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import field

from ..access.sight import Lead, Sight
from ..fhir.compartments import subject
from ..fhir.definitions import RESOURCES, SEARCH
from ..fhir.search.evaluate import values
from ..fhir.search.query import Ref
from ..values import dataclass
from .bound import Bound
from .found import Found, each
from .pool import Pool
from .within import tokens

SAME = 3
"""So many records of a patient are looked at: two values with one hash are rarer than that."""
RECORDS = f"""
select * from bodies_by_rid($1, array(
  select y.rid from unnest($2::int8[]) p(k) cross join lateral (
    select x.rid from res x where x.tenant = $1 and x.rt = $3 and x.pat = p.k and (x.tok && $4) is true
    limit {SAME}) y))
"""


@dataclass(frozen=True, slots=True)
class Following:
    """Follows the leads of one tenant."""

    bound: Bound
    pool: Pool

    def begin(self) -> "Followed":
        """For one question: nothing that was followed is remembered beyond it."""
        return Followed(self)

    async def led(self, lead: Lead, patients: Iterable[str]) -> set[str]:
        """Those of these patients to whom the lead leads."""
        asked = list(patients)
        if not asked:
            return set()
        pats = [self.bound.hashes.own("Patient", one) for one in asked]
        held = tokens(self.bound.hashes, lead)
        rows = await self.pool.fetch(RECORDS, self.bound.tenant, pats, RESOURCES[lead.type], held)
        return {who for row in rows for who in self._about(lead, each(row, self.bound.bodies))}.intersection(asked)

    def _about(self, lead: Lead, found: Found) -> Iterator[str]:
        """The patient of a record that refers to where the lead begins."""
        resource = found.resource or {}
        begins = {f"{one.type}/{one.id}" for one in self._refs(lead, found)}
        if (who := subject(resource)) is not None and not begins.isdisjoint(lead.to):
            yield who

    def _refs(self, lead: Lead, found: Found) -> Iterator[Ref]:
        param = SEARCH[lead.type][lead.param]
        yield from (one for one in values(found.resource or {}, param, self.bound.zone) if isinstance(one, Ref))


@dataclass(slots=True)
class Followed:
    """What was followed for one question."""

    following: Following
    _known: dict[Sight, dict[str, bool]] = field(default_factory=dict)

    async def ask(self, sights: Iterable[Sight | None], patients: Iterable[Iterable[str]]) -> None:
        """Find out about all of these patients at once."""
        who = {one for some in patients for one in some}
        for sight in {one for one in sights if one is not None}:
            await self._learn(sight, who)

    async def any(self, sight: Sight, patients: Iterable[str]) -> bool:
        """Does the sight show one of these patients?"""
        who = set(patients)
        await self._learn(sight, who)
        return any(self._known[sight][one] for one in who)

    async def _learn(self, sight: Sight, patients: set[str]) -> None:
        known = self._known.setdefault(sight, {})
        sure = {one: sight.surely(one) for one in patients if one not in known}
        unsure = {one for one, said in sure.items() if said is None}
        for lead in sight.leads:
            found = await self.following.led(lead, unsure)
            known |= dict.fromkeys(found, True)
            unsure -= found
        known |= {one: bool(said) for one, said in sure.items() if one not in known}
