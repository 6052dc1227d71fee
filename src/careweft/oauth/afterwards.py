"""What becomes of a token once it was issued: introspection and revocation.

https://www.rfc-editor.org/rfc/rfc7662, https://www.rfc-editor.org/rfc/rfc7009 and, for the launch context that an
introspection tells, https://hl7.org/fhir/smart-app-launch/STU2/token-introspection.html
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .. import surfaces
from ..fhir.outcomes import LoginRequired
from ..ports.journal import Entry
from ..ports.keys import Revocations
from ..ports.permits import Permit, Permits
from ..surfaces import issuers
from ..tenancy import Tenant
from ..values import dataclass
from .frame import Context, Frame
from .identity import OPENID, record
from .introspecting import Asker, asker
from .refresh import Refreshing
from .request import AboutToken
from .tokens import issuer_of
from .verifier import Verified, Verifier

INACTIVE = {"active": False}


@dataclass(frozen=True, slots=True)
class Found:
    """A token in force of this tenant, access or refresh, and the permit that it hangs on."""

    access: Verified | None
    permit: Permit | None

    @property
    def client(self) -> str:
        """Whom it was issued to."""
        return self.access.caller.client if self.access else self._permit.client

    @property
    def jti(self) -> str | None:
        """The name of an access token."""
        return self.access.caller.jti if self.access else None

    @property
    def _permit(self) -> Permit:
        if self.permit is None:
            raise LookupError("neither an access token nor a refresh token")
        return self.permit


@dataclass(frozen=True, slots=True)
class Tokens:
    """Finds out what a token is, of whichever kind."""

    verifier: Verifier
    permits: Permits
    refreshing: Refreshing

    async def find(self, tenant: Tenant, token: str, now: datetime) -> Found | None:
        """The token, None for one that would be refused everywhere. Raises Unavailable."""
        shown = self.refreshing.read(tenant.number, token)
        if shown is not None:
            permit = await self.permits.find(tenant.number, shown.permit)
            good = permit is not None and permit.in_force(now) and permit.generation == shown.generation
            return Found(None, permit) if good else None
        try:
            access = await self.verifier.tell(token, tenant, issuers.V2)
        except LoginRequired:
            return None
        grant = access.caller.grant
        permit = None if grant is None else await self.permits.find(tenant.number, grant)
        if permit is not None and permit.ended is not None:  # this process may not have heard of it yet
            return None
        return Found(access, permit)

    async def permit_of(self, tenant: Tenant, token: str) -> Permit | None:
        """The permit of a refresh token of any generation, in force or not."""
        shown = self.refreshing.read(tenant.number, token)
        return None if shown is None else await self.permits.find(tenant.number, shown.permit)


@dataclass(frozen=True, slots=True)
class Introspection:
    """Tells a client of the tenant what any token of that tenant is good for at this moment (D-09)."""

    frame: Frame
    tokens: Tokens

    async def answer(
        self, tenant: Tenant, form: Sequence[tuple[str, str]], authorization: str | None, context: Context
    ) -> dict[str, Any]:
        """The answer of RFC 7662 section 2.2: for a token that is not in force here `active` false and nothing else.

        Raises OAuthError, with its entry.
        """

        async def tell(now: datetime) -> dict[str, Any]:
            request, who = await asker(self.frame, self.tokens.verifier, tenant, form, authorization, context, now)
            found = await self.tokens.find(tenant, request.token, now)
            told_of = found if found is not None and who.may_ask_about(found.client) else None
            entry = entry_of("introspect", who, told_of, tenant, context, now)
            await self.frame.keep(who.proven, tenant, entry)
            return INACTIVE if told_of is None else told(told_of, tenant, self.frame.base_url)

        return await self.frame.around(tenant, "introspect", context, tell)


@dataclass(frozen=True, slots=True)
class Revocation:
    """Takes a token back for the client that it was issued to."""

    frame: Frame
    tokens: Tokens
    revocations: Revocations

    async def answer(
        self, tenant: Tenant, form: Sequence[tuple[str, str]], authorization: str | None, context: Context
    ) -> None:
        """Return once the token is dead for every process within five seconds, or never was in force (OAUTH-20).

        An access token goes alone; a refresh token, of whichever generation, takes its permit and so every token of it
        with it. What belongs to somebody else is left alone and not told apart. Raises OAuthError, with its entry: 503
        where the revocation could not be made durable, never silence.
        """

        async def take_back(now: datetime) -> None:
            request = AboutToken.read(form, authorization)
            proven = await self.frame.proven(request.credentials, tenant, context, now, public=True)
            permit = await self.tokens.permit_of(tenant, request.token)
            found = await self.tokens.find(tenant, request.token, now) if permit is None else Found(None, permit)
            own = found if found is not None and found.client == proven.client.id else None
            who = Asker(proven.client.id, proven)
            await self.frame.keep(proven, tenant, entry_of("revoke", who, own, tenant, context, now))
            if own is None:
                return
            if own.access is not None:
                await self.revocations.revoke(tenant.number, f"jti:{own.access.caller.jti}")
            elif own.permit is not None:
                await self.tokens.permits.end(tenant.number, [own.permit.id], now)

        await self.frame.around(tenant, "revoke", context, take_back)


def told(found: Found, tenant: Tenant, base_url: str) -> dict[str, Any]:
    """A token in force, with the context it was launched in, and who signed in where an ID token told it (OAUTH-22)."""
    said = of_access(found.access) if found.access else of_refresh(found.permit, tenant, base_url)
    permit = found.permit
    if permit is None:
        return said
    launched = permit.launched
    more: dict[str, Any] = {
        "encounter": launched.encounter,
        "fhirContext": list(launched.fhir_context),
        "intent": launched.intent,
    }
    said |= {name: value for name, value in more.items() if value}
    surface = surfaces.find_by_id(permit.surface)
    said["need_patient_banner"] = launched.banner
    said["smart_style_url"] = issuer_of(surface).style_url(base_url, tenant.id)
    if OPENID in permit.scopes:
        said |= record(permit.user, permit.scopes, surface.url(base_url, tenant.id))
    return said


def of_access(found: Verified) -> dict[str, Any]:
    """What an access token says of itself."""
    caller = found.caller
    said: dict[str, Any] = {
        "active": True,
        "scope": found.scope,
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
    return said | ({} if caller.patient is None else {"patient": caller.patient})


def of_refresh(permit: Permit | None, tenant: Tenant, base_url: str) -> dict[str, Any]:
    """What a refresh token stands for."""
    if permit is None:
        return INACTIVE
    surface = surfaces.find_by_id(permit.surface)
    said: dict[str, Any] = {
        "active": True,
        "scope": " ".join(permit.scopes),
        "client_id": permit.client,
        "token_type": "refresh_token",
        "exp": int(permit.expires.timestamp()),
        "iss": issuer_of(surface).url(base_url, tenant.id),
        "sub": permit.account,
        "aud": surface.url(base_url, tenant.id),
        "tenant": tenant.id,
    }
    return said | ({} if permit.patient is None else {"patient": permit.patient})


def entry_of(action: str, who: Asker, found: Found | None, tenant: Tenant, context: Context, now: datetime) -> Entry:
    """The audit entry of an answered request: who asked, and about which token where it is one of this tenant."""
    return Entry(
        at=now,
        tenant=tenant.number,
        action=action,
        surface=issuers.V2.name,
        status=200,
        request_id=context.request_id,
        client=who.client,
        jti=None if found is None else found.jti,
        id=None if found is None or found.permit is None else found.permit.id,
        address=context.address,
    )
