"""Tokens made: JWTs that say whose they are and what for: https://www.rfc-editor.org/rfc/rfc9068

`aud` is the FHIR base URL of one tenant on one API, byte for byte; `iss` that tenant's authorization server. No token
lives longer than twelve hours, whatever anyone configured (OAUTH-17).
"""

from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from ..ports.keys import SigningKey
from ..surfaces import issuers
from ..surfaces.model import Surface
from ..tenancy import Tenant
from ..values import dataclass
from . import identity, secrets
from .grants import Authorization
from .keys import ALG, ALGS, ID_ALG, Keyring
from .lifetimes import life

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

TYPE = "at+jwt"


@dataclass(frozen=True, slots=True)
class Token:
    """A minted access token with what its answer and its audit entry need."""

    text: str = field(repr=False)
    jti: str
    lifetime: int
    authorization: Authorization
    tenant: Tenant
    style: str = ""
    id_token: str | None = field(default=None, repr=False)

    @property
    def scope(self) -> str:
        """The granted scopes, as the answer says them."""
        return spelled(self.authorization)

    def answer(self) -> dict[str, Any]:
        """The token response: https://www.rfc-editor.org/rfc/rfc6749#section-5.1, with the tenant, the launch context
        (SMART-07) and what else was granted.
        """
        said: dict[str, Any] = {
            "access_token": self.text,
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "scope": self.scope,
            "tenant": self.tenant.id,
        }
        more = {
            "patient": self.authorization.patient,
            "id_token": self.id_token,
            "refresh_token": self.authorization.refresh_token,
        }
        said |= context(self.authorization, self.style)
        return said | {name: value for name, value in more.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes tokens. `base_url` is what every URL is built from, `identifier` names a token."""

    base_url: str
    keyring: Keyring
    identifier: Callable[[], str] = secrets.identifier

    async def token(self, tenant: Tenant, authorization: Authorization, now: datetime) -> Token:
        """Sign what was granted with the tenant's present key; and who granted it, where openid is in it."""
        jti, at = self.identifier(), int(now.timestamp())
        said = self.claims(tenant, authorization, jti, at)
        text = sign(said, await self.keyring.signing(tenant.number))
        return Token(
            text=text,
            jti=jti,
            lifetime=said["exp"] - at,
            authorization=authorization,
            tenant=tenant,
            style=issuer_of(authorization.surface).style_url(self.base_url, tenant.id),
            id_token=await self.id_token(tenant, authorization, text, at),
        )

    async def id_token(self, tenant: Tenant, authorization: Authorization, token: str, now: int) -> str | None:
        """The ID token that goes with this access token, None where nobody signed in or openid was not granted."""
        permit, words = authorization.permit, authorization.words
        if permit is None or identity.OPENID not in words:
            return None
        issuer = issuer_of(authorization.surface).url(self.base_url, tenant.id)
        base = authorization.surface.url(self.base_url, tenant.id)
        said = identity.id_claims(permit, words, issuer, base, authorization.nonce, token, now)
        return sign(said, await self.keyring.signing(tenant.number, ID_ALG), identity.TYPE)

    def claims(self, tenant: Tenant, authorization: Authorization, jti: str, now: int) -> dict[str, Any]:
        """What the token says (OAUTH-15). For client credentials `sub` is the client (RFC 9068 section 2.2), else the
        account. It ends with its permit at the latest.
        """
        surface, client, permit = authorization.surface, authorization.client, authorization.permit
        ends = now + life(client, now)
        if permit is not None and permit.limit is not None:
            ends = max(now + 1, min(ends, int(permit.limit.timestamp())))
        said: dict[str, Any] = {
            "iss": issuer_of(surface).url(self.base_url, tenant.id),
            "sub": client.id if permit is None else permit.account,
            "aud": surface.url(self.base_url, tenant.id),
            "iat": now,
            "exp": ends,
            "jti": jti,
            "client_id": client.id,
            "scope": spelled(authorization),
            "tenant": tenant.id,
        }
        more = {
            "patient": authorization.patient,
            "grant": authorization.grant,
            "fhirUser": permit.user if permit else None,
            "sid": permit.session if permit else None,
        }
        return said | {name: value for name, value in more.items() if value is not None}


def context(authorization: Authorization, style: str) -> dict[str, Any]:
    """The launch context of an answer: https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html

    fhirContext are relative references, as SMART 2.0 has them.
    """
    launched = authorization.launched
    if launched is None:
        return {}
    told: dict[str, Any] = {"need_patient_banner": launched.banner, "smart_style_url": style}
    more = {"encounter": launched.encounter, "fhirContext": list(launched.fhir_context), "intent": launched.intent}
    return told | {name: value for name, value in more.items() if value}


def spelled(authorization: Authorization) -> str:
    """What was granted, as one scope string."""
    return " ".join([*authorization.words, *map(str, authorization.scopes)])


def issuer_of(surface: Surface) -> issuers.Issuer:
    """The authorization server whose tokens this surface takes."""
    return issuers.ALL[surface.issuer]


def sign(said: dict[str, Any], key: SigningKey, type_: str = TYPE) -> str:
    """The claims as a signed compact JWS."""
    from joserfc import jws  # noqa: PLC0415 - as `jose` has it

    header = {"typ": type_, "alg": key.alg, "kid": key.kid}
    return jws.serialize_compact(header, orjson.dumps(said), signer(key.private, key.alg), algorithms=list(ALGS))


@lru_cache(256)
def signer(private: bytes, alg: str) -> "ECKey | RSAKey":
    """The key of a PEM: reading it takes several times as long as signing."""
    from joserfc.jwk import ECKey, RSAKey  # noqa: PLC0415

    return ECKey.import_key(private) if alg == ALG else RSAKey.import_key(private)
