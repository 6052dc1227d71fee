"""People who sign in: their accounts, whom they may act for, and their sessions.

An account belongs to one tenant, by number, or to none: tenant 0 holds those who develop and administer.
"""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Protocol

from ..tenancy import Tenant
from ..values import dataclass
from .journal import Entry

NO_TENANT = 0
"""The number under which accounts of no tenant are kept."""


def number(tenant: Tenant | None) -> int:
    """The number under which the accounts of this tenant, or of none, are kept."""
    return NO_TENANT if tenant is None else tenant.number


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signs in. `id` is opaque, 160 bits, and the `sub` of tokens; `role` is a row of `accounts.roles`.

    `fhir_user` is the record that stands for this person, such as `Patient/ana`; `username` is empty until the account
    was activated; `second_factor` says that one is enrolled, `chosen` that somebody chose the language.
    """

    id: str
    tenant: int
    username: str
    name: str
    email: str | None
    role: str
    fhir_user: str | None = None
    language: str = "en"
    enabled: bool = True
    second_factor: bool = False
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Charge:
    """A patient for whom an account may act now: `relation` is `self`, `child`, `parent`, `caregiver` or another word
    of FHIR's role codes; `until` when that ends by itself; `sensitive` whether labelled records may be granted;
    `types` the only types of record that may be granted, None for no such limit.
    """

    patient: str
    name: str
    relation: str
    until: datetime | None = None
    sensitive: bool = True
    types: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which somebody is signed in.

    `id` stays the same over every elevation and is the `sid` of tokens; the cookie is another secret and changes.
    `auth_time` is when the person last proved who they are, by the methods `amr` (RFC 8176). With `enrol` the role
    wants a second factor that is not there yet: such a session may do nothing but enrol one.
    """

    id: str
    account: Account
    opened: datetime
    auth_time: datetime
    seen: datetime
    amr: tuple[str, ...]
    agent: str = ""
    address: str | None = None
    enrol: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """What the door knows of the request beside its form: for audit entries, throttles and the list of sessions.

    `device` is the cookie that tells a browser in which this person has signed in before, `cookie` that of a session
    which ends when another begins; empty where there is none. `actor` is who sits at a terminal, where no account acts.
    """

    request_id: str
    address: str | None = None
    agent: str = ""
    device: str = field(default="", repr=False)
    cookie: str = field(default="", repr=False)
    actor: str | None = None


class People(Protocol):
    """Finds accounts, and whom they may act for."""

    async def find(self, tenant: int, id_: str) -> Account | None:
        """The account of this id in this tenant, also one that is switched off. Raises Unavailable."""
        ...

    async def by_username(self, tenant: int, username: str) -> Account | None:
        """The account that signs in under this name, in whatever case. Raises Unavailable."""
        ...

    async def charges(self, tenant: Tenant, account: str) -> Sequence[Charge]:
        """For whom this account may act at this moment, itself first; none for one that is switched off."""
        ...


class Sessions(Protocol):
    """Keeps who is signed in where. Idle 15 minutes or 12 hours after its opening a session is none (WEB-08)."""

    async def find(self, tenant: int, cookie: str) -> Session | None:
        """The session of this cookie, which counts as seen now; None for one that ended. Raises Unavailable."""
        ...

    async def alive(self, tenant: int, id_: str) -> bool:
        """Is this session (`sid`) still one? Tokens of `online_access` are renewed only then. Raises Unavailable."""
        ...

    async def list(self, tenant: int, account: str) -> Sequence[Session]:
        """Where this person is signed in, latest first."""
        ...

    async def standing(self, tenant: int) -> int:
        """How many people of this tenant are signed in."""
        ...

    async def end(self, tenant: int, id_: str, entry: Entry | None = None) -> None:
        """End one; a revocation `session:<id>` is written in the same transaction."""
        ...

    async def end_all(self, tenant: int, account: str, entry: Entry | None = None, but: str | None = None) -> None:
        """End all of an account but the one named, with their revocations."""
        ...
