"""What a tenant decides about an application, as steps from state to state: one table, and its rules.

Owners decide by criteria that are the same for all (45 CFR 170.404, 42 CFR 422.119 (e)): who refuses, suspends or
withdraws says which of `CODES` it is (REG-13).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from ..values import dataclass
from .refusal import RegistrationRefused

LONGEST = 2000
BUSINESS_DAYS = 10
SATURDAY = 5


class State(StrEnum):
    """Where a request stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


ENDED = frozenset({State.REFUSED, State.WITHDRAWN, State.EXPIRED})

CODES: Mapping[str, str] = MappingProxyType({
    "identity": "We could not verify who publishes the application",
    "misleading": "Its name or description misleads the people who use it",
    "security": "It puts the security of records or of this service at risk",
    "terms": "It breaks the terms that apply to every application",
    "not-needed": "It asks for more than its purpose needs",
    "not-a-customer": "Nobody here has agreed to use it",
    "ended": "Its use has ended, or its publisher asked for the end",
})  # fmt: skip
"""Why an application is refused, suspended or cut off, in the words that its developer reads."""


class Conflict(RegistrationRefused):
    """Somebody else has decided meanwhile; look at the request again."""


class NotAllowed(RegistrationRefused):
    """This is not yours to decide."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the tenant allows: never more than is asked for. Empty `networks` and `groups`: any."""

    scopes: tuple[str, ...] = ()
    bulk: bool = False
    groups: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    lifetime: int | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What the owner saw and said yes to; it stays so in this tenant until an owner approves a later version."""

    name: str
    type: str
    access: str
    publisher: str | None = None
    version: int = 1
    verified: bool = False
    """The tenant has checked who publishes it, and says so to the people whom it asks."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The contract behind an approval: who signed, when, until when, where it is filed, and the SHA-256 of the file
    where it was sent.
    """

    parties: str = ""
    signed: str = ""
    until: str = ""
    file: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Authorization:
    """An application's request to a tenant, and what became of it."""

    application: str
    tenant: int
    state: State
    requested: datetime
    requested_by: str
    message: str = ""
    version: int = 1
    decided: datetime | None = None
    decided_by: str | None = None
    code: str = ""
    reason: str = ""
    narrowing: Narrowing | None = None
    basis: Basis | None = None
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One way from state to state: who may go it, and whether one of CODES is wanted."""

    name: str
    before: frozenset[State | None]
    after: State
    who: str
    coded: bool = False


def _from(*states: State | None) -> frozenset[State | None]:
    return frozenset(states)


STEPS: Mapping[str, Step] = MappingProxyType({one.name: one for one in (
    Step("request",  _from(None, *ENDED),                        State.REQUESTED, "developer"),
    Step("approve",  _from(State.REQUESTED, State.APPROVED),     State.APPROVED,  "owner"),
    Step("refuse",   _from(State.REQUESTED),                     State.REFUSED,   "owner", coded=True),
    Step("suspend",  _from(State.APPROVED),                      State.SUSPENDED, "owner", coded=True),
    Step("verify",   _from(State.APPROVED),                      State.APPROVED,  "owner"),
    Step("unverify", _from(State.APPROVED),                      State.APPROVED,  "owner"),
    Step("resume",   _from(State.SUSPENDED),                     State.APPROVED,  "owner"),
    Step("withdraw", _from(State.APPROVED, State.SUSPENDED),     State.WITHDRAWN, "owner", coded=True),
    Step("leave",    _from(State.REQUESTED, State.APPROVED, State.SUSPENDED), State.WITHDRAWN, "developer"),
    Step("expire",   _from(State.APPROVED, State.SUSPENDED),     State.EXPIRED,   "clock"),
)})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes a step: `who` is developer, owner (of `tenant`), operator (in a terminal, for developers and owners
    alike) or clock; `id` the account.
    """

    id: str
    who: str
    tenant: int | None = None

    def may(self, step: Step, tenant: int, members: Collection[str]) -> bool:
        """Is this a step for them? Developers take it for their own team's applications, owners for their own tenant,
        and nobody on both sides at once.
        """
        if self.who == "operator":
            return step.who != "clock"
        if self.who != step.who:
            return False
        if self.who == "developer":
            return self.id in members
        return self.who == "clock" or (self.tenant == tenant and self.id not in members)


OPERATOR = "operator"
CLOCK = Actor("clock", "clock")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said with a step."""

    code: str = ""
    reason: str = ""
    version: int | None = None
    """The version that whoever decides has seen; None where nobody looked."""


def take(
    held: Authorization | None, name: str, actor: Actor, members: Collection[str], said: Said, now: datetime
) -> Authorization:
    """The authorization after this step; `members` are the application's developers.

    Raises NotAllowed, Conflict, RegistrationRefused.
    """
    step = STEPS[name]
    if held is None or not actor.may(step, held.tenant, members):
        raise NotAllowed
    held = held if step.who == "clock" else now_is(held, now)
    if said.version is not None and said.version != held.version:
        raise Conflict
    if held.state not in step.before:
        raise Conflict(f"the request is {held.state}, so that nobody can {name} it")
    if step.coded and said.code not in CODES:
        raise RegistrationRefused(f"a reason is wanted: one of {', '.join(CODES)}")
    check_text("reason", said.reason)
    return replace(
        checked_publisher(held, name),
        state=step.after,
        version=held.version + 1,
        decided=now,
        decided_by=actor.id,
        code=said.code if step.coded else "",
        reason=said.reason,
    )


def checked_publisher(held: Authorization, name: str) -> Authorization:
    """What an owner says of the publisher, by a step `verify` or `unverify`; any other leaves that as it is."""
    if held.basis is None or name not in ("verify", "unverify"):
        return held
    return replace(held, basis=replace(held.basis, verified=name == "verify"))


def seen_anew(before: Basis | None, now: Basis) -> Basis:
    """What an owner says yes to anew: still checked where it is called the same, by the same publisher."""
    same = before is not None and (before.name, before.publisher) == (now.name, now.publisher)
    return replace(now, verified=same and before is not None and before.verified)


def asked(
    held: Authorization | None,
    place: tuple[str, int],
    actor: Actor,
    members: Collection[str],
    message: str,
    now: datetime,
) -> Authorization:
    """A new request of an application to a tenant (`place`), also after an earlier one has ended.

    Raises NotAllowed, Conflict, RegistrationRefused.
    """
    step, (application, tenant) = STEPS["request"], place
    if not actor.may(step, tenant, members):
        raise NotAllowed
    if (now_is(held, now).state if held else None) not in step.before:
        raise Conflict("this tenant was asked already")
    check_text("message", message)
    version = held.version + 1 if held else 1
    return Authorization(application, tenant, State.REQUESTED, now, actor.id, message, version)


def now_is(held: Authorization, now: datetime) -> Authorization:
    """The authorization at this moment: what was allowed until a day has expired after it.

    Whoever changes it takes the step; whoever reads it need not wait for that.
    """
    ends = held.narrowing.expires if held.narrowing else None
    if ends is None or ends > now or held.state not in STEPS["expire"].before:
        return held
    return replace(held, state=State.EXPIRED, decided=ends, decided_by="clock")


def due(held: Authorization) -> date:
    """The day by which a request is to be decided: ten business days after it (45 CFR 170.404 (b) (1))."""
    day, left = held.requested.date(), BUSINESS_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < SATURDAY
    return day


def check_text(what: str, text: str) -> None:
    """Words that another person reads. Raises RegistrationRefused."""
    if len(text) > LONGEST or any(not (letter.isprintable() or letter in "\r\n\t") for letter in text):
        raise RegistrationRefused(f"{what} wants at most {LONGEST} readable characters")
