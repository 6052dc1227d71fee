"""The audit journal in PostgreSQL: many entries share one commit, and none counts before it (architecture decision 10).

One batch is in flight; the next one is all that arrived meanwhile. So a lone entry waits for nothing, and a thousand at
once cost one fsync.
"""

import asyncio
from collections.abc import Sequence

from ..fhir.instants import in_utc
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
STOP, NONE = "\x1f", "\x1e"
UNKEPT = dict.fromkeys((0, ord(STOP), ord(NONE)), "\ufffd")
Waiter = tuple[Entry, "asyncio.Future[None]"]


class PostgresJournal:
    """ports.Journal: writes batches over a connection of its own, and opens a new one after a failure."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._waiting: list[Waiter] = []
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.batches = 0

    def write(self, entry: Entry) -> "asyncio.Future[None]":
        """Done when `entry` is durable, or with `Unavailable` when it cannot be. A caller who leaves stops nothing."""
        if len(self._waiting) >= WAITING:
            raise Unavailable("The audit journal is behind; try again shortly.")
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        durable: asyncio.Future[None] = loop.create_future()
        self._waiting.append((entry, durable))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return durable

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


def columns(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The entries turned into the sixteen texts that `audit_write` takes."""
    at, tenant, action, surface, status, *names, query, patients, address, reason = zip(*entries, strict=True)
    return (
        _text([f"{in_utc(one)}Z" for one in at]),
        _text([str(one) if one else None for one in tenant]),
        _text(action),
        _text(surface),
        _text([str(one) for one in status]),
        *map(_text, names),
        STOP.join([NONE if one is None else one.hex() for one in query]) + STOP,
        STOP.join(map(" ".join, patients)) + STOP,
        _text(address),
        _text(reason),
    )


def _text(column: Sequence[str | None]) -> str:
    """A column as `audit_write` takes it apart again; most say the same of every entry of a batch."""
    if len(set(column)) == 1:
        value = column[0]
        return f"{NONE if value is None else clean(value)}{STOP}" * len(column)
    known = [value for value in column if value is not None]
    if len(known) == len(column):
        return STOP.join(_clean(known)) + STOP
    values = iter(_clean(known))
    return STOP.join([NONE if value is None else next(values) for value in column]) + STOP


def _clean(values: Sequence[str]) -> Sequence[str]:
    """Values that the database can hold; they are looked at one by one only where one of them may not be."""
    fine = max(map(len, values)) <= LONGEST and "".join(values).isprintable()
    return values if fine else [clean(value) for value in values]


def clean(text: str) -> str:
    r"""Text as the database can hold it: a request may carry NUL or half a surrogate pair, and must still be recorded.

    >>> clean("a\x00b")
    'a�b'
    """
    if text.isprintable() and len(text) <= LONGEST:
        return text
    return text[:LONGEST].translate(UNKEPT).encode("utf-8", "replace").decode()
