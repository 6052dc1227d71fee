"""Attachments and Binaries: https://hl7.org/fhir/R4/datatypes.html#Attachment, https://hl7.org/fhir/R4/binary.html"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from ...fhir.search.kinds.reference import literal
from ...fhir.search.query import Ref
from . import media
from .issues import Issue, wrong


def decoded(data: Any) -> bytes | None:
    """What this base64 holds, None where it is none; white space in it is passed over, as R4 allows."""
    if not isinstance(data, str):
        return None
    try:
        return base64.b64decode("".join(data.split()).encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None


def inline(attachment: dict[str, Any], path: str, most: int) -> Iterator[Issue]:
    """What is wrong with an attachment that holds its data itself."""
    if "data" not in attachment:
        return
    data = decoded(attachment["data"])
    if data is None:
        yield wrong(f"{path}.data", "value", "wants base64")
    elif not isinstance(attachment.get("contentType"), str):
        yield wrong(f"{path}.contentType", "required", "is needed where there is data (att-1)")
    else:
        yield from held(attachment["contentType"], data, f"{path}.data", most)
        yield from consistent(attachment, data, path)


def consistent(attachment: dict[str, Any], data: bytes, path: str) -> Iterator[Issue]:
    """Size and hash are those of the data; the hash is SHA-1, as R4 has it."""
    size = attachment.get("size")
    if size is not None and size != len(data):
        yield wrong(f"{path}.size", "value", "is not the number of bytes that the data has")
    told = attachment.get("hash")
    if told is not None and decoded(told) != hashlib.sha1(data, usedforsecurity=False).digest():
        yield wrong(f"{path}.hash", "value", "is not the SHA-1 of the data")


def held(content_type: str, data: bytes, path: str, most: int) -> Iterator[Issue]:
    """What is wrong with these bytes under this content type."""
    if len(data) > most:
        yield wrong(path, "too-long", f"holds {len(data)} bytes; at most {most} are taken")
    elif not data:
        yield wrong(path, "value", "holds nothing")
    elif (why := media.as_called(content_type, data)) is not None:
        yield wrong(path, "value", why)


def binary(resource: dict[str, Any], most: int) -> Iterator[Issue]:
    """What is wrong with a Binary."""
    content_type, data = resource.get("contentType"), decoded(resource.get("data"))
    if not isinstance(content_type, str):
        yield wrong("Binary.contentType", "required", "is needed")
    elif data is None:
        yield wrong("Binary.data", "required", "wants base64")
    else:
        yield from held(content_type, data, "Binary.data", most)


def referred(attachment: dict[str, Any], stored: dict[str, Any], path: str) -> Iterator[Issue]:
    """What is wrong with an attachment whose data is this Binary's."""
    data, own = decoded(stored.get("data")), attachment.get("contentType")
    if data is None:
        yield wrong(f"{path}.url", "value", "leads to a Binary without data")
        return
    if isinstance(own, str) and essence(own) != essence(str(stored.get("contentType"))):
        yield wrong(f"{path}.contentType", "value", "is not the content type of the Binary that its url names")
    yield from consistent(attachment, data, path)


def fits(stored: dict[str, Any], patients: Sequence[str]) -> bool:
    """May a record of these patients hold this Binary? Not where it is another patient's, by its securityContext."""
    context = stored.get("securityContext")
    owner = literal(str(context.get("reference"))) if isinstance(context, dict) else None
    return not patients or not isinstance(owner, Ref) or owner.type != "Patient" or owner.id in patients


def essence(content_type: str) -> str:
    """A media type without its parameters."""
    return content_type.partition(";")[0].strip().lower()
