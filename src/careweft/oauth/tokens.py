"""Access tokens made: JWTs that say whose they are and what for: https://www.rfc-editor.org/rfc/rfc9068

`aud` is the FHIR base URL of one tenant on one API, byte for byte; `iss` that tenant's authorization server. No token
lives longer than twelve hours, whatever anyone configured (OAUTH-17).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from joserfc import jws
from joserfc.jwk import ECKey

from ..ports.keys import SigningKey
from ..surfaces import issuers
from ..surfaces.model import Surface
from ..tenancy import Tenant
from . import secrets
from .grants import Authorization
from .keys import ALG, Keyring
from .lifetimes import life

TYPE = "at+jwt"


@dataclass(frozen=True, slots=True)
class Token:
    """A minted access token with what its answer and its audit entry need."""

    text: str = field(repr=False)
    jti: str
    lifetime: int
    authorization: Authorization
    tenant: Tenant

    @property
    def scope(self) -> str:
        """The granted scopes, as the answer says them."""
        return spelled(self.authorization)

    def answer(self) -> dict[str, Any]:
        """The token response: https://www.rfc-editor.org/rfc/rfc6749#section-5.1, with the tenant and the patient in
        context.
        """
        said: dict[str, Any] = {
            "access_token": self.text,
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "scope": self.scope,
            "tenant": self.tenant.id,
        }
        return said | ({"patient": self.authorization.patient} if self.authorization.patient else {})


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes access tokens. `base_url` is what every URL is built from, `identifier` names a token."""

    base_url: str
    keyring: Keyring
    identifier: Callable[[], str] = secrets.identifier

    async def token(self, tenant: Tenant, authorization: Authorization, now: datetime) -> Token:
        """Sign what was granted with the tenant's present key."""
        jti = self.identifier()
        key = await self.keyring.signing(tenant.number)
        said = self.claims(tenant, authorization, jti, int(now.timestamp()))
        return Token(sign(said, key), jti, said["exp"] - said["iat"], authorization, tenant)

    def claims(self, tenant: Tenant, authorization: Authorization, jti: str, now: int) -> dict[str, Any]:
        """What the token says (OAUTH-15). For client credentials `sub` is the client (RFC 9068 section 2.2)."""
        surface, client = authorization.surface, authorization.client
        said: dict[str, Any] = {
            "iss": issuer_of(surface).url(self.base_url, tenant.id),
            "sub": client.id,
            "aud": surface.url(self.base_url, tenant.id),
            "iat": now,
            "exp": now + life(client, now),
            "jti": jti,
            "client_id": client.id,
            "scope": spelled(authorization),
            "tenant": tenant.id,
        }
        more = {"patient": authorization.patient, "grant": authorization.grant}
        return said | {name: value for name, value in more.items() if value is not None}


def spelled(authorization: Authorization) -> str:
    """What was granted, as one scope string."""
    return " ".join([*authorization.words, *map(str, authorization.scopes)])


def issuer_of(surface: Surface) -> issuers.Issuer:
    """The authorization server whose tokens this surface takes."""
    return issuers.ALL[surface.issuer]


def sign(said: dict[str, Any], key: SigningKey) -> str:
    """The claims as a signed compact JWS."""
    header = {"typ": TYPE, "alg": key.alg, "kid": key.kid}
    return jws.serialize_compact(header, orjson.dumps(said), signer(key.private), algorithms=[ALG])


@lru_cache(256)
def signer(private: bytes) -> ECKey:
    """The key of a PEM: reading it takes several times as long as signing."""
    return ECKey.import_key(private)
