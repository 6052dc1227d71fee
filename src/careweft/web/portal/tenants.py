"""Asking organizations for authorization: search by name, id or SDK scope, and a request with a message (seed 003)."""

from collections.abc import Sequence
from urllib.parse import quote

from ...registry.authorization import STEPS, Authorization, State, due, now_is
from ...registry.refusal import RegistrationRefused
from ...registry.registration import Registration
from ...tenancy import Tenant
from ...values import dataclass
from .. import forms
from ..exchange import Reply, Request
from ..people import Errors
from .letters import told_owners
from .room import Room
from .wizard import own

MOST = 20


@dataclass(frozen=True, slots=True)
class TenantPages:
    """The handlers of `/developers/applications/{id}/tenants`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`, with `?q=`"""
        return await self._page(request, dict(forms.pairs(request.query)).get("q", "")[:200].strip())

    async def ask(self, request: Request) -> Reply:
        """`POST`: ask one of them."""
        filled = await self.room.take(request)
        held = await own(self.room, request)
        here = f"/developers/applications/{held.id}"

        async def work() -> Reply:
            tenant = await self.room.tenants.find(filled.one("tenant", 36))
            if tenant is None:
                raise RegistrationRefused("there is no such organization")
            message = filled.one("message", 4000).replace("\r\n", "\n").strip()
            actor, place = self.room.developer(request), self.room.place(request)
            said = await self.room.desk.ask(held.id, tenant, message, actor, place)
            if said.state is State.APPROVED:
                return self.room.done(here, "approved-at-once")
            await told_owners(self.room, held, tenant, due(said))
            return self.room.done(here, "asked")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, filled.one("q", 200), errors, 422)

        return await self.room.attempt(request, here[1:], work, again)

    async def _page(self, request: Request, wanted: str, errors: Errors = (), status: int = 200) -> Reply:
        held = await own(self.room, request)
        decided = {
            one.tenant: now_is(one, self.room.clock()) for one in await self.room.desk.shelf.authorizations(held.id)
        }
        found = search(await self.room.tenants.all(), wanted) if wanted else ()
        rows = [(one, decided.get(one.number), askable(decided.get(one.number))) for one in found]
        return self.room.show(
            request, "portal/tenants.html", status=status, app=held, q=wanted, rows=rows, most=MOST, errors=errors,
            again=quote(wanted),
        )  # fmt: skip


def search(tenants: Sequence[Tenant], wanted: str) -> Sequence[Tenant]:
    """The organizations whose name holds this, or whose id or SDK scope it is.

    >>> [one.name for one in search([Tenant("1", 1, "Maple"), Tenant("2", 2, "Birch", sdk_scopes=("S1",))], "s1")]
    ['Birch']
    """
    lower = wanted.casefold()
    found = [
        one for one in tenants if lower in one.name.casefold() or lower in (one.id, *map(str.casefold, one.sdk_scopes))
    ]
    return sorted(found, key=lambda one: one.name)[:MOST]


def askable(said: Authorization | None) -> bool:
    """May this organization be asked (again)?"""
    return (said.state if said else None) in STEPS["request"].before


def of(held: Registration) -> str:
    """Where the page of an application is."""
    return f"/developers/applications/{held.id}"
