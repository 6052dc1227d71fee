"""Whom a person may choose: the patients of a picker (SMART-06, SMART-07)."""

from collections.abc import Sequence
from dataclasses import field
from typing import Protocol

from ..tenancy import Tenant
from ..values import dataclass
from .people import Account


@dataclass(frozen=True, slots=True)
class Candidate:
    """One patient of a picker. `relation` is a word of FHIR's role codes, `self` for the person, empty for a
    practitioner; `born` a FHIR date; `types` and `sensitive` limit what may be granted, as `Charge` has it.
    """

    patient: str
    name: str
    relation: str = ""
    born: str = ""
    types: tuple[str, ...] | None = None
    sensitive: bool = True


@dataclass(frozen=True, slots=True)
class Encounter:
    """A visit of a picker: `began` a FHIR date, `what` and `where` words of the record for the person who picks."""

    id: str
    began: str = ""
    what: str = field(default="", repr=False)
    where: str = field(default="", repr=False)


class Charts(Protocol):
    """The patients whom an account may act for, or see."""

    async def of(self, tenant: Tenant, account: Account) -> Sequence[Candidate]:
        """For whom the account may act now, itself first; empty for one that searches."""
        ...

    async def search(self, tenant: Tenant, account: Account, text: str) -> Sequence[Candidate]:
        """The patients that a practitioner sees and whose name, birth date or identifier this may be; at most 20."""
        ...

    async def find(self, tenant: Tenant, account: Account, patient: str) -> Candidate | None:
        """This patient, where the account may act for or see them at this moment."""
        ...

    async def visits(self, tenant: Tenant, account: Account, patient: str) -> Sequence[Encounter]:
        """The latest visits of this patient that the account may see, at most 20."""
        ...

    def searches(self, account: Account) -> bool:
        """Does this account find patients by searching?"""
        ...
