"""Audit reports."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from careweft.audit.chain import Recorded
from careweft.audit.report import FIELDS, NoSuchFieldError, chosen, events, neutral, table
from careweft.ports.journal import Entry

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ONE = Entry(at=NOON, tenant=1, action="read", surface="provider-system", status=200, request_id="b", client="z")
ROWS = [
    Recorded(1, ONE),
    Recorded(2, ONE._replace(at=NOON - timedelta(hours=1), request_id="a", client=None, status=404)),
    Recorded(
        3,
        ONE._replace(
            at=NOON + timedelta(hours=1), request_id="c", client="a", patients=("ana", "ben"), query=b"\xff=1"
        ),
    ),
]


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("at", "213"),
        ("seq", "123"),
        ("request_id", "213"),
        ("client", "231"),
        ("status", "132"),
        ("patients", "123"),
        ("query", "123"),
    ],
)
def test_a_report_is_sorted_by_any_field(by, order):
    """Each row: the field, and in which order the entries come; what lacks the field comes first."""
    lines = list(csv.DictReader(io.StringIO(table(ROWS, by))))

    assert "".join(line["seq"] for line in lines) == order
    assert tuple(lines[0]) == FIELDS


@pytest.mark.parametrize("by", FIELDS)
def test_every_field_can_be_sorted_by(by):
    assert len(table(ROWS, by).splitlines()) == 4


def test_an_unknown_field_is_named():
    with pytest.raises(NoSuchFieldError, match="not 'colour'"):
        table(ROWS, "colour")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), (" =1", "' =1"),
        ("\n=1", "'\n=1"), ("ana", "ana"), ("", ""), ("a=1", "a=1"), ("2026-11-22", "2026-11-22"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(cell, shown):
    """AUD-11: what a spreadsheet would run is text."""
    assert neutral(cell) == shown


def test_a_hostile_client_stays_in_its_cell():
    """Commas, quotes and line ends in what was recorded make no new cell and no new line."""
    hostile = 'x",=1\r\n=2,"y'
    (line,) = csv.DictReader(io.StringIO(table([Recorded(1, ONE._replace(client=hostile))]), newline=""))

    assert line["client"] == hostile


def test_the_same_rows_as_events():
    found = [json.loads(text) for text in events(ROWS, "https://fhir.example.org")]

    assert [event["id"] for event in found] == ["2-1", "1-1", "3-1", "3-2"]


@pytest.mark.parametrize(
    ("actions", "rows"), [((), [1, 2, 3, 4]), (("emergency-access",), [4]), (("read",), [1, 2, 3]), (("none",), [])]
)
def test_a_report_may_be_of_some_actions(actions, rows):
    """Such as emergency access: who, why, about whom."""
    emergency = Recorded(4, ONE._replace(action="emergency-access", reason="unconscious"))

    assert [one.seq for one in chosen([*ROWS, emergency], actions)] == rows
