"""A file of an export: https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-output-file-request

It is stored as gzip and sent as it is to who takes gzip, whole or in ranges, so that a download that broke off goes on;
others are sent what is in it, whole. A download leaves two audit entries: that it began, before its first byte, and how
much was sent.
"""

import secrets
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from isal import isal_zlib

from ...bulk.manifest import content, expired
from ...fhir.outcomes import NotFound
from ...ports.files import Files
from ...ports.jobs import File, Job
from ...ports.journal import Entry
from ...surfaces.model import Surface
from ...values import dataclass
from .. import ledger, negotiate
from ..exchange import Headers, Reply, Request
from ..route import Handler
from ..site import Site
from .own import NONE, Expired, http_date, own
from .ranges import NotSatisfiable, Range, ranges

NDJSON = b"application/fhir+ndjson"
INFLATED = 1024 * 1024
"""Bytes of NDJSON that are sent at once at the most."""


def handler(site: Site, surface: Surface) -> Handler:
    """The handler of `GET [base]/Binary/{id}/$export-download`."""

    async def download(request: Request) -> Reply:
        tenant = request.known_tenant.number
        found = await site.exports.jobs.file(tenant, request.args["id"])
        if found is None:
            raise NotFound(NONE)
        job, _ = await own(site, surface, request, found[0])
        if expired(job, site.clock()):
            raise Expired
        return _sent(site, request, job, found[1])

    return download


def _sent(site: Site, request: Request, job: Job, file: File) -> Reply:
    headers = [
        (b"content-disposition", f'attachment; filename="{name(file)}"'.encode()),
        (b"last-modified", http_date(job.ended or job.created)),
    ]
    entry = ledger.entry(request, request.known_route, 200, site.clock())
    if not negotiate.takes_gzip(request.headers.get(b"accept-encoding", b"")):
        plain = Inflated(Sending(site, entry, file.bytes), site.exports.files, file)
        headers += [(b"content-type", NDJSON), (b"content-length", b"%d" % file.bytes), (b"accept-ranges", b"none")]
        return Reply(200, headers, stream=plain)
    tag = f'"{file.sha256[:32]}"'.encode()
    headers += [(b"etag", tag), (b"content-encoding", b"gzip"), (b"accept-ranges", b"bytes")]
    if _unchanged(request, tag):
        return Reply(304, headers)
    try:
        wanted = _wanted(request, file, tag, http_date(job.ended or job.created))
    except NotSatisfiable as refusal:
        request.reason = refusal.message
        return Reply(416, [(b"content-range", b"bytes */%d" % file.size), (b"content-length", b"0")])
    return _ranged(Sending(site, entry, 0), site.exports.files, file, wanted, headers)


def name(file: File) -> str:
    """What the file is called where it is saved: unzipped, which every client that takes gzip does itself."""
    return f"{file.type or 'export'}-{file.id[:8]}.ndjson"


def _unchanged(request: Request, tag: bytes) -> bool:
    given = request.headers.get(b"if-none-match", b"")
    return tag in [one.strip().removeprefix(b"W/") for one in given.split(b",")]


def _wanted(request: Request, file: File, tag: bytes, modified: bytes) -> list[Range] | None:
    """The ranges to send, None for all; If-Range says of which file they are (RFC 9110 13.1.5)."""
    header = request.headers.get(b"range")
    held = request.headers.get(b"if-range")
    if header is None or (held is not None and held.strip() not in (tag, modified)):
        return None
    return ranges(header, file.size)


def _ranged(sending: "Sending", files: Files, file: File, wanted: list[Range] | None, headers: Headers) -> Reply:
    if wanted is None:
        whole = Sliced(sending.of(file.size), files, file, [Part(b"", Range(0, file.size))])
        return Reply(200, [*headers, (b"content-type", NDJSON), _length(file.size)], stream=whole)
    if len(wanted) == 1:
        low, high = wanted[0]
        headers = [*headers, (b"content-type", NDJSON), _range(file, wanted[0])]
        one = Sliced(sending.of(high - low), files, file, [Part(b"", wanted[0])])
        return Reply(206, [*headers, _length(high - low)], stream=one)
    boundary = secrets.token_hex(16).encode()
    parts = [
        Part(b"\r\n--%b\r\ncontent-type: %b\r\n%b: %b\r\n\r\n" % (boundary, NDJSON, *_range(file, one)), one)
        for one in wanted
    ]
    parts.append(Part(b"\r\n--%b--\r\n" % boundary, Range(0, 0)))
    size = sum(len(one.before) + one.of.end - one.of.start for one in parts)
    kind = b"multipart/byteranges; boundary=" + boundary
    several = Sliced(sending.of(size), files, file, parts)
    return Reply(206, [*headers, (b"content-type", kind), _length(size)], stream=several)


def _length(size: int) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % size


def _range(file: File, one: Range) -> tuple[bytes, bytes]:
    return b"content-range", b"bytes %d-%d/%d" % (one.start, one.end - 1, file.size)


# What is sent ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sending:
    """A download, and the audit entry with which it closes."""

    site: Site
    entry: Entry
    size: int

    def of(self, size: int) -> "Sending":
        """The same, of so many bytes."""
        return Sending(self.site, self.entry, size)

    async def closed(self, sent: int, *, whole: bool) -> None:
        """Say how much left (AUDX-05)."""
        said = f"{sent} bytes sent" if whole else f"aborted after {sent} of {self.size} bytes"
        entry = self.entry._replace(at=self.site.clock(), action="$export-downloaded", reason=said)
        await self.site.journal.write(entry._replace(status=200 if whole else 499))


class Part(NamedTuple):
    """A range, and what is sent before it."""

    before: bytes
    of: Range


@dataclass(frozen=True, slots=True)
class Sliced:
    """Ranges of the gzip."""

    sending: Sending
    files: Files
    file: File
    parts: Sequence[Part]

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes."""
        for before, (start, end) in self.parts:
            if before:
                yield before
            async for data in content(self.file, self.files, start, end):
                yield data

    async def closed(self, sent: int, *, whole: bool) -> None:
        """As Stream."""
        await self.sending.closed(sent, whole=whole)


@dataclass(frozen=True, slots=True)
class Inflated:
    """What the gzip holds."""

    sending: Sending
    files: Files
    file: File

    async def pieces(self) -> AsyncIterator[bytes]:
        """The lines."""
        inflate = isal_zlib.decompressobj(wbits=31)
        async for data in content(self.file, self.files):
            left = data
            while left:
                if piece := bytes(inflate.decompress(left, INFLATED)):
                    yield piece
                left = inflate.unconsumed_tail

    async def closed(self, sent: int, *, whole: bool) -> None:
        """As Stream."""
        await self.sending.closed(sent, whole=whole)
