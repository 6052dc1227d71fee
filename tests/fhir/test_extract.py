"""The compiled index of a resource holds exactly what its parameters plainly mean."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweft.fhir.definitions import RESOURCES, SEARCH
from careweft.fhir.extract import extractor, indexed, plan
from careweft.fhir.search.evaluate import values
from tests.fhir.records import resources_of
from tests.fhir.strategies import TYPICAL, ZONE, resource, resources


def agrees(found, zone=ZONE):
    """The names of parameters for which the index and the plain reading differ."""
    type_ = found["resourceType"]
    index = extractor(type_)(found, zone)
    differing = []
    for param in indexed(type_):
        plain = set(values(found, param, zone))
        if set(index.of(param.number)) != plain or bool(index.have >> param.number % 64 & 1) is not bool(plain):
            differing.append(param.code)
    return differing


@given(st.sampled_from(TYPICAL).flatmap(resources))
def test_the_index_means_what_the_parameters_say(found):
    """For random resources of the types that have every kind of parameter."""
    assert not agrees(found)


@given(st.sampled_from(TYPICAL).flatmap(lambda type_: resources(type_, odd=15)))
def test_odd_resources_are_indexed_as_far_as_they_can_be_read(found):
    """JSON of the wrong shape is passed over, the same way on both sides, and never raises."""
    assert not agrees(found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


KEYS = st.sampled_from(["subject", "code", "effectiveDateTime", "valueQuantity", "component", "meta"])


@given(st.dictionaries(KEYS, JSON))
def test_no_json_is_an_error(members):
    """Whatever stands there, an index is made."""
    assert not agrees({**members, "resourceType": "Observation"})


@pytest.mark.parametrize("type_", RESOURCES)
def test_every_type_can_be_indexed(type_):
    """All types compile, and random resources of them agree."""
    random = Random(type_)

    assert not agrees(resource(type_, random))
    assert not agrees(resource(type_, random, odd=10))


def test_published_records_agree():
    """The records that others made, as far as they are there."""
    differing = {(found["resourceType"], code) for found in resources_of(each=25) for code in agrees(found, UTC)}

    assert not differing


def test_few_expressions_are_walked():
    """All parameters but these three go through the compiled function."""
    walked = {(param.type, param.code) for type_ in RESOURCES for param in plan(type_)[1]}

    assert walked == {("Bundle", "composition"), ("Bundle", "message"), ("Patient", "deceased")}


def test_rows():
    """A pulse, as the rows that the store keeps."""
    pulse = {
        "resourceType": "Observation",
        "id": "1",
        "meta": {"profile": ["http://p.example/a|1"], "lastUpdated": "2024-05-17T00:00:00Z"},
        "status": "final",
        "subject": {"reference": "Patient/7"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
        "valueQuantity": {"value": Decimal("72.50"), "unit": "beats", "system": "urn:units", "code": "/min"},
        "effectiveDateTime": "2024-05-17",
    }
    index = extractor("Observation")(pulse, UTC)
    n = {code: param.number for code, param in SEARCH["Observation"].items()}

    assert (n["status"], "http://hl7.org/fhir/observation-status", "final") in index.tokens
    assert sorted(index.refs) == sorted([(n["patient"], "Patient", "7"), (n["subject"], "Patient", "7")])
    assert (n["date"], datetime(2024, 5, 17, tzinfo=UTC), datetime(2024, 5, 18, tzinfo=UTC)) in index.dates
    assert {row[0] for row in index.amounts} == {n["value-quantity"], n["combo-value-quantity"]}
    assert (n["value-quantity"], Decimal("72.50"), Decimal("72.50"), "urn:units", "/min", "beats") in index.amounts
    assert index.uris == [(n["_profile"], "http://p.example/a|1"), (n["_profile"], "http://p.example/a")]
    assert (n["code"], "Heart rate") in index.displays
    assert index.have >> (n["code"] % 64) & 1
    assert not index.have >> (n["method"] % 64) & 1
