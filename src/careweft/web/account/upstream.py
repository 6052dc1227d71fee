"""Back from the tenant's own provider, and out when somebody signs out there."""

from collections.abc import Awaitable

from ...accounts.refusals import Refused
from ...accounts.signin import Half
from ...values import dataclass
from .. import cookies, forms, pages
from ..exchange import Reply, Request
from ..people import came_half, came_in, faults, visit
from ..replies import NO_STORE
from ..signing import SigningIn
from .room import Room
from .signin import doorway


@dataclass(frozen=True, slots=True)
class UpstreamDoors:
    """`upstream/back` for browsers, `upstream/logout` for the provider."""

    room: Room

    async def back(self, request: Request) -> Reply:
        """`GET …/upstream/back`: signed in, or why not."""
        people, jar, tenant = self.room.people, self.room.counter.jar, request.known_tenant
        bound = jar.bound(cookies.read(request.headers.get(b"cookie", b"")), tenant)
        try:
            answer = dict(forms.pairs(request.query))
            done = await people.federation.finish(tenant, answer, bound, visit(request, jar))
        except Refused as refused:
            return await self._refused(request, refused)
        path, _, onward = done.back.partition(" ")
        if isinstance(done.came, Half):
            where, kept = f"{path}/second", came_half(request, jar, done.came)
        else:
            enrol = f"/account/{tenant.id}/second-factor"
            where, kept = enrol if done.came.enrol else onward, came_in(request, jar, done.came)
        return pages.seen(where, *kept, jar.keep_bound(tenant, ""))._replace(recorded=True)

    async def logout(self, request: Request) -> Reply:
        """`POST …/upstream/logout`: 200 where the token holds, else 400 (Back-Channel Logout 2.8)."""
        tokens = [value for name, value in await forms.form(request) if name == "logout_token"]
        request.form = None
        seen, shown = visit(request, self.room.counter.jar), tokens[0] if len(tokens) == 1 else ""
        return await out(request, self.room.people.federation.back_channel(request.known_tenant, shown, seen))

    async def front(self, request: Request) -> Reply:
        """`GET …/upstream/logout?iss=…&sid=…`: the same, in a frame of the provider's page."""
        said, seen = dict(forms.pairs(request.query)), visit(request, self.room.counter.jar)
        iss, sid = said.get("iss", ""), said.get("sid", "")
        return await out(request, self.room.people.federation.front_channel(request.known_tenant, iss, sid, seen))

    async def _refused(self, request: Request, refused: Refused) -> Reply:
        """The sign-in page, which says why."""
        found = await doorway(request)
        if isinstance(found, Reply):
            return found
        page = SigningIn(self.room.people, self.room.counter, doorway).page
        return await page(request, found, faults(request, refused), status=refused.status)


async def out(request: Request, ending: Awaitable[None]) -> Reply:
    """200 once the sessions have ended, 400 where nobody is believed."""
    try:
        await ending
    except Refused as refused:
        request.entry = refused.entry
        return Reply(400, [], kept=NO_STORE)
    return Reply(200, [], recorded=True, kept=NO_STORE)
