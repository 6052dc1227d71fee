"""The intake: JSON texts in, current versions out, in batches of which each is one transaction.

Killed at any point and started again, nothing is doubled or lost: the same content makes no new version.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field

from ..fhir.compartments import members
from ..fhir.json import decode_encoded
from ..fhir.outcomes import FhirRefusal
from ..ports.feed import Arrival, Feed
from ..ports.journal import Entry as JournalEntry
from ..values import dataclass
from .conformance import UNHELD, Checked, Held, reason
from .entries import Entry, Refused, entries
from .pieces import DOCUMENT, Piece, Unreadable
from .report import Refusal, Report

BATCH = 1000
"""Resources in one transaction."""
ALOFT = 2
"""Batches on their way at once: while the database works on one, the other is prepared."""
TURN = 20
"""After so many texts the batch that is being stored gets its turn."""
KEPT = 64 * 1024
"""Bytes of a text that is kept beside what it says; of longer ones a batch would take twice the memory."""


def anything(_: Entry) -> str | None:
    """Every type may come: the command line is the operator's own."""
    return None


def unrecorded(_: Sequence[Arrival]) -> JournalEntry | None:
    """No audit entry: sample people of a demonstration."""
    return None


Key = tuple[str, str]


def concerned(arrivals: Sequence[Arrival]) -> tuple[str, ...]:
    """The patients whom a batch is about, each once: what its audit entry has to name."""
    return tuple(dict.fromkeys(id_ for one in arrivals if one.resource for id_ in members(one.resource)))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry on its way, where it stood, and the compact JSON of a text that is this entry alone."""

    entry: Entry
    file: str
    line: int
    written: bytes = field(repr=False)


class Intake:
    """Takes pieces for one tenant. `add` in the order of the input, then `finish`; `report` says what became of each.

    `offered` are the types that some API shows; `may` says why an entry's type is not the sender's to give, or None;
    `entry` makes the audit entry of a batch, committed with it; `keep_seen` remembers every id, which `snapshot` needs;
    `held` says to what records are held: R4 and their profiles.
    """

    def __init__(
        self,
        feed: Feed,
        tenant: str,
        offered: Iterable[str],
        *,
        batch: int = BATCH,
        keep_seen: bool = False,
        may: Callable[[Entry], str | None] = anything,
        entry: Callable[[Sequence[Arrival]], JournalEntry | None] = unrecorded,
        held: Held = UNHELD,
    ) -> None:
        self.report = Report(checked=None if held.mode == "off" else Checked())
        self._held = held
        self.seen: set[tuple[str, str]] = set()
        self._feed, self._tenant, self._offered, self._size = feed, tenant, frozenset(offered), batch
        self._keep_seen, self._may, self._entry = keep_seen, may, entry
        self._batch: dict[Key, Waiting] = {}
        self._flying: deque[tuple[asyncio.Task[None], set[Key]]] = deque()
        self._taken = 0

    async def add(self, piece: Piece | Unreadable) -> None:
        """Take one JSON text; what cannot be taken is in the report."""
        self._taken += 1
        if self._taken % TURN == 0:
            await asyncio.sleep(0)  # the batch on its way goes on while this one is read
        if isinstance(piece, Unreadable):
            self._refuse(piece.file, piece.line, piece.reason)
            return
        try:
            content, written = decode_encoded(piece.raw, DOCUMENT)
        except FhirRefusal as wrong:
            self._refuse(piece.file, piece.line, wrong.message)
            return
        for one in entries(content, self._tenant):
            if isinstance(one, Refused):
                self._refuse(piece.file, piece.line, one.reason, one.entry, one.type)
            elif (why := self._may(one)) is not None:
                self._refuse(piece.file, piece.line, why, type_=one.type)
            elif (fault := self._wrong(one, piece)) is not None:
                self._refuse(piece.file, piece.line, fault, type_=one.type)
            else:
                whole = written if one.resource is content and len(written) <= KEPT else b""
                await self._queue(Waiting(one, piece.file, piece.line, whole))

    def _wrong(self, one: Entry, piece: Piece) -> str | None:
        """Why validation keeps this entry out, or None; what it finds is in the report."""
        if self.report.checked is None or one.resource is None:
            return None
        faults = self._held.faults(one.resource)
        self.report.checked.add(faults, f"{piece.file}:{piece.line}")
        return reason(faults) if faults and self._held.mode == "refuse" else None

    async def finish(self) -> Report:
        """Commit what is left."""
        await self._flush()
        await self._land(0)
        await self._feed.settle()
        return self.report

    async def snapshot(self) -> int:
        """Delete what the tenant has of the types that came and that did not come; refused where any line was.

        Raises ValueError when something was refused: a record that could not be read is not a record that is gone.
        """
        if self.report.refused:
            raise ValueError(f"{len(self.report.refused)} lines were refused, so nothing is deleted")
        types = sorted({type_ for type_, _ in self.seen})
        gone = await self._feed.absent(types, self.seen)
        self.report.counts["(snapshot)", "deleted"] += gone
        return gone

    async def _queue(self, waiting: Waiting) -> None:
        key = waiting.entry.type, waiting.entry.id
        before = self._batch.get(key)
        if before is not None and before.entry.resource == waiting.entry.resource:
            self._count(waiting.entry, "unchanged")
            return
        if before is not None:  # the later one wins, as its own version
            await self._flush()
        self._batch[key] = waiting
        if len(self._batch) >= self._size:
            await self._flush()

    async def _flush(self) -> None:
        batch, self._batch = self._batch, {}
        while any(not keys.isdisjoint(batch) for _, keys in self._flying):  # the later one of an id has to come later
            await self._land(len(self._flying) - 1)
        await self._land(ALOFT - 1)
        if batch:
            self._flying.append((asyncio.create_task(self._store(list(batch.values()))), set(batch)))
            await asyncio.sleep(0)

    async def _land(self, left: int) -> None:
        """Wait until at most so many batches are on their way."""
        while len(self._flying) > left:
            task, _ = self._flying.popleft()
            await task

    async def _store(self, batch: list[Waiting]) -> None:
        arrivals = [Arrival(one.entry.type, one.entry.id, one.entry.resource, one.written) for one in batch]
        receipts = await self._feed.put(arrivals, self._entry(arrivals))
        for waiting, receipt in zip(batch, receipts, strict=True):
            if receipt.outcome == "refused":
                self._refuse(waiting.file, waiting.line, receipt.reason, type_=waiting.entry.type)
            else:
                self._count(waiting.entry, receipt.outcome)

    def _count(self, entry: Entry, outcome: str) -> None:
        self.report.add(entry.type, outcome)
        if entry.resource is None:
            self.seen.discard((entry.type, entry.id))
            return
        if self._keep_seen:
            self.seen.add((entry.type, entry.id))
        if entry.type not in self._offered:
            self.report.unoffered[entry.type] += 1

    def _refuse(self, file: str, line: int, reason: str, entry: int = 0, type_: str = "") -> None:
        self.report.add(type_, "refused")
        self.report.refused.append(Refusal(file, line, reason, entry))
