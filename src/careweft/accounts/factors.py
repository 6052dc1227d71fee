"""Second factors one types: time-based codes (RFC 6238) and recovery codes; each works once (WEB-05)."""

import hashlib
import hmac
import io
from dataclasses import field
from datetime import timedelta
from hmac import compare_digest
from typing import Protocol

from ..ports.people import Account, Session, Visit, number
from ..tenancy import Tenant
from ..values import dataclass
from .changes import Change, SetCodes, Settle, SetTotp, Spend, UseCode, UseStep
from .codes import code, plain
from .counts import FACTOR
from .means import Guarded, Means, content
from .needs import Secrets
from .refusals import Unfit, Wrong
from .roles import wants_factor

ACTION = "second-factor"
STEP = 30
NEAR = (0, -1, 1)
"""Steps beside the present one whose codes are taken too: clocks differ."""
ENROLS = timedelta(minutes=15)
CODES = 10


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator has to be told: the address as a QR code and in letters, and the ticket to confirm with."""

    ticket: str = field(repr=False)
    secret: str = field(repr=False)
    uri: str = field(repr=False)
    svg: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A factor was added: the session's new cookie, and recovery codes to be shown once, where there were none."""

    cookie: str = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Totp:
    """A time-based code that was typed."""

    typed: str = field(repr=False)

    def use(self, means: Means, account: str, held: Secrets) -> Change | None:
        """What its use changes; None where it does not hold now."""
        if held.totp is None:
            return None
        secret = means.sealing.open(held.totp, place(account)).decode()
        step = matching(secret, self.typed, int(means.now().timestamp()))
        return None if step is None else UseStep(account, step)


@dataclass(frozen=True, slots=True)
class Recovery:
    """A recovery code that was typed."""

    typed: str = field(repr=False)

    def use(self, means: Means, account: str, held: Secrets) -> Change | None:
        """What its use changes; None where the account has none."""
        return UseCode(account, kept(means, account, self.typed), means.now()) if held.codes else None


class Elevating(Protocol):
    """SignIn.elevate."""

    async def __call__(
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
        """The session's new cookie."""
        ...


class Factors:
    """Enrolling and removing the factors that are typed."""

    def __init__(self, means: Means, elevate: Elevating) -> None:
        self._means = means
        self._elevate = elevate

    async def begin(self, tenant: Tenant | None, session: Session) -> Enrolment:
        """A new secret for an authenticator; nothing is changed before a code of it was shown. Raises Again."""
        self._means.check_recent(session)
        import pyotp  # noqa: PLC0415 - loaded when somebody has a second factor

        secret = pyotp.random_base32()
        issuer = tenant.name if tenant else "careweft"
        uri = pyotp.TOTP(secret, name=session.account.username, issuer=issuer).provisioning_uri()
        ticket = await self._means.issue(tenant, "totp", session.account.id, ENROLS, secret=secret)
        return Enrolment(ticket, secret, uri, picture(uri))

    async def confirm(self, tenant: Tenant | None, session: Session, ticket: str, typed: str, visit: Visit) -> Enrolled:
        """The authenticator shows this code: it is asked for from now on.

        Raises Again, Wrong (`code`, `step`), Slow.
        """
        means, account = self._means, session.account
        async with Guarded(means, tenant, ACTION, visit, account, Wrong("step")):
            means.check_recent(session)
            tries = [(FACTOR, f"{number(tenant)} {account.id}")]
            await means.counts.take(tries, means.now())
            begun = await means.ticket(tenant, "totp", ticket, "step")
            secret = str(content(begun)["secret"])
            step = matching(secret, typed, int(means.now().timestamp()))
            if step is None or begun.account != account.id:
                raise Wrong("code")
            sealed = means.sealing.seal(secret.encode(), place(account.id))
            spent = Spend(begun.digest, "totp", means.now())
            changes = (SetTotp(account.id, sealed, step), spent)
            done = await self.enrolled(tenant, session, ("otp", "mfa"), visit, changes)
            await means.counts.forgive(tries)
            return done

    async def enrolled(
        self, tenant: Tenant | None, session: Session, amr: tuple[str, ...], visit: Visit, changes: tuple[Change, ...]
    ) -> Enrolled:
        """Add a factor, with recovery codes where there are none, and elevate the session."""
        held = await self._means.register.secrets(number(tenant), session.account.id)
        codes = () if held.codes else self._fresh()
        if codes:
            changes = (*changes, self._kept(session.account, codes))
        changes = (*changes, Settle(session.account.id))
        cookie = await self._elevate(tenant, session, amr, visit, ACTION, changes, enrol=False)
        return Enrolled(cookie, codes)

    async def codes(self, tenant: Tenant | None, session: Session, visit: Visit) -> tuple[str, ...]:
        """New recovery codes in place of the old ones, to be shown once. Raises Again."""
        async with Guarded(self._means, tenant, ACTION, visit, session.account):
            self._means.check_fresh(session)
            codes = self._fresh()
            change = self._kept(session.account, codes)
            await self._means.record(tenant, ACTION, visit, session.account, [change], "new recovery codes")
            return codes

    async def remove(self, tenant: Tenant | None, session: Session, visit: Visit) -> None:
        """Ask for time-based codes no longer. Raises Again, Unfit (`factor.last`)."""
        async with Guarded(self._means, tenant, ACTION, visit, session.account):
            self._means.check_fresh(session)
            held = await self._means.register.secrets(number(tenant), session.account.id)
            check_not_last(session.account, 0, len(held.passkeys))
            changes = (SetTotp(session.account.id, None), Settle(session.account.id))
            await self._means.record(tenant, ACTION, visit, session.account, changes, "removed")

    def _fresh(self) -> tuple[str, ...]:
        return tuple(code(self._means.chance, 10) for _ in range(CODES))

    def _kept(self, account: Account, codes: tuple[str, ...]) -> SetCodes:
        return SetCodes(account.id, tuple(kept(self._means, account.id, one) for one in codes))


def check_not_last(account: Account, totp: int, keys: int) -> None:
    """Raise Unfit where so many factors would remain of one that is mandatory."""
    if totp + keys == 0 and wants_factor(account.role):
        raise Unfit("factor.last")


def matching(secret: str, typed: str, now: int) -> int | None:
    """The step of which this is the code, the present one first."""
    digits = "".join(typed.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        return None
    import pyotp  # noqa: PLC0415

    maker = pyotp.TOTP(secret)
    found = [step for step in (now // STEP + near for near in NEAR) if compare_digest(maker.generate_otp(step), digits)]
    return found[0] if found else None


def kept(means: Means, account: str, typed: str) -> bytes:
    """What is kept of a recovery code; keyed, because 50 bits could be tried through."""
    key = means.sealing.derive("recovery codes")
    return hmac.new(key, f"{account} {plain(typed)}".encode("utf-8", "replace"), hashlib.sha256).digest()


def place(account: str) -> str:
    """What a sealed secret is bound to."""
    return f"totp {account}"


def picture(uri: str) -> str:
    """A QR code as SVG that a page can hold as it is."""
    import segno  # noqa: PLC0415 - brings an HTTP client along

    out = io.BytesIO()
    segno.make(uri, error="m").save(out, kind="svg", xmldecl=False, svgns=True, scale=5, border=4, omitsize=False)
    return out.getvalue().decode()
