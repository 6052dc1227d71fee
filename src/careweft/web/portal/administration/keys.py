"""The signing keys of all tenants, their age, and successors for one of them."""

from ....values import dataclass
from ...exchange import Reply, Request
from ...people import Errors
from ..keys import told
from ..room import Room

HERE = "/administration/keys"
OLD = 365
"""Days after which a key is to be succeeded."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The handlers of `/administration/keys`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request)

    async def rotate(self, request: Request) -> Reply:
        """`POST`: successors for the keys of one tenant."""
        filled = await self.room.take(request)

        async def work() -> Reply:
            self.room.fresh(request)
            tenant = await self.room.tenant(filled.one("tenant", 36))
            entry = self.room.entry(request, "keys rotate", of=tenant.number)
            await self.room.keyring.rotate(tenant.number, entry)
            return self.room.done(HERE, "rotated")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422)

        return await self.room.attempt(request, "administration/keys", work, again)

    async def _page(self, request: Request, errors: Errors = (), status: int = 200) -> Reply:
        now = self.room.clock()
        rows = [(one, told(await self.room.keyring.all(one.number, 0.0), now)) for one in await self.room.tenants.all()]
        return self.room.show(
            request, "portal/administration/keys.html", "keys", status=status, errors=errors, rows=rows, old=OLD
        )
