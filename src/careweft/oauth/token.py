"""The token endpoint: https://www.rfc-editor.org/rfc/rfc6749#section-3.2

The order in `_issue` is the whole story; each grant fills in its `redeem` and nothing else. Every interaction leaves
one audit entry: with a token in the transaction that spends the assertion, without one at the error, for the door to
write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ..fhir.outcomes import Unavailable
from ..ports.clients import Clients
from ..ports.clock import Clock
from ..ports.journal import Entry
from ..ports.keys import Assertions, KeySets
from ..surfaces import issuers
from ..tenancy import Tenant
from .assertion import INVALID
from .client import Known, Proven, authenticate
from .errors import InvalidClient, OAuthError, TemporarilyUnavailable, UnsupportedGrantType
from .grants import Grant
from .grants.client_credentials import CLIENT_CREDENTIALS
from .request import TokenRequest
from .tokens import Mint, Token

GRANTS: Mapping[str, Grant] = MappingProxyType({one.name: one for one in (CLIENT_CREDENTIALS,)})


@dataclass(frozen=True, slots=True)
class Context:
    """What the door knows of the request beside its form: what the audit entry needs."""

    request_id: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Issues tokens. Everything outside comes in: clients, keys, used assertions, the clock."""

    mint: Mint
    clients: Clients
    key_sets: KeySets
    assertions: Assertions
    now: Clock
    grants: Mapping[str, Grant] = field(default_factory=lambda: GRANTS)

    async def answer(
        self, tenant: Tenant, form: Sequence[tuple[str, str]], authorization: str | None, context: Context
    ) -> dict[str, Any]:
        """The token response for the pairs of a form and the Authorization header.

        Raises OAuthError; its `entry` is the audit entry of the refusal, to be made durable before the answer leaves.
        """
        now = self.now()
        try:
            return await self._issue(tenant, TokenRequest.read(form, authorization), context, now)
        except OAuthError as refusal:
            refusal.entry = refusal_entry(refusal, tenant, context, now)
            raise
        except Unavailable as down:
            unavailable = TemporarilyUnavailable()
            unavailable.entry = refusal_entry(unavailable, tenant, context, now)
            raise unavailable from down

    async def _issue(self, tenant: Tenant, request: TokenRequest, context: Context, now: datetime) -> dict[str, Any]:
        grant = self.grants.get(request.grant_type)
        if grant is None:
            raise UnsupportedGrantType(f"grant_type has to be {' or '.join(self.grants)}")
        proven = await authenticate(request, tenant, self.known(tenant), now)
        token = await self.mint.token(tenant, grant.redeem(request, proven.client), now)
        await self._keep(proven, token, context, now)
        return token.answer()

    def known(self, tenant: Tenant) -> Known:
        """Who may prove itself here; an assertion is for the token URL or the issuer of this tenant (D-03)."""
        base_url = self.mint.base_url
        audiences = issuers.V2.token_url(base_url, tenant.id), issuers.V2.url(base_url, tenant.id)
        return Known(self.clients, self.key_sets, audiences)

    async def _keep(self, proven: Proven, token: Token, context: Context, now: datetime) -> None:
        """Make the token's audit entry durable, and with it the assertion used: no answer leaves before."""
        entry = token_entry(token, context, now)
        if proven.assertion is None:
            await self.assertions.record(entry)
            return
        spent = proven.assertion
        if not await self.assertions.spend(token.tenant.number, proven.client.id, spent.jti, spent.until, entry):
            raise InvalidClient(f"{INVALID}: this jti was used before", reason="replayed assertion")


def token_entry(token: Token, context: Context, now: datetime) -> Entry:
    """The audit entry of an issued token."""
    return Entry(
        at=now,
        tenant=token.tenant.number,
        action="token",
        surface=issuers.V2.name,
        status=200,
        request_id=context.request_id,
        client=token.authorization.client.id,
        patient=token.authorization.patient,
        jti=token.jti,
        address=context.address,
    )


def refusal_entry(refusal: OAuthError, tenant: Tenant, context: Context, now: datetime) -> Entry:
    """The audit entry of a refused request; who it was is not known, what it said of itself is not believed."""
    return Entry(
        at=now,
        tenant=tenant.number,
        action="token",
        surface=issuers.V2.name,
        status=refusal.status,
        request_id=context.request_id,
        address=context.address,
        reason=": ".join(one for one in (refusal.error, refusal.reason or refusal.description) if one),
    )
