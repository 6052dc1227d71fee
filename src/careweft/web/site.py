"""What the doors are built from: the composition root fills it in once, the doors only read it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from ..access.caller import Caller
from ..accounts.reception import Reception
from ..bulk.desk import Desk
from ..insight.groups.keep import Groups
from ..intake.conformance import UNHELD, Held
from ..intake.filing.checks import Accepts
from ..oauth.authorization import Granting
from ..oauth.keys import Keyring
from ..oauth.pace import Pace
from ..oauth.server import Server
from ..ports.activity import Activity
from ..ports.clients import Clients
from ..ports.clock import Clock
from ..ports.feed import Feed
from ..ports.filing import Filing
from ..ports.journal import Journal
from ..ports.keys import Fetched
from ..ports.people import Sessions
from ..ports.permits import Permits
from ..ports.pictures import Pictures
from ..ports.platform import Platform
from ..ports.queues import Queues, Unwatched
from ..ports.records import Records
from ..ports.sights import Emergencies, Sights, Unseen
from ..ports.tenants import Tenants
from ..ports.usage import Usage
from ..registry.desk import Desk as RegistryDesk
from ..surfaces import ALL
from ..surfaces.model import Surface
from ..tenancy import Tenant
from ..values import dataclass
from . import identity
from .trial import Preview


class Verifier(Protocol):
    """Reads a bearer token."""

    async def verify(self, bearer: str, tenant: Tenant, surface: Surface) -> Caller:
        """Who calls. Raises LoginRequired for a token that does not hold here and now, Unavailable."""
        ...

    def stands(self, caller: Caller) -> bool:
        """Does the token that `verify` took for this caller still hold, at this moment?"""
        ...


@dataclass(frozen=True)
class Site:
    """Everything that the doors need.

    `base_url` is where callers find us, without a slash at its end: every link is built from it, and its host is the
    only one that is answered (WEB-10), beside `aliases` and, in preview, the loopback's names. `records`,
    `feed` and `filing` bind a tenant. `seal` is the 32-byte key of paging links, `ready` names what has to work and
    says whether it does.
    """

    base_url: str
    tenants: Tenants
    records: Callable[[Tenant], Records]
    feed: Callable[[Tenant], Awaitable[Feed]]
    filing: Callable[[Tenant], Awaitable[Filing]]
    journal: Journal
    verifier: Verifier
    clients: Clients
    auth: Server
    keyring: Keyring
    people: Reception = field(kw_only=True)
    sessions: Sessions = field(kw_only=True)
    activity: Activity = field(kw_only=True)
    registry: RegistryDesk = field(kw_only=True)
    usage: Usage = field(kw_only=True)
    look: Callable[[str], Awaitable[Sequence[str]]] = field(kw_only=True)
    """Fetches a key set now and says its key ids; raises OSError."""
    fetched: Callable[[str], Awaitable[Fetched]] = field(kw_only=True)
    """What became of the last fetch of a key set."""
    groups: Callable[[Tenant], Awaitable[Groups]] = field(kw_only=True)
    """The Groups that a tenant defines."""
    platform: Platform = field(kw_only=True)
    pictures: Pictures = field(kw_only=True)
    emergencies: Emergencies = field(kw_only=True)
    exports: Desk = field(kw_only=True)
    seal: bytes = field(repr=False)
    clock: Clock
    ready: Callable[[], Awaitable[Mapping[str, bool]]]
    aliases: tuple[str, ...] = ()
    trusted_proxies: int = 0
    environment: str = "production"
    metrics_open: bool = False
    surfaces: tuple[Surface, ...] = ALL
    ids: Callable[[], str] = field(default_factory=identity.numbering)
    deadline: float = 30.0
    attachment: int = 16 * 1024 * 1024
    """Bytes of the largest document that is taken."""
    accepts: Accepts = lambda _: ()
    """What a filed record has to be beside its shape: every fault that is found."""
    sights: Sights = field(default_factory=Unseen)
    """Whom a person may see."""
    preview: Preview | None = None
    """What only a trial has; None in production."""
    pace: Pace | None = None
    """How often the endpoints of the authorization server may be asked; None is no limit."""
    queues: Queues = field(default_factory=Unwatched)
    """What waits for a job process."""
    held: Held = UNHELD
    """To what the intake holds records."""

    @property
    def granting(self) -> Granting:
        """The authorization endpoint, for the pages between its beginning and its end."""
        return self.auth.granting

    @property
    def permits(self) -> Permits:
        """What people granted."""
        return self.auth.permits
