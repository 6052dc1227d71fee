"""The loop that keeps Groups current: takes what is due, one by one, in whichever process looks first."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from ...fhir.outcomes import FhirRefusal
from ...ports.clock import Clock
from ...ports.groups import Due
from .keep import Actor, Groups
from .refusal import DefinitionRefused, NoSuchGroup

LOG = logging.getLogger(__name__)

KIND = "group"
LEASE = timedelta(minutes=10)
"""Who has taken a definition and says nothing for so long has died over it."""
SURFACE = "jobs"


class Keeper:
    """Evaluates definitions when they are due. `groups` gives those of a tenant's number, None where it is gone."""

    def __init__(
        self,
        due: Due,
        groups: Callable[[int], Awaitable[Groups | None]],
        now: Clock,
        identifier: Callable[[], str],
        every: float = 15.0,
    ) -> None:
        self._due, self._groups, self._now, self._identifier, self._every = due, groups, now, identifier, every

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                while await self.turn():
                    pass
            except Exception as failure:  # noqa: BLE001  the next look may go better; a loop that ends never does
                LOG.warning("groups could not be looked at: %s", type(failure).__name__)
            await asyncio.sleep(self._every)

    async def turn(self) -> bool:
        """Evaluate one definition that is due; False where none was."""
        now = self._now()
        taken = await self._due.take(KIND, now, now + LEASE)
        if taken is None:
            return False
        tenant, id_ = taken
        groups = await self._groups(tenant)
        if groups is not None:
            try:
                await groups.refresh(id_, Actor(SURFACE, self._identifier()))
            except NoSuchGroup:
                pass  # removed since
            except (DefinitionRefused, FhirRefusal) as failure:  # kept with the definition, for its owner
                LOG.warning("a group of tenant %d could not be evaluated: %s", tenant, type(failure).__name__)
        return True
