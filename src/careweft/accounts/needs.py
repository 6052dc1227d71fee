"""What the accounts need of the store and of the world outside, each need a small Protocol."""

from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import date, datetime, timedelta
from typing import Protocol

from ..ports.journal import Entry
from ..ports.people import Account, Session
from ..tenancy import Tenant
from ..values import dataclass
from .changes import Change


class Sealing(Protocol):
    """The master key."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """`plain`, to be opened for the same `context` only."""
        ...

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises ValueError."""
        ...

    def derive(self, purpose: str) -> bytes:
        """A key of its own for one purpose."""
        ...


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as it is kept: `public` is WebAuthn's attested credential data."""

    id: bytes
    account: str
    public: bytes = field(repr=False)
    counter: int
    label: str
    created: datetime
    used: datetime | None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an account can prove itself with, as it is kept; `totp` is sealed, `codes` are the unused recovery codes."""

    password: bytes | None = field(default=None, repr=False)
    totp: bytes | None = field(default=None, repr=False)
    codes: int = 0
    passkeys: tuple[Passkey, ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """A value that works once. `content` is what it is for, opened."""

    digest: bytes = field(repr=False)
    kind: str
    tenant: int
    account: str | None
    content: bytes = field(repr=False)
    tries: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Relation:
    """Somebody's right to act for a patient, standing or over."""

    id: str
    account: str
    patient: str
    kind: str
    until: datetime | None
    minor: bool
    sensitive: bool
    types: tuple[str, ...] | None
    created: datetime
    ended: datetime | None = None
    name: str = ""
    """Who acts, as the patient sees it."""
    activated: bool = True


class Register(Protocol):
    """Accounts and everything that hangs on them. Every method raises Unavailable where the database is not there."""

    async def find(self, tenant: int, id_: str) -> Account | None:
        """As ports.People."""
        ...

    async def by_username(self, tenant: int, username: str) -> Account | None:
        """As ports.People."""
        ...

    async def upstream_role(self, tenant: int) -> str | None:
        """The role of those whom the tenant's own provider signs in, where it has one that is in use."""
        ...

    async def by_record(self, tenant: int, fhir_user: str, role: str) -> Account | None:
        """The account that this record stands for, in this role."""
        ...

    async def by_email(self, tenant: int, email: str) -> Sequence[Account]:
        """The activated accounts of this address."""
        ...

    async def all(self, tenant: int) -> Sequence[Account]:
        """Every account of the tenant, oldest first."""
        ...

    async def secrets(self, tenant: int, account: str) -> Secrets:
        """What this account can prove itself with; nothing for one that is not there."""
        ...

    async def passkey(self, tenant: int, id_: bytes) -> Passkey | None:
        """The passkey of this credential id."""
        ...

    async def relations(
        self, tenant: int, *, patient: str | None = None, account: str | None = None
    ) -> Sequence[Relation]:
        """The relations that stand, of a patient or of an account."""
        ...

    async def ending(self, tenant: int) -> Sequence[Relation]:
        """The relations that stand and will end by themselves."""
        ...

    async def identity(self, tenant: int, issuer: str, subject: str) -> Account | None:
        """The account that an upstream identity was linked to."""
        ...

    async def linked(self, tenant: int, issuer: str, account: str) -> bool:
        """Is an identity of this issuer linked to the account?"""
        ...

    async def majority(self, tenant: int) -> int:
        """At which age a child of this tenant is of age."""
        ...

    async def change(self, tenant: int, changes: Sequence[Change], entry: Entry) -> None:
        """All of these with their audit entry, in one transaction. Raises Lost, Taken: then nothing has changed."""
        ...


class SessionStore(Protocol):
    """ports.Sessions, as far as the accounts use it."""

    async def peek(self, tenant: int, hashed: bytes) -> Session | None:
        """The session whose cookie has this hash; it does not count as seen."""
        ...

    async def list(self, tenant: int, account: str) -> Sequence[Session]:
        """As ports.Sessions."""
        ...


class Tickets(Protocol):
    """Values that work once and not for long."""

    async def issue(
        self,
        tenant: int,
        kind: str,
        account: str | None,
        content: bytes,
        now: datetime,
        lasts: timedelta,
        code: str | None = None,
    ) -> str:
        """A new ticket; returns what its holder shows, 256 bits unless `code` is given."""
        ...

    async def find(self, tenant: int, kind: str, shown: str, now: datetime) -> Ticket | None:
        """The unused ticket, if it still holds."""
        ...

    async def miss(self, tenant: int, digest: bytes) -> int:
        """Count a try that failed; returns how many there were."""
        ...


@dataclass(frozen=True, slots=True)
class Count:
    """How one kind of try is counted: `limit` within `window`, `most` in all without a success, and from the
    `patience`-th on a wait that doubles up to `longest` seconds.
    """

    name: str
    limit: int
    window: timedelta
    most: int | None = None
    patience: int | None = None
    longest: int = 30


class Throttle(Protocol):
    """Counts tries before they are made, so that many at once count as many."""

    async def take(self, count: Count, what: str, now: datetime) -> timedelta | None:
        """None where one more try may be made; else how long to wait (timedelta.max: until it is forgiven)."""
        ...

    async def forgive(self, count: Count, what: str, *, wholly: bool) -> None:
        """The try was a success: forget all of them, or only this one."""
        ...


@dataclass(frozen=True, slots=True)
class Someone:
    """What a record says of the person it stands for; `patient` is whom a RelatedPerson is related to."""

    name: str
    birth: date | None
    patient: str | None = None


class Records(Protocol):
    """The little that accounts read of the clinical record."""

    async def someone(self, tenant: Tenant, record: str) -> Someone | None:
        """Who the record `Patient/ana` stands for; None where there is none."""
        ...

    async def identified(self, tenant: Tenant, type_: str, system: str, value: str) -> Sequence[str]:
        """The ids of the records of this type with this identifier, at most two."""
        ...


Chance = Callable[[int], bytes]
"""So many random bytes."""
