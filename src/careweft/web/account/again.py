"""Proving once more who one is, before something that matters is changed (WEB-08)."""

from ...accounts.refusals import Refused
from ...values import dataclass
from .. import onward, pages
from ..exchange import Reply, Request
from ..people import Errors, faults
from .room import Room, base

HERE = "again"
PLACES = ("security", "second-factor", "people", "apps")
FIELDS = {"password.wrong": "password"}


@dataclass(frozen=True, slots=True)
class AgainPage:
    """The handlers of `/account/{tenant}/again`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`, with `?then=` for the page that asked."""
        name, _, value = request.query.decode("latin-1").partition("=")
        return self._page(request, value if name == "then" else "")

    async def send(self, request: Request) -> Reply:
        """`POST`: the password; the session goes on under another cookie (OATK-12)."""
        filled = await self.room.take(request, HERE)
        then = filled.one("then", 100)
        try:
            cookie = await self.room.people.sign_in.again(
                request.known_tenant, request.known_session, filled.one("password", 4096), self.room.visit(request)
            )
        except Refused as refused:
            return self._page(request, then, faults(request, refused, FIELDS), refused.status)
        return pages.seen(place(request, then), self.room.renewed(request, cookie))._replace(recorded=True)

    def _page(self, request: Request, then: str, errors: Errors = (), status: int = 200) -> Reply:
        return self.room.show(
            request, "again.html", HERE, status, then=then, cancel=place(request, then), errors=errors
        )


def place(request: Request, then: str) -> str:
    """Where to go on: a page of ours that this word names."""
    known = onward.place(request.known_tenant, then)
    return known or f"{base(request)}/{then if then in PLACES else 'security'}"
