"""How far a caller sees into one type: a union of ways, made by `narrow` and by nothing else (architecture decision
19), without what is sensitive and was not opened by name.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from types import MappingProxyType

from ..fhir.definitions import COMPARTMENT
from ..fhir.labels import EVERY
from ..fhir.search.query import AnyOf, Query
from ..values import dataclass
from .sight import Sight


class How(Enum):
    """What patient access shows of a type: to a `patient/` scope by its one patient, to a `user/` scope by the patients
    in that person's sight.
    """

    COMPARTMENT = "compartment"  # HL7's CompartmentDefinition parameters
    OWN = "own"  # the type's `patient` parameter alone
    TARGET = "target"  # every patient-bound target is visible, and none is withheld
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
"""A type that is not here is never shown by patient access."""

HANGING = frozenset(one for one, how in APART.items() if how in (How.TARGET, How.OWNER))
"""Types that hang on other records: what hangs on a withheld one is withheld, whoever asks."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a row: all of it has to hold. `patient` None is not confined to one, `sight` None to no set of them;
    `where` is a granular scope's filter, `withheld` are labels that this way does not lead to, whatever others do.
    """

    level: str
    how: How
    patient: str | None = None
    where: tuple[AnyOf, ...] = ()
    sight: Sight | None = None
    withheld: int = 0

    @property
    def confined(self) -> bool:
        """It leads to rows of some patients only."""
        return self.patient is not None or self.sight is not None

    @property
    def open(self) -> bool:
        """This way shows every row of the type, but for what is withheld."""
        return not (self.confined or self.where or self.withheld)


_SEAL = object()


@dataclass(frozen=True, slots=True)
class Reach:
    """The rows of one type that one interaction letter shows: any way is enough; no way shows nothing. `withheld` are
    the labels, as bits, any of which withholds a row.
    """

    type: str
    ways: tuple[Way, ...]
    seal: object = field(repr=False, compare=False)
    withheld: int = EVERY
    open: bool = field(init=False, repr=False, compare=False)
    """Every row of the type is shown."""
    wide: bool = field(init=False, repr=False, compare=False)
    """Every row of the type is shown whose own labels are not withheld: its index row tells."""

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("a Reach is made by access.narrow")
        whole = any(way.open for way in self.ways)
        object.__setattr__(self, "open", whole and not self.withheld)
        object.__setattr__(self, "wide", whole and not (self.withheld and self.type in HANGING))


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
    def wide(self) -> bool:
        """What is found is told by index rows alone: no record has to be looked at for that."""
        return self.reach.wide and all(one.wide for one in self.sought.values())
