"""Applications whose key set cannot be fetched any more, and so get no tokens: their developers are told, once."""

import logging
from collections.abc import Awaitable, Callable

from ..ports.keys import KeySetLog
from ..values import dataclass
from .desk import Desk
from .registration import Registration
from .rounds import rounds

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
        await rounds(self.sweep, EVERY, "broken key sets", LOG)

    async def sweep(self) -> int:
        """Tell the owners of each team; how many letters that were."""
        told = 0
        for id_, fault in await self.log.broken():
            held = await self.desk.shelf.find(id_)
            if held is None:
                continue
            for owner in await self.desk.owners(id_):
                await self.tell(held, owner, fault)
                told += 1
        return told
