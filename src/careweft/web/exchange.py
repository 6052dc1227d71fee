"""One request and its reply, as every door sees them: read once from ASGI, nothing of a framework in between."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..access.caller import Caller
from ..access.reach import Reach
from ..ports.journal import Entry
from ..ports.people import Session
from ..tenancy import Tenant

if TYPE_CHECKING:  # a route names its handler, and a handler takes a request
    from .route import Route

Headers = list[tuple[bytes, bytes]]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


PRIVATE = b"no-store, private"


class Stream(Protocol):
    """A body that is sent as it is read; its reply says its length itself."""

    def pieces(self) -> AsyncIterator[bytes]:
        """The body."""
        ...

    async def closed(self, sent: int, *, whole: bool) -> None:
        """So many bytes left; `whole` says that these were all."""
        ...


class Reply(NamedTuple):
    """What goes back: the front adds the headers that every reply carries."""

    status: int
    headers: Headers
    body: bytes = b""
    recorded: bool = False
    """The audit entry is durable already: it was written in the transaction of what it tells."""
    kept: bytes = PRIVATE
    """Cache-Control: who may keep this, and for how long; nobody, unless the handler says so."""
    stream: Stream | None = None
    """In the place of `body`."""


@dataclass(slots=True, eq=False)
class Request:
    """One request, and what is learned about it on its way in: not frozen, because the front and the guard fill it in.

    `patients`, `type`, `key` and `reason` are for the audit entry; `query` is the raw text after `?`.
    """

    method: str
    query: bytes
    headers: dict[bytes, bytes]
    receive: Receive = field(repr=False)
    peer: str | None
    id: str
    correlation: str | None = None
    route: "Route | None" = None
    args: dict[str, str] = field(default_factory=dict)
    tenant: Tenant | None = None
    caller: Caller | None = None
    form: bytes | None = field(default=None, repr=False)
    reach: Reach | None = None
    patients: tuple[str, ...] = ()
    reason: str | None = None
    session: Session | None = None
    """Who is signed in, on a page."""
    locales: str | None = None
    """The languages that an application wished for the one whom it sent."""
    client: str | None = None
    """The application that a page is about."""
    action: str | None = None
    """What was done, where that is not the one word of the route."""
    entry: Entry | None = None
    """The audit entry where the room behind the door made it itself."""
    allow: str | None = None
    """The methods that the path takes, where it does not take this one."""

    @property
    def known_tenant(self) -> Tenant:
        """The tenant that the guard found: a route with a tenant in its path is only answered once it did."""
        if self.tenant is None:
            raise LookupError("the guard has not resolved the tenant of this request")
        return self.tenant

    @property
    def known_route(self) -> "Route":
        """The route that answers this request."""
        if self.route is None:
            raise LookupError("the front has not found the route of this request")
        return self.route

    @property
    def known_reach(self) -> Reach:
        """How far the caller sees into the type of a route that reads or writes by id."""
        if self.reach is None:
            raise LookupError("the guard has not measured the reach of this request")
        return self.reach

    @property
    def known_session(self) -> Session:
        """Who is signed in: a route whose policy is a person is only answered once the guard knows."""
        if self.session is None:
            raise LookupError("the guard has not found the session of this request")
        return self.session

    @property
    def known_caller(self) -> Caller:
        """The caller that the guard let in: a route whose policy is a right is only answered once it did."""
        if self.caller is None:
            raise LookupError("the guard has not admitted the caller of this request")
        return self.caller
