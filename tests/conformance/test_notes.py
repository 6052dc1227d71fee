"""What a certification run looks for over all records: conformance.md section 8, 10.12.11 and 10.41.04 to 10.47.01."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from careweft import surfaces

from .asking import Pairs
from .conftest import Apis
from .kit import Api
from .must import Json

each_api = pytest.mark.parametrize("surface", [one.id for one in surfaces.ALL], ids=lambda one: one[9:-7])
NOTES = {"11488-4", "18842-5", "34117-2", "28570-0", "11506-3", "18748-4", "11502-2", "11526-1"}
REPORTS = ("LP29708-2", "LP7839-6", "LP29684-5")
ASSESSED = {"sdoh", "functional-status", "disability-status", "cognitive-status"}
REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def everyones(api: Api, type_: str, *pairs: tuple[str, str]) -> Iterator[tuple[str, Json]]:
    """What every patient's own search brings."""
    for patient in api.cast.patients:
        asked: Pairs = [("patient", patient), *pairs]
        yield from ((patient, one) for one in api.search(type_, asked, patient).matches)


def codes(concepts: list[Json]) -> set[str]:
    return {coding["code"] for one in concepts for coding in one["coding"]}


@each_api
def test_notes_and_reports(apis: Apis, surface: str) -> None:
    """The eight note types, each document with its custodian; three report categories, whose attachments are those of
    documents of the same patient.
    """
    api = apis[surface]
    documents = list(everyones(api, "DocumentReference"))
    reports = list(everyones(api, "DiagnosticReport", ("category", ",".join(REPORTS))))
    urls = {(patient, part["attachment"].get("url")) for patient, one in documents for part in one["content"]}
    shared = {(patient, form["url"]) for patient, one in reports for form in one.get("presentedForm", ())}

    assert {code for _, one in documents for code in codes([one["type"]])} >= NOTES
    assert [one["id"] for _, one in documents if "custodian" not in one] == []
    assert {code for _, one in reports for code in codes(one["category"])} >= set(REPORTS)
    assert shared
    assert shared <= urls


@each_api
def test_categories_of_screening(apis: Apis, surface: str) -> None:
    """Conditions with sdoh, surveys with all four kinds."""
    api = apis[surface]
    needs = list(everyones(api, "Condition", ("category", "health-concern,problem-list-item")))
    surveys = list(everyones(api, "Observation", ("category", "survey")))

    assert "sdoh" in {code for _, one in needs for code in codes(one["category"])}
    assert {code for _, one in surveys for code in codes(one["category"])} >= ASSESSED


@each_api
def test_reasons_for_absent_data(apis: Apis, surface: str) -> None:
    """Somewhere an element with the extension, and somewhere a Coding of `unknown`."""
    api = apis[surface]
    found: set[str] = set()
    for type_ in ("Observation", "MedicationRequest", "Immunization", "Patient", "Condition", "Encounter"):
        for patient in api.cast.patients:
            anchor = "_id" if type_ == "Patient" else "patient"
            for one in api.search(type_, [(anchor, patient)], patient).matches:
                found |= set(absent(one))
            if len(found) == 2:
                return

    assert found == {"extension", "coding"}


def absent(node: Any) -> Iterator[str]:
    """In which of the two ways a record says that something is not known."""
    if isinstance(node, dict):
        if node.get("url") == REASON:
            yield "extension"
        if (node.get("system"), node.get("code")) == (ABSENT, "unknown"):
            yield "coding"
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from absent(value)


@each_api
def test_practitioners_have_an_address_or_a_role(apis: Apis, surface: str) -> None:
    """10.41.04: an address with all its parts, or a PractitionerRole found by the practitioner; ours have both."""
    api = apis[surface]
    patient, (one, *_) = api.cast.patients[0], api.cast.by_type["Practitioner"]
    (role, *_) = api.search("PractitionerRole", [("practitioner", one["id"])], patient).matches
    parts = {"line", "city", "state", "postalCode", "country"}

    assert role["practitioner"]["reference"] == f"Practitioner/{one['id']}"
    assert any(parts <= set(address) for address in one.get("address", ())) or json.dumps(role["meta"]).count("role")
