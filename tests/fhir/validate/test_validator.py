"""The validator as a whole: every profile that ships, claims and their versions, bundles, hostile records."""

import time

import pytest

from careweft.fhir.definitions import RESOURCES
from careweft.fhir.profiles.guides import CARIN_BB, US_CORE_3, US_CORE_6, guide
from careweft.fhir.validate.issue import MOST
from careweft.fhir.validate.known import accepts, kept, validator
from tests.fhir.validate.people import GOOD, US_CORE

EVERY = [(name, url) for name in (US_CORE_3, US_CORE_6, CARIN_BB) for url in guide(name).own]


@pytest.mark.parametrize("name", [US_CORE_3, US_CORE_6, CARIN_BB])
def test_every_profile_becomes_a_check(name):
    """Of an empty resource of its type each profile of resources finds something missing, or nothing."""
    known = guide(name)
    made = 0
    for url in known.own:
        snapshot = known.snapshot(url)
        if snapshot.type in RESOURCES:
            made += 1
            version = f"{url}|{known.version}"
            found = validator().issues({"resourceType": snapshot.type}, [version], claims=False)
            assert validator().canonical(url if name == US_CORE_6 else version) == version
            assert all(one.expression.startswith(snapshot.type) for one in found)

    assert made > 10


@pytest.mark.parametrize("type_", RESOURCES)
def test_every_type_becomes_a_check(type_):
    assert all(one.code in ("required", "invariant") for one in validator().issues({"resourceType": type_, "id": "x"}))


@pytest.mark.parametrize(
    ("claim", "known"),
    [
        (US_CORE + "patient", US_CORE + "patient|6.1.0"),
        (US_CORE + "patient|6.1.0", US_CORE + "patient|6.1.0"),
        (US_CORE + "patient|3.1.1", US_CORE + "patient|3.1.1"),
        (US_CORE + "patient|4.0.0", None),
        (US_CORE + "goal", None),
        ("http://elsewhere.example/patient", None),
        (7, None),
    ],
)
def test_what_a_claim_means(claim, known):
    """Each row: a profile that a Patient claims, and the one it is held to."""
    resource = {"resourceType": "Patient", "meta": {"profile": [claim]}}

    assert validator().claimed(resource) == ([known] if known else [])


def test_entries_of_a_bundle_are_held_to_what_they_claim():
    entry = {"fullUrl": "urn:uuid:1", "resource": {**GOOD["patient"], "identifier": []}}
    found = accepts({"resourceType": "Bundle", "type": "collection", "entry": [entry]})

    assert {one.expression for one in found} == {"Bundle.entry[0].resource.identifier"}


def test_what_the_server_gives_is_not_wanted_of_who_files():
    """CARIN demands meta.lastUpdated, which is the server's to write."""
    coverage = {
        "resourceType": "Coverage",
        "meta": {"profile": [next(one for _, one in EVERY if "C4BB-Coverage" in one)]},
    }

    assert "Coverage.meta.lastUpdated" not in {one.expression for one in accepts(coverage)}
    assert "lastUpdated" in kept({"resourceType": "Basic"})["meta"]


def test_no_issue_tells_what_was_written():
    """Texts, numbers and dates of a record stay in it."""
    secret = "Moreno lives at Elm"
    record = {
        "resourceType": "Patient",
        "birthDate": secret,
        "gender": secret,
        secret: 1,
        "name": [{"family": 777, "use": secret}],
        "managingOrganization": {"reference": f"Patient/{secret}"},
    }
    found = accepts(record)

    assert len(found) >= 6
    assert not any(secret in repr(one) or "777" in repr(one) for one in found)


HOSTILE = {
    "many errors": {"resourceType": "Patient", "name": [{"family": 1}] * 100_000},
    "many codes": {
        "resourceType": "Observation",
        "status": "final",
        "valueString": "x",
        "code": {"coding": [{"code": str(at)} for at in range(50_000)]},
        "component": [{"code": {"coding": [{"code": "x"}]}, "valueString": "y"}] * 50_000,
    },
    "many links within": {
        "resourceType": "Patient",
        "contained": [{"resourceType": "Organization", "id": f"o{at}", "name": "x"} for at in range(20_000)],
        "generalPractitioner": [{"reference": f"#o{at}"} for at in range(20_000)],
    },
    "many extensions": {
        "resourceType": "Patient",
        "extension": [{"url": f"u{at}", "valueCode": "x"} for at in range(50_000)],
    },
    "many claims": {"resourceType": "Patient", "meta": {"profile": [f"{US_CORE}patient|{at}" for at in range(50_000)]}},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_record_ends_soon(name):
    """Some megabytes that would take hours if each value was compared with each; and no more issues than are told."""
    start = time.process_time()
    found = validator().issues(HOSTILE[name])

    assert time.process_time() - start < 20
    assert len(found) <= MOST + 1


@pytest.mark.parametrize("value", [None, True, 7, "x", [], {}, [[]], [{}], [None], {"resourceType": 1}])
@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_too_odd_to_be_told(name, value):
    """Each element of a good resource replaced by any kind of JSON: issues come, and nothing else."""
    for key in GOOD[name]:
        if key != "resourceType":
            accepts({**GOOD[name], key: value})
