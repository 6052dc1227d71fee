"""Signing up as a developer, and the link of the letter that finishes it (seed 003; OATK-16, WEB-07)."""

from ...accounts.choice import SHORTEST
from ...accounts.refusals import Refused
from ...accounts.signin import Half
from ...accounts.signup import Wish
from ...values import dataclass
from .. import pages
from ..exchange import Reply, Request
from ..people import FIELDS, Errors, came_half, came_in, faults, visit
from .room import Room

ASKED = ("username", "given", "family", "email")
WHERE = {**FIELDS, "name.shape": "given", "link": "", "sign-up.twice": "again", "sign-up.terms": "terms"}


@dataclass(frozen=True, slots=True)
class JoiningPages:
    """The handlers of `/developers/sign-up`, `/developers/sign-up/sent` and `/developers/verify/{id}`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET …/sign-up`"""
        return await self._page(request, {})

    async def send(self, request: Request) -> Reply:
        """`POST …/sign-up`: the same answer whoever has an account."""
        filled = await self.room.take(request)
        said = {name: filled.one(name, 254).strip() for name in ASKED}
        password = filled.one("password", 4096)
        if errors := missing(said, password, filled.one("again", 4096), filled.one("terms")):
            return await self._page(request, said, errors, 422)
        held = await self.room.platform.terms()
        terms = held.version if held else 0
        wish = Wish(said["username"], said["given"], said["family"], said["email"], password, terms)
        try:
            await self.room.people.sign_up.ask(wish, visit(request, self.room.counter.jar))
        except Refused as refused:
            return await self._page(request, said, faults(request, refused, WHERE), refused.status)
        return pages.seen("/developers/sign-up/sent")._replace(recorded=True)

    async def sent(self, request: Request) -> Reply:
        """`GET …/sign-up/sent`"""
        return self.room.show(request, "portal/sent.html")

    async def follow(self, request: Request) -> Reply:
        """`GET …/verify/{id}`: opening the link changes nothing; its button does."""
        try:
            name = await self.room.people.sign_up.name(request.args["id"], visit(request, self.room.counter.jar))
        except Refused as refused:
            return self._verify(request, "", faults(request, refused, WHERE), refused.status)
        return self._verify(request, name)

    async def verify(self, request: Request) -> Reply:
        """`POST …/verify/{id}`: the account is made, and its developer is signed in."""
        filled = await self.room.take(request)
        username = filled.one("username", 254).strip()
        jar = self.room.counter.jar
        try:
            told = await self.room.people.sign_up.verify(request.args["id"], username, visit(request, jar))
        except Refused as refused:
            return self._verify(request, username, faults(request, refused, WHERE), refused.status)
        if isinstance(told, Half):
            return pages.seen("/account/platform/sign-in/second", *came_half(request, jar, told))._replace(
                recorded=True
            )
        return pages.seen("/developers", *came_in(request, jar, told))._replace(recorded=True)

    async def _page(self, request: Request, said: dict[str, str], errors: Errors = (), status: int = 200) -> Reply:
        terms = await self.room.platform.terms()
        return self.room.show(
            request, "portal/signup.html", status=status, filled=said, errors=errors, least=SHORTEST, terms=terms
        )

    def _verify(self, request: Request, username: str, errors: Errors = (), status: int = 200) -> Reply:
        return self.room.show(
            request, "portal/verify.html", status=status, username=username, errors=errors, link=request.args["id"]
        )


def missing(said: dict[str, str], password: str, again: str, terms: str) -> Errors:
    """What the form lacks before anybody is asked."""
    names = {"username": "a username", "given": "your given name", "family": "your family name", "email": "your e-mail"}
    found = [(name, f"Enter {what}.") for name, what in names.items() if not said[name]]
    if not password:
        found.append(("password", "Enter a password."))
    elif password != again:
        found.append(("again", "The two passwords differ."))
    if terms != "yes":
        found.append(("terms", "The terms have to be accepted."))
    return found
