"""Planted faults: each row a good resource, what is changed in it, and the issue that has to come."""

import copy
from typing import Any

import pytest

from careweft.fhir.profiles.base import HL7
from careweft.fhir.validate.validator import Validator

from .people import DIV, GOOD, concept

GONE = object()
"""The element is taken away."""

ROWS: list[tuple[str, str, Any, str, str]] = [
    # base resource, path of the change, its new value, issue code, expression
    # -- shape
    ("patient", "colour", "red", "structure", "Patient"),
    ("patient", "name.0.nick", "A", "structure", "Patient.name[0]"),
    ("patient", "name", {"family": "L"}, "structure", "Patient.name"),
    ("patient", "name", [], "structure", "Patient.name"),
    ("patient", "gender", ["female"], "value", "Patient.gender"),
    ("patient", "identifier.0", "77", "structure", "Patient.identifier[0]"),
    ("patient", "identifier.0.period", {}, "invariant", "Patient.identifier[0].period"),
    ("patient", "name.0.given.1", None, "value", "Patient.name[0].given[1]"),
    ("patient", "deceasedBoolean+deceasedDateTime", (True, "2024"), "structure", "Patient.deceased"),
    ("patient", "multipleBirthString", "two", "structure", "Patient"),
    ("patient", "_birthDate", {"id": "b", "colour": 1}, "structure", "Patient.birthDate"),
    ("patient", "contact.0", {"id": "c"}, "invariant", "Patient.contact[0]"),
    ("bundle", "entry.0.resource", {"resourceType": "Unicorn"}, "structure", "Bundle.entry[0].resource"),
    ("bundle", "entry.1.resource.status", GONE, "required", "Bundle.entry[1].resource.status"),
    ("bundle", "entry.1.resource.subject.reference", "urn:uuid:2", "value", "Bundle.entry[1].resource.subject"),
    # -- primitives
    ("patient", "birthDate", "1983-02-29", "value", "Patient.birthDate"),
    ("patient", "birthDate", "1983-02-30", "value", "Patient.birthDate"),
    ("patient", "birthDate", "29.2.1984", "value", "Patient.birthDate"),
    ("patient", "birthDate", "0000", "value", "Patient.birthDate"),
    ("patient", "birthDate", 1984, "value", "Patient.birthDate"),
    ("patient", "active", "true", "value", "Patient.active"),
    ("patient", "id", "a b", "value", "Patient.id"),
    ("patient", "id", "x" * 65, "value", "Patient.id"),
    ("patient", "name.0.family", "", "value", "Patient.name[0].family"),
    ("patient", "name.0.family", "Love\x07lace", "value", "Patient.name[0].family"),
    ("patient", "identifier.0.system", "https://clinic.example/m r n", "value", "Patient.identifier[0].system"),
    ("patient", "telecom.0.rank", 0, "value", "Patient.telecom[0].rank"),
    ("patient", "multipleBirthInteger", 2.5, "value", "Patient.multipleBirth"),
    ("patient", "multipleBirthInteger", 2**31, "value", "Patient.multipleBirth"),
    ("lab", "issued", "2024-05-17", "value", "Observation.issued"),
    ("lab", "issued", "2024-05-17T24:00:00Z", "value", "Observation.issued"),
    ("pressure", "effectiveDateTime", "2024-05-17T08:30:00", "value", "Observation.effective"),
    ("pressure", "effectiveDateTime", "2024-05-17T08:30:00+15:00", "value", "Observation.effective"),
    ("lab", "valueQuantity.value", "5", "value", "Observation.value.value"),
    ("lab", "status", " final", "value", "Observation.status"),
    ("note", "content.0.attachment.data", "QSBub3RlLg=", "value", "DocumentReference.content[0].attachment.data"),
    ("note", "content.0.attachment.data", "€", "value", "DocumentReference.content[0].attachment.data"),
    ("patient", "text.div", DIV.replace("p>", "script>"), "value", "Patient.text.div"),
    ("patient", "text.div", DIV.replace("<p>", '<p onclick="x()">'), "value", "Patient.text.div"),
    ("patient", "text.div", DIV.replace("<p>", "<b>"), "value", "Patient.text.div"),
    ("patient", "text.div", '<div xmlns="http://www.w3.org/1999/xhtml"> </div>', "value", "Patient.text.div"),
    ("patient", "text.div", "<div><p>As told.</p></div>", "value", "Patient.text.div"),
    (
        "patient",
        "text._div",
        {"extension": [{"url": "urn:x", "valueCode": "y"}]},
        "structure",
        "Patient.text.div.extension",
    ),
    # -- cardinality
    ("patient", "communication.0.language", GONE, "required", "Patient.communication[0].language"),
    ("patient", "text.status", GONE, "required", "Patient.text.status"),
    ("pressure", "status", GONE, "required", "Observation.status"),
    ("provenance", "target", GONE, "required", "Provenance.target"),
    ("answers", "item.0.linkId", GONE, "required", "QuestionnaireResponse.item[0].linkId"),
    (
        "answers",
        "item.0.answer.0.item.0.linkId",
        GONE,
        "required",
        "QuestionnaireResponse.item[0].answer[0].item[0].linkId",
    ),
    # -- codes
    ("patient", "gender", "woman", "code-invalid", "Patient.gender"),
    ("patient", "name.0.use", "stage", "code-invalid", "Patient.name[0].use"),
    ("pressure", "status", "done", "code-invalid", "Observation.status"),
    (
        "condition",
        "clinicalStatus",
        concept("http://hl7.org/fhir/other", "resolved"),
        "code-invalid",
        "Condition.clinicalStatus",
    ),
    ("condition", "verificationStatus", {"text": "sure"}, "code-invalid", "Condition.verificationStatus"),
    (
        "order",
        "dosageInstruction.0.timing.repeat.periodUnit",
        "day",
        "code-invalid",
        "MedicationRequest.dosageInstruction[0].timing.repeat.periodUnit",
    ),
    # -- references
    ("pressure", "subject.reference", "Practitioner/9", "value", "Observation.subject"),
    ("pressure", "subject", {"type": "Organization", "display": "x"}, "value", "Observation.subject"),
    (
        "patient",
        "managingOrganization.reference",
        "https://h.example/fhir/Patient/1",
        "value",
        "Patient.managingOrganization",
    ),
    ("kept", "contained.0.resourceType", "Organization", "value", "MedicationRequest.medication"),
    ("kept", "medicationReference.reference", "#other", "invariant", "MedicationRequest.medication"),
    # -- contained resources
    (
        "kept",
        "contained.0.contained",
        [{"resourceType": "Basic", "code": {"text": "x"}}],
        "invariant",
        "MedicationRequest.contained[0]",
    ),
    ("kept", "contained.0.meta", {"versionId": "1"}, "invariant", "MedicationRequest.contained[0]"),
    ("kept", "contained.0.meta", {"security": [{"code": "R"}]}, "invariant", "MedicationRequest.contained[0]"),
    ("kept", "contained.0.id", "lost", "invariant", "MedicationRequest.contained[0]"),
    ("kept", "contained.0.status", "old", "code-invalid", "MedicationRequest.contained[0].status"),
    # -- extensions
    ("patient", "extension.1.extension", [{"url": "u", "valueCode": "x"}], "invariant", "Patient.extension[1]"),
    ("patient", "extension.1.valueCode", GONE, "invariant", "Patient.extension[1]"),
    ("patient", "extension.1.url", GONE, "required", "Patient.extension[1].url"),
    ("patient", "extension.1.valueUnicorn", 1, "structure", "Patient.extension[1]"),
    # -- invariants of R4
    ("patient", "identifier.0.period", {"start": "2024", "end": "2020"}, "invariant", "Patient.identifier[0].period"),
    ("patient", "telecom.0.system", GONE, "invariant", "Patient.telecom[0]"),
    ("patient", "contact.0", {"gender": "male"}, "invariant", "Patient.contact[0]"),
    ("lab", "referenceRange.0", {"appliesTo": [{"text": "all"}]}, "invariant", "Observation.referenceRange[0]"),
    ("lab", "dataAbsentReason", {"text": "lost"}, "invariant", "Observation"),
    ("lab", "valueQuantity.system", GONE, "invariant", "Observation.value"),
    (
        "condition",
        "clinicalStatus",
        concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        "invariant",
        "Condition",
    ),
    (
        "condition",
        "verificationStatus",
        concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "entered-in-error"),
        "invariant",
        "Condition",
    ),
    ("note", "content.0.attachment.contentType", GONE, "invariant", "DocumentReference.content[0].attachment"),
    (
        "order",
        "dosageInstruction.0.timing.repeat.periodUnit",
        GONE,
        "invariant",
        "MedicationRequest.dosageInstruction[0].timing.repeat",
    ),
    ("answers", "item.0.item", [{"linkId": "2"}], "invariant", "QuestionnaireResponse.item[0]"),
    ("appointment", "end", GONE, "invariant", "Appointment"),
    ("appointment", "participant.0.actor", GONE, "invariant", "Appointment.participant[0]"),
    ("appointment", "cancelationReason", {"text": "ill"}, "invariant", "Appointment"),
    ("bundle", "total", 2, "invariant", "Bundle"),
    ("bundle", "entry.1.fullUrl", "urn:uuid:1", "invariant", "Bundle"),
]

ABSENT, ASSERTED = f"{HL7}data-absent-reason", f"{HL7}condition-assertedDate"
EXTENSION_VALUE, GENDER_VALUE = "Patient.extension[2].value", "Patient.gender.extension[0].value"

US_CORE_ROWS: list[tuple[str, str, Any, str, str]] = [
    ("patient", "identifier", GONE, "required", "Patient.identifier"),
    ("patient", "identifier.0.value", GONE, "required", "Patient.identifier[0].value"),
    ("patient", "name.0", {"use": "official"}, "invariant", "Patient.name[0]"),
    ("patient", "extension.0.extension.1", GONE, "required", "Patient.extension[0].extension"),
    (
        "patient",
        "extension.0.extension.0",
        {"url": "ombCategory", "valueString": "W"},
        "structure",
        "Patient.extension[0].extension[0].value",
    ),
    (
        "patient",
        "extension.2",
        {"url": GOOD["patient"]["extension"][1]["url"], "valueCode": "F"},
        "structure",
        "Patient.extension",
    ),
    ("patient", "extension.2", {"url": f"{HL7}patient-birthPlace", "valueString": "x"}, "structure", EXTENSION_VALUE),
    ("patient", "_gender", {"extension": [{"url": ABSENT, "valueCode": "gone"}]}, "code-invalid", GENDER_VALUE),
    ("condition", "extension", [{"url": ASSERTED, "valueString": "x"}], "structure", "Condition.extension[0].value"),
    ("pressure", "category.0.coding.0.code", "vitals", "required", "Observation.category"),
    ("pressure", "code.coding.0.code", "85354", "value", "Observation.code"),
    ("pressure", "component.1", GONE, "required", "Observation.component"),
    ("pressure", "component.0.valueQuantity.code", "mmHg", "value", "Observation.component[0].value.code"),
    (
        "pressure",
        "component.0.valueQuantity.system",
        "http://units.example",
        "value",
        "Observation.component[0].value.system",
    ),
    ("pressure", "component.0.valueQuantity.unit", GONE, "required", "Observation.component[0].value.unit"),
    ("pressure", "component.0.valueQuantity", GONE, "invariant", "Observation.component[0]"),
    ("pressure", "component.0+", None, "structure", "Observation.component"),
    ("pressure", "subject", GONE, "required", "Observation.subject"),
    ("pressure", "effectiveDateTime", GONE, "required", "Observation.effective"),
    ("lab", "valueQuantity", GONE, "invariant", "Observation"),
    (
        "lab",
        "category",
        [concept("http://terminology.hl7.org/CodeSystem/observation-category", "survey")],
        "required",
        "Observation.category",
    ),
    ("condition", "category.0.coding.0.code", "diagnosis", "required", "Condition.category"),
    ("condition", "code", GONE, "required", "Condition.code"),
    ("condition", "subject.reference", "Group/1", "value", "Condition.subject"),
    ("order", "requester", GONE, "invariant", "MedicationRequest"),
    ("order", "medicationCodeableConcept", GONE, "required", "MedicationRequest.medication"),
    (
        "order",
        "medicationReference+medicationCodeableConcept",
        ({"reference": "Patient/1"}, GONE),
        "value",
        "MedicationRequest.medication",
    ),
    ("note", "category", GONE, "required", "DocumentReference.category"),
    ("note", "content.0.attachment.data", GONE, "invariant", "DocumentReference.content[0].attachment"),
    ("organization", "identifier.0.value", "1234567890", "invariant", "Organization.identifier[0]"),
    ("organization", "identifier.0.value", "123", "invariant", "Organization.identifier[0]"),
    ("organization", "active", GONE, "required", "Organization.active"),
    ("provenance", "agent.0.onBehalfOf", GONE, "invariant", "Provenance.agent[0]"),
    ("provenance", "agent.0.who", GONE, "required", "Provenance.agent[0].who"),
    ("goal", "target.0.measure", GONE, "invariant", "Goal.target[0]"),
    ("goal", "lifecycleStatus", "walking", "code-invalid", "Goal.lifecycleStatus"),
]


def planted(base: str, change: str, value: Any) -> dict[str, Any]:
    """The good resource with one thing changed; `a+b` changes two of its members, `x.0+` doubles an item."""
    resource = copy.deepcopy(GOOD[base])
    if change.endswith("+"):
        items = resource[change.partition(".")[0]]
        items.append(copy.deepcopy(items[0]))
        return resource
    several = change.split("+")
    for path, one in zip(several, value if len(several) > 1 else (value,), strict=True):
        place(resource, path.split("."), one)
    return resource


def place(at: Any, path: list[str], value: Any) -> None:
    for step in path[:-1]:
        at = at[int(step) if step.isdecimal() else step]
    last: Any = int(path[-1]) if path[-1].isdecimal() else path[-1]
    if value is GONE:
        del at[last]
    elif isinstance(at, list) and last == len(at):
        at.append(value)
    else:
        at[last] = value


def bare(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource without the profile that it claims."""
    return {name: value for name, value in resource.items() if name != "meta"}


def told(validator: Validator, resource: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one.code, one.expression) for one in validator.issues(resource) if one.severity == "error"}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_right_is_let_be(base_r4, name):
    assert base_r4.issues(bare(GOOD[name])) == [] or name in ("bundle", "kept")
    assert told(base_r4, bare(GOOD[name])) == set()


@pytest.mark.parametrize(("base", "change", "value", "code", "expression"), ROWS)
def test_a_fault_is_found(base_r4, base, change, value, code, expression):
    """Each row: the fault is told by its code and where it is."""
    assert (code, expression) in told(base_r4, bare(planted(base, change, value)))


@pytest.mark.parametrize("name", GOOD)
def test_what_is_right_by_its_profile_is_let_be(us_core, name):
    assert told(us_core, GOOD[name]) == set()


@pytest.mark.parametrize(("base", "change", "value", "code", "expression"), US_CORE_ROWS)
def test_a_fault_against_a_profile_is_found(us_core, base, change, value, code, expression):
    """Each row: a resource that claims a profile of US Core 6.1.0 and breaks it."""
    assert (code, expression) in told(us_core, planted(base, change, value))


def test_the_table_is_long_enough():
    """The issue asks for at least 60 planted faults."""
    assert len(ROWS) + len(US_CORE_ROWS) >= 60
