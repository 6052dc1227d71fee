"""In front of every door: the tenant of the path, the bearer of the header or the session of the cookie, and the right
that the row of the table names.

RFC 6750 section 2.1: the Authorization header is the only place for a token; those in a query or a form are refused.
"""

from dataclasses import replace
from ipaddress import ip_address
from typing import ClassVar

from ..access.caller import Caller
from ..access.decide import Denied, decide
from ..access.narrow import reach
from ..access.networks import inside
from ..access.reach import Reach
from ..fhir.outcomes import FhirRefusal, Forbidden, LoginRequired, NotFound
from ..ports.people import Session
from ..ports.sights import Sights
from ..surfaces.model import Surface
from ..tenancy import PLATFORM, Tenant
from . import cookies
from .exchange import Request
from .passes import Passes
from .route import Bulk, ClientAuthenticated, Feeding, Ops, Person, Policy, Public, Right, Route, Visitor
from .site import Site

MOST_REMEMBERED = 20_000
MACHINES = Right | Feeding | Bulk | ClientAuthenticated
"""Doors for applications, which networks may be named for; people come from anywhere."""
BY_ID = frozenset("rcu")
"""Letters of interactions with one resource, which are held to a reach; a search is narrowed instead."""


class SignInFirst(FhirRefusal):
    """This page is for people who are signed in."""

    status: ClassVar[int] = 401
    code: ClassVar[str] = "login"


class EnrolFirst(FhirRefusal):
    """This person's role wants a second factor, which is to be set up before anything else."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "suppressed"


class BadAuthorization(FhirRefusal):
    """The Authorization header wants one `Bearer` and one token."""


class Guard:
    """Lets a request through to its handler, or raises the refusal that says why not."""

    __slots__ = ("_jar", "_passes", "_rights", "_sighted", "_site")

    def __init__(self, site: Site) -> None:
        self._site = site
        self._jar = cookies.Jar(site.base_url)
        self._passes = Passes(site)
        self._rights = Rights()
        self._sighted = Sighted(site.sights)

    async def admit(self, request: Request, route: Route) -> None:
        """Fill in what the policy of `route` asks for: tenant, caller, reach. Closed for a policy that is none."""
        if type(route.policy) is Right and self._passes.used(request, route):
            return
        if route.paced:
            await self._paced(request, route)
        await self._place(request, route.policy)
        await self._let_in(request, route)

    async def _place(self, request: Request, policy: Policy) -> None:
        """The tenant of this request, which may be asked for from this network."""
        if "tenant" in request.args:
            request.tenant = await self._tenant(request.args["tenant"], policy)
        elif isinstance(policy, Person | Visitor) and policy.platform:
            request.tenant = PLATFORM
        if request.tenant is not None and request.tenant.networks and isinstance(policy, MACHINES):
            near(request, request.tenant.networks)

    async def _let_in(self, request: Request, route: Route) -> None:
        policy = route.policy
        if type(policy) is Right:
            caller = await self._caller(request, policy.surface)
            request.reach = self._rights.of(caller, policy, request.known_tenant.zone)
            self._passes.keep(request, route)
        elif isinstance(policy, Feeding | Bulk):
            await self._caller(request, policy.surface)
        elif type(policy) is Person:
            request.session = await self._signed_in(request)
            _admit_person(request, policy)
        elif type(policy) is Visitor:
            request.session = await self._signed_in(request) if request.tenant else None
        elif type(policy) is Ops:
            _admit_operator(request, policy, metrics_open=self._site.metrics_open)
        elif type(policy) not in (Public, ClientAuthenticated):
            raise Forbidden("Nobody said who may use this path.")

    async def _paced(self, request: Request, route: Route) -> None:
        """Raise TooMany where this address asked too often (OATK-15)."""
        if self._site.pace is not None:
            await self._site.pace.near(route.name, request.peer, self._site.clock())

    async def _tenant(self, id_: str, policy: Policy) -> Tenant:
        """The tenant of a path; people may belong to none, and then sign in at the platform."""
        if id_ == PLATFORM.id and isinstance(policy, Person | Visitor):
            return PLATFORM
        found = await self._site.tenants.find(id_)
        if found is None:
            raise NotFound("There is no tenant with this id.")
        return found

    async def _signed_in(self, request: Request) -> Session | None:
        """The session of this browser at the tenant of the path."""
        shown = self._jar.session(cookies.read(request.headers.get(b"cookie", b"")), request.known_tenant)
        if shown is None:
            return None
        return await self._site.sessions.find(request.known_tenant.number, shown)

    async def _caller(self, request: Request, surface: Surface) -> Caller:
        """Whose token the request shows, once it is known to come whence that client may call."""
        tenant = request.known_tenant
        caller = request.caller = await self._site.verifier.verify(token(request), tenant, surface)
        fenced = await self._site.clients.networks(tenant.number)
        if caller.client in fenced:
            near(request, fenced[caller.client])
        if caller.personal:
            caller = request.caller = await self._sighted.of(caller, tenant)
        return caller


class Sighted:
    """Callers with the sight of the person who granted their token, remembered for as long as that stays the same."""

    __slots__ = ("_known", "_sights")

    def __init__(self, sights: Sights) -> None:
        self._sights = sights
        self._known: dict[int, tuple[Caller, Caller]] = {}

    async def of(self, caller: Caller, tenant: Tenant) -> Caller:
        """This caller with its sight of this moment. Raises Unavailable."""
        if caller.account is None or caller.user is None:
            return caller
        sight = await self._sights.of(tenant, caller.account, caller.user)
        known = self._known.get(id(caller))
        if known is not None and known[1].sight is sight:
            return known[1]
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        seeing = replace(caller, sight=sight)
        self._known[id(caller)] = (caller, seeing)  # kept alive, so that nothing else takes its number
        return seeing


class Rights:
    """`decide` and `reach`, remembered for each Caller: both are pure, and a verified Caller comes again and again.

    The key is the objects themselves, kept alive here, so that nothing else can be taken for them.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, str], tuple[Caller, Right, Denied | Reach | None]] = {}

    def of(self, caller: Caller, right: Right, zone: str) -> Reach | None:
        """How far the caller sees, for one that reads or writes by id, else None; Forbidden without the right."""
        key = (id(caller), id(right), zone)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            known = self._known[key] = (caller, right, measured(caller, right, zone))
        found = known[2]
        if type(found) is Denied:
            raise insufficient(right.surface, found)
        return found if type(found) is Reach else None


def measured(caller: Caller, right: Right, zone: str) -> Denied | Reach | None:
    """What `decide` and, for an interaction that reads or writes by id, `reach` say."""
    said = decide(caller, right.surface, right.type, right.interaction)
    if isinstance(said, Denied):
        return said
    return reach(caller, right.surface, right.type, said.letter, zone) if said.letter in BY_ID else None


def near(request: Request, networks: tuple[str, ...]) -> None:
    """Forbidden where the request comes from none of these networks (OPS-01)."""
    if not inside(request.peer, networks):
        raise Forbidden("This tenant allows no calls from this network address.")


def insufficient(surface: Surface, denied: Denied) -> Forbidden:
    """The refusal of a caller whose scopes do not reach this far (AUTHZ-11: said before any data are looked at)."""
    kind = "system scope" if surface.audience == "system" else "scope"
    return Forbidden(f"Insufficient {kind} for requested resource: {denied.because}.")


def token(request: Request) -> str:
    """The bearer token of this request. LoginRequired where there is none, BadAuthorization where it is malformed."""
    header = request.headers.get(b"authorization", b"")
    if header[:7].lower() != b"bearer ":
        raise BadAuthorization if header.strip().lower() == b"bearer" else LoginRequired
    if b"access_token" in request.query:
        raise BadAuthorization("An access token belongs in the Authorization header and nowhere else.")
    try:
        bearer = header[7:].strip().decode("ascii")
    except UnicodeDecodeError:
        raise BadAuthorization from None
    if not bearer or " " in bearer or "," in bearer:
        raise BadAuthorization
    return bearer


def _admit_person(request: Request, policy: Person) -> None:
    session = request.session
    if session is None:
        raise SignInFirst
    if session.enrol and not policy.enrolling:
        raise EnrolFirst
    if policy.roles and session.account.role not in policy.roles:
        raise NotFound("There is no such page for this account.")


def _admit_operator(request: Request, policy: Ops, *, metrics_open: bool) -> None:
    near = _loopback(request.peer) and b"x-forwarded-for" not in request.headers and b"forwarded" not in request.headers
    if policy.local and not metrics_open and not near:
        raise NotFound("This path answers on the machine itself only.")


def _loopback(peer: str | None) -> bool:
    try:
        return peer is not None and ip_address(peer).is_loopback
    except ValueError:
        return False
