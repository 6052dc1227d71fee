"""How far a caller sees into one type: a union of ways, made by `narrow` and by nothing else (architecture decision
19).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from ..fhir.definitions import COMPARTMENT
from ..fhir.search.query import AnyOf, Query


class How(Enum):
    """What a patient-context token sees of a type."""

    COMPARTMENT = "compartment"  # HL7's CompartmentDefinition parameters
    OWN = "own"  # the type's `patient` parameter alone
    TARGET = "target"  # every patient-bound target is visible
    OWNER = "owner"  # its securityContext, or the document that holds it
    SHARED = "shared"
    NEVER = "never"


# What decision 19 says beside HL7's compartment, which hides Device and Provenance and opens Group. AuditEvent waits
# for its own rule.
APART = {
    "Device": How.OWN,
    "Provenance": How.TARGET,
    "Binary": How.OWNER,
    "Organization": How.SHARED,
    "Practitioner": How.SHARED,
    "PractitionerRole": How.SHARED,
    "Location": How.SHARED,
    "Medication": How.SHARED,
    "Group": How.NEVER,
    "Person": How.NEVER,
    "AuditEvent": How.NEVER,
}
REACH: Mapping[str, How] = MappingProxyType(dict.fromkeys(COMPARTMENT, How.COMPARTMENT) | APART)
"""A type that is not here is never shown to a patient-context token."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a row: all of it has to hold. `patient` None is not confined; `where` is a granular scope's filter."""

    level: str
    how: How
    patient: str | None = None
    where: tuple[AnyOf, ...] = ()

    @property
    def open(self) -> bool:
        """This way shows every row of the type."""
        return self.patient is None and not self.where


_SEAL = object()


@dataclass(frozen=True, slots=True)
class Reach:
    """The rows of one type that one interaction letter shows: any way is enough; no way shows nothing."""

    type: str
    ways: tuple[Way, ...]
    seal: object = field(repr=False, compare=False)
    open: bool = field(init=False, repr=False, compare=False)
    """Every row of the type is shown."""

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("a Reach is made by access.narrow")
        object.__setattr__(self, "open", any(way.open for way in self.ways))


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A search that may be run: the query, its own reach, and the reach of each type that an include may bring.

    `forward` (letter r) are the types that `_include` may bring, `backward` (letter s) those of `_revinclude`, `sought`
    (letter s) those over which chains and `_has` lead. A type that is absent there may not be shown.
    """

    query: Query
    reach: Reach
    forward: Mapping[str, Reach] = field(default_factory=dict)
    backward: Mapping[str, Reach] = field(default_factory=dict)
    sought: Mapping[str, Reach] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Every row of every type that decides what is found is shown: no row has to be looked at for that."""
        return self.reach.open and all(one.open for one in self.sought.values())
