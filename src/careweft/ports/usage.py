"""How an application is used, as the journal knows it: counted by day, and the last requests that were refused."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from ..values import dataclass


@dataclass(frozen=True, slots=True)
class Day:
    """One day: requests, those of them that were refused or failed, those that came too fast, and exports."""

    day: date
    calls: int
    errors: int
    limited: int
    exports: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was refused: no content, only what its sender knows."""

    at: datetime
    action: str
    type: str | None
    status: int
    reason: str | None
    request_id: str
    client: str | None


class Usage(Protocol):
    """Reads the journal of one tenant."""

    async def days(self, tenant: int, client: str, since: datetime) -> Sequence[Day]:
        """The days since then on which something was asked, in order."""
        ...

    async def refusals(self, tenant: int, client: str, most: int = 20) -> Sequence[Refusal]:
        """The last requests that were refused, the latest first."""
        ...

    async def seen(self, tenant: int) -> dict[str, datetime]:
        """When each application last asked for something."""
        ...

    async def found(self, tenant: int, text: str, most: int = 50) -> Sequence[Refusal]:
        """What was asked under this request id, or about the patient of this id; the latest first."""
        ...
