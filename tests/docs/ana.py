"""The records that the examples of docs/reference/search.md find: Ana's, and others' that they must not find."""

from decimal import Decimal
from typing import Any

TYPES, CLINICAL = (f"http://terminology.hl7.org/CodeSystem/{one}" for one in ("v2-0203", "condition-clinical"))
UCUM, LOINC = "http://unitsofmeasure.org", "http://loinc.org"
Json = dict[str, Any]


def observation(id_: str, code: str, display: str, **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code, "display": display}]},
        "subject": {"reference": "Patient/ana"},
        **more,
    }


def amount(value: str, code: str, unit: str) -> Json:
    return {"value": Decimal(value), "unit": unit, "system": UCUM, "code": code}


RECORDS: tuple[Json, ...] = (
    {
        "resourceType": "Patient",
        "id": "ana",
        "name": [{"family": "Ordóñez", "given": ["Ana"]}],
        "identifier": [
            {"system": "urn:mrn", "value": "A|1"},
            {"value": "A-17", "type": {"coding": [{"system": TYPES, "code": "MR"}]}},
        ],
        "birthDate": "1990-02-03",
        "gender": "female",
    },
    {"resourceType": "Patient", "id": "ben", "active": True},
    observation(
        "pulse",
        "8867-4",
        "Heart rate",
        meta={"profile": ["http://profile.example/pulse|1.0"]},
        effectiveDateTime="2024-05-17T10:00:00Z",
        valueQuantity=amount("72.5", "/min", "beats"),
        encounter={"reference": "Encounter/visit"},
    ),
    observation(
        "potassium",
        "2823-3",
        "Potassium",
        status="amended",
        subject={"reference": "https://other.example/Patient/7", "identifier": {"system": "urn:mrn", "value": "7"}},
        effectiveDateTime="2023-01-05",
        valueQuantity=amount("4.0", "mmol/L", "mmol/L"),
        method={"coding": [{"code": "ise"}]},
    ),
    {
        "resourceType": "Observation",
        "id": "note",
        "status": "preliminary",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "160245001"}], "text": "Nothing to report"},
        "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "260385009"}]},
        "subject": {"reference": "Patient/ben"},
    },
    observation(
        "pressure",
        "85354-9",
        "Blood pressure",
        component=[
            {"code": {"coding": [{"system": LOINC, "code": code}]}, "valueQuantity": amount(value, "mm[Hg]", "mmHg")}
            for code, value in (("8480-6", "142"), ("8462-4", "88"))
        ],
    ),
    observation("due", "11778-8", "Delivery date", valueDateTime="2024-08-01"),
    observation("remark", "8251-1", "Comment", valueString="Nothing to add"),
    {"resourceType": "DocumentReference", "id": "draft", "status": "superseded"},
    {
        "resourceType": "DocumentReference",
        "id": "final",
        "status": "current",
        "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/draft"}}],
    },
    {
        "resourceType": "Group",
        "id": "panel",
        "characteristic": [{"code": {"coding": [{"code": "owner"}]}, "valueBoolean": True}],
    },
    {"resourceType": "Group", "id": "others", "actual": True},
    {"resourceType": "Encounter", "id": "visit", "status": "finished", "subject": {"reference": "Patient/ana"}},
    {"resourceType": "Encounter", "id": "call", "status": "planned", "subject": {"reference": "Patient/ben"}},
    {
        "resourceType": "Condition",
        "id": "asthma",
        "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "relapse"}]},
    },
    {
        "resourceType": "Condition",
        "id": "fracture",
        "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "resolved"}]},
    },
    {"resourceType": "Device", "id": "pump", "url": "http://device.example/pump"},
    {"resourceType": "Device", "id": "bed", "status": "active"},
    {"resourceType": "RiskAssessment", "id": "high", "prediction": [{"probabilityDecimal": Decimal("0.8")}]},
    {"resourceType": "RiskAssessment", "id": "low", "prediction": [{"probabilityDecimal": Decimal("0.1")}]},
    {"resourceType": "RiskAssessment", "id": "unsaid", "status": "final"},
    {"resourceType": "Provenance", "id": "hand", "target": [{"reference": "Observation/pulse"}]},
    {"resourceType": "Provenance", "id": "wire", "target": [{"reference": "Observation/note"}]},
)  # fmt: skip
"""A few small records; not all of them are complete."""
