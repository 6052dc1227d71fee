"""Date parameters: https://hl7.org/fhir/R4/search.html#date

A date means the whole stretch it names, so `2024-05` is all of May, as the tenant's zone has it.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any

from ...definitions import SearchParam
from ...outcomes import BadValue
from ..context import Context
from ..index import Index
from ..query import ALWAYS_AFTER, ALWAYS_BEFORE, Span, Test, Value
from .prefix import shown, take
from .reader import Numbers, Reader, items, part

MODIFIERS = frozenset({""})
_SHAPE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?(Z|[+\-]\d\d:\d\d)?)?)?)?", re.ASCII
)
FURTHEST = timedelta(hours=14)


@lru_cache(maxsize=8192)
def span(text: str, zone: tzinfo = UTC) -> tuple[datetime, datetime]:
    """Start and end, in UTC, of what a date names; read in `zone` unless it has an offset. Raises ValueError.

    >>> [at.isoformat() for at in span("2024-02")]
    ['2024-02-01T00:00:00+00:00', '2024-03-01T00:00:00+00:00']
    >>> [at.isoformat() for at in span("2024-02-29T12:00:00.5+02:00")]
    ['2024-02-29T10:00:00.500000+00:00', '2024-02-29T10:00:00.600000+00:00']
    """
    found = _SHAPE.fullmatch(text)
    if not found:
        raise ValueError("not a date")
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    if "00" in (month, day):
        raise ValueError("no such month or day")
    if hour is None:
        start, end = whole(int(year), int(month or 0), int(day or 0), zone)
    else:
        at = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=at_offset(offset, zone))
        start, end = moment(utc(at), second, fraction)
    if start >= end:
        raise ValueError("outside of the years 1 to 9999")
    return start, end


def whole(year: int, month: int, day: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """A year, a month or a day; 0 for what was not said."""
    start = datetime(year, month or 1, day or 1, tzinfo=zone)
    if day:
        after = (start.replace(tzinfo=None) + timedelta(days=1)) if start.date() < ALWAYS_AFTER.date() else None
    else:
        months = year * 12 + (month or 12)
        after = datetime(months // 12, months % 12 + 1, 1) if months < 120_000 else None  # noqa: DTZ001 (zone follows)
    return utc(start), utc(after.replace(tzinfo=zone)) if after else ALWAYS_AFTER


def moment(at: datetime, second: str | None, fraction: str | None) -> tuple[datetime, datetime]:
    """A minute, a second (60 in a leap second) or a part of one, down to microseconds."""
    if second is None:
        return at, later(at, timedelta(minutes=1))
    if int(second) > 60:
        raise ValueError("no such second")
    at = later(at, timedelta(seconds=int(second)))
    if not fraction:
        return at, later(at, timedelta(seconds=1))
    digits = min(len(fraction), 6)
    at = later(at, timedelta(microseconds=int(fraction[:6].ljust(6, "0"))))
    return at, later(at, timedelta(microseconds=10 ** (6 - digits)))


def at_offset(offset: str | None, zone: tzinfo) -> tzinfo:
    """The offset as a zone; the tenant's where there is none."""
    if not offset:
        return zone
    if offset == "Z":
        return UTC
    away = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
    if away > FURTHEST or int(offset[4:6]) > 59:
        raise ValueError("no such offset")
    return timezone(-away if offset[0] == "-" else away)


def utc(at: datetime) -> datetime:
    """The same instant in UTC; at the ends of the calendar, the last that there is."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return ALWAYS_BEFORE if at.year == 1 else ALWAYS_AFTER


def later(at: datetime, by: timedelta) -> datetime:
    """`at` moved; beyond the ends of the calendar, the end."""
    try:
        return at + by
    except OverflowError:
        return ALWAYS_AFTER if by > timedelta(0) else ALWAYS_BEFORE


# How a resource is indexed -------------------------------------------------------------------------------------------


def known(element: Any, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """The span of a date in a resource, None when it cannot be read."""
    if not isinstance(element, str):
        return None
    try:
        return span(element, zone)
    except ValueError:
        return None


def date(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Date, dateTime, instant."""
    if found := known(element, into.zone):
        for number in numbers:
            into.dates.append((number, *found))


def outer(element: Any, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """From a Period's start to its end, open where one is left out; None when it says nothing or ends too early."""
    first, last = part(element, "start"), part(element, "end")
    start, end = known(first, zone), known(last, zone)
    if (first is not None and not start) or (last is not None and not end) or not (start or end):
        return None
    found = (start[0] if start else ALWAYS_BEFORE, end[1] if end else ALWAYS_AFTER)
    return found if found[0] < found[1] else None


def period(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Period: as a whole."""
    if found := outer(element, into.zone):
        into.dates.extend((number, *found) for number in numbers)


def timing(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Timing: only its outer limits count, of its events and of the period that bounds it."""
    spans = [known(event, into.zone) for event in items(part(element, "event"))]
    spans.append(outer(part(part(element, "repeat"), "boundsPeriod"), into.zone))
    found = [one for one in spans if one]
    if found:
        limits = min(start for start, _ in found), max(end for _, end in found)
        into.dates.extend((number, *limits) for number in numbers)


READERS: dict[str, Reader] = {
    **dict.fromkeys(("date", "dateTime", "instant"), date),
    "Period": period,
    "Timing": timing,
}


# How it is asked -----------------------------------------------------------------------------------------------------


def read(param: SearchParam, _: str, value: str, context: Context) -> tuple[Test, ...]:
    """One alternative: a prefix and a date. Raises BadValue."""
    how, rest = take(value)
    try:
        start, end = span(rest.replace(" ", "+"), context.zone)  # a plus that was not encoded arrives as a space
    except ValueError:
        raise BadValue(f"{param.code} wants a date such as 2024-05 or ge2024-05-17, not {shown(value)}") from None
    if how == "ap":
        start, end = widened(start, end, context.now)
    return (Test(param.code, Span(start, end), how),)


def widened(start: datetime, end: datetime, now: datetime) -> tuple[datetime, datetime]:
    """Wider on both sides by a tenth of the distance to now."""
    away = max(now - end, start - now, timedelta(0)) / 10
    return later(start, -away), later(end, away)


def fits(have: Value, test: Test) -> bool:
    """Does this value of a resource answer the test? `high` and `low` are the ends of the span that is asked."""
    if not (isinstance(have, Span) and isinstance(test.value, Span)):
        return False
    low, high = test.value.start, test.value.end
    within = low <= have.start and have.end <= high
    return {
        "eq": within,
        "ne": not within,
        "gt": have.end > high,
        "lt": have.start < low,
        "ge": have.end > high or within,
        "le": have.start < low or within,
        "sa": have.start >= high,
        "eb": have.end <= low,
        "ap": have.start < high and have.end > low,
    }[test.how]
