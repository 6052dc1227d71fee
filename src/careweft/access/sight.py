"""Which patients a user-level token shows: what a person may see, made from records and never from the token.

Small sets are patients by their ids. What a practitioner sees by a tenant's rule may be half a tenant: it is told by
leads, which say where such patients are found, and asked row by row (docs/adr/0402-sights.md).
"""

from ..values import dataclass


@dataclass(frozen=True, slots=True)
class Lead:
    """The patients whom a record of `type` is about that refers with `param` to one of `to` (`Organization/east`)."""

    type: str
    param: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limited:
    """A patient of whom only these `types` are seen (None: all), and what is labelled only where `sensitive`."""

    patient: str
    types: tuple[str, ...] | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """`patients` are seen, None is every patient of the tenant; beside them those to whom the `leads` lead, and, as
    far as each allows, the `limited`. What looks at records is handed the sight of one type (`of`), which has none.
    """

    patients: frozenset[str] | None = frozenset()
    leads: tuple[Lead, ...] = ()
    limited: tuple[Limited, ...] = ()

    def of(self, type_: str, *, labelled: bool = False) -> "Sight":
        """Whom it shows in records of this type; with `labelled` in those that carry labels."""
        if not self.limited or self.patients is None:
            return self
        able = (one for one in self.limited if one.types is None or type_ in one.types)
        return Sight(self.patients | {one.patient for one in able if one.sensitive or not labelled}, self.leads)

    @property
    def whole(self) -> bool:
        """Every patient of the tenant."""
        return self.patients is None

    def surely(self, patient: str) -> bool | None:
        """Is this patient seen, whatever of them? None where a lead has to be followed to tell."""
        if self.patients is None or patient in self.patients or any(one.patient == patient for one in self.limited):
            return True
        return None if self.leads else False


EVERYBODY, NOBODY = Sight(None), Sight()
