"""Password, second factors, recovery codes, e-mail: what somebody signs in with (WEB-05, WEB-07)."""

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Awaitable

from ...accounts.choice import SHORTEST, SHORTEST_WITH_FACTOR
from ...accounts.factors import Enrolment
from ...accounts.refusals import Refused, Wrong
from ...values import dataclass
from .. import pages, texts
from ..exchange import Reply, Request
from ..people import FIELDS, Errors, faults
from ..replies import as_json
from ..signing import answer
from .room import Room, base

HERE, FACTOR = "security", "second-factor"
NEW = {**FIELDS, **dict.fromkeys(("password.short", "password.long", "password.common"), "new")}


@dataclass(frozen=True, slots=True)
class Security:
    """The handlers of `/account/{tenant}/security` and what its forms send."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request)

    async def password(self, request: Request) -> Reply:
        """`POST …/password`"""
        filled, tenant, session = await self.room.take(request, HERE), request.known_tenant, request.known_session
        try:
            cookie = await self.room.people.recovery.password(
                tenant, session, filled.one("old", 4096), filled.one("new", 4096), self.room.visit(request)
            )
        except Refused as refused:
            return await self._page(request, faults(request, refused, NEW), refused.status)
        return self.room.done(request, HERE, "security.changed", self.room.renewed(request, cookie))

    async def language(self, request: Request) -> Reply:
        """`POST …/language`: of the pages and of letters, from now on."""
        filled = await self.room.take(request, HERE)
        chosen = filled.one("language", 8)
        if chosen not in texts.languages():
            return await self._page(request, [("language", pages.say(request)("security.language_need"))], 422)
        await self.room.people.sign_in.language(
            request.known_tenant, request.known_session, chosen, self.room.visit(request)
        )
        return self.room.done(request, HERE, "security.language_saved")

    async def email(self, request: Request) -> Reply:
        """`POST …/email`: a letter goes to the new address first."""
        filled = await self.room.take(request, HERE)

        async def work() -> Reply:
            await self.room.people.recovery.email(
                request.known_tenant, request.known_session, filled.one("email"), self.room.visit(request)
            )
            return self.room.done(request, HERE, "security.email_sent")

        return await self._attempt(request, work())

    async def end_codes(self, request: Request) -> Reply:
        """`POST …/codes/end`: no time-based codes any more."""
        await self.room.take(request, HERE)

        async def work() -> Reply:
            await self.room.people.factors.remove(request.known_tenant, request.known_session, self.room.visit(request))
            return self.room.done(request, HERE, "security.totp_ended")

        return await self._attempt(request, work())

    async def recovery(self, request: Request) -> Reply:
        """`POST …/recovery`: new recovery codes, shown once."""
        await self.room.take(request, HERE)

        async def work() -> Reply:
            codes = await self.room.people.factors.codes(
                request.known_tenant, request.known_session, self.room.visit(request)
            )
            return self._codes(request, codes)

        return await self._attempt(request, work())

    async def passkey_options(self, request: Request) -> Reply:
        """`POST …/passkeys/options`: what the browser needs to make one, as JSON for our script."""
        await self.room.take(request, HERE)
        try:
            ticket, options = await self.room.people.passkeys.begin(request.known_tenant, request.known_session)
        except Refused as refused:
            request.entry = refused.entry
            return as_json(refused.status, {"error": refused.key})
        return as_json(200, {**options, "ticket": ticket})

    async def passkey_add(self, request: Request) -> Reply:
        """`POST …/passkeys`: the one that the browser made."""
        filled = await self.room.take(request, HERE)

        async def work() -> Reply:
            added = await self.room.people.passkeys.add(
                request.known_tenant, request.known_session, filled.one("ticket"), answer(filled), "",
                self.room.visit(request),
            )  # fmt: skip
            renewed = self.room.renewed(request, added.cookie)
            if added.codes:
                return self._codes(request, added.codes, renewed)
            return self.room.done(request, HERE, "security.passkey_added", renewed)

        return await self._attempt(request, work())

    async def passkey_remove(self, request: Request) -> Reply:
        """`POST …/passkeys/remove`"""
        filled = await self.room.take(request, HERE)

        async def work() -> Reply:
            await self.room.people.passkeys.drop(
                request.known_tenant, request.known_session, credential(filled.one("passkey")), self.room.visit(request)
            )
            return self.room.done(request, HERE, "security.passkey_removed")

        return await self._attempt(request, work())

    async def show_factor(self, request: Request) -> Reply:
        """`GET …/second-factor`: begin with time-based codes."""
        try:
            begun = await self.room.people.factors.begin(request.known_tenant, request.known_session)
        except Refused as refused:
            request.entry = refused.entry
            if refused.key == "again":
                return pages.seen(f"{base(request)}/again?then={FACTOR}")
            return pages.seen(f"{base(request)}/{HERE}")
        return self._factor(request, begun)

    async def factor(self, request: Request) -> Reply:
        """`POST …/second-factor`: the authenticator shows this code."""
        filled = await self.room.take(request, FACTOR)
        try:
            added = await self.room.people.factors.confirm(
                request.known_tenant, request.known_session, filled.one("ticket"), filled.one("code", 40),
                self.room.visit(request),
            )  # fmt: skip
        except Refused as refused:
            return await self._factor_again(request, refused)
        renewed = self.room.renewed(request, added.cookie)
        if added.codes:
            return self._codes(request, added.codes, renewed)
        return self.room.done(request, HERE, "security.totp_added", renewed)

    async def _factor_again(self, request: Request, refused: Refused) -> Reply:
        """A new secret with what was wrong; a fresh proof of who it is where that is wanted."""
        if refused.key == "again":
            request.entry = refused.entry
            return pages.seen(f"{base(request)}/again?then={FACTOR}")
        errors = faults(request, refused)
        begun = await self.room.people.factors.begin(request.known_tenant, request.known_session)
        return self._factor(request, begun, errors, refused.status)

    def _factor(self, request: Request, begun: Enrolment, errors: Errors = (), status: int = 200) -> Reply:
        picture = "data:image/svg+xml;base64," + b64encode(begun.svg.encode()).decode()
        return self.room.show(
            request, "totp.html", FACTOR, status, ticket=begun.ticket, secret=begun.secret, picture=picture,
            errors=errors,
        )  # fmt: skip

    def _codes(self, request: Request, codes: tuple[str, ...], *headers: tuple[bytes, bytes]) -> Reply:
        """The page that shows recovery codes: the one answer to a form that is no redirect: they are kept nowhere."""
        shown = self.room.show(
            request, "codes.html", HERE, codes=codes, onward=f"{base(request)}/{HERE}", headers=headers,
            scripts=["copy.js"],
        )  # fmt: skip
        return shown._replace(recorded=True)

    async def _attempt(self, request: Request, work: Awaitable[Reply]) -> Reply:
        return await self.room.attempt(request, HERE, work, lambda errors, status: self._page(request, errors, status))

    async def _page(self, request: Request, errors: Errors = (), status: int = 200) -> Reply:
        account = request.known_session.account
        held = await self.room.people.secrets(account)
        passkeys = [
            {"id": urlsafe_b64encode(one.id).decode(), "name": "", "created": one.created} for one in held.passkeys
        ]
        return self.room.show(
            request, "security.html", HERE, status, totp=held.totp is not None, passkeys=passkeys, recovery=held.codes,
            least=SHORTEST_WITH_FACTOR if account.second_factor else SHORTEST, errors=errors,
            email_form=self.room.people.means.mail.works, scripts=["passkeys.js"],
            languages=[(one, texts.say(one)("language.name")) for one in texts.languages()],
            spoken=pages.language_of(request),
        )  # fmt: skip


def credential(text: str) -> bytes:
    """The id of a passkey as the page wrote it. Wrong (`passkey`) for one that is none."""
    try:
        return urlsafe_b64decode(text)
    except (Error, ValueError):
        raise Wrong("passkey") from None
