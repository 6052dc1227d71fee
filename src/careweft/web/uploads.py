"""A form with a file: https://www.rfc-editor.org/rfc/rfc7578, strictly, and one file."""

import re

from ..fhir.outcomes import BadValue, UnsupportedMedia
from ..values import dataclass
from . import limits
from .exchange import Request
from .forms import Pairs


@dataclass(frozen=True, slots=True)
class Room:
    """How many bytes a form has at most, with its file, and how many fields."""

    bytes: int
    fields: int


PICTURE = Room(320 * 1024, 20)
PAPER = Room(2 * 1024 * 1024 + 64 * 1024, 400)
"""Beside a file of 2 MB, a tick for each type of record."""
_KIND = re.compile(rb'multipart/form-data\s*;\s*boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?', re.IGNORECASE)
_NAME = re.compile(rb'form-data; name="([a-z_]{1,40})"(; filename="[^"\r\n]*")?')


async def form(request: Request, room: Room = PICTURE) -> tuple[Pairs, bytes]:
    """The pairs of the form, and its file; empty where none was chosen. UnsupportedMedia, BadValue, TooLarge."""
    shape = _KIND.fullmatch(request.headers.get(b"content-type", b"").strip())
    if shape is None:
        raise UnsupportedMedia("This form wants Content-Type multipart/form-data.")
    return read(await limits.body(request, room.bytes), shape[1], room.fields)


def read(body: bytes, boundary: bytes, most: int = PICTURE.fields) -> tuple[Pairs, bytes]:
    """The parts of a body. Raises BadValue."""
    first, *parts, last = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if first or not last.startswith(b"--") or len(parts) > most:
        raise BadValue("This form was not filled in as it was shown.")
    pairs: Pairs = []
    files: list[bytes] = []
    for part in parts:
        head, blank, content = part.partition(b"\r\n\r\n")
        said = [line.partition(b":")[::2] for line in head.split(b"\r\n")]
        found = [value.strip() for name, value in said if name.lower() == b"content-disposition"]
        shape = _NAME.fullmatch(found[0]) if len(found) == 1 and blank else None
        if shape is None:
            raise BadValue("This form was not filled in as it was shown.")
        if shape[2]:
            files.append(content)
        else:
            pairs.append((shape[1].decode("ascii"), text(content)))
    if len(files) > 1:
        raise BadValue("This form takes one file.")
    return pairs, files[0] if files else b""


def text(content: bytes) -> str:
    """A field that is no file. Raises BadValue."""
    try:
        found = content.decode("utf-8")
    except UnicodeDecodeError:
        raise BadValue("Parameters are written in UTF-8.") from None
    if "\0" in found:
        raise BadValue("A parameter may not hold a NUL.")
    return found
