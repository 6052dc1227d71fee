"""What an operation was asked with: a query, or a Parameters resource: https://hl7.org/fhir/R4/operations.html#request"""

from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlencode

from ...fhir import json
from ...fhir.outcomes import BadValue, UnknownParameter, UnsupportedMedia
from ...fhir.search.parse import FORMS
from .. import forms, limits, negotiate
from ..exchange import Request
from ..forms import Pairs
from ..guard import BadAuthorization
from . import incoming, paging
from .versions import printable

SIMPLE = ("Boolean", "Canonical", "Code", "Date", "DateTime", "Id", "Instant", "Integer", "String", "Uri", "Url")
FORM = "application/x-www-form-urlencoded"


async def given(request: Request, known: Collection[str]) -> Pairs:
    """The parameters in their order; those of a Parameters body as a query would write them.

    Raises UnknownParameter for one that the operation does not know: none is passed over in silence.
    """
    found = forms.pairs(request.query)
    if request.method == "POST":
        found += await _body(request)
    for name, value in found:
        if name == "access_token":
            raise BadAuthorization("An access token belongs in the Authorization header and nowhere else.")
        if name not in known and name not in (*FORMS, paging.PAGE):
            raise UnknownParameter(f"Invalid parameter: {printable(name)}; this operation takes {', '.join(known)}.")
        if not value:
            raise BadValue(f"{name} wants a value.")
    return found


async def _body(request: Request) -> Pairs:
    name, _ = incoming.sent(request)
    if name == FORM:
        return await forms.form(request)
    raw = await limits.body(request, limits.FORM_BYTES)
    if not raw and not name:
        return []
    if incoming.FORMATS.get(name) == negotiate.JSON:
        resource = json.decode(raw, limits.FORM_BYTES)
    elif name in incoming.FORMATS:
        from ...fhir.xml import from_xml  # noqa: PLC0415 - loads lxml, which a start does not wait for

        resource = from_xml(raw, limits.FORM_BYTES)
    else:
        raise UnsupportedMedia("The body wants a Parameters resource as application/fhir+json or application/fhir+xml.")
    found = list(_pairs(resource))
    request.form = urlencode(found).encode()  # what the audit entry tells was asked
    return found


def _pairs(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    listed = resource.get("parameter", [])
    if resource.get("resourceType") != "Parameters" or not isinstance(listed, list):
        raise BadValue("The body wants a Parameters resource.")
    for one in listed:
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str):
            raise BadValue("Each parameter wants a name.")
        values = [(key, value) for key, value in one.items() if key[:5] == "value"]
        if len(values) != 1:
            raise BadValue(f"{printable(name)} wants one value.")
        yield from ((name, text) for text in _texts(printable(name), *values[0]))


def _texts(name: str, key: str, value: Any) -> Iterator[str]:
    """A value as a query writes it."""
    kind = key.removeprefix("value")
    codings = [value] if kind == "Coding" else value.get("coding", []) if isinstance(value, dict) else []
    if kind in SIMPLE and isinstance(value, bool):
        yield "true" if value else "false"
    elif kind in SIMPLE and isinstance(value, str | int):
        yield str(value)
    elif kind in ("Coding", "CodeableConcept") and codings:
        yield from (f"{part(one, 'system')}|{part(one, 'code')}" for one in codings)
    elif kind == "Reference" and part(value, "reference"):
        yield part(value, "reference")
    else:
        raise BadValue(f"{name} wants a value of another type.")


def part(value: Any, name: str) -> str:
    """A text within an object, "" where there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
