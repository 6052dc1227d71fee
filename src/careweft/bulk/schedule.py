"""When an export comes again: daily, weekly or monthly, at a time of the tenant's day.

    daily 02:30    weekly mon 02:30    monthly 15 02:30    monthly last 02:30

A time that a day has twice (the clock goes back) is the first of the two; one that it has not (the clock goes forward)
is as long after midnight as it would be on another day.
"""

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from ..values import dataclass

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAST = 31
_SHAPE = re.compile(
    rf"(?:daily|weekly (?P<weekday>{'|'.join(WEEK)})|monthly (?P<day>last|[1-9]|[12][0-9]|3[01]))"
    r" (?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
)


class RuleRefused(ValueError):
    """A rule is daily 02:30, weekly mon 02:30, monthly 15 02:30 or monthly last 02:30."""

    def __str__(self) -> str:
        return str(self.__doc__)


@dataclass(frozen=True, slots=True)
class Rule:
    """`weekday` from 0 for Monday, `day` of the month; at most one of them. A month without such a day has its last."""

    at: time
    weekday: int | None = None
    day: int | None = None

    @classmethod
    def read(cls, text: str) -> "Rule":
        """The rule that `text` spells. Raises RuleRefused."""
        shape = _SHAPE.fullmatch(text)
        if shape is None:
            raise RuleRefused
        weekday = WEEK.index(shape["weekday"]) if shape["weekday"] else None
        day = LAST if shape["day"] == "last" else int(shape["day"]) if shape["day"] else None
        return cls(time(int(shape["hour"]), int(shape["minute"])), weekday, day)

    def after(self, moment: datetime, zone: tzinfo) -> datetime:
        """The first time that comes after this moment, in UTC.

        >>> Rule.read("monthly 31 02:30").after(datetime(2026, 2, 1, tzinfo=UTC), UTC).isoformat()
        '2026-02-28T02:30:00+00:00'
        """
        day = moment.astimezone(zone).date()
        while not (self._is_on(day) and (found := self._on(day, zone)) > moment):
            day += timedelta(days=1)
        return found

    def _is_on(self, day: date) -> bool:
        if self.day is not None:
            return day.day == min(self.day, calendar.monthrange(day.year, day.month)[1])
        return self.weekday in (None, day.weekday())

    def _on(self, day: date, zone: tzinfo) -> datetime:
        return datetime.combine(day, self.at, zone).astimezone(UTC)
