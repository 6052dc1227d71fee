"""The token endpoint: https://www.rfc-editor.org/rfc/rfc6749#section-3.2

The order in `_issue` is the whole story; each grant fills in its `redeem` and nothing else.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..ports.journal import Entry
from ..surfaces import issuers
from ..tenancy import Tenant
from ..values import dataclass
from .errors import UnsupportedGrantType
from .frame import Context, Frame
from .grants import Given, Grant
from .request import TokenRequest
from .tokens import Mint, Token


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Issues tokens."""

    mint: Mint
    frame: Frame
    grants: Mapping[str, Grant]

    async def answer(
        self, tenant: Tenant, form: Sequence[tuple[str, str]], authorization: str | None, context: Context
    ) -> dict[str, Any]:
        """The token response for the pairs of a form and the Authorization header. Raises OAuthError."""

        async def issue(now: datetime) -> dict[str, Any]:
            return await self._issue(tenant, TokenRequest.read(form, authorization), context, now)

        return await self.frame.around(tenant, "token", context, issue)

    async def _issue(self, tenant: Tenant, request: TokenRequest, context: Context, now: datetime) -> dict[str, Any]:
        grant = self.grants.get(request.grant_type)
        if grant is None:
            raise UnsupportedGrantType(f"grant_type has to be {' or '.join(self.grants)}")
        proven = await self.frame.proven(request.credentials, tenant, context, now, public=grant.public)
        authorization = await grant.redeem(Given(request, proven.client, tenant, now))
        token = await self.mint.token(tenant, authorization, now)
        await self.frame.keep(proven, tenant, token_entry(token, context, now))
        return token.answer()


def user_of(token: Token) -> str | None:
    """The person on whose permit a token hangs, None for a backend service's."""
    permit = token.authorization.permit
    return None if permit is None else permit.user or permit.account


def named(*grants: Grant) -> Mapping[str, Grant]:
    """Grants by their names."""
    return {one.name: one for one in grants}


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
        user=user_of(token),
        patient=token.authorization.patient,
        jti=token.jti,
        address=context.address,
    )
