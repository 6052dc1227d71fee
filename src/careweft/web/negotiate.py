"""Which format goes out: https://hl7.org/fhir/R4/http.html#mime-type

`_format` overrides Accept; without either, the request's own Content-Type is a wish; then the surface's default holds.
"""

from functools import lru_cache
from typing import NamedTuple

from isal import isal_zlib

from ..fhir.outcomes import BadValue, NotAcceptable
from .exchange import Headers
from .forms import Pairs

JSON, XML = "json", "xml"
FHIR = {JSON: b"application/fhir+json; charset=UTF-8", XML: b"application/fhir+xml; charset=UTF-8"}
NAMES = {
    **dict.fromkeys(("application/fhir+json", "application/json", "application/json+fhir", "text/json", "json"), JSON),
    **dict.fromkeys(("application/fhir+xml", "application/xml", "application/xml+fhir", "text/xml", "xml"), XML),
}
GENERIC = frozenset({"application/json", "application/xml", "text/xml", "text/json"})
ANY = frozenset({"*/*", "application/*"})
VERSIONS = frozenset({"", "4.0", "4.0.1"})
GZIP_FROM = 1024


class Format(NamedTuple):
    """How a resource is written: `json` or `xml`, under which Content-Type, for eyes or for machines.

    `asked` says that FHIR's own form was asked for by name, which is what a Binary's reader wants to know.
    """

    kind: str
    media: bytes
    pretty: bool = False
    asked: bool = False


class Wish(NamedTuple):
    """One member of Accept: `of` is JSON, XML, "" (anything) or None (nothing that is served here)."""

    of: str | None
    name: str
    weight: float


def chosen(headers: dict[bytes, bytes], default: str, wanted: Pairs) -> Format:
    """The format of this reply; `wanted` are the request's parameters. Raises NotAcceptable, BadValue for `_pretty`."""
    if not wanted:
        return _chosen("", headers.get(b"accept", b""), headers.get(b"content-type", b""), default)
    override, pretty = "", False
    for name, value in wanted:
        if name == "_format":
            override = value
        elif name == "_pretty":
            pretty = _truth(value)
    found = _chosen(override, headers.get(b"accept", b""), headers.get(b"content-type", b""), default)
    return found._replace(pretty=True) if pretty else found


def for_refusal(headers: dict[bytes, bytes], default: str, wanted: Pairs) -> Format:
    """The format of a refusal: as asked, and FHIR JSON where what was asked is what is refused."""
    try:
        return chosen(headers, default, wanted)
    except (NotAcceptable, BadValue):
        return Format(JSON, FHIR[JSON])


def _truth(value: str) -> bool:
    if value not in {"true", "false"}:
        raise BadValue("_pretty wants true or false.")
    return value == "true"


@lru_cache(maxsize=512)
def _chosen(override: str, accept: bytes, content_type: bytes, default: str) -> Format:
    if override:
        return _overridden(override)
    wishes = sorted(_wishes(accept), key=lambda wish: -wish.weight)
    refused = {wish.of for wish in wishes if wish.of and not wish.weight}
    default = _own(content_type) or default
    if not wishes:
        return Format(default, FHIR[default])
    for wish in wishes:
        if wish.weight and wish.of is not None:
            kind = wish.of or next((one for one in (default, JSON, XML) if one not in refused), "")
            if kind and kind not in refused:
                return Format(kind, _media(wish.name, kind), asked=bool(wish.of))
    raise NotAcceptable("Accept wants application/fhir+json or application/fhir+xml, in FHIR version 4.0.")


def _overridden(override: str) -> Format:
    # An unescaped + in a query reads as a space: https://hl7.org/fhir/R4/http.html#parameters
    wish = _wish(override.replace("fhir ", "fhir+"))
    if not wish.of:
        raise NotAcceptable("_format wants json or xml, or their media types, in FHIR version 4.0.")
    return Format(wish.of, FHIR[wish.of], asked=True)


def _own(content_type: bytes) -> str | None:
    """The format that a request's Content-Type hints at, for those who say there what they want back."""
    return _wish(content_type.decode("latin-1")).of or None


def _wishes(accept: bytes) -> list[Wish]:
    return [_wish(member) for member in accept.decode("latin-1").split(",") if member.strip()]


def _wish(member: str) -> Wish:
    name, *parameters = (part.strip().lower() for part in member.split(";"))
    weight, served = 1.0, True
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key == "q":
            weight = _weight(value)
        elif key == "fhirversion":
            served = value.strip('"') in VERSIONS
        elif key == "charset":
            served = value.strip('"') in {"utf-8", "utf8"}
    of = "" if name in ANY else NAMES.get(name)
    return Wish(of if served else None, name, weight)


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def _media(name: str, kind: str) -> bytes:
    """Who asks for plain JSON or XML gets that name back; everybody else FHIR's."""
    return f"{name}; charset=UTF-8".encode() if name in GENERIC else FHIR[kind]


def squeezed(body: bytes, accept_encoding: bytes, headers: Headers) -> bytes:
    """The body, gzipped where the caller takes that and it pays (RFC 9110 12.5.3)."""
    if len(body) < GZIP_FROM or not takes_gzip(accept_encoding):
        return body
    headers.append((b"content-encoding", b"gzip"))
    return bytes(isal_zlib.compress(body, level=1, wbits=31))


@lru_cache(maxsize=128)
def takes_gzip(accept_encoding: bytes) -> bool:
    """Does this Accept-Encoding take gzip?

    >>> takes_gzip(b"br, gzip;q=0.5"), takes_gzip(b"gzip;q=0"), takes_gzip(b"")
    (True, False, False)
    """
    for member in accept_encoding.decode("latin-1").lower().split(","):
        name, _, weight = member.partition(";")
        if name.strip() in {"gzip", "x-gzip", "*"}:
            return _weight(weight.partition("=")[2] or "1") > 0
    return False
