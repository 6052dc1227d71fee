"""What every endpoint at which a client proves itself has in common: the proof, the audit entry, the refusals.

Every interaction leaves one audit entry: with an answer in the transaction that spends the client's assertion, without
one at the error, for the door to write.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from ..fhir.outcomes import Unavailable
from ..ports.clients import Clients
from ..ports.clock import Clock
from ..ports.journal import Entry
from ..ports.keys import Assertions, KeySets
from ..surfaces import issuers
from ..tenancy import Tenant
from ..values import dataclass
from .assertion import INVALID
from .client import Known, Proven, authenticate, check_near
from .errors import InvalidClient, OAuthError, TemporarilyUnavailable
from .pace import Pace
from .request import Credentials

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Context:
    """What the door knows of the request beside its form: what the audit entry needs."""

    request_id: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything outside that a proof needs: clients, keys, used assertions, the clock. URLs begin with `base_url`."""

    base_url: str
    clients: Clients
    key_sets: KeySets
    assertions: Assertions
    now: Clock
    pace: Pace | None = None

    async def around(
        self, tenant: Tenant, action: str, context: Context, work: Callable[[datetime], Awaitable[Answer]]
    ) -> Answer:
        """What `work` comes to at this moment.

        Raises OAuthError; its `entry` is the audit entry of the refusal, to be made durable before the answer leaves.
        """
        now = self.now()
        try:
            return await work(now)
        except OAuthError as refusal:
            refusal.entry = refusal_entry(refusal, tenant, action, context, now)
            raise
        except Unavailable as down:
            unavailable = TemporarilyUnavailable()
            unavailable.entry = refusal_entry(unavailable, tenant, action, context, now)
            raise unavailable from down

    async def proven(
        self, credentials: Credentials, tenant: Tenant, context: Context, now: datetime, *, public: bool = False
    ) -> Proven:
        """The client that showed this; `public` ones by their name. Raises InvalidClient, InvalidRequest,
        AccessDenied, TooMany.
        """
        proven = await authenticate(credentials, tenant, self.known(tenant), context.address, now, public=public)
        if self.pace is not None:
            await self.pace.of(proven.client, context.address, now)
        return proven

    async def near(self, tenant: Tenant, client_id: str, context: Context) -> None:
        """Raise AccessDenied where the tenant allows this application no calls from there (OPS-01)."""
        client = await self.clients.find(tenant.number, client_id)
        if client is not None:
            check_near(client, context.address)

    def known(self, tenant: Tenant) -> Known:
        """Who may prove itself here; an assertion is for the token URL or the issuer of this tenant (D-03)."""
        audiences = issuers.V2.token_url(self.base_url, tenant.id), issuers.V2.url(self.base_url, tenant.id)
        return Known(self.clients, self.key_sets, audiences)

    async def keep(self, proven: Proven | None, tenant: Tenant, entry: Entry) -> None:
        """Make the audit entry durable, and with it the assertion used: no answer leaves before."""
        if proven is None or proven.assertion is None:
            await self.assertions.record(entry)
            return
        spent = proven.assertion
        if not await self.assertions.spend(tenant.number, proven.client.id, spent.jti, spent.until, entry):
            raise InvalidClient(f"{INVALID}: this jti was used before", reason="replayed assertion")


def refusal_entry(refusal: OAuthError, tenant: Tenant, action: str, context: Context, now: datetime) -> Entry:
    """The audit entry of a refused request; who it was is not known, what it said of itself is not believed."""
    return Entry(
        at=now,
        tenant=tenant.number,
        action=action,
        surface=issuers.V2.name,
        status=refusal.status,
        request_id=context.request_id,
        address=context.address,
        reason=": ".join(one for one in (refusal.error, refusal.reason or refusal.description) if one),
    )
