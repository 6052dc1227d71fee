"""Which documents are taken, and whether their bytes are what they are called (PARSE-13).

A document is stored as it came and never run: what is not on this list is refused, and so is what a browser would take
for something else than it is called.
"""

import re
import struct
from collections.abc import Callable, Mapping

from ...fhir import json
from ...fhir.outcomes import FhirRefusal

PIXELS = 100_000_000
"""Of an image, once it is opened."""
JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
FOREIGN = re.compile(rb"%PDF-|\x89PNG|\xff\xd8\xff|PK\x03\x04|GIF8|\x7fELF|MZ|Rar!|\x1f\x8b|\xd0\xcf\x11\xe0")
ACTIVE = re.compile(rb"<\s*(?:!doctype\s+html|html|head|body|script|iframe|svg|object|embed)[\s>/]", re.IGNORECASE)
ACTIVE_SPACES = ("http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg")


def pdf(data: bytes) -> bool:
    """ISO 32000-1 7.5.2: the header, within the first kilobyte as readers take it."""
    return b"%PDF-" in data[:1024]


def fits(one: int, other: int) -> bool:
    """An image of these sides can be opened without harm."""
    return 0 < one * other <= PIXELS


def png(data: bytes) -> bool:
    """https://www.w3.org/TR/png/#5PNG-file-signature"""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR" or len(data) < 24:
        return False
    return fits(*struct.unpack(">II", data[16:24]))


def jpeg(data: bytes) -> bool:
    """ITU-T T.81 annex B: the markers up to the frame, which says how large the image is."""
    at = 2
    while data[:3] == b"\xff\xd8\xff" and at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in JPEG_FRAMES:
            return fits(*struct.unpack(">HH", data[at + 5 : at + 9]))
        at += 2 + max(length, 2)
    return False


def text(data: bytes) -> bool:
    """UTF-8 that no browser would take for a page or a program."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in data and not FOREIGN.match(data) and not ACTIVE.search(data[:1024])


def rtf(data: bytes) -> bool:
    """The header of Rich Text Format."""
    return data.startswith(b"{\\rtf")


def xml(data: bytes) -> bool:
    """A well-formed document without a document type, such as a CDA; no page and no drawing."""
    from ...fhir.xml.parser import no_crowd, parse  # noqa: PLC0415 - loads lxml, which a start does not wait for

    try:
        no_crowd(data, "the document")
        root = parse(data.lstrip(b"\xef\xbb\xbf"), "the document")
    except FhirRefusal:
        return False
    return not any(str(root.tag).startswith(f"{{{space}}}") for space in ACTIVE_SPACES)


def fhir_json(data: bytes) -> bool:
    """A resource as FHIR's JSON."""
    try:
        return isinstance(json.decode(data, most=len(data)).get("resourceType"), str)
    except FhirRefusal:
        return False


KINDS: Mapping[str, Callable[[bytes], bool]] = {
    "application/pdf": pdf,
    "image/png": png,
    "image/jpeg": jpeg,
    "text/plain": text,
    "text/rtf": rtf,
    "application/rtf": rtf,
    "text/xml": xml,
    "application/xml": xml,
    "application/cda+xml": xml,
    "application/fhir+xml": xml,
    "application/fhir+json": fhir_json,
}


def kind(content_type: str) -> str | None:
    """The media type without its parameters, where it is one that is taken; text is in UTF-8.

    >>> kind("text/plain; charset=UTF-8"), kind("text/html"), kind("text/plain; charset=utf-16")
    ('text/plain', None, None)
    """
    name, _, rest = content_type.lower().partition(";")
    charset = re.fullmatch(r'\s*(?:charset\s*=\s*"?(?:utf-8|us-ascii)"?)?\s*', rest)
    return name.strip() if name.strip() in KINDS and charset else None


def as_called(content_type: str, data: bytes) -> str | None:
    """Why these bytes are not taken under this content type, or None."""
    found = kind(content_type)
    if found is None:
        return f"wants a content type of {', '.join(KINDS)}, with text in UTF-8"
    return None if KINDS[found](data) else f"does not hold what its content type says: {found}"
