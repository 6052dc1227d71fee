"""Pieces into files, and files into the manifest: https://hl7.org/fhir/uv/bulkdata/STU2/export.html#response---complete-status"""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..fhir.bundles import instant
from ..ports.files import Files
from ..ports.jobs import File, Job, Piece, Stretch
from ..values import dataclass
from . import gzip

Json = dict[str, Any]
SAID = "https://careweft.org/fhir/bulk-file"
"""Our extension of each file: sizes and checksums."""
ROLES = ("output", "deleted", "error")


@dataclass(frozen=True, slots=True)
class Draft:
    """A file whose checksum is not known yet."""

    role: str
    type: str
    pieces: tuple[tuple[str, Piece], ...]

    @property
    def bytes(self) -> int:
        """Of NDJSON."""
        return sum(one.bytes for _, one in self.pieces)

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """Where its deflated bytes lie; what lies behind each other is one stretch."""
        found: list[Stretch] = []
        for object_, one in self.pieces:
            last = found[-1] if found else None
            if last and last.object == object_ and last.at + last.length == one.at:
                found[-1] = Stretch(object_, last.at, last.length + one.length)
            else:
                found.append(Stretch(object_, one.at, one.length))
        return tuple(found)

    @property
    def crc(self) -> int:
        """Of all its NDJSON."""
        found = 0
        for _, one in self.pieces:
            found = gzip.joined(found, one.crc, one.bytes)
        return found


def packed(pieces: Sequence[tuple[str, Piece]], most: int) -> Iterator[Draft]:
    """Files of at most so many bytes of NDJSON, unless one line is longer; in the order of roles, types and pieces."""
    kinds = sorted({(ROLES.index(one.role), one.type) for _, one in pieces})
    for role, type_ in kinds:
        taken: list[tuple[str, Piece]] = []
        size = 0
        for object_, one in pieces:
            if (one.role, one.type) != (ROLES[role], type_):
                continue
            if taken and size + one.bytes > most:
                yield Draft(ROLES[role], type_, tuple(taken))
                taken, size = [], 0
            taken.append((object_, one))
            size += one.bytes
        yield Draft(ROLES[role], type_, tuple(taken))


async def checked(draft: Draft, id_: str, files: Files) -> File:
    """The file with its checksum, of what is stored."""
    stretches, crc, length = draft.stretches, draft.crc, draft.bytes
    whole = hashlib.sha256(gzip.HEAD)
    for stretch in stretches:
        await files.pour(*stretch, whole.update)
    whole.update(gzip.tail(crc, length))
    count = sum(one.lines for _, one in draft.pieces)
    size = gzip.size(sum(one.length for one in stretches))
    return File(id_, draft.role, draft.type, count, length, size, crc, whole.hexdigest(), stretches)


async def content(file: File, files: Files, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
    """The bytes of the gzip from `start` up to `end`."""
    end = file.size if end is None else end
    at = 0
    parts: list[bytes | Stretch] = [gzip.HEAD, *file.stretches, gzip.tail(file.crc, file.bytes)]
    for part in parts:
        length = len(part) if isinstance(part, bytes) else part.length
        low, high = max(start - at, 0), min(end - at, length)
        if low < high:
            if isinstance(part, bytes):
                yield part[low:high]
            else:
                async for data in files.read(part.object, part.at + low, high - low):
                    yield data
        at += length


def manifest(job: Job, order: Mapping[str, Any], files: Sequence[File], url: Callable[[File], str]) -> Json:
    """The answer to the status request of a finished job."""
    if job.moment is None:
        raise LookupError("a finished job has a transaction time")
    found: Json = {
        "transactionTime": instant(job.moment),
        "request": order["request"],
        "requiresAccessToken": True,
        "output": [],
        "deleted": [],
        "error": [],
        "link": [],
    }
    if order.get("organize"):
        found["outputOrganizedBy"] = order["organize"]
    for one in files:
        found[one.role].append(_item(one, url(one)))
    return found


def _item(file: File, url: str) -> Json:
    said = {"bytes": file.bytes, "gzipBytes": file.size, "gzipSha256": file.sha256, "crc32": f"{file.crc:08x}"}
    typed = {"type": file.type} if file.type else {}  # several types stand together, by patient
    return {**typed, "url": url, "count": file.count, "extension": {SAID: said}}


def expired(job: Job, now: datetime) -> bool:
    """Its files were promised for shorter than this."""
    return job.state == "done" and job.expires is not None and now >= job.expires
