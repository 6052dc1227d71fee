"""Applications whose key set cannot be fetched any more, and so get no tokens: their developers are told, once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..fhir.outcomes import Unavailable
from ..ports.keys import KeySetLog
from .desk import Desk
from .registration import Registration

LOG = logging.getLogger(__name__)
EVERY = 60.0
Tell = Callable[[Registration, str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Breakage:
    """`tell` writes to one account about an application and what went wrong."""

    desk: Desk
    log: KeySetLog
    tell: Tell

    async def run(self) -> None:
        """Look once a minute, until this is cancelled."""
        while True:
            try:
                await self.sweep()
            except Unavailable as down:
                LOG.warning("broken key sets could not be looked for: %s", down.message)
            await asyncio.sleep(EVERY)

    async def sweep(self) -> int:
        """Tell the owners of each team; how many letters that were."""
        told = 0
        for id_, fault in await self.log.broken():
            held = await self.desk.shelf.find(id_)
            for member in await self.desk.shelf.members(id_):
                if held is not None and member.role == "owner":
                    await self.tell(held, member.account, fault)
                    told += 1
        return told
