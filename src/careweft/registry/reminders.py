"""Who is told before something breaks: developers of a secret that ends, administrators of a load that is late."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from ..ports.platform import Platform, late
from ..tenancy import Tenant
from ..values import dataclass
from .desk import Desk
from .registration import Registration
from .rounds import rounds

LOG = logging.getLogger(__name__)
EVERY = 300.0
SOON = timedelta(days=14)
NEVER = "never"


class Notices(Protocol):
    """What was told already."""

    async def ending(self, now: datetime, until: datetime) -> Sequence[tuple[str, datetime]]:
        """Applications with a secret that ends between these moments, and when."""
        ...

    async def first(self, kind: str, subject: str, mark: str) -> bool:
        """Note that this is told; False where it was before."""
        ...


@dataclass(frozen=True, slots=True)
class Reminders:
    """`tell` writes to one developer, `warn` to every administrator."""

    desk: Desk
    notices: Notices
    platform: Platform
    tenants: Callable[[], Awaitable[Sequence[Tenant]]]
    tell: Callable[[Registration, str, datetime], Awaitable[None]]
    warn: Callable[[Tenant], Awaitable[None]]

    async def run(self) -> None:
        """Every five minutes, until this is cancelled."""
        await rounds(self.sweep, EVERY, "what ends or is late", LOG)

    async def sweep(self) -> int:
        """Tell what was not told before; how much that was."""
        now = self.desk.now()
        return await self._secrets(now) + await self._feeds(now)

    async def _secrets(self, now: datetime) -> int:
        told = 0
        for id_, ends in await self.notices.ending(now, now + SOON):
            held = await self.desk.shelf.find(id_)
            if held is None or not await self.notices.first("secret", id_, ends.isoformat()):
                continue
            told += 1
            for owner in await self.desk.owners(id_):
                await self.tell(held, owner, ends)
        return told

    async def _feeds(self, now: datetime) -> int:
        told = 0
        for one in await self.tenants():
            if one.feed_hours is None:
                continue
            load = await self.platform.load(one.number, now)
            mark = load.at.isoformat() if load else NEVER
            if late(load, one.feed_hours, now) and await self.notices.first("feed", str(one.number), mark):
                told += 1
                await self.warn(one)
        return told
