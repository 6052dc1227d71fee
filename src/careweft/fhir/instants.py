"""Moments as FHIR writes them, to the microsecond: https://hl7.org/fhir/R4/datatypes.html#instant

Put together from parts that are kept: every read writes two of them, and `isoformat` takes three times as long.
"""

from datetime import UTC, date, datetime
from functools import lru_cache

TWO = tuple(f"{number:02}" for number in range(60))
"""Hours, minutes and seconds."""


def in_utc(at: datetime) -> str:
    """Day and time of a moment in UTC; the caller says the zone, as `Z` or `+00:00`.

    >>> in_utc(datetime(2024, 5, 17, 8, 0, 9, 1200, UTC)), in_utc(datetime.fromisoformat("2024-01-01T01:30+02:00"))
    ('2024-05-17T08:00:09.001200', '2023-12-31T23:30:00.000000')
    """
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    micros = str(1_000_000 + at.microsecond)[1:]
    return f"{_day(at.toordinal())}T{TWO[at.hour]}:{TWO[at.minute]}:{TWO[at.second]}.{micros}"


@lru_cache(maxsize=4096)
def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()
