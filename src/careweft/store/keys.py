"""Signing keys of the tenants, sealed under the master key."""

import json
from collections.abc import Sequence
from datetime import datetime

from ..ports.clock import Clock
from ..ports.journal import Entry
from ..ports.keys import SigningKey
from .journal import APPEND, columns
from .listen import Listener
from .master import Master
from .memory import Memory
from .pool import Pool, Row

OF = """
select kid, tenant, alg, public, sealed, since, until, forget from signing_key where tenant = $1 order by since, kid
"""
ADD = """
insert into signing_key (kid, tenant, alg, public, sealed, since, until, forget) values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
END = "update signing_key set until = $2, forget = $3 where kid = $1 returning tenant"


class PostgresSigningKeys:
    """ports.SigningKeys; opened keys are held in memory for a few seconds."""

    def __init__(self, pool: Pool, listener: Listener, master: Master, clock: Clock) -> None:
        self._pool = pool
        self._master = master
        self._clock = clock
        self._memory: Memory[int, tuple[SigningKey, ...]] = Memory()
        listener.hear("key", self._changed)

    async def of(self, tenant: int) -> Sequence[SigningKey]:
        """Every key that is not forgotten, oldest first. Raises Unavailable, ValueError (another master key)."""
        keys = await self._memory.get(tenant, lambda: self._read(tenant)) or ()
        now = self._clock()
        return [key for key in keys if key.forget is None or key.forget > now]

    async def add(self, key: SigningKey, entry: Entry | None = None) -> None:
        """Keep a new key, with the audit entry of whoever asked for it. Raises Unavailable."""
        sealed = self._master.seal(key.private, context(key.tenant, key.kid))
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                ADD, key.kid, key.tenant, key.alg, json.dumps(key.public), sealed, key.since, key.until, key.forget
            )
            if entry is not None:
                await connection.execute(APPEND, *columns([entry]))
        self._memory.drop(key.tenant)

    async def end(self, kid: str, until: datetime, forget: datetime) -> None:
        """Let a key sign until `until` and be published until `forget`. Raises LookupError, Unavailable."""
        row = await self._pool.fetchrow(END, kid, until, forget)
        if row is None:
            raise LookupError(f"no signing key {kid}")
        self._memory.drop(row["tenant"])

    def _changed(self, what: str) -> None:
        if what:
            self._memory.drop(int(what))
        else:
            self._memory.clear()

    async def _read(self, tenant: int) -> tuple[SigningKey, ...] | None:
        rows = await self._pool.fetch(OF, tenant)
        return tuple(self._open(row) for row in rows) or None

    def _open(self, row: Row) -> SigningKey:
        return SigningKey(
            kid=row["kid"],
            tenant=row["tenant"],
            alg=row["alg"],
            public=json.loads(row["public"]),
            private=self._master.open(bytes(row["sealed"]), context(row["tenant"], row["kid"])),
            since=row["since"],
            until=row["until"],
            forget=row["forget"],
        )


def context(tenant: int, kid: str) -> str:
    """What a sealed key is bound to, so that it opens in no other row."""
    return f"signing_key {tenant} {kid}"
