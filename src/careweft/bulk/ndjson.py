"""Lines into pieces of one stored object: NDJSON, deflated, counted, cut by size (http://ndjson.org)."""

from collections.abc import Sequence

from ..ports.files import Sink
from ..ports.jobs import Piece
from .gzip import Deflater
from .lines import Text

WRITTEN = 256 * 1024
"""Deflated bytes that are collected before they are written."""


class Writer:
    """Writes lines of one role and type after the other; a piece ends where the next line would make it too long."""

    def __init__(self, sink: Sink, most: int) -> None:
        self._sink, self._most = sink, most
        self._of = ("", "")
        self._deflater: Deflater | None = None
        self._begun = self._at = self._bytes = self._count = 0
        self._waiting = bytearray()
        self.pieces: list[Piece] = []

    @property
    def stored(self) -> int:
        """Deflated bytes so far."""
        return self._at

    async def add(self, role: str, type_: str, lines: Sequence[bytes], *, together: bool = False) -> None:
        """These lines, without their ends; `together` in one piece, however long that gets."""
        self.take(role, type_, Text.of(lines), together=together)
        await self.written()

    def take(self, role: str, type_: str, text: Text, *, together: bool = False) -> None:
        """These lines; `written` is awaited when nobody takes."""
        if not text.count:
            return
        if self._of != (role, type_):
            self._closed()
            self._of = (role, type_)
        size = len(text.text)
        if together and self._bytes + size > self._most:
            self._closed()
        if together or self._bytes + size <= self._most:
            self._deflate(text)
            return
        for line in text.lines:  # seldom: somewhere among them a piece ends
            if self._bytes and self._bytes + len(line) + 1 > self._most:
                self._closed()
            self._deflate(Text(line + b"\n", 1))

    async def written(self) -> None:
        """What was taken lies in the sink, if it is much."""
        if len(self._waiting) >= WRITTEN:
            await self._flushed()

    async def end(self) -> Sequence[Piece]:
        """All pieces; the sink has everything then."""
        self._closed()
        await self._flushed()
        return self.pieces

    def _deflate(self, text: Text) -> None:
        if self._deflater is None:
            self._deflater = Deflater()
        self._out(self._deflater.add(text.text))
        self._bytes += len(text.text)
        self._count += text.count

    def _closed(self) -> None:
        if self._deflater is None:
            return
        self._out(self._deflater.end())
        length = self._at - self._begun
        self.pieces.append(Piece(*self._of, self._begun, length, self._bytes, self._count, self._deflater.crc))
        self._deflater, self._begun, self._bytes, self._count = None, self._at, 0, 0

    def _out(self, data: bytes) -> None:
        self._waiting += data
        self._at += len(data)

    async def _flushed(self) -> None:
        if self._waiting:
            await self._sink.write(bytes(self._waiting))
            self._waiting.clear()
