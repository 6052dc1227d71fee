"""What has to happen to accounts without anybody asking: relations that run out, letters that are sent, old rows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from ..ports.clock import Clock
from ..ports.mail import Letter, Waiting
from ..tenancy import Tenant
from .relations import Relations

LOG = logging.getLogger(__name__)
EVERY = 1.0
HOURLY = 3600
"""Rounds between two looks at every child."""


class Outbox(Protocol):
    """The letters that wait."""

    async def take(self, now: datetime) -> Waiting | None:
        """The next letter, for one sender only."""
        ...

    async def sent(self, due: Waiting, now: datetime) -> None:
        """It is out."""
        ...


class Ending(Protocol):
    """The relations that end by themselves."""

    async def due(self, now: datetime, *, minors: bool) -> Sequence[int]:
        """The numbers of the tenants that have some."""
        ...


class Attendant:
    """One in the job process; several do no harm."""

    def __init__(
        self,
        relations: Relations,
        ending: Ending,
        tenants: Callable[[], Awaitable[Sequence[Tenant]]],
        outbox: Outbox,
        send: Callable[[Letter], Awaitable[None]] | None,
        prune: Sequence[Callable[[], Awaitable[object]]],
        now: Clock,
    ) -> None:
        self._relations = relations
        self._ending = ending
        self._tenants = tenants
        self._outbox = outbox
        self._send = send
        self._prune = prune
        self._now = now

    async def run(self) -> None:
        """Once a second, until cancelled; what fails is tried again."""
        turn = 0
        while True:
            for work in (self.expire(minors=turn % HOURLY == 0), self.deliver(), self.tidy(turn)):
                try:
                    await work
                except Exception as failure:  # noqa: BLE001  the next round tries again
                    LOG.warning("accounts: a round failed: %s", type(failure).__name__)
            turn += 1
            await asyncio.sleep(EVERY)

    async def expire(self, *, minors: bool) -> int:
        """End the relations whose time has come; returns how many."""
        numbers = await self._ending.due(self._now(), minors=minors)
        if not numbers:
            return 0
        known = {tenant.number: tenant for tenant in await self._tenants()}
        return sum([await self._relations.expire(known[one]) for one in numbers if one in known])

    async def deliver(self) -> int:
        """Send the letters that are due; returns how many went out. One that does not comes again later."""
        count = 0
        while self._send is not None and (due := await self._outbox.take(self._now())) is not None:
            try:
                await self._send(due.letter)
            except OSError as failure:
                LOG.warning("%s", failure)
                break
            await self._outbox.sent(due, self._now())
            count += 1
        return count

    async def tidy(self, turn: int) -> None:
        """Every ten minutes, remove what nobody can use any more."""
        if turn % 600 == 0:
            for prune in self._prune:
                await prune()
