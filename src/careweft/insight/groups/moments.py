"""Dates that move with the day: `{today-12m}` in a definition, said anew at each evaluation, in the tenant's zone."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from .refusal import DefinitionRefused

UNITS = {"today": "dwmy", "now": "h", "month": "m", "year": "y"}
"""What each word may be moved by; `month` and `year` are whole ones, moved by their own kind."""
_MOMENT = re.compile(r"\{([^{}]*)\}?|\}")
_SHAPE = re.compile(r"(today|now|month|year)(?:([+-])([0-9]{1,4})([hdwmy])?)?")


def said(text: str, now: datetime, zone: tzinfo) -> str:
    """The text with each `{...}` as a date of FHIR. Raises DefinitionRefused.

    >>> noon = datetime(2026, 2, 28, 12, tzinfo=UTC)
    >>> said("ge{today-12m}", noon, UTC), said("{year-1}", noon, UTC), said("gt{now-36h}", noon, UTC)
    ('ge2025-02-28', '2025', 'gt2026-02-27T00:00:00Z')
    """
    return _MOMENT.sub(lambda found: _moment(found, now, zone), text)


def _moment(found: re.Match[str], now: datetime, zone: tzinfo) -> str:
    shape = _SHAPE.fullmatch(found[1] or "") if found[0].endswith("}") else None
    if shape is None:
        raise DefinitionRefused(f"a moving date is written as in {{today-12m}}, not {found[0][:40]}")
    word, sign, digits, unit = shape.groups()
    unit = unit or (UNITS[word] if word in ("month", "year") else "")
    if digits and unit not in tuple(UNITS[word]):
        raise DefinitionRefused(
            f"{{{word}}} is moved by {' or '.join(UNITS[word])}, as in {{{word}-6{UNITS[word][0]}}}"
        )
    by = int(digits or 0) * (-1 if sign == "-" else 1)
    try:
        return _said(word, by, unit, now, zone)
    except (OverflowError, ValueError):
        raise DefinitionRefused(f"{found[0][:40]} lies outside of the years 1 to 9999") from None


def _said(word: str, by: int, unit: str, now: datetime, zone: tzinfo) -> str:
    """A day, an instant, a month or a year, each in its own precision: so `{month}` is all of the month."""
    if word == "now":
        return (now + timedelta(hours=by)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    moved_ = moved(now.astimezone(zone).date(), by, unit).isoformat()
    return {"today": moved_, "month": moved_[:7], "year": moved_[:4]}[word]


def moved(day: date, by: int, unit: str) -> date:
    """The day so many days, weeks, months or years on; a month that has no such day ends with its last.

    >>> moved(date(2024, 2, 29), -12, "m").isoformat(), moved(date(2026, 1, 31), 1, "m").isoformat()
    ('2023-02-28', '2026-02-28')
    """
    if unit in ("", "d", "w"):
        return day + timedelta(days=by * (7 if unit == "w" else 1))
    months = day.year * 12 + day.month - 1 + by * (12 if unit == "y" else 1)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
