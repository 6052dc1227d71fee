"""How a definition is written, and what is refused of it and why."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from careweft.insight.groups.asked import Sight, asked
from careweft.insight.groups.definition import Definition
from careweft.insight.groups.moments import said
from careweft.insight.groups.refusal import DefinitionRefused
from careweft.tenancy import Tenant

NEW_YEAR = datetime(2027, 1, 1, 3, tzinfo=UTC)
TENANT = Tenant("9b2f", 1, "Northwind Clinic", "America/New_York")

MOMENTS = [
    # in New York it is still the last of the year
    ("ge{today}", "ge2026-12-31"),
    ("{today-12m}", "2025-12-31"),
    ("{today+2m}", "2027-02-28"),
    ("{today-1d}", "2026-12-30"),
    ("{today-2w}", "2026-12-17"),
    ("{today-34m}", "2024-02-29"),
    ("{today-65y}", "1961-12-31"),
    ("{month}", "2026-12"),
    ("{month-12}", "2025-12"),
    ("{month+1}", "2027-01"),
    ("{year}", "2026"),
    ("{year-1}", "2025"),
    ("gt{now-36h}", "gt2026-12-30T15:00:00Z"),
    ("{today-1m},{today}", "2026-11-30,2026-12-31"),
    ("no date at all", "no date at all"),
]


@pytest.mark.parametrize(("text", "date"), MOMENTS)
def test_dates_move(text, date):
    """Each row: what is written, and what it says at 3 o'clock UTC on New Year's Day, in New York."""
    assert said(text, NEW_YEAR, ZoneInfo("America/New_York")) == date


@pytest.mark.parametrize(
    "text",
    ["{yesterday}", "{today-12}", "{today-1h}", "{now-1m}", "{year-1m}", "{today", "today}", "{}", "{today-9999y}"],
)
def test_what_is_no_moment(text):
    """Nothing between braces is passed over."""
    with pytest.raises(DefinitionRefused):
        said(text, NEW_YEAR, UTC)


REFUSED = [
    ("", "includes somebody"),
    ("# nothing but words", "includes somebody"),
    ("exclude Patient?gender=male", "includes somebody"),
    ("include Patient\nwithout Patient?gender=male", "line 2: a line is include or exclude"),
    ("include Condition?code=E11.9 or so", "line 1: a line is include or exclude"),
    ("include condition?code=E11.9", "line 1: a search begins with a resource type"),
    ("include /Condition?code=E11.9", "line 1: a search begins with a resource type"),
    ("include Conditions?code=E11.9", "line 1: Conditions is not searched here"),
    ("include Organization?name=x", "line 1: Organization is not searched here for the patients"),
    ("include Group?code=x", "line 1: Group is not searched here for the patients"),
    ("include Binary", "line 1: Binary is not searched here for the patients"),
    ("include Patient\n\nexclude Condition?illness=E11.9", "line 3: Invalid search parameter: 'illness'"),
    ("include Condition?code:about=E11.9", "line 1: Invalid search parameter: 'code:about'"),
    ("include Observation?date=lately", "line 1: date wants a date"),
    ("include Observation?date=ge{lately}", "line 1: a moving date is written"),
    ("include Patient?_sort=birthdate", "line 1: _sort is about the answer"),
    ("include Patient?_revinclude=Condition:patient", "line 1: _revinclude is about the answer"),
    ("include Patient?_count=5", "line 1: _count is about the answer"),
    ("include Patient?a.b.c.d.e=1", "line 1: "),
    ("\n".join(["include Patient"] * 33), "at most 32 searches"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_no_definition(text, why):
    """Each row: a text, and what its owner is told, with the line."""
    with pytest.raises(DefinitionRefused) as refused:
        asked(Definition.read(text), Sight(TENANT, "https://fhir.example", NEW_YEAR))

    assert why in str(refused.value)


def test_a_definition_is_read():
    """Searches keep their order and their words; people are named one by one."""
    read = Definition.read("# why\ninclude Condition?code=a%7Cb\n\n  exclude Patient/ben  \r\ninclude Patient/ana\n")

    assert [str(one) for one in read.searches] == ["include Condition?code=a%7Cb"]
    assert (read.included, read.excluded) == ({"ana"}, {"ben"})
