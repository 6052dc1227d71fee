"""Clients' published keys, remembered as long as they allow (SMART-12)."""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ..fhir.outcomes import Unavailable
from ..ports.keys import KeySetLog
from .fetch import Document, FetchError

LOG = logging.getLogger(__name__)

USUAL = 300.0
LONGEST = 3600.0
AGAIN = 30.0
"""After a look in vain for a kid, other unknown kids make us look again only after so long."""
PAUSE = 5.0
"""After a failure nobody asks again for so long."""
MOST = 1000
TOGETHER = 2


@dataclass(slots=True)
class Known:
    """What is known of one URL. `kids` outlive `value`: they tell a key that is new from one that merely ran out."""

    value: dict[str, Any] | None = field(default=None, repr=False)
    until: float = float("-inf")
    kids: frozenset[str] = frozenset()
    strange: float = float("-inf")
    failed: float = float("-inf")
    failure: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def held(self, now: float) -> dict[str, Any] | None:
        """The set, as long as it may be kept."""
        return self.value if self.until > now else None

    def check(self, kid: str, now: float) -> None:
        """Raise FetchError where it is too early to ask again."""
        if now - self.failed < PAUSE:
            raise FetchError(self.failure)
        if kid not in self.kids and now - self.strange < AGAIN:
            raise FetchError(f"the key set has no such key; it is looked at again after {AGAIN:g} s")


class CachedKeySets:
    """ports.KeySets: one fetch at a time for a URL, two for a host; `log` is told what became of each."""

    def __init__(
        self,
        get: Callable[[str], Awaitable[Document]],
        now: Callable[[], float] = time.monotonic,
        log: KeySetLog | None = None,
    ) -> None:
        self._get = get
        self._now = now
        self._log = log
        self._known: dict[str, Known] = {}
        self._hosts: dict[str, asyncio.Semaphore] = {}

    async def fetch(self, url: str, kid: str) -> dict[str, Any]:
        """The JWK Set at `url`, from memory unless it ran out or lacks `kid`. Raises OSError with a reason."""
        known = self._of(url)
        held = known.held(self._now())
        if held is not None and kid in known.kids:
            return held
        async with known.lock:
            held = known.held(self._now())  # somebody else may have fetched it meanwhile
            if held is not None and kid in known.kids:
                return held
            known.check(kid, self._now())
            found = await self._renew(url, known)
            if kid not in known.kids:
                known.strange = self._now()
            return found

    async def look(self, url: str) -> list[str]:
        """Fetch the set now, and say its key ids; somebody asks who wants to see it work. Raises OSError."""
        known = self._of(url)
        async with known.lock:
            if self._now() - known.failed < PAUSE:
                raise FetchError(known.failure)
            return sorted(kids(await self._renew(url, known)))

    async def _renew(self, url: str, known: Known) -> dict[str, Any]:
        begun = self._now()
        try:
            async with self._host(url):
                document = await self._get(url)
        except OSError as failure:
            known.failed, known.failure = self._now(), str(failure)
            await self._noted(lambda log: log.failed(url, known.failure))
            raise
        lasts = lifetime(document.cache_control) - document.age
        known.kids = kids(document.value)
        known.until = begun + lasts
        known.value = document.value if lasts > 0 else None
        await self._noted(lambda log: log.found(url, sorted(known.kids)))
        return document.value

    async def _noted(self, note: Callable[[KeySetLog], Awaitable[None]]) -> None:
        """Nobody's token waits for what only a page shows: a database that is away is passed over."""
        if self._log is None:
            return
        try:
            await note(self._log)
        except Unavailable as down:
            LOG.warning("a fetch of a key set could not be noted: %s", down.message)

    def _of(self, url: str) -> Known:
        """What is known of the URL; where too much is known, the URL that was asked for first is forgotten."""
        known = self._known.get(url)
        if known is None:
            if len(self._known) >= MOST:
                self._known.pop(next(iter(self._known)))
            known = self._known[url] = Known()
        return known

    def _host(self, url: str) -> asyncio.Semaphore:
        name = urlsplit(url).netloc
        if name not in self._hosts and len(self._hosts) >= MOST:
            self._hosts = {host: gate for host, gate in self._hosts.items() if gate.locked()}
        return self._hosts.setdefault(name, asyncio.Semaphore(TOGETHER))


def lifetime(cache_control: str | None) -> float:
    """For how many seconds a document with this Cache-Control may be kept (RFC 9111 5.2.2).

    >>> [lifetime(one) for one in (None, "public, max-age=60", "no-store", "max-age=0", "max-age=86400")]
    [300.0, 60.0, 0.0, 0.0, 3600.0]
    """
    directives = [one.strip().lower() for one in (cache_control or "").split(",")]
    if any(re.match(r"(no-store|no-cache)(=|$)", one) for one in directives):
        return 0.0
    ages = [one.partition("=")[2].strip('"') for one in directives if one.startswith("max-age")]
    if not ages:
        return USUAL
    return min(float(age) if re.fullmatch(r"[0-9]{1,10}", age) else 0.0 for age in [*ages, str(int(LONGEST))])


def kids(jwks: dict[str, Any]) -> frozenset[str]:
    """The kids of a JWK Set; whatever else it holds is for its reader to refuse."""
    keys = jwks.get("keys")
    found = [one.get("kid") for one in keys if isinstance(one, dict)] if isinstance(keys, list) else []
    return frozenset(kid for kid in found if isinstance(kid, str))
