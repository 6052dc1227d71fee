"""The main date of a type is a parameter of its own that gives at most one value."""

import pytest

from careweft.fhir.definitions import SEARCH
from careweft.fhir.expressions import read
from careweft.fhir.extract import Get, routes
from careweft.fhir.search.sort import MAIN_DATE


@pytest.mark.parametrize(("type_", "code"), MAIN_DATE.items())
def test_a_main_date_has_one_value(type_, code):
    """It is a date, its ways go through nothing that repeats, and all of them are choices of one element."""
    param = SEARCH[type_][code]
    ways = routes(read(param.expression), type_)

    assert param.kind == "date"
    assert ways
    assert not any(isinstance(step, Get) and step.many for way in ways for step in way.steps)
    assert len({way.steps[:-1] for way in ways}) == 1
