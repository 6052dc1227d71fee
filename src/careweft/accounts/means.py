"""What every service of this room works with, and the few steps that all of them share."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Self

from ..ports.clock import Clock
from ..ports.mail import Letter, Mail
from ..ports.people import Account, Session, Visit, number
from ..tenancy import Tenant
from ..values import dataclass
from . import entries
from .changes import Change, Lost
from .counts import Counts
from .needs import Chance, Records, Register, Sealing, SessionStore, Ticket, Tickets
from .passwords import Passwords
from .refusals import Again, Refused, Unfit, Wrong
from .roles import wants_factor

FRESH = timedelta(minutes=10)
"""So long after a proof of who one is what is sensitive may be changed (WEB-08)."""


@dataclass(frozen=True)
class Means:
    """Everything outside that the services need. `base_url` begins every link, whatever Host a request names."""

    register: Register
    sessions: SessionStore
    tickets: Tickets
    counts: Counts
    passwords: Passwords
    records: Records
    mail: Mail
    sealing: Sealing
    base_url: str
    now: Clock
    chance: Chance

    def identifier(self) -> str:
        """A new opaque name, 160 bits."""
        return self.chance(20).hex()

    def link(self, tenant: Tenant | None, page: str, code: str) -> str:
        """Where a letter sends its reader."""
        return f"{self.base_url}/account/{tenant.id if tenant else 'platform'}/{page}/{code}"

    async def ticket(self, tenant: Tenant | None, kind: str, shown: str, why: str) -> Ticket:
        """The ticket that was shown. Raises Wrong, for this reason."""
        found = await self.tickets.find(number(tenant), kind, shown, self.now())
        if found is None:
            raise Wrong(why)
        return found

    async def issue(
        self, tenant: Tenant | None, kind: str, account: str | None, lasts: timedelta, **content: Any
    ) -> str:
        """A new ticket of 256 bits that holds `content`."""
        return await self.tickets.issue(number(tenant), kind, account, json.dumps(content).encode(), self.now(), lasts)

    async def record(
        self,
        tenant: Tenant | None,
        action: str,
        visit: Visit,
        account: Account | None,
        changes: Sequence[Change] = (),
        reason: str | None = None,
        patient: str | None = None,
    ) -> None:
        """Make these changes with the audit entry of what was done. Raises Lost, Taken."""
        entry = entries.made(self.now(), tenant, action, visit, account, reason, patient)
        await self.register.change(number(tenant), changes, entry)

    async def found(self, tenant: Tenant | None, account: str | None) -> Account:
        """The account that a ticket is of. Raises Wrong where it is gone or switched off."""
        known = await self.register.find(number(tenant), account or "")
        if known is None or not known.enabled:
            raise Wrong("link")
        return known

    def check_fresh(self, session: Session) -> None:
        """Raise Again where the person proved too long ago who they are; Unfit where a second factor is owed."""
        if session.enrol:
            raise Unfit("enrol")
        self.check_recent(session)

    def check_recent(self, session: Session) -> None:
        """Raise Again where the person proved too long ago who they are."""
        if self.now() - session.auth_time > FRESH:
            raise Again("again")

    async def write(self, tenant: Tenant | None, letter: Letter | None) -> None:
        """Post a letter; None where there is no address to write to."""
        if letter is not None and self.mail.works:
            await self.mail.post(number(tenant), letter, self.now())


def content(ticket: Ticket) -> dict[str, Any]:
    """What a ticket holds."""
    held: dict[str, Any] = json.loads(ticket.content)
    return held


def owes_factor(account: Account, amr: Sequence[str]) -> bool:
    """Is a second factor mandatory, and was none shown?"""
    return wants_factor(account.role) and not account.second_factor and "mfa" not in amr


class Guarded:
    """`async with Guarded(...)`: a refusal inside leaves with its audit entry; what was lost is said as `lost`."""

    def __init__(
        self,
        means: Means,
        tenant: Tenant | None,
        action: str,
        visit: Visit,
        account: Account | None = None,
        lost: Refused | None = None,
    ) -> None:
        self._means, self._tenant, self._action, self._visit = means, tenant, action, visit
        self.account = account
        self._lost = lost

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _: object, failure: BaseException | None, __: object) -> None:
        if isinstance(failure, Lost) and self._lost is not None:
            raise self._with_entry(self._lost) from failure
        if isinstance(failure, Refused) and failure.entry is None:
            self._with_entry(failure)

    def _with_entry(self, refusal: Refused) -> Refused:
        return entries.refused(refusal, self._means.now(), self._tenant, self._action, self._visit, self.account)
