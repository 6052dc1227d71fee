"""The read interaction: https://hl7.org/fhir/R4/http.html#read; of a Binary: https://hl7.org/fhir/R4/binary.html#rest

What the caller may not see is the same 404 as what never was; 410 is said only to who could see it (FHIR-01).
"""

import base64
import binascii
import re

from ...fhir import json
from ...fhir.outcomes import NotAcceptable, Unprocessable
from ...ports.records import Version
from ..exchange import Reply, Request
from ..route import Handler, Right
from ..site import Site
from . import versions

_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}"
MEDIA_TYPE = re.compile(rf"{_NAME}/{_NAME}(?: ?; ?[a-z]+=[A-Za-z0-9._-]+)*")
INERT = (
    (b"content-disposition", b"attachment"),
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""A stored document is kept, never run (AUTHZ-15)."""
MOST = 1 << 30
"""What was let in is let out again."""


def handler(site: Site, right: Right) -> Handler:
    """The handler of `GET [base]/[type]/[id]`."""

    async def read(request: Request) -> Reply:
        form, view = versions.wanted(request, right)
        found = await site.records(request.known_tenant).read(right.type, request.args["id"], request.known_reach)
        return versions.shown(found, request, form, view)

    async def read_binary(request: Request) -> Reply:
        try:
            form, view = versions.wanted(request, right)
        except NotAcceptable:
            return content(await _found(request), request)
        version = await _found(request)
        if form.asked or not view.whole:
            return versions.shown(version, request, form, view)
        return content(version, request)

    async def _found(request: Request) -> Version | None:
        return await site.records(request.known_tenant).read(right.type, request.args["id"], request.known_reach)

    return read_binary if right.type == "Binary" else read


def content(version: Version | None, request: Request) -> Reply:
    """A Binary as what it holds, for who did not ask for FHIR's form of it by name."""
    found = versions.present(version, request)
    binary = json.decode(found.body or b"", most=MOST)
    if versions.unchanged(request.headers, found):
        return Reply(304, versions.tags(found))
    try:
        data = base64.b64decode(binary.get("data", ""))
    except (binascii.Error, TypeError, ValueError):
        raise Unprocessable("The stored content of this Binary is not base64.") from None
    return Reply(200, [(b"content-type", media_type(binary.get("contentType"))), *INERT, *versions.tags(found)], data)


def media_type(stored: object) -> bytes:
    r"""The stored type where it is one, else plain bytes.

    >>> media_type("text/plain; charset=utf-8"), media_type("text/html\r\nset-cookie: a")
    (b'text/plain; charset=utf-8', b'application/octet-stream')
    """
    known = isinstance(stored, str) and MEDIA_TYPE.fullmatch(stored)
    return str(stored).encode() if known else b"application/octet-stream"
