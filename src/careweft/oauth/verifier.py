"""Access tokens believed, or not: https://www.rfc-editor.org/rfc/rfc9068#section-4

The signature is checked once and remembered under the token's SHA-256; everything that can change or that depends on
where the token is shown is checked on each request: tenant, API, time, revocation (OAUTH-16, architecture decision
8).
"""

import hashlib
from collections import OrderedDict
from dataclasses import field
from typing import Any

from ..access import labels
from ..access.caller import Caller
from ..access.scopes import itself, read_all
from ..fhir.outcomes import LoginRequired, Unavailable
from ..ports.clock import Clock
from ..ports.keys import Revocations, SigningKey
from ..surfaces.issuers import Issuer
from ..surfaces.model import Surface
from ..tenancy import Tenant
from ..values import dataclass
from . import jose
from .keys import ALG, Keyring
from .lifetimes import LONGEST_LIFE
from .tokens import TYPE, issuer_of

LONGEST = 8 * 1024
LEEWAY = 60
WORDS = ("iss", "sub", "aud", "jti", "client_id", "scope", "tenant")
OPTIONAL = ("patient", "fhirUser", "grant", "sid")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token with a good signature says, and which revocations would end it."""

    caller: Caller
    issuer: str
    subject: str
    issued: int
    begins: float
    marks: tuple[str, ...]
    scope: str = ""
    """The scope as the token says it, words such as openid included."""

    def holds(self, word: str) -> bool:
        """Was this word granted?"""
        return word in self.scope.split(" ")


@dataclass
class Verifier:
    """Turns a bearer token into a Caller. Remembers at most `most` tokens, the least recently shown is dropped."""

    base_url: str
    keyring: Keyring
    revocations: Revocations
    now: Clock
    most: int = 20_000
    _known: OrderedDict[bytes, Verified] = field(default_factory=OrderedDict, repr=False)
    _callers: dict[int, Verified] = field(default_factory=dict, repr=False)
    """The same, by the number of the caller's object, which they keep alive."""
    _places: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict, repr=False)

    async def verify(self, bearer: str, tenant: Tenant, surface: Surface) -> Caller:
        """Who calls; raises LoginRequired where the token does not hold here and now, Unavailable where nobody can
        tell.
        """
        mark = self._mark(bearer)
        found = self._known.get(mark) or await self._learn(mark, bearer, tenant)
        issuer, audience = self._places.get((surface.id, tenant.id)) or self._place(surface, tenant)
        self._check(found, tenant, issuer)
        if found.caller.audience != audience:
            raise refused("it was issued for another API")
        return found.caller

    def stands(self, caller: Caller) -> bool:
        """Does the token that `verify` took for this caller still hold, at the place where it was taken?"""
        found = self._callers.get(id(caller))
        if found is None or found.caller is not caller or not self.revocations.fresh():
            return False
        return self._timely(found) and not self.revocations.dead(found.marks, found.issued)

    async def tell(self, bearer: str, tenant: Tenant, issuer: Issuer) -> Verified:
        """What a token of this issuer and tenant says, whichever API it is for; raises as `verify` does."""
        mark = self._mark(bearer)
        found = self._known.get(mark) or await self._learn(mark, bearer, tenant)
        self._check(found, tenant, issuer.url(self.base_url, tenant.id))
        return found

    def _mark(self, bearer: str) -> bytes:
        """Under which a token is remembered; one that was shown before is moved behind those that were not since."""
        if not self.revocations.fresh():
            raise Unavailable("revocations cannot be read at the moment")
        if not 0 < len(bearer) <= LONGEST or not bearer.isascii():
            raise refused("it is not one of ours")
        mark = hashlib.sha256(bearer.encode()).digest()
        if mark in self._known:
            self._known.move_to_end(mark)
        return mark

    async def _learn(self, mark: bytes, bearer: str, tenant: Tenant) -> Verified:
        """What the token says by its signature; only what is verified is remembered."""
        found = await self._open(bearer, tenant)
        meanwhile = self._known.get(mark)
        if meanwhile is not None:
            return meanwhile
        self._known[mark] = self._callers[id(found.caller)] = found
        while len(self._known) > self.most:
            _, dropped = self._known.popitem(last=False)
            del self._callers[id(dropped.caller)]
        return found

    async def _open(self, bearer: str, tenant: Tenant) -> Verified:
        try:
            token = jose.read(bearer, (ALG,), (TYPE,))
            return believed(token, await self.keyring.find(tenant.number, token.kid))
        except jose.Untrusted as wrong:
            raise refused("it is not one of ours") from wrong

    def _check(self, found: Verified, tenant: Tenant, issuer: str) -> None:
        """It is of this tenant, in time, and not taken back."""
        caller = found.caller
        if caller.tenant != tenant.id or found.issuer != issuer:
            raise refused("it was issued for another tenant")
        if not self._timely(found):
            raise refused("it has expired, or is not valid yet")
        if self.revocations.dead(found.marks, found.issued):
            raise refused("it was revoked")

    def _timely(self, found: Verified) -> bool:
        """It has begun, and is not over."""
        now = self.now().timestamp()
        return now < found.caller.expires and found.begins <= now + LEEWAY

    def _place(self, surface: Surface, tenant: Tenant) -> tuple[str, str]:
        """The issuer and the audience of this tenant's tokens here, remembered: every request asks for them."""
        urls = issuer_of(surface).url(self.base_url, tenant.id), surface.url(self.base_url, tenant.id)
        self._places[surface.id, tenant.id] = urls
        return urls


def refused(why: str) -> LoginRequired:
    """401, in the documented words and with the reason."""
    return LoginRequired(f"Invalid or missing authorization token: {why}.")


def believed(token: jose.Jws, key: SigningKey | None) -> Verified:
    """What a token says that this key signed; raises Untrusted where it did not, or where the header is not ours."""
    if key is None or token.header.keys() != {"alg", "typ", "kid"}:
        raise jose.Untrusted("no key of this tenant has that kid, or the header says more than ours do")
    jose.verify(token, key.public)
    return said(token.claims, key)


def said(claims: dict[str, Any], key: SigningKey) -> Verified:
    """Verified claims as a Caller and what ends it; raises Untrusted where they are not what we sign."""
    if not all(isinstance(claims.get(name), str) and claims[name] for name in WORDS):
        raise jose.Untrusted("a claim is missing or no string")
    if not all(isinstance(claims[name], str) and claims[name] for name in OPTIONAL if name in claims):
        raise jose.Untrusted("a claim is no string")
    issued, ends = moment(claims, "iat"), moment(claims, "exp")
    if not 0 < ends - issued <= LONGEST_LIFE or not in_time(key, issued):
        raise jose.Untrusted("it lives longer than a token may, or its key did not sign then")
    begins = moment(claims, "nbf") if "nbf" in claims else issued
    caller = caller_of(claims, key.kid)
    return Verified(
        caller, claims["iss"], claims["sub"], int(issued), max(begins, issued), marks(claims, key.kid), claims["scope"]
    )


def moment(claims: dict[str, Any], name: str) -> float:
    """A NumericDate: a number that is neither a bool nor beyond the year 9999 (OATK-06)."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 253402300800:
        raise jose.Untrusted(f"{name} is no moment")
    return value


def in_time(key: SigningKey, issued: float) -> bool:
    """Was the token issued while this key signed? A key that has ended signs nothing new, whoever has it."""
    since, until = key.since.timestamp() - LEEWAY, key.until
    return since <= issued and (until is None or issued < until.timestamp() + LEEWAY)


def caller_of(claims: dict[str, Any], kid: str) -> Caller:
    """Who calls, read off verified claims. Where no person granted the token, its subject is the client."""
    scope, user = claims["scope"], claims.get("fhirUser")
    return Caller(
        client=claims["client_id"],
        tenant=claims["tenant"],
        audience=claims["aud"],
        scopes=(*read_all(scope), *itself(user, scope)),
        patient=claims.get("patient"),
        user=user,
        grant=claims.get("grant"),
        jti=claims["jti"],
        key=kid,
        expires=claims["exp"],
        account=claims["sub"] if claims["sub"] != claims["client_id"] else None,
        labels=labels.opened(scope.split(" ")),
    )


def marks(claims: dict[str, Any], kid: str) -> tuple[str, ...]:
    """The revocations that end this token: of its client here or everywhere, own name, tenant or key; of the permit
    that it hangs on, the account that gave it, and the session that it ends with.
    """
    client = f"client:{claims['client_id']}"
    here = client, f"{client}@{claims['tenant']}"
    own = *here, f"jti:{claims['jti']}", f"tenant:{claims['tenant']}", f"kid:{kid}"
    if "grant" not in claims:
        return own
    session = (f"session:{claims['sid']}",) if "sid" in claims else ()
    return *own, f"grant:{claims['grant']}", f"account:{claims['sub']}", *session
