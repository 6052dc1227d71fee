"""A tenant's own identity provider in the place of passwords: https://openid.net/specs/openid-connect-core-1_0.html

Code flow with PKCE, state and nonce, begun and ended in one browser. Who comes back is known by issuer and subject and
by nothing else; at the first time a rule, one claim that is the identifier of exactly one record, says who that is. An
e-mail address links nobody.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from ..ports.journal import Entry
from ..ports.people import Account, Visit
from ..tenancy import Tenant
from ..values import dataclass
from . import entries, shapes
from .changes import Change, Create, EndUpstream, Link, SetEmail, Spend, Taken
from .means import Guarded, Means, content
from .refusals import Elsewhere, Refused, Wrong
from .signin import ACTION, Half, Opened, SignIn
from .signin import Elsewhere as Came

BEGUN = timedelta(minutes=10)
LOGOUT = "upstream-logout"
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Upstream:
    """A tenant's provider. A claim's value that is the identifier, in `system`, of exactly one record of `type` says
    who comes for the first time; without `claim` only people who were linked before get in, as `role`.
    """

    tenant: int
    issuer: str
    name: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    scope: str = "openid profile email"
    role: str = "patient"
    type: str | None = None
    claim: str | None = None
    system: str | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Offer:
    """What a provider is called, and the origin that the form of its button leads to."""

    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and a cookie for it (ten minutes, SameSite=Lax) without which it cannot come back."""

    url: str
    binding: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finished:
    """Who came back, and where they wanted to go."""

    came: Opened | Half
    back: str


class Upstreams(Protocol):
    """Keeps the tenants' providers."""

    async def of(self, tenant: int) -> Upstream | None:
        """The provider of this tenant, also one that is switched off."""
        ...

    async def save(self, upstream: Upstream, entry: Entry) -> None:
        """Keep it, with the audit entry of whoever said so."""
        ...


class Provider(Protocol):
    """Speaks with a provider; every method raises OSError, without anything of what came."""

    async def authorization(self, upstream: Upstream) -> str:
        """The URL of its authorization endpoint."""
        ...

    async def redeem(self, upstream: Upstream, form: Mapping[str, str], nonce: str) -> Mapping[str, Any]:
        """The claims of the ID token that this token request brings, verified."""
        ...

    async def logged_out(self, upstream: Upstream, token: str) -> Mapping[str, Any]:
        """The claims of a logout token, verified."""
        ...


class Federation:
    """Signing in at the tenant's own provider, and out again."""

    def __init__(self, means: Means, sign_in: SignIn, upstreams: Upstreams, provider: Provider) -> None:
        self._means = means
        self._sign_in = sign_in
        self._upstreams = upstreams
        self._provider = provider

    async def offered(self, tenant: Tenant) -> Offer | None:
        """The tenant's provider, for the button of the sign-in page; None where there is none."""
        found = await self._upstreams.of(tenant.number)
        if found is None or not found.enabled:
            return None
        parts = urlsplit(found.issuer)
        return Offer(found.name, f"{parts.scheme}://{parts.netloc}")

    async def begin(self, tenant: Tenant, back: str) -> Begun:
        """Send somebody there; `back` comes out of `finish` again. Raises Elsewhere (`upstream.none`), Wrong."""
        upstream = await self._known(tenant)
        nonce, verifier, binding = (self._means.chance(32).hex() for _ in range(3))
        try:
            endpoint = await self._provider.authorization(upstream)
        except OSError:
            raise Wrong("upstream.failed") from None
        state = await self._means.issue(
            tenant, "upstream", None, BEGUN, nonce=nonce, verifier=verifier, binding=hashed(binding), back=back
        )
        asked = {
            "response_type": "code",
            "client_id": upstream.client_id,
            "redirect_uri": self.redirect_uri(tenant),
            "scope": upstream.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        return Begun(f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}", binding)

    async def finish(self, tenant: Tenant, answer: Mapping[str, str], binding: str, visit: Visit) -> Finished:
        """The browser is back with these parameters and its cookie.

        Raises Wrong (`upstream.failed`, `upstream.unknown`, `upstream.several`), Elsewhere (`upstream.none`).
        """
        means = self._means
        async with Guarded(means, tenant, ACTION, visit, lost=Wrong("upstream.failed")):
            upstream = await self._known(tenant)
            begun = await means.ticket(tenant, "upstream", answer.get("state", ""), "upstream.failed")
            held = content(begun)
            check_answer(answer, held, binding, upstream)
            spent = Spend(begun.digest, "upstream", means.now())
            claims = await self._redeemed(tenant, upstream, answer["code"], held)
            came = Came(upstream.issuer, claims["sub"], text(claims.get("sid")))
            try:
                opened = await self._in(tenant, upstream, claims, came, spent, visit)
            except Taken:  # the same person in two windows: who was second finds what the first made
                opened = await self._in(tenant, upstream, claims, came, spent, visit)
            return Finished(opened, str(held["back"]))

    async def back_channel(self, tenant: Tenant, token: str, visit: Visit) -> None:
        """The provider says that somebody signed out there: https://openid.net/specs/openid-connect-backchannel-1_0.html

        Their sessions here end too. Raises Wrong (`upstream.failed`), Elsewhere.
        """
        async with Guarded(self._means, tenant, LOGOUT, visit):
            upstream = await self._known(tenant)
            try:
                claims = await self._provider.logged_out(upstream, token)
            except OSError:
                raise Wrong("upstream.failed") from None
            ending = EndUpstream(upstream.issuer, text(claims.get("sub")), text(claims.get("sid")))
            await self._means.record(tenant, LOGOUT, visit, None, [ending])

    async def front_channel(self, tenant: Tenant, issuer: str, sid: str, visit: Visit) -> None:
        """The same through a browser: https://openid.net/specs/openid-connect-frontchannel-1_0.html"""
        async with Guarded(self._means, tenant, LOGOUT, visit):
            upstream = await self._known(tenant)
            if issuer != upstream.issuer or not sid:
                raise Wrong("upstream.failed")
            await self._means.record(tenant, LOGOUT, visit, None, [EndUpstream(upstream.issuer, None, sid[:LONGEST])])

    async def save(self, tenant: Tenant, upstream: Upstream, visit: Visit) -> None:
        """Point a tenant to its provider, or change that."""
        said = "on" if upstream.enabled else "off"
        await self._upstreams.save(upstream, entries.made(self._means.now(), tenant, "upstream", visit, reason=said))

    async def of(self, tenant: Tenant) -> Upstream | None:
        """The tenant's provider."""
        return await self._upstreams.of(tenant.number)

    def redirect_uri(self, tenant: Tenant) -> str:
        """Where the provider sends people back to."""
        return f"{self._means.base_url}/account/{tenant.id}/upstream/back"

    def logout_uri(self, tenant: Tenant) -> str:
        """Where the provider tells who signed out."""
        return f"{self._means.base_url}/account/{tenant.id}/upstream/logout"

    async def _known(self, tenant: Tenant) -> Upstream:
        found = await self._upstreams.of(tenant.number)
        if found is None or not found.enabled:
            raise Elsewhere("upstream.none")
        return found

    async def _in(
        self, tenant: Tenant, upstream: Upstream, claims: Mapping[str, Any], came: Came, spent: Spend, visit: Visit
    ) -> Opened | Half:
        account, changes = await self._whose(tenant, upstream, claims)
        if not account.enabled:
            raise Wrong("upstream.unknown")
        amr = ("ext", *said(claims.get("amr")))
        return await self._sign_in.proved(tenant, account, amr, visit, (*changes, spent), came)

    async def _redeemed(
        self, tenant: Tenant, upstream: Upstream, code: str, held: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri(tenant),
            "code_verifier": str(held["verifier"]),
        }
        try:
            return await self._provider.redeem(upstream, form, str(held["nonce"]))
        except OSError:
            raise Wrong("upstream.failed") from None

    async def _whose(
        self, tenant: Tenant, upstream: Upstream, claims: Mapping[str, Any]
    ) -> tuple[Account, tuple[Change, ...]]:
        """The account of who came, and what that changes. Raises Wrong (`upstream.unknown`, `upstream.several`)."""
        known = await self._means.register.identity(tenant.number, upstream.issuer, claims["sub"])
        if known is not None:
            return known, moved(known, claims)
        record = await self._record(tenant, upstream, claims)
        link_at = self._means.now()
        account = await self._means.register.by_record(tenant.number, record, upstream.role)
        if account is None:
            account = await self._new(tenant, upstream, record, claims)
            made: tuple[Change, ...] = (Create(account, link_at),)
        else:
            made = ()
            if await self._means.register.linked(tenant.number, upstream.issuer, account.id):
                raise Wrong("upstream.several")  # the record's account is somebody else's there
        return account, (*made, Link(upstream.issuer, claims["sub"], account.id, link_at))

    async def _record(self, tenant: Tenant, upstream: Upstream, claims: Mapping[str, Any]) -> str:
        """The one record that the rule names."""
        value = text(claims.get(upstream.claim)) if upstream.claim else None
        unverified = upstream.claim == "email" and claims.get("email_verified") is not True
        if value is None or upstream.type is None or upstream.system is None or unverified:
            raise Wrong("upstream.unknown")
        found = await self._means.records.identified(tenant, upstream.type, upstream.system, value)
        if len(found) != 1:
            raise Wrong("upstream.several" if found else "upstream.unknown")
        return f"{upstream.type}/{found[0]}"

    async def _new(self, tenant: Tenant, upstream: Upstream, record: str, claims: Mapping[str, Any]) -> Account:
        someone = await self._means.records.someone(tenant, record)
        id_ = self._means.identifier()
        name = (someone.name if someone is not None else "") or text(claims.get("name")) or "-"
        return Account(id_, tenant.number, f"u-{id_[:16]}", name, verified_email(claims), upstream.role, record)


def check_answer(answer: Mapping[str, str], held: Mapping[str, Any], binding: str, upstream: Upstream) -> None:
    """Raise Wrong where it is another browser, another issuer (RFC 9207), an error, or no code."""
    if not hmac.compare_digest(str(held["binding"]), hashed(binding)):
        raise Wrong("upstream.failed")
    if answer.get("iss", upstream.issuer) != upstream.issuer or "error" in answer or not answer.get("code"):
        raise Wrong("upstream.failed")


def moved(account: Account, claims: Mapping[str, Any]) -> tuple[Change, ...]:
    """Another address at the provider, verified there, is another address here; it makes nobody another person."""
    found = verified_email(claims)
    return () if found is None or found == account.email else (SetEmail(account.id, found),)


def verified_email(claims: Mapping[str, Any]) -> str | None:
    """The address, where the provider vouches for it."""
    if claims.get("email_verified") is not True:
        return None
    try:
        return shapes.email(str(claims.get("email")))
    except Refused:
        return None


def said(amr: object) -> tuple[str, ...]:
    """How the provider says that the person proved who they are."""
    return tuple(one for one in amr if isinstance(one, str))[:8] if isinstance(amr, list) else ()


def text(value: object) -> str | None:
    """A claim that is a text of a length that is kept."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST else None


def hashed(binding: str) -> str:
    """What is kept of a browser's cookie."""
    return hashlib.sha256(b"upstream\0" + binding.encode("utf-8", "surrogatepass")).hexdigest()


def challenge(verifier: str) -> str:
    """S256 of RFC 7636 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
