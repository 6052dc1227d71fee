"""A tenant's signing keys: which sign, which are published, and a successor where an owner wants one (OAUTH-25)."""

from collections.abc import Sequence
from datetime import datetime

from ...oauth.keys import signs
from ...ports.keys import SigningKey
from ...values import dataclass
from ..exchange import Reply, Request
from ..people import Errors
from .room import Room


@dataclass(frozen=True, slots=True)
class Shown:
    """One key as the page tells it; `age` is in days."""

    kid: str
    alg: str
    state: str
    since: datetime
    until: datetime | None
    forget: datetime | None
    age: int


@dataclass(frozen=True, slots=True)
class KeysPage:
    """The handlers of `/console/{tenant}/keys`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request)

    async def rotate(self, request: Request) -> Reply:
        """`POST`: a successor for each algorithm; tokens signed by the old keys stay good until they end."""
        await self.room.take(request)
        tenant = request.known_tenant

        async def work() -> Reply:
            self.room.fresh(request)
            await self.room.keyring.rotate(tenant.number, self.room.entry(request, "keys rotate"))
            return self.room.done(f"/console/{tenant.id}/keys", "rotated")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422)

        return await self.room.attempt(request, "console/keys", work, again)

    async def _page(self, request: Request, errors: Errors = (), status: int = 200) -> Reply:
        tenant = request.known_tenant
        keys = told(await self.room.keyring.all(tenant.number, 0.0), self.room.clock())
        return self.room.show(request, "portal/keys.html", "keys", status=status, errors=errors, keys=keys)


def told(keys: Sequence[SigningKey], now: datetime) -> Sequence[Shown]:
    """The keys, newest first."""
    found = [
        Shown(one.kid, one.alg, state(one, now), one.since, one.until, one.forget, max(0, (now - one.since).days))
        for one in keys
    ]
    return sorted(found, key=lambda one: (one.since, one.alg), reverse=True)


def state(key: SigningKey, now: datetime) -> str:
    """What a key is at this moment."""
    if signs(key, now):
        return "signs"
    return "published, signs soon" if now < key.since else "no longer signs, still trusted"
