"""Who signed in, as applications are told: ID tokens and the claims of userinfo.

https://openid.net/specs/openid-connect-core-1_0.html#IDToken and
https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html#scopes-for-requesting-identity-data

No more than asked for: `sub`, the reference to the person's record, and nothing of what that record says (OAUTH-26).
"""

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from ..ports.permits import Permit

TYPE = "JWT"
LIFE = 10 * 60
"""Seconds in which an application has to look at an ID token; who signed in is no standing right."""
USER, PROFILE, OPENID = "fhirUser", "profile", "openid"


def id_claims(
    permit: Permit, words: Iterable[str], issuer: str, base: str, nonce: str | None, token: str, now: int
) -> dict[str, Any]:
    """What the ID token says that comes with this access token; `base` is the FHIR base URL of fhirUser."""
    said: dict[str, Any] = {
        "iss": issuer,
        "sub": permit.account,
        "aud": permit.client,
        "iat": now,
        "exp": now + LIFE,
        "auth_time": int(permit.auth_time.timestamp()),
        "at_hash": at_hash(token),
        **record(permit.user, words, base),
    }
    return said | ({} if nonce is None else {"nonce": nonce})


def record(user: str | None, words: Iterable[str], base: str) -> dict[str, str]:
    """The claims that name the person's record, absolute, as far as they were granted (SMART-16)."""
    if user is None:
        return {}
    held = frozenset(words)
    return {name: f"{base}/{user}" for name in (USER, PROFILE) if name in held}


def at_hash(token: str) -> str:
    """The left half of the access token's SHA-256 (OpenID Connect 3.1.3.6, for RS256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()
