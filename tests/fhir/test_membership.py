"""Who is in a Group at a moment."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from careweft.fhir.membership import members

NOON = datetime(2026, 11, 27, 17, tzinfo=UTC)
ANA = {"entity": {"reference": "Patient/ana"}}

MEMBERS = [
    # the entry or entries, and is Ana in
    ([ANA], True),
    ([ANA | {"inactive": False}], True),
    ([ANA | {"inactive": True}], False),
    ([ANA | {"inactive": "false"}], False),
    ([ANA | {"period": {"start": "2026-11-27"}}], True),
    ([ANA | {"period": {"start": "2026-11-28"}}], False),
    ([ANA | {"period": {"end": "2026-11-26"}}], False),
    ([ANA | {"period": {"end": "2026-11-27"}}], True),
    ([ANA | {"period": {"start": "2026-11-27T12:00:00-05:00"}}], True),
    ([ANA | {"period": {"end": "2026-11-27T11:59:59-05:00"}}], False),
    ([ANA | {"period": {"start": "lately"}}], False),
    ([ANA | {"period": {"start": "2026", "end": "2025"}}], False),
    ([ANA | {"period": {}}], False),
    ([ANA | {"inactive": True}, ANA], True),
    ([ANA | {"period": {"end": "2020"}}, ANA | {"period": {"start": "2026"}}], True),
    ([{"entity": {"reference": "Patient/ana/_history/3"}}], True),
    ([{"entity": {"reference": "https://elsewhere.example/fhir/Patient/ana"}}], False),
    ([{"entity": {"reference": "Practitioner/ana"}}], False),
    ([{"entity": {"display": "Ana"}}], False),
    ([{}], False),
    (["Patient/ana"], False),
    ([], False),
]  # fmt: skip


@pytest.mark.parametrize(("listed", "inside"), MEMBERS)
def test_membership_is_dated(listed, inside):
    """Each row: entries of a Group, and whether Ana is a member at noon in New York."""
    found = members({"resourceType": "Group", "member": listed}, NOON, ZoneInfo("America/New_York"))

    assert found == (("ana",) if inside else ())


def test_nobody_is_a_member_twice():
    """However often somebody is listed."""
    assert members({"member": [ANA, ANA]}, NOON) == ("ana",)
