"""The body of a write as a resource: https://hl7.org/fhir/R4/http.html#mime-type"""

import base64
from typing import Any

from ...fhir import json
from ...fhir.outcomes import UnsupportedMedia
from .. import limits, negotiate
from ..exchange import Request
from ..route import Right

RESOURCE = json.MOST_BYTES
"""Bytes of a resource as it is sent, documents aside."""
DOCUMENTS = frozenset({"application/xml", "text/xml"})
"""Sent to Binary these are a document, such as a CDA, and no resource."""
FORMATS = {name: kind for name, kind in negotiate.NAMES.items() if "/" in name}


def sent(request: Request) -> tuple[str, dict[str, str]]:
    """The media type of the body, in lower case, and its parameters."""
    name, *rest = request.headers.get(b"content-type", b"").decode("latin-1").split(";")
    parts = (one.partition("=") for one in rest)
    return name.strip().lower(), {key.strip().lower(): value.strip(' "').lower() for key, _, value in parts}


async def resource(request: Request, right: Right, attachment: int) -> dict[str, Any]:
    """The resource that was sent. Raises UnsupportedMedia, TooLarge, Malformed. `attachment` is the largest document
    in bytes; what is no FHIR in the body of a Binary is the document itself.
    """
    name, parameters = sent(request)
    binary = right.type == "Binary"
    if name not in FORMATS or (binary and name in DOCUMENTS):
        if binary and name:
            return await document(request, attachment)
        raise UnsupportedMedia("The body wants Content-Type application/fhir+json or application/fhir+xml.")
    if parameters.get("charset", "utf-8") not in ("utf-8", "utf8"):
        raise UnsupportedMedia("The body wants UTF-8.")
    if parameters.get("fhirversion", "4.0") not in negotiate.VERSIONS:
        raise UnsupportedMedia("The body wants FHIR version 4.0.")
    most = RESOURCE + (attachment * 4 // 3 if binary else 0)
    raw = await limits.body(request, most)
    if FORMATS[name] == negotiate.JSON:
        return json.decode(raw, most)
    from ...fhir.xml import from_xml  # noqa: PLC0415 - loads lxml, which a start does not wait for

    return from_xml(raw, most)


async def document(request: Request, most: int) -> dict[str, Any]:
    """The body as the content of a Binary, X-Security-Context as its owner: https://hl7.org/fhir/R4/binary.html#rest"""
    raw = await limits.body(request, most)
    told = {
        "resourceType": "Binary",
        "contentType": request.headers[b"content-type"].decode("latin-1").strip(),
        "data": base64.b64encode(raw).decode(),
    }
    owner = request.headers.get(b"x-security-context")
    return told if owner is None else told | {"securityContext": {"reference": owner.decode("latin-1").strip()}}
