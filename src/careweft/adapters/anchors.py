"""Where the audit chains ended, noted in a file outside the database: a line for each time and tenant (AUD-09).

Whoever rewrites the journal and its chain in the database does not get at this file; copied elsewhere, it holds even
against who has the whole machine.
"""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

from ..audit.chain import Head
from ..ports.clock import Clock


@dataclass(slots=True)
class AnchorFile:
    """Appends heads that are new to a file, and finds the last one of each tenant in it."""

    path: Path
    clock: Clock
    _noted: dict[int | None, Head] = field(default_factory=dict)

    async def note(self, heads: Sequence[Head]) -> None:
        """Append the heads that moved since the last time; on disk on return. Raises OSError."""
        moved = [one for one in heads if self._noted.get(one.tenant) != one]
        if moved:
            await asyncio.to_thread(self._append, moved)
            self._noted |= {one.tenant: one for one in moved}

    def _append(self, heads: Sequence[Head]) -> None:
        at = self.clock().astimezone(UTC).isoformat(timespec="milliseconds")
        lines = "".join(
            json.dumps({"at": at, "tenant": one.tenant, "n": one.n, "hash": one.hash.hex()}) + "\n" for one in heads
        )
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "a+b") as opened:
            size = opened.seek(0, os.SEEK_END)
            torn = size > 0 and os.pread(opened.fileno(), 1, size - 1) != b"\n"  # a crash cut the last line short
            opened.write(b"\n" * torn + lines.encode())
            opened.flush()
            os.fsync(opened.fileno())

    def last(self) -> Mapping[int | None, Head]:
        """The last head noted of each tenant; a line that a crash cut short counts for nothing."""
        found: dict[int | None, Head] = {}
        if not self.path.exists():
            return found
        for line in self.path.read_text("utf-8").splitlines():
            try:
                value = json.loads(line)
                head = Head(value["tenant"], value["n"], bytes.fromhex(value["hash"]))
            except (ValueError, KeyError, TypeError):
                continue
            found[head.tenant] = head
        return found
