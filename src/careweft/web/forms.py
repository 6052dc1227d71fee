"""Queries and form bodies as pairs: https://url.spec.whatwg.org/#application/x-www-form-urlencoded, strictly."""

import re
from urllib.parse import parse_qsl

from ..fhir.outcomes import BadValue, TooLarge, UnsupportedMedia
from . import limits
from .exchange import Request

FIELDS = 1000
Pairs = list[tuple[str, str]]
_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def pairs(text: bytes) -> Pairs:
    """Names and values in order. BadValue for a broken escape, text that is not UTF-8, or a NUL; TooLarge past 1,000.

    >>> pairs(b"code=a%2Cb&date=ge2024+x")
    [('code', 'a,b'), ('date', 'ge2024 x')]
    """
    if not text:
        return []
    if _BROKEN.search(text):
        raise BadValue("A '%' wants two hexadecimal digits behind it.")
    if text.count(b"&") >= FIELDS:
        raise TooLarge(f"More than {FIELDS} parameters.")
    try:
        found = parse_qsl(text.decode("utf-8"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise BadValue("Parameters are written in UTF-8.") from None
    if any("\0" in name or "\0" in value for name, value in found):
        raise BadValue("A parameter may not hold a NUL.")
    return found


async def form(request: Request) -> Pairs:
    """The pairs of a form body of at most 64 KB; UnsupportedMedia where the body is something else."""
    kind, _, rest = request.headers.get(b"content-type", b"").partition(b";")
    request.form = await limits.body(request, limits.FORM_BYTES)
    if not request.form and not kind:
        return []
    if kind.strip().lower() != b"application/x-www-form-urlencoded" or not _utf8(rest):
        raise UnsupportedMedia("The body wants Content-Type application/x-www-form-urlencoded, in UTF-8.")
    return pairs(request.form)


def _utf8(parameters: bytes) -> bool:
    name, _, value = parameters.strip().lower().partition(b"=")
    return name != b"charset" or value.strip(b'"') == b"utf-8"
