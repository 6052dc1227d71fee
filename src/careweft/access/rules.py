"""Whom a person sees with a `user/` scope: one row for each kind of fhirUser, and one for each rule that a tenant can
choose for its practitioners (architecture decision 19).
"""

from collections.abc import Mapping
from types import MappingProxyType

from ..values import dataclass
from .sight import EVERYBODY, Lead, Sight


@dataclass(frozen=True, slots=True)
class Rule:
    """Which patients a practitioner sees. `leads` are type, parameter and to what it has to lead: to one of the
    practitioner's `organizations`, or to `themselves` (the practitioner and their roles).
    """

    name: str
    plain: str
    leads: tuple[tuple[str, str, str], ...] = ()
    whole: bool = False

    def sight(self, themselves: tuple[str, ...], organizations: tuple[str, ...]) -> Sight:
        """What a practitioner sees who is these and works for those."""
        if self.whole:
            return EVERYBODY
        ends = {"themselves": themselves, "organizations": organizations}
        return Sight(leads=tuple(Lead(type_, param, ends[to]) for type_, param, to in self.leads if ends[to]))


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        one.name: one
        for one in (
            Rule("tenant", "every patient of the tenant", whole=True),
            Rule(
                "organization",
                "patients whom the practitioner's organizations manage, or who had an encounter there",
                (("Patient", "organization", "organizations"), ("Encounter", "service-provider", "organizations")),
            ),
            Rule(
                "care",
                "patients on whose care team the practitioner is, or whom the practitioner met in an encounter",
                (("CareTeam", "participant", "themselves"), ("Encounter", "participant", "themselves")),
            ),
        )
    }
)
"""The rules, by the name that a tenant chooses."""
USUAL = "tenant"


@dataclass(frozen=True, slots=True)
class Person:
    """How the sight of one kind of fhirUser is found."""

    plain: str
    itself: bool = False
    charges: bool = False
    by_rule: bool = False


PERSONS: Mapping[str, Person] = MappingProxyType(
    {
        "Patient": Person("themselves, and those for whom they act", itself=True, charges=True),
        "RelatedPerson": Person("those for whom they act", charges=True),
        "Person": Person("those for whom they act", charges=True),
        "Practitioner": Person("by the tenant's rule, and in an emergency", by_rule=True),
        "PractitionerRole": Person("by the tenant's rule, and in an emergency", by_rule=True),
    }
)
"""The kinds of fhirUser; whoever is none of these sees nobody."""
