"""What people of a tenant granted, by application, and the end of all of one (issue 6, item 5).

It counts; whose records they are about is shown to those people alone.
"""

from ...fhir.outcomes import NotFound
from ...values import dataclass
from ..exchange import Reply, Request
from ..people import Errors
from .room import Room


@dataclass(frozen=True, slots=True)
class GrantsPage:
    """The handlers of `/console/{tenant}/grants`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request)

    async def end(self, request: Request) -> Reply:
        """`POST`: end all that people granted to one application; it may ask them again."""
        filled = await self.room.take(request)
        tenant, client = request.known_tenant, filled.one("client", 64)

        async def work() -> Reply:
            self.room.fresh(request)
            now = self.room.clock()
            if client not in {one.client for one in await self.room.permits.by_client(tenant.number, now)}:
                raise NotFound("Nobody here granted anything to such an application.")
            await self.room.permits.end_client(
                tenant.number, client, now, self.room.entry(request, "grants end", client=client)
            )
            return self.room.done(f"/console/{tenant.id}/grants", "ended")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422)

        return await self.room.attempt(request, "console/grants", work, again)

    async def _page(self, request: Request, errors: Errors = (), status: int = 200) -> Reply:
        tenant = request.known_tenant
        names = {
            one.registration.id: one.registration.asked.name
            for one in await self.room.desk.shelf.requests(tenant.number)
        }
        return self.room.show(
            request, "portal/grants.html", "grants", status=status, errors=errors, names=names,
            shared=await self.room.permits.by_client(tenant.number, self.room.clock()),
            signed_in=await self.room.sessions.standing(tenant.number),
        )  # fmt: skip
