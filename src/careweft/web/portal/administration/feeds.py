"""How fresh the records of each tenant are: its last load, and whether that is longer ago than it should be."""

from dataclasses import replace

from ....ports.platform import late
from ....registry.refusal import RegistrationRefused
from ....values import dataclass
from ...exchange import Reply, Request
from ...people import Errors
from ..room import Room

HERE = "/administration/feeds"
MOST = 24 * 366


@dataclass(frozen=True, slots=True)
class Feeds:
    """The handlers of `/administration/feeds`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request)

    async def expect(self, request: Request) -> Reply:
        """`POST`: within how many hours a tenant's next load is expected; none: whenever it comes."""
        filled = await self.room.take(request)

        async def work() -> Reply:
            self.room.fresh(request)
            tenant = await self.room.tenant(filled.one("tenant", 36))
            entry = self.room.entry(request, "tenant set", of=tenant.number)
            await self.room.tenants.save(replace(tenant, feed_hours=hours(filled.one("hours", 9).strip())), entry)
            return self.room.done(HERE, "saved")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422)

        return await self.room.attempt(request, "administration/feeds", work, again)

    async def _page(self, request: Request, errors: Errors = (), status: int = 200) -> Reply:
        now = self.room.clock()
        rows = []
        for one in await self.room.tenants.all():
            load = await self.room.platform.load(one.number, now)
            age = now - load.at if load else None
            rows.append({"tenant": one, "load": load, "age": age, "late": late(load, one.feed_hours, now)})
        return self.room.show(
            request, "portal/administration/feeds.html", "feeds", status=status, errors=errors, rows=rows
        )


def hours(text: str) -> int | None:
    """A number of hours, None for no expectation. Raises RegistrationRefused."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST):
        raise RegistrationRefused(f"write a number of hours, 1 to {MOST}, or nothing")
    return int(text)
