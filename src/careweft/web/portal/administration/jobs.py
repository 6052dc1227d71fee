"""Exports of all tenants, and what else the job process does by itself: how far it is, how old, begun again, ended."""

from ....registry.refusal import RegistrationRefused
from ....values import dataclass
from ...exchange import Reply, Request
from ...people import Errors
from ..room import Room

HERE = "/administration/jobs"


@dataclass(frozen=True, slots=True)
class Jobs:
    """The handlers of `/administration/jobs`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request)

    async def change(self, request: Request) -> Reply:
        """`POST`: cancel an export, begin a failed one again, or send letters again that were given up."""
        filled = await self.room.take(request)
        do, id_, now = filled.one("do", 10), filled.one("job", 64), self.room.clock()

        async def work() -> Reply:
            self.room.fresh(request)
            if do == "letters":
                await self.room.platform.resend(now, self.room.entry(request, "letters again"))
                return self.room.done(HERE, "resent")
            job = await self.room.platform.job(id_)
            if job is None or do not in ("cancel", "retry"):
                raise RegistrationRefused("there is no such export")
            entry = self.room.entry(request, f"job {do}", client=job.client, of=job.tenant)
            if do == "cancel":
                if not await self.room.platform.cancel(job, entry):
                    raise RegistrationRefused("this export is over already")
                return self.room.done(HERE, "cancelled")
            if not await self.room.platform.retry(job, entry):
                raise RegistrationRefused(
                    "only an export that failed is begun again, a minute after it did: its old files go first"
                )
            return self.room.done(HERE, "again")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422)

        return await self.room.attempt(request, "administration/jobs", work, again)

    async def _page(self, request: Request, errors: Errors = (), status: int = 200) -> Reply:
        now = self.room.clock()
        names = {number: one.name for number, one in (await self.room.tenants_by_number()).items()}
        return self.room.show(
            request, "portal/administration/jobs.html", "jobs", status=status, errors=errors, names=names,
            jobs=[(one, now - one.created) for one in await self.room.platform.jobs()],
            chores=await self.room.platform.chores(now),
        )  # fmt: skip
