"""The links of letters: a new password, another address. Opening one changes nothing, its button does (WEB-07)."""

from ...accounts.choice import SHORTEST, SHORTEST_WITH_FACTOR
from ...accounts.refusals import Refused
from ...values import dataclass
from .. import pages
from ..exchange import Reply, Request
from ..people import FIELDS, Errors, faults
from .room import Room, base

FORM, LINK, EMAIL = "reset", "reset-link", "email-link"


@dataclass(frozen=True, slots=True)
class RecoveryPages:
    """The handlers of `/account/{tenant}/reset`, `/reset/{id}` and `/email/{id}`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET …/reset`"""
        return self._ask(request)

    async def ask(self, request: Request) -> Reply:
        """`POST …/reset`: the same answer whoever it was (OATK-16)."""
        filled = await self.room.counter.take(request, FORM)
        if not filled.one("username").strip():
            return self._ask(request, [("username", pages.say(request)("signin.need_username"))], 422)
        try:
            await self.room.people.recovery.ask(request.known_tenant, filled.one("username"), self.room.visit(request))
        except Refused as refused:
            return self._ask(request, faults(request, refused), refused.status)
        return pages.seen(f"{base(request)}/reset-sent")._replace(recorded=True)

    async def sent(self, request: Request) -> Reply:
        """`GET …/reset-sent`"""
        return pages.page(request, "reset_sent.html")

    async def follow(self, request: Request) -> Reply:
        """`GET …/reset/{id}`: the link of the letter."""
        return await self._link(request)

    async def reset(self, request: Request) -> Reply:
        """`POST …/reset/{id}`: the new password; every session ends, the second factor stays."""
        filled = await self.room.counter.take(request, LINK)
        try:
            await self.room.people.recovery.reset(
                request.known_tenant, request.args["id"], filled.one("password", 4096), self.room.visit(request)
            )
        except Refused as refused:
            if refused.key != "link":
                return await self._link(request, faults(request, refused), refused.status)
            return self._ask(request, faults(request, refused), refused.status)
        gone = self.room.counter.jar.drop_session(request.known_tenant)
        return pages.seen(f"{base(request)}/sign-in?done=reset", gone)._replace(recorded=True)

    async def show_email(self, request: Request) -> Reply:
        """`GET …/email/{id}`: the link of the letter to the new address."""
        return self.room.counter.show(request, "email.html", EMAIL, errors=())

    async def email(self, request: Request) -> Reply:
        """`POST …/email/{id}`"""
        await self.room.counter.take(request, EMAIL)
        try:
            await self.room.people.recovery.email_confirm(
                request.known_tenant, request.args["id"], self.room.visit(request)
            )
        except Refused as refused:
            errors = faults(request, refused, FIELDS)
            return self.room.counter.show(request, "email.html", EMAIL, status=refused.status, errors=errors)
        return pages.seen(f"{base(request)}/security?done=security.email_changed")._replace(recorded=True)

    def _ask(self, request: Request, errors: Errors = (), status: int = 200) -> Reply:
        return self.room.counter.show(request, "reset.html", FORM, status=status, errors=errors)

    async def _link(self, request: Request, errors: Errors = (), status: int = 200) -> Reply:
        try:
            account = await self.room.people.recovery.check(
                request.known_tenant, request.args["id"], self.room.visit(request)
            )
        except Refused as refused:
            return self._ask(request, faults(request, refused), refused.status)
        least = SHORTEST_WITH_FACTOR if account.second_factor else SHORTEST
        return self.room.counter.show(
            request, "reset_new.html", LINK, status=status, code=request.args["id"], least=least, errors=errors
        )
