"""What a tenant allowed until a day: once that is over the step is taken, and its developer is told.

Nothing waits for this: an application whose day is over is not approved from that moment on (ADR 601).
"""

import logging
from collections.abc import Awaitable, Callable

from ..tenancy import Tenant
from ..values import dataclass
from .authorization import Authorization
from .desk import Desk
from .registration import Registration
from .rounds import rounds

LOG = logging.getLogger(__name__)
EVERY = 60.0
Tell = Callable[[Registration, Tenant, Authorization], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Expiry:
    """`tenant` finds a tenant by its number, `tell` writes to the developer."""

    desk: Desk
    tenant: Callable[[int], Awaitable[Tenant | None]]
    tell: Tell

    async def run(self) -> None:
        """Look once a minute, until this is cancelled."""
        await rounds(self.sweep, EVERY, "expired authorizations", LOG)

    async def sweep(self) -> int:
        """Take the step for all whose day is over; how many that were."""
        done = 0
        for id_, number in await self.desk.shelf.overdue(self.desk.now()):
            tenant = await self.tenant(number)
            if tenant is None:
                continue
            said = await self.desk.expire(id_, tenant)
            held = await self.desk.shelf.find(id_)
            if said is not None and held is not None:
                await self.tell(held, tenant, said)
                done += 1
        return done
