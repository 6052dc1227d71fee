"""A worker: takes parts by turns, holds them with a heartbeat while it works, and sweeps what nobody wants any more."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from ..fhir.outcomes import Unavailable
from ..ports.files import Files
from ..ports.jobs import Job, Superseded, Task, Turns
from .order import Order
from .steps import STEPS, Full, Work

LOG = logging.getLogger("careweft.bulk")
LANES = 2
"""Parts at once in one process: what one has read is worked on while the database reads for the other. No threads do
that, since Python does one thing at a time, and to take turns cost them a third of the time; other processes do.
"""
BEAT = 2.0
"""Seconds between signs of life, at each of which a job is authorized anew."""
REMEMBERED = 8
"""Jobs whose orders a process keeps."""
IDLE = 1.0
SWEEP = 20.0
PARTING = 5.0
"""Seconds that a process which ends waits to hear what it was given; without an answer the lease runs out."""
GRACE = 3600.0
"""Seconds after their expiry that files still lie there, for who is reading them."""
LOST = 86_400.0
WITHDRAWN = "The application or its rights were withdrawn; this export ended with them."
BROKEN = "A part of this export could not be made. The operator's log says more."


class Withdrawn(Exception):
    """Whoever ordered this may no longer have it."""


Prepare = Callable[[Task, Job, Order], Awaitable[Work | None]]
"""All that a part needs, with the rights that hold at this moment; None where they hold no more."""


@dataclass
class Worker:
    """One process's share of the work of all tenants."""

    turns: Turns
    files: Files
    prepare: Prepare
    lanes: int = LANES
    beat: float = BEAT
    _orders: dict[str, Order] = field(default_factory=dict, init=False, repr=False)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.lanes):
                group.create_task(self._lane())
            group.create_task(self._sweeps())

    async def _lane(self) -> None:
        while True:
            try:
                if not await self.once():
                    await self.turns.idle(IDLE)
            except Exception as failure:  # noqa: BLE001  a lane outlives whatever went wrong in it
                _log(failure, "a turn")
                await asyncio.sleep(IDLE)

    async def once(self) -> bool:
        """Work on one part, if there is one."""
        task = await self._leased()
        if task is None:
            return False
        try:
            await self._held(task)
        except Superseded:
            LOG.info("part %d of job %s is somebody else's by now, or nobody's", task.n, task.job)
        except Withdrawn:
            await self.turns.failed(task, WITHDRAWN, final=True)
        except Full as full:
            await self.turns.failed(task, str(full.__doc__), final=True)
        except asyncio.CancelledError:
            await self._given_back(task)
            raise
        except Unavailable:  # the database was away: nothing is wrong with the part
            await self.turns.release(task)
        except Exception as failure:  # noqa: BLE001  it is tried again, here or elsewhere
            _log(failure, f"part {task.n} ({task.step}) of job {task.job}")
            await self.turns.failed(task, BROKEN, final=False)
        return True

    async def _leased(self) -> Task | None:
        """A part, for who is still there to work on it."""
        leasing = asyncio.ensure_future(self.turns.lease())
        try:
            return await asyncio.shield(leasing)
        except asyncio.CancelledError:
            with suppress(Exception):  # the database may have given it by now, and nobody else would know
                async with asyncio.timeout(PARTING):
                    if (task := await leasing) is not None:
                        await self._given_back(task)
            raise

    async def _given_back(self, task: Task) -> None:
        """This process ends: another one may go on at once."""
        with suppress(Exception):
            await asyncio.shield(self.turns.release(task))

    async def _held(self, task: Task) -> None:
        """The step, for as long as the part is held and its order stands."""
        job = await self.turns.beat(task)
        order = await self._order(task)
        work = await self.prepare(task, job, order)
        if work is None:
            raise Withdrawn
        doing = asyncio.ensure_future(STEPS[task.step](work))
        watching = asyncio.ensure_future(self._watched(task, order))
        try:
            await asyncio.wait((doing, watching), return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                await doing
            else:
                await watching
        finally:
            for one in (doing, watching):
                one.cancel()
            await asyncio.gather(doing, watching, return_exceptions=True)

    async def _order(self, task: Task) -> Order:
        """What was asked for, which stays the same; it may name a hundred thousand patients."""
        known = self._orders.get(task.job)
        if known is None:
            if len(self._orders) >= REMEMBERED:
                self._orders.clear()
            known = self._orders[task.job] = Order.of(await self.turns.order(task.tenant, task.job))
        return known

    async def _watched(self, task: Task, order: Order) -> None:
        """Ends with Superseded or Withdrawn; a database that is away for a moment ends nothing."""
        missed = monotonic()
        while True:
            await asyncio.sleep(self.beat)
            try:
                job = await self.turns.beat(task)
                standing = await self.prepare(task, job, order) is not None
                missed = monotonic()
            except Superseded:
                raise
            except Exception:
                if monotonic() - missed > 10 * self.beat:
                    raise
                continue
            if not standing:
                raise Withdrawn

    # Sweeping ---------------------------------------------------------------------------------------------------------

    async def _sweeps(self) -> None:
        seen: dict[str, float] = {}
        while True:
            try:
                await self.sweep()
                await self.orphans(seen)
            except Exception as failure:  # noqa: BLE001  the next sweep finds what this one left
                _log(failure, "a sweep")
            await asyncio.sleep(SWEEP)

    async def sweep(self, grace: float = GRACE) -> None:
        """Remove the files of jobs that are over."""
        for job, folder in await self.turns.over(grace):
            await self.files.remove(await self.files.names(folder))
            await self.turns.swept(job)

    async def orphans(self, seen: dict[str, float], lost: float = LOST) -> None:
        """Remove what lies there for a day without a job that wants it: somebody was killed between two steps."""
        names = await self.files.names("")
        jobs = {name: [*name.split("/"), ""][1] for name in names}
        known = await self.turns.known(sorted(set(jobs.values())))
        now = monotonic()
        loose = {name for name in names if jobs[name] not in known}
        for name in [one for one in seen if one not in loose]:
            del seen[name]
        for name in loose:
            seen.setdefault(name, now)
        gone = [name for name in loose if now - seen[name] >= lost]
        await self.files.remove(gone)


def _log(failure: Exception, what: str) -> None:
    """Type and place; a message may quote a record."""
    frame = traceback.extract_tb(failure.__traceback__)[-1]
    LOG.error("%s: %s at %s:%d", what, type(failure).__name__, frame.name, frame.lineno or 0)
