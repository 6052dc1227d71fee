"""Where somebody is signed in, and signing out, here or there (WEB-08)."""

import re

from ...values import dataclass
from .. import pages
from ..exchange import Reply, Request
from .room import Room, base

HERE = "sessions"
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SessionsPage:
    """The handlers of `/account/{tenant}/sessions` and `/sign-out`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        here = request.known_session
        found = await self.room.sessions.list(request.known_tenant.number, here.account.id)
        sessions = [
            {
                "id": one.id, "here": one.id == here.id, "agent": browser(one.agent), "opened": one.opened,
                "seen": one.seen, "address": one.address,
            }
            for one in found
        ]  # fmt: skip
        return self.room.show(request, "sessions.html", HERE, sessions=sessions)

    async def send(self, request: Request) -> Reply:
        """`POST`: end one, or all others."""
        filled = await self.room.take(request, HERE)
        session, sign_in = request.known_session, self.room.people.sign_in
        if filled.one("do") == "all":
            await sign_in.end_others(request.known_tenant, session, self.room.visit(request))
            return self.room.done(request, HERE, "sessions.ended_all")
        await sign_in.end(request.known_tenant, session, filled.one("session", 64), self.room.visit(request))
        return self.room.done(request, HERE, "sessions.ended")

    async def out(self, request: Request) -> Reply:
        """`POST /account/{tenant}/sign-out`"""
        await self.room.take(request, "sign-out")
        await self.room.people.sign_in.out(request.known_tenant, request.known_session, self.room.visit(request))
        gone = self.room.counter.jar.drop_session(request.known_tenant)
        return pages.seen(f"{base(request)}/sign-in?done=signed-out", gone)._replace(recorded=True)


def browser(agent: str) -> str:
    """A browser and its system, as people call them.

    >>> browser("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"), browser("curl/8")
    ('Chrome, Linux', 'curl/8')
    """
    found = [next((name for mark, name in marks if mark in agent), None) for marks in (BROWSERS, SYSTEMS)]
    told = ", ".join(one for one in found if one)
    return told or re.sub(r"[^\w ./()-]", "", agent)[:60] or "–"
