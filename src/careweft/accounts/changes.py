"""What may happen to accounts, as values: a list of them, with its audit entry, is one transaction or nothing.

In a list what changes the account's own row comes first, then its tickets and sessions, so that two lists for one
account wait for each other and never both.
"""

from dataclasses import field
from datetime import datetime

from ..ports.people import Account
from ..values import dataclass


class Lost(Exception):
    """A change met something that is not there any more: used by somebody who was faster, ended, or never there."""


class Taken(Exception):
    """The username, or the upstream identity, belongs to somebody already."""


@dataclass(frozen=True, slots=True)
class Spend:
    """Use a ticket up. Lost where it was used, has run out, or is of another kind."""

    digest: bytes = field(repr=False)
    kind: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Create:
    """A new account, not yet activated unless `username` says so."""

    account: Account
    now: datetime


@dataclass(frozen=True, slots=True)
class Activate:
    """Give an account its username. Lost where it has one, Taken where another has it."""

    account: str
    username: str
    now: datetime


@dataclass(frozen=True, slots=True)
class SetPassword:
    """A new password, as it is kept."""

    account: str
    kept: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetTotp:
    """A new secret for time-based codes, sealed, whose code of `step` was shown; None removes it."""

    account: str
    sealed: bytes | None = field(repr=False)
    step: int = 0


@dataclass(frozen=True, slots=True)
class UseStep:
    """A time-based code was shown: its step and every one before it are used up. Lost where it was already."""

    account: str
    step: int


@dataclass(frozen=True, slots=True)
class SetCodes:
    """New recovery codes, hashed, in place of all that were."""

    account: str
    digests: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class UseCode:
    """Use a recovery code up. Lost where there is no such unused one."""

    account: str
    digest: bytes = field(repr=False)
    now: datetime


@dataclass(frozen=True, slots=True)
class AddPasskey:
    """Keep a passkey. Taken where somebody has it."""

    account: str
    id: bytes
    public: bytes = field(repr=False)
    counter: int
    label: str
    now: datetime


@dataclass(frozen=True, slots=True)
class UsePasskey:
    """A passkey was shown. Lost where its counter went back: it was copied."""

    account: str
    id: bytes
    counter: int
    now: datetime


@dataclass(frozen=True, slots=True)
class DropPasskey:
    """Remove a passkey. Lost where the account has none of this id."""

    account: str
    id: bytes


@dataclass(frozen=True, slots=True)
class ForgetFactors:
    """Remove every second factor of somebody who has lost them and has proved who they are in another way."""

    account: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Say anew whether the account has a second factor, from what is there."""

    account: str


@dataclass(frozen=True, slots=True)
class SetEmail:
    """Another e-mail address, which has proved itself."""

    account: str
    email: str | None


@dataclass(frozen=True, slots=True)
class SetEnabled:
    """Switch an account on or off; off ends its sessions and writes `account:<id>`."""

    account: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """Another language, which somebody chose."""

    account: str
    language: str


@dataclass(frozen=True, slots=True)
class AcceptTerms:
    """Somebody agreed to this version of the terms; once is as good as twice."""

    account: str
    version: int
    now: datetime


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A new session; `key` is the hash of its cookie. The last three say which upstream session it came from."""

    id: str
    key: bytes = field(repr=False)
    account: str
    now: datetime
    amr: tuple[str, ...]
    agent: str
    address: str | None
    enrol: bool
    issuer: str | None = None
    subject: str | None = None
    upstream_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Elevate:
    """The same session under a new cookie, proved anew at this moment. Lost where it has ended."""

    id: str
    account: str
    key: bytes = field(repr=False)
    now: datetime
    amr: tuple[str, ...]
    enrol: bool


@dataclass(frozen=True, slots=True)
class EndSessions:
    """End the sessions of an account: the one of this id, or all but `but`; each writes its revocation."""

    account: str
    id: str | None = None
    but: str | None = None


@dataclass(frozen=True, slots=True)
class EndUpstream:
    """End what an upstream session, or all of an upstream subject, opened here."""

    issuer: str
    subject: str | None
    upstream_sid: str | None


@dataclass(frozen=True, slots=True)
class DropTickets:
    """Make the account's unused tickets of these kinds worthless."""

    account: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relate:
    """Let an account act for a patient. One that stands already is replaced by this."""

    id: str
    account: str
    patient: str
    kind: str
    until: datetime | None
    minor: bool
    sensitive: bool
    types: tuple[str, ...] | None
    maker: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Limit:
    """Other limits for a standing relation of this patient; what was granted under it ends. Lost where it has ended."""

    id: str
    patient: str
    until: datetime | None
    sensitive: bool
    types: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Unrelate:
    """End a relation of this patient, and with it the permits it gave. Lost where it has ended."""

    id: str
    patient: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """This upstream identity is this account from now on. Taken where it is another already."""

    issuer: str
    subject: str
    account: str
    now: datetime


Change = (
    Spend | Create | Activate | SetPassword | SetTotp | UseStep | SetCodes | UseCode | AddPasskey | UsePasskey
    | DropPasskey | ForgetFactors | Settle | SetEmail | SetEnabled | SetLanguage | OpenSession | Elevate | EndSessions
    | EndUpstream | DropTickets | Relate | Limit | Unrelate | Link | AcceptTerms
)  # fmt: skip
