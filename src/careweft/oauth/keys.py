"""A tenant's signing keys: made, published before first use, rotated, forgotten (OAUTH-25).

    careweft keys rotate      now          + AHEAD                       + AHEAD + KEEP
    the old key               signs ------ | trusted ------------------- | forgotten
    the new key               published    | signs -->

A document is never cached longer than MAX_AGE, so that who checks a token has seen its key; a token lives twelve
hours at most. Access tokens are signed with ES256, ID tokens with RS256 because every OpenID client can read that; each
algorithm has keys of its own, and they are rotated together.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ..ports.clock import Clock
from ..ports.journal import Entry
from ..ports.keys import SigningKey, SigningKeys
from ..tenancy import Tenant
from . import jose

ALG, ID_ALG = "ES256", "RS256"
ALGS = (ALG, ID_ALG)
RSA_BITS = 2048
MAX_AGE = timedelta(minutes=10)
AHEAD = MAX_AGE + timedelta(minutes=1)
KEEP = timedelta(hours=12) + MAX_AGE
REREAD = 5.0
"""Seconds for which what was read is taken as it is."""
AGAIN = 1.0
"""Seconds within which a key that was not found is not looked for again: a stranger's `kid` costs one query a second.
"""


def make(tenant: int, since: datetime, alg: str = ALG) -> SigningKey:
    """A new key that signs from `since` on; its kid is its RFC 7638 thumbprint."""
    from joserfc.jwk import ECKey, RSAKey  # noqa: PLC0415 - as `jose` has it

    kind = jose.KEY_TYPES[alg]
    key: ECKey | RSAKey
    if kind == "EC":
        key = ECKey.generate_key(jose.CURVES[alg], auto_kid=True)
    else:
        key = RSAKey.generate_key(RSA_BITS, auto_kid=True)
    public = {name: key.as_dict(private=False)[name] for name in jose.PUBLIC[kind]}
    return SigningKey(str(key.kid), tenant, alg, public, key.as_pem(private=True), since, until=None, forget=None)


def signs(key: SigningKey, now: datetime) -> bool:
    """May this key sign now?"""
    return key.since <= now and (key.until is None or now < key.until)


def trusted(key: SigningKey, now: datetime) -> bool:
    """Is this key still published and believed?"""
    return key.forget is None or now < key.forget


def document(keys: Sequence[SigningKey], now: datetime) -> dict[str, Any]:
    """The JWK Set that is published: public members and nothing else."""
    return {"keys": [published(one) for one in keys if trusted(one, now)]}


def published(key: SigningKey) -> dict[str, Any]:
    """One key as a JWK."""
    public = {name: key.public[name] for name in jose.PUBLIC[str(key.public["kty"])]}
    return {**public, "kid": key.kid, "alg": key.alg, "use": "sig"}


@dataclass
class Keyring:
    """The keys of every tenant, read from `keys` and remembered for a few seconds."""

    keys: SigningKeys
    now: Clock
    elapsed: Callable[[], float] = time.monotonic
    _read: dict[int, tuple[float, Sequence[SigningKey]]] = field(default_factory=dict, repr=False)

    async def all(self, tenant: int, younger_than: float = REREAD) -> Sequence[SigningKey]:
        """The tenant's keys that are still trusted."""
        at, found = self._read.get(tenant, (float("-inf"), ()))
        if self.elapsed() - at > younger_than:
            found = await self.keys.of(tenant)
            self._read[tenant] = (self.elapsed(), found)
        return [one for one in found if trusted(one, self.now())]

    async def signing(self, tenant: int, alg: str = ALG) -> SigningKey:
        """The key that signs now by `alg`: the newest that may. The first is made where there is none."""
        for younger_than in (REREAD, 0.0):
            able = [one for one in await self.all(tenant, younger_than) if one.alg == alg and signs(one, self.now())]
            if able:
                return max(able, key=lambda one: (one.since, one.kid))
        return await self.begin(tenant, alg)

    async def begin(self, tenant: int, alg: str = ALG) -> SigningKey:
        """Make a key that signs at once, for a tenant of which nobody has seen any."""
        key = await asyncio.to_thread(make, tenant, self.now(), alg)  # an RSA key takes a tenth of a second
        await self.keys.add(key)
        self._read.pop(tenant, None)
        return key

    async def find(self, tenant: int, kid: str) -> SigningKey | None:
        """The trusted key of that name; looks again, but not often, where it is unknown."""
        for younger_than in (REREAD, AGAIN):
            for one in await self.all(tenant, younger_than):
                if one.kid == kid:
                    return one
        return None

    async def rotate(self, tenant: int, entry: Entry | None = None) -> Sequence[SigningKey]:
        """Publish a successor for each algorithm, and end every other key when it begins to sign.

        `entry` is durable with the first of them.
        """
        since = self.now() + AHEAD
        successors = [await asyncio.to_thread(make, tenant, since, alg) for alg in ALGS]
        before = await self.all(tenant, 0.0)
        for successor in successors:
            await self.keys.add(successor, entry if successor is successors[0] else None)
        for one in before:
            if one.until is None:
                await self.keys.end(one.kid, max(since, one.since), max(since, one.since) + KEEP)
        self._read.pop(tenant, None)
        return successors

    async def jwks(self, tenant: Tenant) -> dict[str, Any]:
        """The tenant's JWK Set; the first keys are made where there are none. To be cached for MAX_AGE at most."""
        for alg in ALGS:
            await self.signing(tenant.number, alg)
        return document(await self.all(tenant.number), self.now())
