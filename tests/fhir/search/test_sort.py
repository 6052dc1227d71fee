"""The main date of a type gives at most one value; a key is where a resource stands by it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from careweft.fhir.definitions import SEARCH
from careweft.fhir.expressions import read
from careweft.fhir.extract import Get, routes
from careweft.fhir.search.query import Sort
from careweft.fhir.search.sort import MAIN_DATE, key


@pytest.mark.parametrize(("type_", "code"), MAIN_DATE.items())
def test_a_main_date_has_one_value(type_, code):
    """It is a date, its ways go through nothing that repeats, and all of them are choices of one element."""
    param = SEARCH[type_][code]
    ways = routes(read(param.expression), type_)

    assert param.kind == "date"
    assert ways
    assert not any(isinstance(step, Get) and step.many for way in ways for step in way.steps)
    assert len({way.steps[:-1] for way in ways}) == 1


def at(year):
    return datetime(year, 1, 1, tzinfo=UTC)


OBSERVATION = {
    "resourceType": "Observation",
    "id": "7",
    "meta": {"lastUpdated": "2024-01-01T00:00:00Z"},
    "effectivePeriod": {"start": "2020-01-01", "end": "2022-01-01"},
    "component": [{"valueQuantity": {"value": Decimal(one)}} for one in ("5.40", "72", "-1")],
}
PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "Žižka"}, {"family": "Ábel", "given": ["X"]}]}
CONDITION = {"resourceType": "Condition", "id": "c", "abatementPeriod": {"end": "2021"}, "recordedDate": "2023"}


@pytest.mark.parametrize(
    ("resource", "code", "first", "last"),
    [
        (OBSERVATION, "_id", "7", "7"),
        (OBSERVATION, "_lastUpdated", at(2024), at(2024)),
        (OBSERVATION, "date", at(2020), at(2020)),
        (OBSERVATION, "component-value-quantity", Decimal(-1), Decimal(72)),
        (OBSERVATION, "value-quantity", None, None),
        ({**OBSERVATION, "effectivePeriod": {"end": "2022"}}, "date", None, None),
        ({**OBSERVATION, "valueQuantity": {"value": 5, "comparator": "<"}}, "value-quantity", None, None),
        ({**OBSERVATION, "valueQuantity": {"value": 5, "comparator": ">"}}, "value-quantity", 5, 5),
        (PATIENT, "family", "abel", "zizka"),
        (PATIENT, "name", "abel", "zizka"),
        (PATIENT, "address", None, None),
        (CONDITION, "recorded-date", at(2023), at(2023)),
        (CONDITION, "abatement-date", None, None),
        (CONDITION, "onset-date", None, None),
    ],
)
def test_where_a_resource_stands(resource, code, first, last):
    """Of several values the one that comes first in the order asked for; what has no beginning stands nowhere."""
    assert key(resource, Sort(code)) == first
    assert key(resource, Sort(code, descending=True)) == last
