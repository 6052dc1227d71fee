"""What read and vread have in common: how one version of a resource leaves, with its ETag and the conditions on it.

https://hl7.org/fhir/R4/http.html#versioning, https://hl7.org/fhir/R4/http.html#cread, RFC 9110 sections 8.8 and 13.
"""

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from ...fhir.outcomes import BadValue, Gone, NotFound
from ...fhir.search import results
from ...fhir.subset import WHOLE, View, subset
from ...ports.records import Version
from .. import forms, negotiate, replies
from ..exchange import Headers, Reply, Request
from ..negotiate import Format
from ..route import Right

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TWO = tuple(b"%02d" % number for number in range(60))
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ACCEPTED = ("_format", "_pretty", "_summary", "_elements")


def wanted(request: Request, right: Right) -> tuple[Format, View]:
    """The format of a reply that shows one resource, and how much of it is shown.

    Raises for parameters that would be passed over in silence.
    """
    if not request.query:
        return negotiate.chosen(request.headers, right.surface.default_format, []), WHOLE
    pairs = forms.pairs(request.query)
    view = WHOLE
    for name, value in pairs:
        if name not in ACCEPTED:
            raise BadValue(f"A {right.interaction} takes {', '.join(ACCEPTED)}, not '{printable(name)}'.")
        if name == "_summary":
            view = results.summary(view, value)
        elif name == "_elements":
            view = results.elements(view, right.type, value)
    return negotiate.chosen(request.headers, right.surface.default_format, pairs), results.of_one(view)


def printable(name: str) -> str:
    """What may be quoted of a parameter's name.

    >>> printable("colour"), printable("<script>"), printable("x" * 99)
    ('colour', 'script', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')
    """
    return "".join(one for one in name if one.isascii() and (one.isalnum() or one in "-_.:"))[:32]


def present(version: Version | None, request: Request) -> Version:
    """This version. NotFound where there is none to see, Gone where it was and is no more."""
    if version is None:
        raise NotFound
    if version.body is None:
        raise Gone
    request.patients = version.patients
    return version


def tags(version: Version) -> Headers:
    """The validators of this version."""
    return [(b"etag", b'W/"%d"' % version.version), (b"last-modified", http_date(version.updated))]


def http_date(moment: datetime) -> bytes:
    """RFC 9110 5.6.7: to the second, in GMT.

    >>> http_date(datetime(2024, 5, 17, 8, 0, 9, tzinfo=UTC))
    b'Fri, 17 May 2024 08:00:09 GMT'
    """
    at = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return b"%b %b:%b:%b GMT" % (_day(at.toordinal()), TWO[at.hour], TWO[at.minute], TWO[at.second])


@lru_cache(maxsize=4096)
def _day(ordinal: int) -> bytes:
    day = date.fromordinal(ordinal)
    return f"{DAYS[day.weekday()]}, {day.day:02} {MONTHS[day.month - 1]} {day.year:04}".encode()


def unchanged(headers: dict[bytes, bytes], version: Version) -> bool:
    """Does the caller have this version already? If-None-Match decides where it is sent (RFC 9110 13.2.2)."""
    if b"if-none-match" in headers:
        own = b'"%d"' % version.version
        return any(one.strip().removeprefix(b"W/") in (own, b"*") for one in headers[b"if-none-match"].split(b","))
    return b"if-modified-since" in headers and _not_after(version.updated, headers[b"if-modified-since"])


def _not_after(updated: datetime, since: bytes) -> bool:
    """A date that cannot be read counts as none (RFC 9110 13.1.3)."""
    try:
        return updated.replace(microsecond=0) <= parsedate_to_datetime(since.decode("latin-1")).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return False


def shown(version: Version | None, request: Request, form: Format, view: View = WHOLE) -> Reply:
    """This version, or 304 where the caller has it."""
    found, headers = present(version, request), request.headers
    if (b"if-none-match" in headers or b"if-modified-since" in headers) and unchanged(headers, found):
        return Reply(304, tags(found))
    body = found.body or b""
    return replies.resource(200, body if view is WHOLE else subset(body, found.type, view), form, tags(found))
