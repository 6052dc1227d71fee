"""How often an endpoint may be asked from one network and by one client (OATK-15), counted over all processes.

A process takes a lease of some tries at a time, so that counting costs next to nothing, and remembers a refusal until
the window ends. A client is counted once it has proved itself, so that nobody uses up another's tries; one that proves
nothing is counted with the network that it comes from.
"""

import math
from dataclasses import field
from datetime import datetime, timedelta
from typing import Protocol

from ..accounts.counts import network
from ..fhir.outcomes import TooMany
from ..ports.clients import Client
from ..values import dataclass

WINDOW = timedelta(minutes=5)
LEASE = 20
"""Tries that a process takes at a time: so many of a window, for each process, may stay unused."""
MORE = 5
"""A client may ask so many times as often as one network: it may come from several."""
MOST = 20_000
"""Networks and clients that a process remembers."""


class Leases(Protocol):
    """Hands out tries of a window."""

    async def lease(self, key: str, tries: int, limit: int, window: timedelta, now: datetime) -> tuple[int, datetime]:
        """At most so many more tries, none where `limit` are used up; and when the window ends. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """`limit` requests of one network to one endpoint in five minutes; 0 is no limit."""

    leases: Leases
    limit: int
    _left: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    async def near(self, endpoint: str, address: str | None, now: datetime) -> None:
        """One more request from this address. Raises TooMany, Unavailable."""
        await self._take(f"pace {endpoint} {network(address)}", self.limit, now)

    async def of(self, client: Client, address: str | None, now: datetime) -> None:
        """One more request of this client. Raises TooMany, Unavailable."""
        whence = "" if client.confidential else network(address)
        await self._take(f"pace client {client.tenant} {client.id} {whence}", self.limit * MORE, now)

    async def _take(self, key: str, limit: int, now: datetime) -> None:
        if not limit:
            return
        left, until = self._left.get(key, (0, now))
        if until <= now or not left:
            left, until = await self.leases.lease(key, min(LEASE, limit), limit, WINDOW, now)
            left = left or -1  # what was refused stays refused, and nobody has to be asked
            if len(self._left) >= MOST:
                self._left.clear()
        if left < 0:
            self._left[key] = -1, until
            raise too_many(until - now)
        self._left[key] = left - 1, until


def too_many(wait: timedelta) -> TooMany:
    """The refusal of who has to wait so long."""
    seconds = max(1, math.ceil(wait.total_seconds()))
    refusal = TooMany(f"Rate limit exceeded. Please retry after {seconds} seconds.")
    refusal.retry_after = seconds
    return refusal
