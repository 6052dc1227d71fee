"""A resource lies in the compartments that HL7's parameters say, and in no other."""

import json
import re
import tarfile
import timeit
from pathlib import Path

import pytest
from fhirpathpy import evaluate

from careweft.fhir.compartments import members, subject
from careweft.fhir.definitions import COMPARTMENT, RESOURCES, SEARCH

ORACLE = Path(__file__).parents[3] / "shared" / "oracle"


def ref(text):
    return {"reference": text}


@pytest.mark.parametrize(
    ("resource", "patients", "about"),
    [
        ({"resourceType": "Patient", "id": "ana"}, ("ana",), "ana"),
        ({"resourceType": "Patient", "id": "ana", "link": [{"other": ref("Patient/ben")}]}, ("ana",), "ana"),
        ({"resourceType": "Patient"}, (), None),
        ({"resourceType": "Observation", "subject": ref("Patient/ana")}, ("ana",), "ana"),
        ({"resourceType": "Observation", "subject": ref("Patient/ana/_history/3")}, ("ana",), "ana"),
        (
            {
                "resourceType": "Observation",
                "subject": ref("Patient/ana"),
                "performer": [ref("Practitioner/p"), ref("Patient/ben"), ref("Patient/ana")],
            },
            ("ana", "ben"),
            "ana",
        ),
        ({"resourceType": "Observation", "performer": [ref("Patient/ben")]}, ("ben",), None),
        ({"resourceType": "Observation", "subject": ref("Group/ana")}, (), None),
        ({"resourceType": "Observation", "subject": ref("https://elsewhere.org/Patient/ana")}, (), None),
        ({"resourceType": "Observation", "subject": ref("#ana")}, (), None),
        ({"resourceType": "Observation", "subject": ref("urn:uuid:8a7d1c1e-0000-4000-8000-000000000000")}, (), None),
        ({"resourceType": "Observation", "subject": ref("Patient/ana\n")}, (), None),
        ({"resourceType": "Observation", "subject": ref("Patient/")}, (), None),
        ({"resourceType": "Observation", "subject": ref("Patient/ana/other")}, (), None),
        ({"resourceType": "Observation", "subject": ref("XPatient/ana")}, (), None),
        ({"resourceType": "Observation", "subject": ref("Patient/" + "a" * 65)}, (), None),
        ({"resourceType": "Observation", "focus": [ref("Patient/ben")]}, (), None),
        ({"resourceType": "Observation", "subject": "Patient/ana"}, (), None),
        ({"resourceType": "Observation", "subject": [{"reference": 1}, None, "x"]}, (), None),
        (
            {
                "resourceType": "Coverage",
                "beneficiary": ref("Patient/ana"),
                "payor": [ref("Patient/ben")],
                "policyHolder": ref("Patient/cy"),
            },
            ("cy", "ana", "ben"),
            "ana",
        ),
        (
            {
                "resourceType": "ExplanationOfBenefit",
                "patient": ref("Patient/ana"),
                "payee": {"party": ref("Patient/ben")},
            },
            ("ana", "ben"),
            "ana",
        ),
        (
            {
                "resourceType": "Appointment",
                "participant": [{"actor": ref("Location/l")}, {"actor": ref("Patient/ana")}],
            },
            ("ana",),
            "ana",
        ),
        (
            {
                "resourceType": "CarePlan",
                "subject": ref("Patient/ana"),
                "activity": [{"detail": {"performer": [ref("Patient/ben")]}}, {"reference": ref("Task/t")}],
            },
            ("ana", "ben"),
            "ana",
        ),
        ({"resourceType": "Provenance", "target": [ref("Observation/o"), ref("Patient/ana")]}, ("ana",), "ana"),
        (
            {"resourceType": "QuestionnaireResponse", "subject": ref("Patient/ana"), "author": ref("Patient/ben")},
            ("ana", "ben"),
            "ana",
        ),
        ({"resourceType": "RelatedPerson", "patient": ref("Patient/ana")}, ("ana",), "ana"),
        ({"resourceType": "Group", "member": [{"entity": ref("Patient/ana")}]}, ("ana",), None),
        ({"resourceType": "Schedule", "actor": [ref("Patient/ana")]}, ("ana",), None),
        ({"resourceType": "Device", "patient": ref("Patient/ana")}, (), "ana"),
        ({"resourceType": "Organization", "id": "o"}, (), None),
        ({"resourceType": "Nonsense", "subject": ref("Patient/ana")}, (), None),
        ({}, (), None),
        ({"resourceType": ["Observation"]}, (), None),
    ],
)
def test_compartments(resource, patients, about):
    """Each row: a resource, the patients in whose compartment it lies, and the one that it is about."""
    assert (members(resource), subject(resource)) == (patients, about)


def test_every_type_has_plain_paths():
    """No parameter of the compartment needs more than element paths: this would fail at the first such resource."""
    for type_ in RESOURCES:
        assert members({"resourceType": type_}) == ()
        assert subject({"resourceType": type_}) is None


def examples():
    """The resources that the guides publish as examples."""
    for package in sorted(ORACLE.glob("*.tgz")):
        with tarfile.open(package) as files:
            for member in files:
                if re.fullmatch(r"package/example/\w[^/]*\.json", member.name):
                    file = files.extractfile(member)
                    assert file
                    yield json.load(file)


def evaluated(resource) -> set[str]:
    """The same by another's FHIRPath engine, which cannot resolve, so asked for every reference."""
    found = set()
    for code in COMPARTMENT.get(resource["resourceType"], ()):
        expression = SEARCH[resource["resourceType"]][code].expression.replace(".where(resolve() is Patient)", "")
        found |= {one.get("reference", "") for one in evaluate(resource, expression) if isinstance(one, dict)}
    return {one.removeprefix("Patient/").partition("/")[0] for one in found if one.startswith("Patient/")}


@pytest.mark.skipif(not ORACLE.exists(), reason="the official packages are not beside this checkout")
def test_compartments_agree_with_another_engine():
    """On every official example the straight walk finds what fhirpathpy finds."""
    seen = [one for one in examples() if one["resourceType"] in COMPARTMENT and one["resourceType"] != "Patient"]
    wrong = [f"{one['resourceType']}/{one['id']}" for one in seen if set(members(one)) != evaluated(one)]

    assert len(seen) > 150
    assert not wrong


def test_a_compartment_costs_little():
    """A few microseconds (on any machine of this decade under 30), for every record read asks."""
    observation = {"resourceType": "Observation", "subject": ref("Patient/ana"), "performer": [ref("Practitioner/p")]}

    assert timeit.timeit(lambda: members(observation), number=10_000) / 10_000 < 30e-6
