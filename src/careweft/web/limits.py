"""How much of a request is read: URL, headers, bodies, compressed bodies (PARSE-04, PARSE-07)."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar

from ..fhir.outcomes import FhirRefusal, Malformed, TooLarge, UnsupportedMedia
from .exchange import Request

URL_BYTES = 8 * 1024
HEADER_COUNT = 100
HEADER_BYTES = 16 * 1024
FORM_BYTES = 64 * 1024
RATIO = 100
SECONDS = 30.0
"""A body that has not arrived by then is given up."""


class UrlTooLong(TooLarge):
    """The URL is longer than 8 KB; a search may be sent as POST _search."""

    status: ClassVar[int] = 414


class HeadersTooLarge(TooLarge):
    """The header is larger than this server reads: at most 100 fields and 16 KB."""

    status: ClassVar[int] = 431


class TooSlow(FhirRefusal):
    """The body did not arrive in time."""

    status: ClassVar[int] = 408
    code: ClassVar[str] = "timeout"


def check(path: bytes, query: bytes, raw: list[tuple[bytes, bytes]], headers: dict[bytes, bytes]) -> None:
    """Refuse a URL or header section that is larger than anyone needs; `headers` is `raw` by name."""
    if len(path) + len(query) >= URL_BYTES:
        raise UrlTooLong
    if len(raw) > HEADER_COUNT or len(b"".join(headers)) + len(b"".join(headers.values())) > HEADER_BYTES:
        raise HeadersTooLarge
    if len(raw) != len(headers) and sum(len(name) + len(value) for name, value in raw) > HEADER_BYTES:
        raise HeadersTooLarge


async def body(request: Request, most: int) -> bytes:
    """The whole body, at most `most` bytes once inflated. Raises TooLarge, TooSlow, UnsupportedMedia, Malformed."""
    sink = Sink(most, request.headers.get(b"content-encoding", b""))
    declared = request.headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > most:
        raise TooLarge(f"The body is larger than {most} bytes.")
    try:
        async with asyncio.timeout(SECONDS):
            await _pour(request.receive, sink)
    except TimeoutError:
        raise TooSlow from None
    return sink.whole()


async def _pour(receive: Callable[[], Awaitable[MutableMapping[str, Any]]], sink: "Sink") -> None:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed("The body ended before its end.")
        sink.take(message.get("body", b""))
        more = message.get("more_body", False)


class Sink:
    """Takes a body piece by piece, plain or gzip, and refuses it as soon as it is too large or swells too much."""

    __slots__ = ("_gunzip", "_most", "_parts", "_size", "_taken")

    def __init__(self, most: int, encoding: bytes) -> None:
        if encoding.lower() not in {b"", b"identity", b"gzip"}:
            raise UnsupportedMedia("A body may be compressed with gzip only.")
        self._most = most
        self._gunzip = zlib.decompressobj(wbits=31) if encoding.lower() == b"gzip" else None
        self._parts: list[bytes] = []
        self._size = self._taken = 0

    def take(self, piece: bytes) -> None:
        """One more piece; TooLarge as soon as the whole is more than it may be."""
        self._taken += len(piece)
        if self._gunzip is not None:
            piece = self._inflated(piece)
        self._size += len(piece)
        if self._size > self._most:
            raise TooLarge(f"The body is larger than {self._most} bytes.")
        self._parts.append(piece)

    def _inflated(self, piece: bytes) -> bytes:
        assert self._gunzip is not None  # noqa: S101 - take() asked
        room = min(self._most, RATIO * self._taken + 1024) - self._size
        try:
            out = self._gunzip.decompress(piece, max(room, 0) + 1)
        except zlib.error:
            raise Malformed("The body is not gzip, as its Content-Encoding says.") from None
        if self._gunzip.unused_data:
            raise Malformed("Something stands behind the end of the gzip body.")
        if len(out) > room or self._gunzip.unconsumed_tail:
            raise TooLarge(f"The body swells to more than {self._most} bytes or {RATIO} times its size.")
        return out

    def whole(self) -> bytes:
        """All of it; Malformed where a gzip stream stops early."""
        if self._gunzip is not None and not self._gunzip.eof:
            raise Malformed("The gzip body stops before its end.")
        return b"".join(self._parts)
