"""Less of a resource: what each form leaves, and that it never passes for the whole."""

import json
from random import Random

import pytest

from careweft.fhir import json as fhir_json
from careweft.fhir.definitions import TYPES, summary
from careweft.fhir.subset import SUBSETTED, View, subset
from tests.fhir.strategies import TYPICAL, resource

ANA = {
    "resourceType": "Patient",
    "id": "ana",
    "meta": {"versionId": "3", "tag": [{"code": "x"}, SUBSETTED]},
    "implicitRules": "http://rules.example",
    "text": {"status": "generated", "div": "<div>Ana</div>"},
    "contained": [{"resourceType": "Organization", "id": "o"}],
    "extension": [{"url": "http://e.example", "valueString": "x"}],
    "modifierExtension": [{"url": "http://m.example", "valueBoolean": True}],
    "gender": "female",
    "birthDate": "1980-05-17",
    "_birthDate": {"extension": [{"url": "http://time.example", "valueDateTime": "1980-05-17T08:00:00Z"}]},
    "address": [{"city": "Oslo", "extension": [{"url": "http://a.example", "valueString": "x"}]}],
    "multipleBirthInteger": 2,
    "contact": [{"gender": "male"}],
    "link": [{"other": {"reference": "Patient/b", "display": "B"}, "type": "seealso", "id": "l"}],
}
ALWAYS = {"resourceType", "id", "meta", "implicitRules", "modifierExtension"}


@pytest.mark.parametrize(
    ("view", "left"),
    [
        (View("true"), {"gender", "birthDate", "_birthDate", "address", "link"}),
        (View("text"), {"text"}),
        (View("data"), set(ANA) - ALWAYS - {"text"}),
        (View("", ("gender", "multipleBirth")), {"gender", "multipleBirthInteger"}),
        (View("false", ("birthDate",)), {"birthDate", "_birthDate"}),
    ],
)
def test_what_each_form_leaves(view, left):
    found = json.loads(subset(json.dumps(ANA).encode(), "Patient", view))

    assert set(found) == ALWAYS | left
    assert found["meta"] == {"versionId": "3", "tag": [{"code": "x"}, SUBSETTED]}
    for key in left - {"address", "link"}:
        assert found[key] == ANA[key]


def test_a_summary_goes_into_what_is_shown():
    """Elements of datatypes and backbones are summarized by their own marks."""
    found = json.loads(subset(json.dumps(ANA).encode(), "Patient", View("true")))
    assert found["address"] == [{"city": "Oslo"}]
    assert found["link"] == [{"other": {"reference": "Patient/b", "display": "B"}, "type": "seealso"}]


@pytest.mark.parametrize("view", [View(), View("false"), View("count")])
def test_the_whole_is_the_same_bytes(view):
    body = b'{"resourceType":"Patient", "n":1.50}'
    assert subset(body, "Patient", view) is body


def test_mandatory_elements_stay_and_decimals_keep_their_digits():
    body = (
        b'{"resourceType":"Observation","id":"1","status":"final","code":{"text":"x"},"valueQuantity":{"value":7.50}}'
    )
    assert b'"value":7.50' in subset(body, "Observation", View("", ("value",)))
    for view in (View("true"), View("text"), View("", ("id",))):
        assert {"status", "code"} <= set(json.loads(subset(body, "Observation", view)))


@pytest.mark.parametrize("type_", TYPICAL)
def test_nothing_is_made_up(type_):
    """Of random resources, also odd ones: each form is a subset of the next larger one."""
    random = Random(type_)
    for _ in range(20):
        made = resource(type_, random, odd=10)
        body = fhir_json.encode(made)
        for view in (View("true"), View("text"), View("data"), View("", tuple(sorted(summary(type_)))[:3])):
            found = fhir_json.decode(subset(body, type_, view))
            assert set(found) <= set(made) | {"meta"}
            if view.summary != "true":
                assert all(found[key] == made[key] for key in found if key != "meta")
            needed = {key for key, (one, _) in TYPES[type_].by_json.items() if one.min and key in made}
            assert view.summary == "true" or needed <= set(found)
