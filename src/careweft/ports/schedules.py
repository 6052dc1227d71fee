"""Exports that come again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ..values import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """An export of a Group for a client, by a rule such as `daily 02:30`.

    `surface` is the id of its API, `types` what is asked for (none: all that the client may have); `since` is the
    transaction time of the last run that was done, "" before that; `job` the last run, `problem` why it did not begin.
    """

    id: str
    client: str
    surface: str
    group: str
    rule: str
    types: tuple[str, ...] = ()
    since: str = ""
    job: str | None = None
    problem: str | None = None


class Schedules(Protocol):
    """The schedules of one tenant."""

    async def all(self) -> Sequence[Schedule]:
        """Every one, by client and Group."""
        ...

    async def find(self, id_: str) -> Schedule | None:
        """One, or None."""
        ...

    async def add(self, schedule: Schedule, due: datetime) -> None:
        """Keep a new one; its first run is due then."""
        ...

    async def settle(self, schedule: Schedule, due: datetime) -> None:
        """Say how far it is, and when it is due again; nothing where it was removed meanwhile."""
        ...

    async def remove(self, id_: str) -> bool:
        """Forget it; False where there was none."""
        ...
