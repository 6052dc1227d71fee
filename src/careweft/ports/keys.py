"""Keys, used assertions and revocations: what the authorization server has to remember."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from ..values import dataclass
from .journal import Entry


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A tenant's key: signs from `since` until `until`, is published before and after; `private` is PEM, opened."""

    kid: str
    tenant: int
    alg: str
    public: dict[str, Any]
    private: bytes = field(repr=False)
    since: datetime
    until: datetime | None
    forget: datetime | None
    """No longer published nor trusted from here on."""


class SigningKeys(Protocol):
    """Keeps signing keys, sealed at rest."""

    async def of(self, tenant: int) -> Sequence[SigningKey]:
        """Every key of the tenant that is not forgotten."""
        ...

    async def add(self, key: SigningKey, entry: Entry | None = None) -> None:
        """Keep a new key, with the audit entry of whoever asked for it."""
        ...

    async def end(self, kid: str, until: datetime, forget: datetime) -> None:
        """The key signs no longer from `until` on, and is trusted no longer from `forget` on."""
        ...


class KeySets(Protocol):
    """A client's published keys, fetched with a guard (SMART-11, SMART-12, WEB-03, PARSE-05)."""

    async def fetch(self, url: str, kid: str) -> dict[str, Any]:
        """The JWK Set at `url`, from the cache unless it lacks `kid`. Raises OSError with a reason."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """When a key set was last fetched and which key ids it had; when it last could not be, and why."""

    at: datetime | None = None
    kids: tuple[str, ...] = ()
    failed: datetime | None = None
    fault: str = ""

    @property
    def broken(self) -> bool:
        """Did the last try fail?"""
        return self.failed is not None and (self.at is None or self.failed > self.at)


class KeySetLog(Protocol):
    """Remembers what became of each fetch of a published key set. Every method raises Unavailable."""

    async def found(self, url: str, kids: Sequence[str]) -> None:
        """It was fetched, and has these key ids."""
        ...

    async def failed(self, url: str, fault: str) -> None:
        """It could not be fetched."""
        ...

    async def last(self, url: str) -> Fetched:
        """What is known of it."""
        ...

    async def broken(self) -> Sequence[tuple[str, str]]:
        """Applications whose key set was there and can no longer be fetched, with the fault; each failure once."""
        ...


class Assertions(Protocol):
    """Client assertions and the tokens issued for them."""

    async def spend(self, tenant: int, client: str, jti: str, until: datetime, entry: Entry) -> bool:
        """Record a used `jti` and its token's audit entry in one transaction; False if it was used before."""
        ...

    async def record(self, entry: Entry) -> None:
        """Make a token issue without assertion durable."""
        ...


@dataclass(frozen=True, slots=True)
class Revocation:
    """`key` is `client:<id>`, `grant:`, `jti:`, `tenant:` or `kid:`; its tokens issued before `at` are dead."""

    key: str
    at: datetime


class Revocations(Protocol):
    """What was taken back: every process knows within five seconds (architecture decision 8)."""

    async def revoke(self, tenant: int, key: str) -> None:
        """Take back whatever was issued under `key`; durable on return."""
        ...

    def fresh(self) -> bool:
        """The last re-read is younger than four seconds: no answer may rest on an older one."""
        ...

    def dead(self, keys: Sequence[str], issued: float) -> bool:
        """Was any of these revoked at or after `issued` (seconds since the epoch)?"""
        ...
