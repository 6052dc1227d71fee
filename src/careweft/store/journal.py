"""The audit journal in PostgreSQL: many entries share one commit, and none counts before it (architecture decision 10).

One batch is in flight; the next one is all that arrived meanwhile. So a lone entry waits for nothing, and a thousand at
once cost one fsync.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from ..fhir.outcomes import Unavailable
from ..ports.journal import Entry
from .faults import GONE
from .listen import Connect
from .pool import Connection

APPEND = "select audit_write($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
"""Adds entries within whatever transaction it runs in; its arguments are `columns(entries)`."""

BATCH = 1000
WAITING = 20_000
PATIENCE = 5.0
LONGEST = 2000

Text = TypeVar("Text", str, str | None)
Waiter = tuple[Entry, "asyncio.Future[None]"]


class PostgresJournal:
    """ports.Journal: writes batches over a connection of its own, and opens a new one after a failure."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._waiting: list[Waiter] = []
        self._task: asyncio.Task[None] | None = None
        self.batches = 0

    async def write(self, entry: Entry) -> None:
        """Return when `entry` is durable; raise `Unavailable` when it cannot be. A caller who leaves stops nothing."""
        if len(self._waiting) >= WAITING:
            raise Unavailable("The audit journal is behind; try again shortly.")
        durable = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, durable))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        await durable

    async def close(self) -> None:
        """Write what is waiting, then let the connection go."""
        if self._task is not None:
            await self._task
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                await self._settle(batch)
        finally:
            self._task = None
            if self._waiting:  # only when this task itself was cancelled
                release(self._waiting, "The server is stopping.")
                self._waiting = []

    async def _settle(self, batch: Sequence[Waiter]) -> None:
        """Write a batch and release its waiters; where its content is refused, each entry stands for itself."""
        try:
            await self._write([entry for entry, _ in batch])
        except asyncio.CancelledError:
            release(batch, "The server is stopping.")
            raise
        except GONE:
            await self._drop()
            release(batch, "The audit journal cannot be written; try again shortly.")
        except Exception:  # noqa: BLE001  fail closed: whatever it was, nothing was recorded
            if len(batch) == 1:
                release(batch, "This interaction cannot be recorded.")
                return
            for one in batch:
                await self._settle([one])
        else:
            release(batch, None)

    async def _write(self, entries: Sequence[Entry]) -> None:
        async with asyncio.timeout(PATIENCE):
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            await self._connection.execute(APPEND, *columns(entries))
        self.batches += 1

    async def _drop(self) -> None:
        """Forget a connection of which nobody knows what state it is in."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def release(batch: Sequence[Waiter], failure: str | None) -> None:
    """Tell everyone who waits what became of their entries."""
    for _, durable in batch:
        if durable.done():  # the caller went away
            continue
        if failure is None:
            durable.set_result(None)
        else:
            durable.set_exception(Unavailable(failure))


def columns(entries: Sequence[Entry]) -> tuple[list[Any], ...]:
    """The entries turned into the sixteen arrays that `audit_write` takes."""
    return (
        [entry.at for entry in entries],
        [entry.tenant for entry in entries],
        [clean(entry.action) for entry in entries],
        [clean(entry.surface) for entry in entries],
        [entry.status for entry in entries],
        [clean(entry.request_id) for entry in entries],
        [clean(entry.client) for entry in entries],
        [clean(entry.user) for entry in entries],
        [clean(entry.patient) for entry in entries],
        [clean(entry.jti) for entry in entries],
        [clean(entry.type) for entry in entries],
        [clean(entry.id) for entry in entries],
        [entry.query for entry in entries],
        [" ".join(entry.patients) for entry in entries],
        [clean(entry.address) for entry in entries],
        [clean(entry.reason) for entry in entries],
    )


def clean(text: Text) -> Text:
    r"""Text as the database can hold it: a request may carry NUL or half a surrogate pair, and must still be recorded.

    >>> clean("a\x00b")
    'a�b'
    """
    if not text or (text.isprintable() and len(text) <= LONGEST):
        return text
    return text[:LONGEST].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
