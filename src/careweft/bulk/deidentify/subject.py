"""Whom a record is about, as far as its dates and ages need to know."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from ...values import dataclass
from .secret import Secret

Dates = Literal["shifted", "years"]
OLDEST = 89
"""Ages above are one: 45 CFR 164.514(b)(2)(i)(C)."""
CAPPED = OLDEST + 1
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T.*)?", re.ASCII | re.DOTALL)
_YEAR = re.compile(r"(\d{4})(?:-\d\d)?", re.ASCII)
YEARS = {"a": Decimal(1), "mo": Decimal(12), "wk": Decimal("52.18"), "d": Decimal("365.25"), "h": Decimal(8766)}
"""How many of a unit are a year."""


@dataclass(frozen=True, slots=True)
class Subject:
    """`patient` is None for what is about nobody: it has no dates then; `today` is the day of the export."""

    secret: Secret
    patient: str | None
    today: date
    dates: Dates = "shifted"

    def shown(self, text: Any) -> str | None:
        """A date or dateTime as it goes out: a day moved by the patient's own number, or its year; from what names
        no day the year. None for what is no date, what tells an age above 89, and instants, of which a day is none.
        """
        if self.patient is None or not isinstance(text, str):
            return None
        if year := _YEAR.fullmatch(text):
            return None if self._ancient(int(year[1])) else year[1]
        if (day := self._day(text)) is None or self._ancient(day.year):
            return None
        moved = self._moved(day)
        return None if moved is None else f"{moved.year:04}" if self.dates == "years" else moved.isoformat()

    def birth(self, text: Any, died: Any) -> str | None:
        """A date of birth; of who is or became older than 89, only that: the year that makes 90."""
        if not isinstance(text, str):
            return None
        day = self._day(text) or (date(int(text[:4]), 1, 1) if _plain(text) else None)
        end = self._day(died) if isinstance(died, str) else None
        if end is None and isinstance(died, str) and _plain(died):
            end = date(int(died[:4]), 12, 31)
        until = end or self.today
        if day is None or day > self.today or self.patient is None:
            return None
        if age(day, until) > OLDEST:
            moved = self._moved(until)
            return None if moved is None else f"{moved.year - CAPPED:04}"
        moved = self._moved(day) if _DAY.fullmatch(text) else day
        return None if moved is None else moved.isoformat() if self._whole(text) else f"{moved.year:04}"

    def _whole(self, text: str) -> bool:
        return self.dates == "shifted" and _DAY.fullmatch(text) is not None

    def _ancient(self, year: int) -> bool:
        """What happened then tells that somebody is older than 89."""
        return self.today.year - year > OLDEST

    def _day(self, text: str) -> date | None:
        found = _DAY.fullmatch(text)
        try:
            return date(*map(int, found.groups())) if found else None
        except ValueError:
            return None

    def _moved(self, day: date) -> date | None:
        try:
            return day - timedelta(days=self.secret.days(self.patient or ""))
        except OverflowError:
            return None


def _plain(text: str) -> bool:
    """A year or a month that the calendar has."""
    return _YEAR.fullmatch(text) is not None and text[:4] != "0000"


def age(born: date, at: date) -> int:
    """Whole years.

    >>> age(date(1936, 11, 28), date(2026, 11, 27)), age(date(1936, 11, 27), date(2026, 11, 27))
    (89, 90)
    """
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day))


def capped(value: Decimal, unit: object) -> Decimal | None:
    """An amount of time as it goes out: what is longer than 89 years is 90, in its own unit.

    >>> capped(Decimal(93), "a"), capped(Decimal(60), "a"), capped(Decimal(1100), "mo")
    (Decimal('90'), Decimal('60'), Decimal('1080'))
    """
    many = YEARS.get(unit) if isinstance(unit, str) else None
    if many is None or value <= OLDEST * many:
        return value
    return CAPPED * many
