"""Taking up an invitation: the code, the fact that only its person knows, then a username and a password."""

from datetime import date

from ...accounts.choice import SHORTEST
from ...accounts.joining import Joining
from ...accounts.refusals import Again, Refused
from ...accounts.signin import Half
from ...values import dataclass
from .. import pages
from ..counter import Filled
from ..exchange import Reply, Request
from ..people import Errors, came_half, came_in, faults
from .room import Room, base

FORM = "activate"


@dataclass(frozen=True, slots=True)
class JoiningPages:
    """The handlers of `/account/{tenant}/join` and `/join/{id}`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET …/join`: the code is typed."""
        return self._first(request, asks=True)

    async def follow(self, request: Request) -> Reply:
        """`GET …/join/{id}`: the code came by mail, as a link."""
        code = request.args["id"]
        return self._first(request, code, asks=await self.room.people.invitations.asks_fact(request.known_tenant, code))

    async def open(self, request: Request) -> Reply:
        """`POST …/join`: code and fact; then the page to choose on."""
        filled = await self.room.counter.take(request, FORM)
        code, fact = filled.one("code", 100).strip(), filled.one("birthdate", 40).strip()
        try:
            told = await self.room.people.invitations.open(
                request.known_tenant, code, day(fact), self.room.visit(request)
            )
        except Refused as refused:
            return self._first(request, code, fact, faults(request, refused), refused.status, asks=True)
        return self._second(request, told.ticket, told)._replace(recorded=True)

    async def choose(self, request: Request) -> Reply:
        """`POST …/join/choose`: username and password, and one is signed in."""
        filled = await self.room.counter.take(request, FORM)
        try:
            told = await self.room.people.invitations.activate(
                request.known_tenant, filled.one("ticket"), filled.one("username"), filled.one("password", 4096),
                self.room.visit(request),
            )  # fmt: skip
        except Refused as refused:
            return self._chosen_wrongly(request, filled, refused)
        jar = self.room.counter.jar
        if isinstance(told, Half):
            return pages.seen(f"{base(request)}/sign-in/second", *came_half(request, jar, told))._replace(recorded=True)
        place = "second-factor" if told.enrol else "apps"
        return pages.seen(f"{base(request)}/{place}", *came_in(request, jar, told))._replace(recorded=True)

    async def accept(self, request: Request) -> Reply:
        """`POST …/join/accept`: what the invitation gives goes to the account that is signed in."""
        filled = await self.room.counter.take(request, FORM)
        if request.session is None:
            raise pages.Ended
        code, fact = filled.one("code", 100).strip(), filled.one("birthdate", 40).strip()
        try:
            await self.room.people.invitations.accept(
                request.known_tenant, request.session, code, day(fact), self.room.visit(request)
            )
        except Again as refused:
            request.entry = refused.entry
            return pages.seen(f"{base(request)}/again?then=people")
        except Refused as refused:
            return self._first(request, code, fact, faults(request, refused), refused.status, asks=True)
        return self.room.done(request, "people", "people.accepted")

    def _chosen_wrongly(self, request: Request, filled: Filled, refused: Refused) -> Reply:
        errors = faults(request, refused)
        if refused.key == "invitation":
            return self._first(request, errors=errors, status=refused.status, asks=True)
        return self._second(request, filled.one("ticket"), None, filled.one("username"), errors, refused.status)

    def _first(
        self, request: Request, code: str = "", fact: str = "", errors: Errors = (), status: int = 200, *, asks: bool
    ) -> Reply:
        filled = {"code": code, "birthdate": fact}
        return self.room.counter.show(
            request, "activate.html", FORM, status=status, filled=filled, asks=asks, errors=errors
        )

    def _second(
        self,
        request: Request,
        ticket: str,
        told: Joining | None,
        username: str = "",
        errors: Errors = (),
        status: int = 200,
    ) -> Reply:
        return self.room.counter.show(
            request, "choose.html", FORM, status=status, ticket=ticket, name=told.name if told else None,
            username=told.username if told else username, least=SHORTEST, errors=errors,
        )  # fmt: skip


def day(text: str) -> date | None:
    """A birth date as it was typed; what is none fits no invitation that asks for one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
