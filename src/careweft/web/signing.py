"""Signing in, as pages: for an application that waits, or for one's own account; the same forms at two addresses.

Password or passkey; whoever has a second factor is asked for it on a page of its own.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from ..accounts.reception import Reception
from ..accounts.refusals import Refused, Wrong
from ..accounts.signin import Half, Opened
from ..values import dataclass
from . import cookies, pages
from .counter import Counter, Filled
from .exchange import Reply, Request
from .people import Errors, came_half, came_in, faults, visit
from .replies import as_json
from .route import Route, Visitor

SIX = 6


@dataclass(frozen=True, slots=True)
class Doorway:
    """For what somebody signs in: `path` is the page's, `onward` where they go then, `app` the application's name.

    `again` says that they are signed in and have to prove it once more; `sends` as `pages.page` has it; `query` goes
    with the forms, `done` is a text for what led here.
    """

    path: str
    onward: str
    form: str
    app: str | None = None
    again: bool = False
    sends: Sequence[str] = ()
    leave: str = ""
    query: str = ""
    done: str | None = None


Find = Callable[[Request], Awaitable[Doorway | Reply]]
"""The doorway of a request, or the reply where there is nothing to sign in for (any more)."""


@dataclass(frozen=True, slots=True)
class SigningIn:
    """The handlers, at one of the two addresses."""

    people: Reception
    counter: Counter
    find: Find

    def rows(self, path: str, name: str) -> Iterator[Route]:
        """The page, its second step, and what their forms send."""
        for method, place, answer in (
            ("GET", path, self.show),
            ("POST", path, self.password),
            ("GET", f"{path}/second", self.show_second),
            ("POST", f"{path}/second", self.second),
            ("POST", f"{path}/upstream", self.upstream),
            ("POST", f"{path}/passkey", self.passkey),
            ("POST", f"{path}/passkey/options", self.options),
        ):
            yield Route((method,), place, Visitor(), answer, name, "sign-in", "accounts", speaks="page", page=path)

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        found = await self.find(request)
        return found if isinstance(found, Reply) else await self.page(request, found)

    async def password(self, request: Request) -> Reply:
        """`POST`: name and password."""
        found = await self.find(request)
        if isinstance(found, Reply):
            return found
        filled = await self.counter.take(request, found.form)
        username, password = filled.one("username"), filled.one("password", 4096)
        if errors := self._missing(request, username=username, password=password):
            return await self.page(request, found, errors, username, 422)
        try:
            told = await self.people.sign_in.password(
                request.known_tenant, username.strip(), password, visit(request, self.counter.jar)
            )
        except Refused as refused:
            return await self.page(request, found, faults(request, refused), username, refused.status)
        return self._proved(request, found, told)

    async def upstream(self, request: Request) -> Reply:
        """`POST`: on to the tenant's own provider; `account/upstream` is where it sends people back to."""
        found = await self.find(request)
        if isinstance(found, Reply):
            return found
        await self.counter.take(request, found.form)
        try:
            begun = await self.people.federation.begin(request.known_tenant, f"{found.path} {found.onward}")
        except Refused as refused:
            return await self.page(request, found, faults(request, refused), status=refused.status)
        return pages.seen(begun.url, self.counter.jar.keep_bound(request.known_tenant, begun.binding))

    async def show_second(self, request: Request) -> Reply:
        """`GET`: the page of the second step."""
        found = await self.find(request)
        if isinstance(found, Reply):
            return found
        return self._second_page(request, found) if self._half(request) else pages.seen(found.path)

    async def second(self, request: Request) -> Reply:
        """`POST`: a code of an authenticator, or a recovery code."""
        found = await self.find(request)
        if isinstance(found, Reply):
            return found
        filled = await self.counter.take(request, found.form)
        typed = filled.one("code", 100)
        if errors := self._missing(request, code=typed):
            return self._second_page(request, found, errors, 422)
        try:
            opened = await self._code(request, typed)
        except Wrong as refused:
            if refused.key != "step":
                return self._second_page(request, found, faults(request, refused), refused.status)
            return await self.page(request, found, faults(request, refused), status=refused.status)
        except Refused as refused:
            return self._second_page(request, found, faults(request, refused), refused.status)
        return self._proved(request, found, opened)

    async def options(self, request: Request) -> Reply:
        """`POST`: what the browser needs to ask for a passkey, as JSON for our script."""
        found = await self.find(request)
        if isinstance(found, Reply):
            return found
        await self.counter.take(request, found.form)
        begun = await self.people.sign_in.passkey_begin(request.known_tenant)
        return as_json(200, {**begun.options, "ticket": begun.ticket})

    async def passkey(self, request: Request) -> Reply:
        """`POST`: the passkey's answer."""
        found = await self.find(request)
        if isinstance(found, Reply):
            return found
        filled = await self.counter.take(request, found.form)
        try:
            opened = await self.people.sign_in.passkey(
                request.known_tenant, filled.one("ticket"), answer(filled), visit(request, self.counter.jar)
            )
        except Refused as refused:
            return await self.page(request, found, faults(request, refused), status=refused.status)
        return self._proved(request, found, opened)

    async def _code(self, request: Request, typed: str) -> Opened:
        sign_in, digits = self.people.sign_in, "".join(typed.split())
        way = sign_in.totp if digits.isdigit() and len(digits) == SIX else sign_in.recovery
        return await way(request.known_tenant, self._half(request), typed, visit(request, self.counter.jar))

    def _half(self, request: Request) -> str:
        return self.counter.jar.half(cookies.read(request.headers.get(b"cookie", b"")), request.known_tenant)

    def _missing(self, request: Request, **fields: str) -> Errors:
        t = pages.say(request)
        return [(name, t(f"signin.need_{name}")) for name, value in fields.items() if not value.strip()]

    def _proved(self, request: Request, found: Doorway, told: Opened | Half) -> Reply:
        """303: onward, or to the second step. The accounts have written the audit entry."""
        if isinstance(told, Half):
            second = _with(f"{found.path}/second", found.query)
            return pages.seen(second, *came_half(request, self.counter.jar, told))._replace(recorded=True)
        onward = f"/account/{request.known_tenant.id}/second-factor" if told.enrol else found.onward
        return pages.seen(onward, *came_in(request, self.counter.jar, told))._replace(recorded=True)

    async def page(
        self, request: Request, found: Doorway, errors: Errors = (), username: str = "", status: int = 200
    ) -> Reply:
        """The page, with the button of the tenant's own provider where it has one."""
        offer = await self.people.federation.offered(request.known_tenant)
        upstream = (
            None if offer is None else {"name": offer.name, "action": _with(f"{found.path}/upstream", found.query)}
        )
        sends = found.sends if offer is None else (*found.sends, offer.origin)
        return self.counter.show(
            request, "signin.html", found.form, status=status, action=_with(found.path, found.query),
            passkey=f"{found.path}/passkey", query=found.query, done=found.done,
            app=found.app, again=found.again, leave=found.leave, errors=errors, username=username, upstream=upstream,
            sends=sends, scripts=["passkeys.js"],
        )  # fmt: skip

    def _second_page(self, request: Request, found: Doorway, errors: Errors = (), status: int = 200) -> Reply:
        return self.counter.show(
            request, "second.html", found.form, status=status, action=_with(f"{found.path}/second", found.query),
            restart=found.path, errors=errors, sends=found.sends,
        )  # fmt: skip


def _with(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def answer(filled: Filled) -> dict[str, Any]:
    """What a passkey answered; nothing where it is no JSON object."""
    try:
        told = json.loads(filled.one("answer", 64 * 1024))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
