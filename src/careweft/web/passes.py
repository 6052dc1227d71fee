"""What the guard found for a token at a row of the table, remembered, and looked at again each time it is used.

Signature, scopes, right and reach are pure: the same token at the same row always comes to the same. What can change is
asked on every request all the same: the tenant, the networks that its applications are held to, the revocations, the
hour. Whatever is not as it was sends the request the whole way.
"""

from collections.abc import Mapping
from hashlib import sha256

from ..access.caller import Caller
from ..access.reach import Reach
from ..tenancy import Tenant
from ..values import dataclass
from .exchange import Request
from .route import Route
from .site import Site

MOST = 20_000
Place = tuple[bytes, int, str]
"""The SHA-256 of the Authorization header, the row, the tenant's id."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Who was let in, and what that rested on; the row is kept alive, so that nothing else takes its number."""

    route: Route
    tenant: Tenant
    fences: Mapping[str, tuple[str, ...]]
    caller: Caller
    reach: Reach | None


class Passes:
    """For applications alone: what a person's token sees can change with each request."""

    __slots__ = ("_known", "_site")

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[Place, Pass] = {}

    def used(self, request: Request, route: Route) -> bool:
        """Was this token let in at this row before, and would it be again? Then the request is filled in."""
        place = self._place(request, route)
        found = self._known.get(place) if place else None
        if found is None:
            return False
        site, tenant, caller = self._site, found.tenant, found.caller
        if (
            site.tenants.held(tenant.id) is tenant
            and site.clients.fences(tenant.number) is found.fences
            and site.verifier.stands(caller)
        ):
            request.tenant, request.caller, request.reach = tenant, caller, found.reach
            return True
        return False

    def keep(self, request: Request, route: Route) -> None:
        """Remember whom the guard let in, where nothing but what `used` asks decides it."""
        tenant, caller, place = request.known_tenant, request.known_caller, self._place(request, route)
        fences = self._site.clients.fences(tenant.number)
        if place is None or fences is None or caller.personal or tenant.networks or caller.client in fences:
            return
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[place] = Pass(route, tenant, fences, caller, request.reach)

    def _place(self, request: Request, route: Route) -> Place | None:
        """Where it would be remembered; never for a request that shows a token in its query too."""
        header = request.headers.get(b"authorization")
        if header is None or (request.query and b"access_token" in request.query):
            return None
        return sha256(header).digest(), id(route), request.args["tenant"]
