"""Who shares an application, and what a step of the portal needs to know of where it was taken."""

from datetime import datetime

from ..values import dataclass
from .journal import Entry


@dataclass(frozen=True, slots=True)
class Member:
    """One of a team: an account, and whether it owns the team."""

    account: str
    role: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was done: what the audit entry says beside who and what."""

    surface: str
    request_id: str
    address: str | None = None

    def entry(self, at: datetime, action: str, who: str, tenant: int | None, client: str | None) -> Entry:
        """The audit entry of something that was done."""
        return Entry(
            at=at,
            tenant=tenant,
            action=action,
            surface=self.surface,
            status=200,
            request_id=self.request_id,
            client=client,
            user=who,
            address=self.address,
        )
