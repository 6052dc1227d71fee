"""Where forms are handed out and taken back: whose they are, from which page they come, what was written in them.

Three walls against forms that somebody else's page sends (OATK-10): the cookie is SameSite, the Origin of a POST has to
be the one that it is sent to, and the form carries a stamp of the session.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from ..fhir.outcomes import BadValue, UnsupportedMedia
from ..values import dataclass
from . import cookies, forms, pages, uploads
from .cookies import Jar
from .exchange import Reply, Request
from .pages import PageRefusal
from .stamps import Stamps, StrangeForm

STAMP = "stamp"
Read = Callable[[Request], Awaitable[tuple[forms.Pairs, bytes]]]


class StrangeOrigin(PageRefusal):
    """This form came from a page of another site."""

    status = 403
    code = "forbidden"
    words = "origin"


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that came back: what was written, and how long it was looked at."""

    pairs: tuple[tuple[str, str], ...] = field(repr=False)
    age: timedelta

    def one(self, name: str, most: int = 1000) -> str:
        """The value of a field, "" where it is missing. BadValue where it stands twice or is too long."""
        found = self.every(name)
        if len(found) > 1 or (found and len(found[0]) > most):
            raise BadValue("This form was not filled in as it was shown.")
        return found[0] if found else ""

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field: the boxes that were ticked."""
        return tuple(value for one, value in self.pairs if one == name)


class Counter:
    """Hands out and takes back the forms of one site."""

    __slots__ = ("_random", "_scheme", "_stamps", "jar")

    def __init__(self, base_url: str, stamps: Stamps, random: Callable[[], str] = secrets.token_urlsafe) -> None:
        """`random` makes what marks a browser: hard to guess."""
        self.jar = Jar(base_url)
        self._stamps, self._random = stamps, random
        self._scheme = urlsplit(base_url).scheme

    def show(self, request: Request, template: str, form: str, **more: Any) -> Reply:
        """A page with a form (or several, all of this name): its stamp is in the template's `stamp`."""
        holder = self._holder(request)
        marks: list[tuple[bytes, bytes]] = []
        if not holder:
            visit = self._random()
            holder, marks = f"visit {visit}", [self.jar.keep_visit(visit)]
        headers = [*more.pop("headers", ()), *marks]
        return pages.page(request, template, headers=headers, stamp=self._stamps.make(holder, form), **more)

    def stamp(self, request: Request, form: str) -> str:
        """The stamp of one more form of a page that somebody sees who is signed in."""
        return self._stamps.make(self._holder(request), form)

    async def take(self, request: Request, form: str) -> Filled:
        """The form of this name that was sent. StrangeOrigin, StrangeForm, or what `forms.form` refuses."""
        return (await self._taken(request, form, plain))[0]

    async def receive(self, request: Request, form: str, room: uploads.Room = uploads.PICTURE) -> tuple[Filled, bytes]:
        """The same of a form with a file, and the file. StrangeOrigin, StrangeForm, or what `uploads.form` refuses."""
        try:
            return await self._taken(request, form, lambda one: uploads.form(one, room))
        except UnsupportedMedia:
            raise StrangeForm from None  # a form of ours is sent as it says

    async def _taken(self, request: Request, form: str, read: Read) -> tuple[Filled, bytes]:
        self._same_origin(request)
        pairs, sent = await read(request)
        request.form = None  # it may hold a password: nothing behind here looks at it again
        stamps: Sequence[str] = [value for name, value in pairs if name == STAMP]
        if len(stamps) != 1:
            raise StrangeForm
        age = self._stamps.shown(stamps[0], self._holder(request), form)
        return Filled(tuple(pair for pair in pairs if pair[0] != STAMP), age), sent

    def _holder(self, request: Request) -> str:
        if request.session is not None:
            return f"session {request.session.id}"
        visit = self.jar.visit(cookies.read(request.headers.get(b"cookie", b"")))
        return f"visit {visit}" if visit else ""

    def _same_origin(self, request: Request) -> None:
        """A browser says where a form was filled in: in Origin, or, where a proxy removed that, in Referer."""
        ours = f"{self._scheme}://{request.headers.get(b'host', b'').decode('latin-1').lower()}"
        said = request.headers.get(b"origin")
        if said is None:
            parts = urlsplit(request.headers.get(b"referer", b"").decode("latin-1"))
            said = f"{parts.scheme}://{parts.netloc}".encode("latin-1")
        if said.decode("latin-1").lower() != ours:
            raise StrangeOrigin


async def plain(request: Request) -> tuple[forms.Pairs, bytes]:
    """A form without a file."""
    return await forms.form(request), b""
