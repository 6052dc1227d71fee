"""Which patients a user-level token shows: what a person may see, made from records and never from the token.

Small sets are patients by their ids. What a practitioner sees by a tenant's rule may be half a tenant: it is told by
leads, which say where such patients are found, and asked row by row (docs/adr/0402-sights.md).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lead:
    """The patients whom a record of `type` is about that refers with `param` to one of `to` (`Organization/east`)."""

    type: str
    param: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sight:
    """`patients` are seen, None is every patient of the tenant; beside them those to whom the `leads` lead."""

    patients: frozenset[str] | None = frozenset()
    leads: tuple[Lead, ...] = ()

    @property
    def whole(self) -> bool:
        """Every patient of the tenant."""
        return self.patients is None

    def surely(self, patient: str) -> bool | None:
        """Is this patient seen? None where a lead has to be followed to tell."""
        if self.patients is None or patient in self.patients:
            return True
        return None if self.leads else False


EVERYBODY, NOBODY = Sight(None), Sight()
