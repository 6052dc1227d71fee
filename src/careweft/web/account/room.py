"""What every page of an account has: its menu, who asks, and what becomes of a refusal."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ...accounts.reception import Reception
from ...accounts.refusals import Again, Refused
from ...ports.activity import Activity
from ...ports.clients import Clients
from ...ports.clock import Clock
from ...ports.journal import Entry
from ...ports.people import Sessions, Visit
from ...ports.permits import Permits
from ...ports.sights import Emergencies
from ...values import dataclass
from .. import onward, pages
from ..counter import Counter, Filled
from ..exchange import Reply, Request
from ..people import Errors, faults, visit

ROLES: Mapping[str, tuple[str, ...]] = {
    "patient": ("apps", "activity", "people", "sessions", "security"),
    "representative": ("apps", "activity", "people", "sessions", "security"),
    "practitioner": ("apps", "emergency", "sessions", "security"),
}
"""The menu by role; of every other one the last two."""
REST = ("sessions", "security")
DONE = frozenset({
    "apps.ended", "emergency.ended", "emergency.opened", "people.accepted", "people.ended", "people.invited",
    "people.limited", "security.changed", "security.email_changed", "security.email_sent",
    "security.language_saved", "security.passkey_added",
    "security.passkey_removed", "security.totp_added", "security.totp_ended", "sessions.ended",
    "sessions.ended_all",
})  # fmt: skip
"""What a page says of the form that led to it."""
Show = Callable[[Errors, int], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Room:
    """Everything behind the pages of an account."""

    people: Reception
    sessions: Sessions
    permits: Permits
    clients: Clients
    emergencies: Emergencies
    activity: Activity
    counter: Counter
    clock: Clock

    def show(self, request: Request, template: str, here: str, status: int = 200, **more: Any) -> Reply:
        """A page of the account; `here` is its place in the menu and the name of its forms."""
        account = request.known_session.account
        done = told(request)
        values = {
            "menu": menu(account.role),
            "here": here,
            "base": base(request),
            "errors": (),
            "done": done,
            "sign_out": self.counter.stamp(request, "sign-out"),
            **more,
        }
        return self.counter.show(request, template, here, status=status, **values)

    async def take(self, request: Request, here: str) -> Filled:
        """The form of this page that was sent."""
        return await self.counter.take(request, here)

    def visit(self, request: Request) -> Visit:
        """What the accounts note of this request."""
        return visit(request, self.counter.jar)

    def done(self, request: Request, here: str, said: str, *headers: tuple[bytes, bytes]) -> Reply:
        """303 to the page, which says what was done. The accounts have written the audit entry."""
        return pages.seen(f"{base(request)}/{here}?done={said}", *headers)._replace(recorded=True)

    async def attempt(self, request: Request, here: str, work: Awaitable[Reply], show: Show) -> Reply:
        """What `work` comes to; where it is refused the page again, where a fresh proof is wanted the page for that."""
        try:
            return await work
        except Again as refused:
            request.entry = refused.entry
            return pages.seen(f"{base(request)}/again?then={here}")
        except Refused as refused:
            return await show(faults(request, refused), refused.status)

    def renewed(self, request: Request, cookie: str) -> tuple[bytes, bytes]:
        """The header for the new cookie of a session that was elevated."""
        return self.counter.jar.keep_session(request.known_tenant, cookie)

    def entry(self, request: Request, action: str, **more: Any) -> Entry:
        """The audit entry of what a page does itself."""
        account = request.known_session.account
        return Entry(
            at=self.clock(), tenant=request.known_tenant.number, action=action, surface="accounts", status=200,
            request_id=request.id, user=account.fhir_user or account.id, address=request.peer, **more,
        )  # fmt: skip


def base(request: Request) -> str:
    """Where the account's pages are."""
    return f"/account/{request.known_tenant.id}"


def menu(role: str) -> Sequence[str]:
    """The pages that somebody of this role has."""
    return ROLES.get(role, ("home", *REST) if role in onward.HOMES else REST)


def told(request: Request) -> str | None:
    """What the form that led here did, where that is one of ours to say."""
    query = request.query.decode("latin-1")
    return next((one for one in DONE if query == f"done={one}"), None)
