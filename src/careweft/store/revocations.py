"""What was taken back, as every process knows it within five seconds (architecture decision 8).

All unexpired revocations are read at the start, the last minute's again every second, and each is heard of when it is
committed. `at` is by the database's clock; the tokens' `iat` is by ours, so the difference of the two is measured with
every reading. Where several machines issue tokens, theirs must agree (`careweft check` compares them).
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from ..ports.clock import Clock
from ..ports.keys import Revocation
from .listen import Listener
from .pool import Connection, Pool

RECENT = timedelta(minutes=1)
EVERY = timedelta(hours=13)
"""Tokens live twelve hours at most; what was revoked before that concerns none."""
FRESH = 4.0

READ = """
select '' as key, extract(epoch from clock_timestamp())::float8 as at
union all
select key, extract(epoch from max(at))::float8 from revocation where at > clock_timestamp() - $1::interval group by key
"""
REVOKE = "insert into revocation (tenant, key) values ($1, $2) returning extract(epoch from at)::float8"


class PostgresRevocations:
    """ports.Revocations: a dictionary in memory, kept up to date by a Listener."""

    def __init__(self, pool: Pool, listener: Listener, clock: Clock, now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._now = now
        self._at: dict[str, float] = {}
        self._skew = 0.0
        self._read = float("-inf")
        self._swept = now()
        self._callbacks: list[Callable[[Revocation], None]] = []
        listener.hear("revocation", self._heard)
        listener.reread(self._reread)

    def follow(self, tell: Callable[[Revocation], None]) -> None:
        """Call `tell` for every revocation as it becomes known, so that caches can drop what it matches."""
        self._callbacks.append(tell)

    async def revoke(self, tenant: int, key: str) -> None:
        """Take back whatever was issued under `key`; durable on return. Raises Unavailable."""
        rows = await self._pool.fetch(REVOKE, tenant, key)
        self._learn(key, rows[0][0])

    def fresh(self) -> bool:
        """Was the last successful reading begun less than four seconds ago?"""
        return self._now() - self._read < FRESH

    def dead(self, keys: Sequence[str], issued: float) -> bool:
        """Was any of these revoked at or after `issued`, in seconds since the epoch by this machine's clock?"""
        if self._at.keys().isdisjoint(keys):
            return False
        return any((at := self._at.get(key)) is not None and at + self._skew >= issued for key in keys)

    def _heard(self, what: str) -> None:
        at, _, key = what.partition(" ")
        if key:
            self._learn(key, float(at))

    async def _reread(self, connection: Connection) -> None:
        begun, before = self._now(), self._clock().timestamp()
        span = RECENT if begun - self._read < RECENT.total_seconds() - 10 else EVERY
        rows = await connection.fetch(READ, span)
        middle = (before + self._clock().timestamp()) / 2
        for row in rows:
            if row["key"]:
                self._learn(row["key"], row["at"])
            else:
                self._skew = middle - row["at"]
        self._read = begun
        self._sweep()

    def _learn(self, key: str, at: float) -> None:
        if at <= self._at.get(key, float("-inf")):
            return
        self._at[key] = at
        revocation = Revocation(key, datetime.fromtimestamp(at, UTC))
        for tell in self._callbacks:
            tell(revocation)

    def _sweep(self) -> None:
        """Once a minute, forget what no token can be old enough for."""
        if self._now() - self._swept < RECENT.total_seconds():
            return
        self._swept = self._now()
        oldest = (self._clock() - EVERY).timestamp() - self._skew
        self._at = {key: at for key, at in self._at.items() if at > oldest}


async def prune(pool: Pool) -> int:
    """Delete revocations that concern no token any more; returns how many."""
    rows = await pool.fetch("select revocation_prune()")
    return int(rows[0][0])
