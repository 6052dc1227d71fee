"""Moments are written as the standard library writes them, only sooner."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as some

from careweft.fhir.instants import in_utc

ZONES = some.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))) | some.just(UTC)
MOMENTS = some.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001 - the zones come beside


@given(MOMENTS)
def test_any_moment(at):
    """Of any zone, to the microsecond."""
    assert in_utc(at) + "+00:00" == at.astimezone(UTC).isoformat(timespec="microseconds")
