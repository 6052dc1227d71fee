"""What becomes of a token once it was issued: introspection and revocation.

https://www.rfc-editor.org/rfc/rfc7662, https://www.rfc-editor.org/rfc/rfc7009 and, for the launch context that an
introspection tells, https://hl7.org/fhir/smart-app-launch/STU2/token-introspection.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..fhir.outcomes import LoginRequired
from ..ports.journal import Entry
from ..ports.keys import Revocations
from ..surfaces import issuers
from ..tenancy import Tenant
from .client import Proven
from .frame import Context, Frame
from .request import AboutToken
from .verifier import Verified, Verifier

INACTIVE = {"active": False}


@dataclass(frozen=True, slots=True)
class Introspection:
    """Tells a client of the tenant what any token of that tenant is good for at this moment (D-09)."""

    frame: Frame
    verifier: Verifier

    async def answer(
        self, tenant: Tenant, form: Sequence[tuple[str, str]], authorization: str | None, context: Context
    ) -> dict[str, Any]:
        """The answer of RFC 7662 section 2.2: for a token that is not in force here `active` false and nothing else.

        Raises OAuthError, with its entry.
        """

        async def tell(now: datetime) -> dict[str, Any]:
            request = AboutToken.read(form, authorization)
            proven = await self.frame.proven(request.credentials, tenant, context, now)
            found = await in_force(self.verifier, request.token, tenant)
            await self.frame.keep(proven, tenant, entry("introspect", proven, found, tenant, context, now))
            return INACTIVE if found is None else told(found)

        return await self.frame.around(tenant, "introspect", context, tell)


@dataclass(frozen=True, slots=True)
class Revocation:
    """Takes a token back for the client that it was issued to."""

    frame: Frame
    verifier: Verifier
    revocations: Revocations

    async def answer(
        self, tenant: Tenant, form: Sequence[tuple[str, str]], authorization: str | None, context: Context
    ) -> None:
        """Return once the token is dead for every process within five seconds, or never was in force (OAUTH-20).

        What belongs to somebody else is left alone and not told apart. Raises OAuthError, with its entry: 503 where
        the revocation could not be made durable, never silence.
        """

        async def take_back(now: datetime) -> None:
            request = AboutToken.read(form, authorization)
            proven = await self.frame.proven(request.credentials, tenant, context, now)
            found = await in_force(self.verifier, request.token, tenant)
            own = found if found is not None and found.caller.client == proven.client.id else None
            await self.frame.keep(proven, tenant, entry("revoke", proven, own, tenant, context, now))
            if own is not None:
                await self.revocations.revoke(tenant.number, f"jti:{own.caller.jti}")

        await self.frame.around(tenant, "revoke", context, take_back)


async def in_force(verifier: Verifier, token: str, tenant: Tenant) -> Verified | None:
    """What an access token of this tenant says, None for one that would be refused everywhere. Raises Unavailable."""
    try:
        return await verifier.tell(token, tenant, issuers.V2)
    except LoginRequired:
        return None


def told(found: Verified) -> dict[str, Any]:
    """A token in force, with the context it was launched in (OAUTH-22)."""
    caller = found.caller
    said: dict[str, Any] = {
        "active": True,
        "scope": " ".join(str(one) for one in caller.scopes),
        "client_id": caller.client,
        "token_type": "Bearer",
        "exp": int(caller.expires),
        "iat": found.issued,
        "iss": found.issuer,
        "sub": found.subject,
        "aud": caller.audience,
        "jti": caller.jti,
        "tenant": caller.tenant,
    }
    more = {"patient": caller.patient, "fhirUser": caller.user}
    return said | {name: value for name, value in more.items() if value is not None}


def entry(
    action: str, proven: Proven, found: Verified | None, tenant: Tenant, context: Context, now: datetime
) -> Entry:
    """The audit entry of an answered request: who asked, and about which token where it is one of this tenant."""
    return Entry(
        at=now,
        tenant=tenant.number,
        action=action,
        surface=issuers.V2.name,
        status=200,
        request_id=context.request_id,
        client=proven.client.id,
        jti=None if found is None else found.caller.jti,
        address=context.address,
    )
