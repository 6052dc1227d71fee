"""Which patients a person may see, and emergency access, which lets a practitioner see more for an hour."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ..access.emergency import Emergency
from ..access.sight import NOBODY, Sight
from ..tenancy import Tenant
from .journal import Entry


class Charged(Protocol):
    """A patient for whom somebody acts; `ports.people.Charge` is one."""

    @property
    def patient(self) -> str:
        """The id of the Patient."""
        ...

    @property
    def types(self) -> tuple[str, ...] | None:
        """The only types of record that may be seen, None for no such limit."""
        ...

    @property
    def sensitive(self) -> bool:
        """May labelled records be seen?"""
        ...


class Charges(Protocol):
    """Who acts for whom; `ports.people.People` answers it."""

    async def charges(self, tenant: Tenant, account: str) -> Sequence[Charged]:
        """The patients for whom this account may act right now."""
        ...


class Unseen:
    """Whom nobody sees where no accounts are kept."""

    async def of(self, tenant: Tenant, account: str, user: str) -> Sight:  # noqa: ARG002
        """Nobody."""
        return NOBODY

    async def sees(self, tenant: Tenant, account: str, user: str, patient: str) -> bool:  # noqa: ARG002
        """No."""
        return False


class Sights(Protocol):
    """Finds out whom a person may see."""

    async def of(self, tenant: Tenant, account: str, user: str) -> Sight:
        """The sight of an account whose fhirUser is `user` (`Practitioner/y`), never older than two seconds; nobody for
        who is no kind of user. While nothing changes the same object comes again. Raises Unavailable.
        """
        ...

    async def sees(self, tenant: Tenant, account: str, user: str, patient: str) -> bool:
        """Is this patient within that sight, decided on the records themselves?"""
        ...


class Emergencies(Protocol):
    """Keeps emergency access; what is in force widens the sight within two seconds."""

    async def begin(self, emergency: Emergency, entry: Entry) -> None:
        """Open it, with its audit entry in the same transaction."""
        ...

    async def end(self, tenant: int, id_: str, now: datetime, entry: Entry) -> bool:
        """End it before its time; False, and no entry, where nothing of this id was in force."""
        ...

    async def listed(self, tenant: int, since: datetime, account: str | None = None) -> Sequence[Emergency]:
        """What was opened since then, latest first; of one account, or of all."""
        ...
