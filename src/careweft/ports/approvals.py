"""Which application may have which Group de-identified."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from ..values import dataclass

Dates = Literal["shifted", "years"]


@dataclass(frozen=True, slots=True)
class Approval:
    """A tenant's decision: this client may have this Group; `dates` is what becomes of days."""

    client: str
    group: str
    dates: Dates
    at: datetime
    by: str


class Approvals(Protocol):
    """The approvals of all tenants."""

    async def find(self, tenant: int, client: str, group: str) -> Approval | None:
        """The one in force, or None."""
        ...

    async def all(self, tenant: int) -> Sequence[Approval]:
        """A tenant's, by client and Group."""
        ...

    async def approve(self, tenant: int, approval: Approval) -> None:
        """From now on."""
        ...

    async def withdraw(self, tenant: int, client: str, group: str) -> bool:
        """From now on no more; False where there was none."""
        ...
