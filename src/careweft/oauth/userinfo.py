"""Who signed in, told to who holds the access token: https://openid.net/specs/openid-connect-core-1_0.html#UserInfo"""

from datetime import datetime
from typing import Any

from ..fhir.outcomes import LoginRequired
from ..ports.journal import Entry
from ..ports.people import People
from ..surfaces import issuers
from ..tenancy import Tenant
from ..values import dataclass
from .errors import InsufficientScope, InvalidToken
from .frame import Context, Frame
from .identity import OPENID, PROFILE, record
from .verifier import Verified, Verifier


@dataclass(frozen=True, slots=True)
class UserInfo:
    """The endpoint."""

    frame: Frame
    verifier: Verifier
    people: People

    async def answer(self, tenant: Tenant, bearer: str, context: Context) -> dict[str, Any]:
        """The claims that were granted: `sub`, the person's record, the name. Raises OAuthError, with its entry."""

        async def tell(now: datetime) -> dict[str, Any]:
            shown = await self._shown(tenant, bearer, context)
            account = await self.people.find(tenant.number, shown.subject)
            if account is None or not account.enabled:
                raise InvalidToken(reason="the account was switched off")
            words = shown.scope.split(" ")
            said: dict[str, Any] = {"sub": account.id, **record(account.fhir_user, words, shown.caller.audience)}
            if PROFILE in words:
                said["name"] = account.name
            await self.frame.keep(None, tenant, entry_of(shown, tenant, context, now))
            return said

        return await self.frame.around(tenant, "userinfo", context, tell)

    async def _shown(self, tenant: Tenant, bearer: str, context: Context) -> Verified:
        """What the token says, of a person who granted openid."""
        try:
            shown = await self.verifier.tell(bearer, tenant, issuers.V2)
        except LoginRequired as wrong:
            raise InvalidToken from wrong
        await self.frame.near(tenant, shown.caller.client, context)
        if not shown.holds(OPENID) or shown.caller.account is None:
            raise InsufficientScope("the scope openid is wanted")
        return shown


def entry_of(shown: Verified, tenant: Tenant, context: Context, now: datetime) -> Entry:
    """The audit entry of an answer."""
    caller = shown.caller
    return Entry(
        at=now,
        tenant=tenant.number,
        action="userinfo",
        surface=issuers.V2.name,
        status=200,
        request_id=context.request_id,
        client=caller.client,
        user=caller.user or caller.account,
        jti=caller.jti,
        address=context.address,
    )
