"""A plot of days as bars, for an SVG that the page draws; the table beside it says the same in numbers."""

from collections.abc import Sequence
from datetime import date, timedelta

from ...ports.usage import Day
from ...values import dataclass

DAYS = 30
WIDTH, HEIGHT, GAP = 600, 120, 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: where its bar stands, and how high calls and errors are."""

    x: float
    width: float
    calls: float
    errors: float
    title: str


def bars(days: Sequence[Day], today: date) -> Sequence[Bar]:
    """The last thirty days, also those on which nothing was asked.

    >>> [round(one.calls) for one in bars([Day(date(2026, 5, 17), 10, 5, 0, 0)], date(2026, 5, 17))][-2:]
    [0, 120]
    """
    known = {one.day: one for one in days}
    most = max((one.calls for one in days), default=0) or 1
    step = WIDTH / DAYS
    found = []
    for place in range(DAYS):
        day = today - timedelta(days=DAYS - 1 - place)
        one = known.get(day, Day(day, 0, 0, 0, 0))
        title = f"{day.isoformat()}: {one.calls} calls, {one.errors} errors"
        high = HEIGHT / most
        found.append(Bar(place * step + GAP / 2, step - GAP, one.calls * high, one.errors * high, title))
    return found
