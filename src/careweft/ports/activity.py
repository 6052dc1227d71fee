"""What happened to the records of somebody, read from the audit journal for that person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ..values import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """One interaction: when, by which application, for whom, with what; `seq` is its place in the journal."""

    seq: int
    at: datetime
    action: str
    client: str | None
    user: str | None
    type: str | None
    patients: tuple[str, ...]


class Activity(Protocol):
    """The journal, as far as it is about certain patients."""

    async def about(
        self, tenant: int, patients: Sequence[str], *, before: int | None = None, most: int = 20
    ) -> Sequence[Act]:
        """What was done, not what was refused, newest first; older than `before` where that is given.

        Raises Unavailable.
        """
        ...
