"""What waits for a job process, for whoever runs the machine: how much, how long, and whether anybody works on it."""

from collections.abc import Sequence
from typing import Protocol

from ..values import dataclass

STALLED = 600.0
"""Seconds after which a queue on which nobody works is said to stand still."""


@dataclass(frozen=True, slots=True)
class Queue:
    """`waiting` pieces of work, the `oldest` untouched for so many seconds, `working` of them in somebody's hands."""

    name: str
    waiting: int
    oldest: float
    working: int

    @property
    def stalled(self) -> bool:
        """Work waits, for long, and nobody is at any."""
        return self.waiting > 0 and self.working == 0 and self.oldest >= STALLED


class Queues(Protocol):
    """Looks at all queues, over all tenants."""

    async def look(self) -> Sequence[Queue]:
        """As they are now. Raises Unavailable: what is not known is not told."""
        ...


class Unwatched:
    """No queues."""

    async def look(self) -> Sequence[Queue]:
        """None."""
        return ()
