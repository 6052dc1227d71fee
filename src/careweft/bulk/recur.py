"""The loop that begins exports again: each time from where the last one that was done ended, with the rights that the
client has at that moment, and an audit row.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from ..access.caller import Caller
from ..access.narrow import reach
from ..access.reach import Reach
from ..fhir.bundles import instant
from ..fhir.json import decode
from ..fhir.membership import members
from ..fhir.outcomes import FhirRefusal, Forbidden, NotFound, Unavailable
from ..ports.clock import Clock
from ..ports.groups import Due
from ..ports.jobs import Job, Jobs
from ..ports.journal import Entry, Journal
from ..ports.records import Records
from ..ports.schedules import Schedule, Schedules
from ..surfaces.model import Surface
from ..tenancy import Tenant
from ..values import dataclass
from .order import Asking, Order, Pairs, read
from .schedule import Rule

LOG = logging.getLogger(__name__)

KIND = "export"
LEASE = timedelta(minutes=10)
WAIT = timedelta(minutes=5)
"""Until it is looked again whether the run before is over."""
LARGEST = 64 * 1024 * 1024

Rights = Callable[[Tenant, Surface, str, str], Awaitable[Caller | None]]
"""What this client may do on this API today, and this Group be exported by it; None where it may not."""
Formed = Callable[[Order, Tenant, Surface, str], Awaitable[Order]]
"""The order in the form that its API gives out. Raises Forbidden."""


@dataclass(frozen=True)
class Recurring:
    """Begins exports when they are due. `tenant` finds one by its number, `surfaces` by id."""

    due: Due
    tenant: Callable[[int], Awaitable[Tenant | None]]
    surface: Callable[[str], Surface | None]
    schedules: Callable[[Tenant], Schedules]
    records: Callable[[Tenant], Records]
    rights: Rights
    formed: Formed
    jobs: Jobs
    journal: Journal
    base_url: str
    now: Clock
    at_once: int
    every: float = 15.0

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                while await self.turn():
                    pass
            except Exception as failure:  # noqa: BLE001  the next look may go better; a loop that ends never does
                LOG.warning("exports that come again could not be looked at: %s", type(failure).__name__)
            await asyncio.sleep(self.every)

    async def turn(self) -> bool:
        """See to one schedule that is due; False where none was."""
        now = self.now()
        taken = await self.due.take(KIND, now, now + LEASE)
        if taken is None:
            return False
        tenant = await self.tenant(taken[0])
        schedule = None if tenant is None else await self.schedules(tenant).find(taken[1])
        if tenant is not None and schedule is not None:
            await self._see_to(tenant, schedule)
        return True

    async def _see_to(self, tenant: Tenant, schedule: Schedule) -> None:
        """Note what became of the run before; begin the next unless that one is still at work."""
        mine, now = self.schedules(tenant), self.now()
        before = await self._before(tenant, schedule)
        if before is not None and before.at_work:
            await mine.settle(schedule, now + WAIT)
            return
        if before is not None and before.state == "done" and before.moment is not None:
            schedule = replace(schedule, since=instant(before.moment))
        begun = await self._begin(tenant, schedule)
        await mine.settle(begun, Rule.read(schedule.rule).after(now, ZoneInfo(tenant.zone)))

    async def _before(self, tenant: Tenant, schedule: Schedule) -> Job | None:
        if schedule.job is None:
            return None
        return await self.jobs.find(tenant.number, schedule.surface, schedule.client, schedule.job)

    async def _begin(self, tenant: Tenant, schedule: Schedule) -> Schedule:
        """The schedule with its new job, or with why there is none; either is in the audit journal."""
        id_ = secrets.token_hex(20)
        try:
            job, order = await self._ordered(tenant, schedule, id_)
            job = await self.jobs.create(job, order.said(), self.at_once)
        except FhirRefusal as refusal:
            await self.journal.write(self._entry(tenant, schedule, id_, refusal.status, refusal.message))
            return replace(schedule, job=None, problem=refusal.message)
        try:
            await self.journal.write(self._entry(tenant, schedule, id_, 202))
        except Unavailable:
            await self.jobs.cancel(job)  # nothing goes out that is not in the journal
            raise
        return replace(schedule, job=job.id, problem=None)

    async def _ordered(self, tenant: Tenant, schedule: Schedule, id_: str) -> tuple[Job, Order]:
        surface = self.surface(schedule.surface)
        caller = None if surface is None else await self.rights(tenant, surface, schedule.client, schedule.group)
        if surface is None or caller is None:
            raise Forbidden("This application may not export this Group now.")
        base = surface.url(self.base_url, tenant.id)
        pairs = asked(schedule, surface)
        query = f"?{urlencode(pairs)}" if pairs else ""
        request = f"{base}/Group/{schedule.group}/$export{query}"
        order = read(Asking(surface, caller, "group", request, tenant.zone, base, schedule.group), pairs)
        order = await self.formed(order, tenant, surface, schedule.client)
        order = replace(order, members=await self._members(tenant, surface, caller, schedule.group))
        return Job(id_, tenant.number, schedule.client, surface.id, order.about, "waiting", self.now()), order

    async def _members(self, tenant: Tenant, surface: Surface, caller: Caller, group: str) -> tuple[str, ...]:
        seen = reach(caller, surface, "Group", "r", tenant.zone)
        found = await self.records(tenant).read("Group", group, seen) if isinstance(seen, Reach) else None
        if found is None or found.body is None:
            raise NotFound("There is no such Group.")
        return members(decode(found.body, LARGEST), self.now(), ZoneInfo(tenant.zone))

    def _entry(self, tenant: Tenant, schedule: Schedule, id_: str, status: int, reason: str | None = None) -> Entry:
        return Entry(
            at=self.now(),
            tenant=tenant.number,
            action="$export",
            surface=schedule.surface,
            status=status,
            request_id=id_,
            client=schedule.client,
            type="Group",
            id=schedule.group,
            query=f"schedule={schedule.id}&_since={schedule.since}".encode(),
            reason=reason,
        )


def asked(schedule: Schedule, surface: Surface) -> Pairs:
    """The parameters of the next run. What is de-identified comes whole each time: no run can be laid on another."""
    types = [("_type", ",".join(schedule.types))] if schedule.types else []
    since = [("_since", schedule.since)] if schedule.since and not surface.form else []
    return [*types, *since]
