"""Signing in: by password and a second factor, by passkey; again before what is sensitive; and out.

The order of the steps is the protocol: count the try, look for the account, compare, forgive the count, open a session
under an id that nobody knew before (OATK-12). An unknown name passes every step that a known one does (OATK-16).
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import timedelta
from typing import Any

from ..ports.people import Account, Session, Visit, number
from ..tenancy import Tenant
from ..values import dataclass
from . import factors, passkeys
from .changes import Change, Elevate, EndSessions, OpenSession, SetLanguage, Spend
from .counts import ACCOUNT, FACTOR
from .means import Guarded, Means, content, owes_factor
from .passwords import LONGEST
from .refusals import Wrong

HALF = timedelta(minutes=10)
CEREMONY = timedelta(minutes=5)
ACTION, AGAIN, OUT = "sign-in", "sign-in-again", "sign-out"


@dataclass(frozen=True, slots=True)
class Opened:
    """Signed in: the cookie of the session, that of the browser (kept for a year), and whose it is.

    With `enrol` the only page that this session reaches is the one that enrols a second factor.
    """

    cookie: str = field(repr=False)
    device: str = field(repr=False)
    session: str
    account: Account
    enrol: bool


@dataclass(frozen=True, slots=True)
class Half:
    """The first factor held; one of `ways` (totp, passkey, recovery) is wanted with this ticket, within ten minutes."""

    ticket: str = field(repr=False)
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What the browser's WebAuthn call wants, as JSON, and the ticket that comes back with its answer."""

    ticket: str = field(repr=False)
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where a session came from: an upstream provider's session."""

    issuer: str
    subject: str
    sid: str | None


class SignIn:
    """Every way in, and out."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def password(self, tenant: Tenant | None, username: str, password: str, visit: Visit) -> Opened | Half:
        """Name and password. Raises Wrong (`sign-in`), Slow (`slow`, `locked`, `busy`)."""
        async with Guarded(self._means, tenant, ACTION, visit):
            account = await self._compared(tenant, username, password, visit)
        return await self.proved(tenant, account, ("pwd",), visit)

    async def totp(self, tenant: Tenant | None, ticket: str, code: str, visit: Visit) -> Opened:
        """The code of an authenticator after the password. Raises Wrong (`code`, `step`), Slow."""
        return await self._second(tenant, ticket, visit, factors.Totp(code))

    async def recovery(self, tenant: Tenant | None, ticket: str, code: str, visit: Visit) -> Opened:
        """A recovery code after the password, used up by this. Raises Wrong (`code`, `step`), Slow."""
        return await self._second(tenant, ticket, visit, factors.Recovery(code))

    async def passkey_begin(self, tenant: Tenant | None) -> Ceremony:
        """Begin with a passkey: the browser offers those it has, and we learn nothing of names."""
        options, state = passkeys.authentication(self._means.base_url)
        return Ceremony(await self._means.issue(tenant, "passkey", None, CEREMONY, state=state), options)

    async def passkey(self, tenant: Tenant | None, ticket: str, response: Mapping[str, Any], visit: Visit) -> Opened:
        """The browser's answer. A passkey is two factors: the device, and what unlocks it. Raises Wrong (`passkey`)."""
        async with Guarded(self._means, tenant, ACTION, visit, lost=Wrong("passkey")):
            account, changes = await self._shown(tenant, ticket, response)
            return await self._open(tenant, account, passkeys.AMR, visit, changes)

    async def proved(
        self,
        tenant: Tenant | None,
        account: Account,
        amr: tuple[str, ...],
        visit: Visit,
        changes: tuple[Change, ...] = (),
        came: Elsewhere | None = None,
    ) -> Opened | Half:
        """The first factor held: a session, or what else is wanted."""
        if not account.second_factor or "mfa" in amr:
            return await self._open(tenant, account, amr, visit, changes, came)
        held = await self._means.register.secrets(number(tenant), account.id)
        kinds = {"totp": held.totp, "passkey": held.passkeys, "recovery": held.codes}
        await self._means.record(tenant, ACTION, visit, account, changes, reason="a second factor is wanted")
        ticket = await self._means.issue(
            tenant, "half", account.id, HALF, amr=amr, came=came and [came.issuer, came.subject, came.sid]
        )
        return Half(ticket, tuple(kind for kind, there in kinds.items() if there))

    async def again(self, tenant: Tenant | None, session: Session, password: str, visit: Visit) -> str:
        """Prove once more who one is; returns the session's new cookie. Raises Wrong (`password.wrong`), Slow."""
        lost = Wrong("password.wrong")
        async with Guarded(self._means, tenant, AGAIN, visit, session.account, lost):
            tries = [(FACTOR, f"{number(tenant)} {session.account.id}")]
            await self._means.counts.take(tries, self._means.now())
            held = await self._means.register.secrets(number(tenant), session.account.id)
            if not await self._means.passwords.fits(session.account.id, held.password, password):
                raise lost
            await self._means.counts.forgive(tries)
            return await self.elevate(tenant, session, session.amr, visit, AGAIN)

    async def again_passkey(
        self, tenant: Tenant | None, session: Session, ticket: str, response: Mapping[str, Any], visit: Visit
    ) -> str:
        """The same by passkey. Raises Wrong (`passkey`)."""
        async with Guarded(self._means, tenant, AGAIN, visit, session.account, Wrong("passkey")):
            account, changes = await self._shown(tenant, ticket, response)
            if account.id != session.account.id:
                raise Wrong("passkey")
            return await self.elevate(tenant, session, passkeys.AMR, visit, AGAIN, changes)

    async def elevate(
        self,
        tenant: Tenant | None,
        session: Session,
        amr: tuple[str, ...],
        visit: Visit,
        action: str,
        changes: tuple[Change, ...] = (),
        *,
        enrol: bool | None = None,
    ) -> str:
        """The session under a new cookie, with `changes`, in one transaction; the cookie shown in `visit` is dead."""
        cookie = self._means.chance(32).hex()
        together = tuple(dict.fromkeys((*session.amr, *amr)))
        change = Elevate(
            session.id,
            session.account.id,
            key(cookie),
            self._means.now(),
            together,
            session.enrol if enrol is None else enrol,
        )
        await self._means.record(tenant, action, visit, session.account, (*changes, change))
        return cookie

    async def out(self, tenant: Tenant | None, session: Session, visit: Visit) -> None:
        """Sign out in this browser."""
        await self.end(tenant, session, session.id, visit)

    async def language(self, tenant: Tenant | None, session: Session, language: str, visit: Visit) -> None:
        """The language in which this person is spoken to, on pages and in letters."""
        change = SetLanguage(session.account.id, language)
        await self._means.record(tenant, "language", visit, session.account, [change])

    async def end(self, tenant: Tenant | None, session: Session, id_: str, visit: Visit) -> None:
        """End one of one's own sessions; one that is over already is over."""
        await self._means.record(tenant, OUT, visit, session.account, [EndSessions(session.account.id, id=id_)])

    async def end_others(self, tenant: Tenant | None, session: Session, visit: Visit) -> None:
        """End every session but this one."""
        change = EndSessions(session.account.id, but=session.id)
        await self._means.record(tenant, OUT, visit, session.account, [change])

    async def _compared(self, tenant: Tenant | None, username: str, password: str, visit: Visit) -> Account:
        """Whose name and password these are. A name that nobody has takes every step too."""
        means, of = self._means, number(tenant)
        account = await means.register.by_username(of, username[:LONGEST])
        device = means.counts.known(account.id if account else None, visit.device)
        tries = means.counts.tries(of, username[:LONGEST], visit.address, device)
        await means.counts.take(tries, means.now())
        held = await means.register.secrets(of, account.id if account else "")
        fits = await means.passwords.fits(account.id if account else "", held.password, password)
        if account is None or not fits or not account.enabled or await self._upstream_only(tenant, account):
            raise Wrong("sign-in")
        await means.counts.forgive(tries)
        return account

    async def _upstream_only(self, tenant: Tenant | None, account: Account) -> bool:
        """Does this account's tenant let such people in through its own provider only?"""
        return await self._means.register.upstream_role(number(tenant)) == account.role

    async def _second(
        self, tenant: Tenant | None, ticket: str, visit: Visit, shown: factors.Totp | factors.Recovery
    ) -> Opened:
        lost = Wrong("code")
        async with Guarded(self._means, tenant, ACTION, visit, lost=lost) as guarded:
            half = await self._means.ticket(tenant, "half", ticket, "step")
            account = guarded.account = await self._means.found(tenant, half.account)
            tries = [(FACTOR, f"{half.tenant} {account.id}")]
            await self._means.counts.take(tries, self._means.now())
            held = await self._means.register.secrets(half.tenant, account.id)
            use = shown.use(self._means, account.id, held)
            if use is None:
                raise lost
            said = content(half)
            came = Elsewhere(*said["came"]) if said["came"] else None
            amr = (*said["amr"], "otp", "mfa")
            changes = (use, Spend(half.digest, "half", self._means.now()))
            opened = await self._open(tenant, account, amr, visit, changes, came)
            await self._means.counts.forgive([*tries, (ACCOUNT, f"{half.tenant} {account.username.lower()}")])
            return opened

    async def _shown(
        self, tenant: Tenant | None, ticket: str, response: Mapping[str, Any]
    ) -> tuple[Account, tuple[Change, ...]]:
        """Whose passkey this is, and what its use changes. Raises Wrong (`passkey`)."""
        means = self._means
        begun = await means.ticket(tenant, "passkey", ticket, "passkey")
        kept = await means.register.passkey(number(tenant), passkeys.credential(response))
        use = passkeys.authenticated(means.base_url, content(begun)["state"], kept, response, means.now())
        account = await means.register.find(number(tenant), use.account)
        if account is None or not account.enabled:
            raise Wrong("passkey")
        return account, (Spend(begun.digest, "passkey", means.now()), use)

    async def _open(
        self,
        tenant: Tenant | None,
        account: Account,
        amr: tuple[str, ...],
        visit: Visit,
        changes: tuple[Change, ...] = (),
        came: Elsewhere | None = None,
    ) -> Opened:
        means = self._means
        cookie, id_, owes = means.chance(32).hex(), means.identifier(), owes_factor(account, amr)
        opening = OpenSession(
            id_, key(cookie), account.id, means.now(), amr, visit.agent[:300], visit.address, owes,
            *((came.issuer, came.subject, came.sid) if came else ()),
        )  # fmt: skip
        ended = await self._replaced(tenant, visit)
        await means.record(tenant, ACTION, visit, account, (*changes, *ended, opening))
        known = means.counts.known(account.id, visit.device)
        device = visit.device if known else means.counts.device(account.id, means.chance(16).hex())
        return Opened(cookie, device, id_, replace(account), owes)

    async def _replaced(self, tenant: Tenant | None, visit: Visit) -> tuple[Change, ...]:
        """The session that this browser had ends when another begins."""
        old = await self._means.sessions.peek(number(tenant), key(visit.cookie)) if visit.cookie else None
        return () if old is None else (EndSessions(old.account.id, id=old.id),)


def key(cookie: str) -> bytes:
    """What is kept of a cookie."""
    return hashlib.sha256(b"careweft session\0" + cookie.encode("utf-8", "surrogatepass")).digest()


def chance(size: int) -> bytes:
    """Random bytes, where nobody hands in others."""
    return secrets.token_bytes(size)
