"""When an export comes again."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from careweft.bulk.schedule import Rule, RuleRefused

NEW_YORK = ZoneInfo("America/New_York")

TIMES = [
    # rule, a moment, the first time after it; in New York the clock goes forward on 8 March 2026, back on 1 November
    ("daily 02:30", "2026-05-17T06:29", "2026-05-17T06:30"),
    ("daily 02:30", "2026-05-17T06:30", "2026-05-18T06:30"),
    ("daily 23:59", "2026-05-17T03:58", "2026-05-17T03:59"),
    ("daily 02:30", "2026-03-07T12:00", "2026-03-08T07:30"),
    ("daily 02:30", "2026-03-08T07:30", "2026-03-09T06:30"),
    ("daily 01:30", "2026-11-01T04:00", "2026-11-01T05:30"),
    ("daily 01:30", "2026-11-01T05:30", "2026-11-02T06:30"),
    ("weekly mon 00:00", "2026-05-17T12:00", "2026-05-18T04:00"),
    ("weekly sun 12:00", "2026-05-17T16:00", "2026-05-24T16:00"),
    ("monthly 15 02:30", "2026-05-17T12:00", "2026-06-15T06:30"),
    ("monthly 31 02:30", "2026-05-31T07:00", "2026-06-30T06:30"),
    ("monthly last 02:30", "2028-02-01T00:00", "2028-02-29T07:30"),
    ("monthly 30 02:30", "2026-02-01T00:00", "2026-02-28T07:30"),
    ("monthly 1 00:00", "2026-12-31T23:00", "2027-01-01T05:00"),
]


@pytest.mark.parametrize(("rule", "moment", "next_"), TIMES)
def test_when_it_comes_again(rule, moment, next_):
    """Each row: a rule, a moment in UTC, and the first time after it."""
    found = Rule.read(rule).after(datetime.fromisoformat(moment).replace(tzinfo=UTC), NEW_YORK)

    assert found == datetime.fromisoformat(next_).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "daily", "hourly 02:30", "daily 24:00", "daily 2:30", "weekly 02:30", "monthly 0 02:30", "monthly 32 02:30"],
)
def test_what_is_no_rule(text):
    """Each row: a text; the refusal says how a rule is written."""
    with pytest.raises(RuleRefused, match="weekly mon 02:30"):
        Rule.read(text)
