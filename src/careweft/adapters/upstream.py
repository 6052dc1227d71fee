"""A tenant's identity provider, over the guarded fetch: discovery, token request, ID token, logout token.

https://openid.net/specs/openid-connect-discovery-1_0.html, OpenID Connect Core 3.1.3.7 (what an ID token says) and
https://openid.net/specs/openid-connect-backchannel-1_0.html 2.6. Each token is held to an ordered list of checks.
"""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any
from urllib.parse import quote_plus

from ..accounts.federation import Upstream
from ..oauth import jose
from ..oauth.jose import Untrusted
from ..ports.clock import Clock
from ..ports.keys import KeySets
from ..values import dataclass
from .fetch import Fetcher

ALGORITHMS = ("RS256", "ES256", "RS384", "ES384")
LEEWAY = 60
OLDEST = 600
"""Seconds after which an ID token is no answer to what was asked."""
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LASTS = 300.0
LONGEST = 255


class UpstreamError(OSError):
    """The provider's answer is not believed; the message names the check and nothing of what came."""


@dataclass(slots=True)
class Known:
    """A provider's discovery document, and until when it is remembered."""

    value: Mapping[str, Any]
    until: float


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """accounts.federation.Provider."""

    fetcher: Fetcher
    key_sets: KeySets
    now: Clock
    _known: dict[str, Known] = field(default_factory=dict)

    async def authorization(self, upstream: Upstream) -> str:
        """As Provider."""
        return endpoint(await self._discovered(upstream.issuer), "authorization_endpoint")

    async def redeem(self, upstream: Upstream, form: Mapping[str, str], nonce: str) -> Mapping[str, Any]:
        """As Provider."""
        found = await self._discovered(upstream.issuer)
        asked, authorization = dict(form), None
        if upstream.secret is None:
            asked["client_id"] = upstream.client_id
        else:
            authorization = basic(upstream.client_id, upstream.secret)
        answer = await self.fetcher.post(endpoint(found, "token_endpoint"), asked, authorization)
        claims = await self._claims(found, answer.value.get("id_token"), ("jwt", None))
        holds(ID_TOKEN, Told(claims, upstream, self.now().timestamp(), nonce))
        return claims

    async def logged_out(self, upstream: Upstream, token: str) -> Mapping[str, Any]:
        """As Provider."""
        found = await self._discovered(upstream.issuer)
        claims = await self._claims(found, token, ("logout+jwt", "jwt", None))
        holds(LOGOUT_TOKEN, Told(claims, upstream, self.now().timestamp()))
        return claims

    async def _discovered(self, issuer: str) -> Mapping[str, Any]:
        known = self._known.get(issuer)
        if known is None or known.until < time.monotonic():
            document = await self.fetcher.get(issuer.rstrip("/") + "/.well-known/openid-configuration")
            if document.value.get("issuer") != issuer:
                raise UpstreamError("the provider calls itself by another name")
            known = self._known[issuer] = Known(document.value, time.monotonic() + LASTS)
        return known.value

    async def _claims(self, found: Mapping[str, Any], token: object, types: tuple[str | None, ...]) -> jose.Json:
        """The claims of a token that the provider's keys have signed."""
        try:
            read = jose.read(str(token), ALGORITHMS, types)
            keys = await self.key_sets.fetch(endpoint(found, "jwks_uri"), read.kid)
            key = next(
                (one for one in keys.get("keys", ()) if isinstance(one, dict) and one.get("kid") == read.kid), None
            )
            if key is None:
                raise UpstreamError("the provider has no such key")
            jose.verify(read, key)
        except Untrusted as why:
            raise UpstreamError(f"a token is not believed: {why}") from None
        return read.claims


@dataclass(frozen=True, slots=True)
class Told:
    """A token's claims and what they are held to."""

    claims: jose.Json = field(repr=False)
    upstream: Upstream
    now: float
    nonce: str | None = field(default=None, repr=False)


def issued_there(told: Told) -> bool:
    """`iss` is the provider, letter by letter."""
    return told.claims.get("iss") == told.upstream.issuer


def for_us(told: Told) -> bool:
    """`aud` names us, and nobody else unless `azp` is us."""
    audience = told.claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    ours = told.upstream.client_id
    return ours in several and told.claims.get("azp", ours) == ours and (len(several) == 1 or "azp" in told.claims)


def in_time(told: Told) -> bool:
    """`exp` has not come, `iat` is of just now."""
    expires, issued = told.claims.get("exp"), told.claims.get("iat")
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (expires, issued))
    return numbers and told.now < expires + LEEWAY and told.now - OLDEST < issued < told.now + LEEWAY  # type: ignore[operator]


def asked_by_us(told: Told) -> bool:
    """`nonce` is the one that this browser was sent away with."""
    return told.claims.get("nonce") == told.nonce


def about_somebody(told: Told) -> bool:
    """`sub` is a text of at most 255 characters."""
    subject = told.claims.get("sub")
    return isinstance(subject, str) and 0 < len(subject) <= LONGEST


def about_a_logout(told: Told) -> bool:
    """`events` says so, and `nonce` is not there: no ID token passes for one."""
    events = told.claims.get("events")
    return isinstance(events, dict) and isinstance(events.get(EVENT), dict) and "nonce" not in told.claims


def about_a_session(told: Told) -> bool:
    """`sub` or `sid` says whose."""
    return any(isinstance(told.claims.get(name), str) and told.claims[name] for name in ("sub", "sid"))


Check = Callable[[Told], bool]
ID_TOKEN: tuple[Check, ...] = (issued_there, for_us, in_time, asked_by_us, about_somebody)
LOGOUT_TOKEN: tuple[Check, ...] = (issued_there, for_us, in_time, about_a_logout, about_a_session)


def holds(checks: tuple[Check, ...], told: Told) -> None:
    """Raise UpstreamError at the first check that fails."""
    for check in checks:
        if not check(told):
            raise UpstreamError(f"a token of the provider fails: {check.__name__}")


def endpoint(document: Mapping[str, Any], name: str) -> str:
    """A URL of the discovery document. Raises UpstreamError."""
    found = document.get(name)
    if not isinstance(found, str) or not found.startswith(("https://", "http://")):
        raise UpstreamError(f"the provider names no {name}")
    return found


def basic(client: str, secret: str) -> str:
    """client_secret_basic: RFC 6749 2.3.1."""
    pair = f"{quote_plus(client)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
