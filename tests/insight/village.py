"""Eleven people, few enough to check a definition by hand; the day is Friday, 27 November 2026, in New York."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from careweft.fhir.search.context import Context

ZONE = "America/New_York"
NOON = datetime(2026, 11, 27, 17, tzinfo=UTC)
CONTEXT = Context(NOON, ZoneInfo(ZONE), "https://fhir.example/payer/system-access/v2/t")

ICD, LOINC, CVX = "http://hl7.org/fhir/sid/icd-10-cm", "http://loinc.org", "http://hl7.org/fhir/sid/cvx"
VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def person(id_, gender, born, **members):
    return {"resourceType": "Patient", "id": id_, "gender": gender, "birthDate": born} | members


def condition(id_, who, code, verified="confirmed", **members):
    return {
        "resourceType": "Condition",
        "id": id_,
        "subject": {"reference": f"Patient/{who}"},
        "code": {"coding": [{"system": ICD, "code": code}]},
        "verificationStatus": {"coding": [{"system": VERIFIED, "code": verified}]},
    } | members


def measured(id_, who, code, at, value=None, **members):
    quantity = {} if value is None else {"valueQuantity": {"value": value, "unit": "%", "code": "%"}}
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "subject": {"reference": f"Patient/{who}"},
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "effectiveDateTime": at,
    } | quantity | members  # fmt: skip


def vaccinated(id_, who, code, at, status="completed"):
    return {
        "resourceType": "Immunization",
        "id": id_,
        "status": status,
        "patient": {"reference": f"Patient/{who}"},
        "vaccineCode": {"coding": [{"system": CVX, "code": code}]},
        "occurrenceDateTime": at,
    }


A1C = "4548-4"
PEOPLE = (
    person("ana", "female", "1961-03-02", generalPractitioner=[{"reference": "Practitioner/roe"}]),
    person("ben", "male", "1950-11-27"),
    person("cai", "male", "1949-11-28", generalPractitioner=[{"reference": "Practitioner/roe"}]),
    person("dot", "female", "1999-06-30"),
    person("eve", "female", "1955-01-01", address=[{"city": "Salem", "state": "OR"}]),
    person("fay", "female", "1970-12-12", active=False),
    person("gus", "male", "2019-02-03"),
    person("hal", "male", "1944-04-04", deceasedDateTime="2026-01-05"),
    person("ivy", "female", "1988-08-08"),
    person("joe", "male", "1990-10-10", address=[{"city": "Salem", "state": "MA"}]),
    person("kim", "other", "2001-09-11"),
)
RECORDS = (
    *PEOPLE,
    {"resourceType": "Practitioner", "id": "roe", "name": [{"family": "Roe"}]},
    {"resourceType": "Group", "id": "herd", "type": "person", "actual": True},
    condition("c1", "ana", "E11.9"),
    condition("c2", "ben", "E11.9"),
    condition("c3", "cai", "E11.65"),
    condition("c4", "eve", "E11.9"),
    condition("c5", "fay", "E11.9", verified="refuted"),
    condition("c6", "hal", "E11.9"),
    condition("c7", "hal", "I10"),
    condition("c8", "joe", "I10"),
    condition("c9", "ana", "I10"),
    {
        **condition("c10", "x", "E11.9"),
        "subject": {"reference": "Group/herd"},
        "asserter": {"reference": "Patient/kim"},
    },
    condition("c11", "nobody", "E11.9"),
    measured("o1", "ana", A1C, "2026-10-01T09:00:00-04:00", 6.9),
    measured("o2", "ben", A1C, "2025-11-26", 8.2),
    measured("o3", "cai", A1C, "2025-11-27", 9.1),
    measured("o4", "hal", A1C, "2025-12-01", 7.4),
    measured("o5", "joe", A1C, "2026-11-01", 5.4, performer=[{"reference": "Patient/ivy"}]),
    measured("o6", "ben", A1C, "2024-01-15", 9.4),
    measured("o7", "dot", "8867-4", "2026-11-28T04:30:00Z"),
    measured("o8", "kim", "8867-4", "2026-11-28T05:30:00Z"),
    vaccinated("i1", "gus", "140", "2026-10-15"),
    vaccinated("i2", "ben", "140", "2025-10-15"),
    vaccinated("i3", "eve", "140", "2026-01-02"),
    vaccinated("i4", "dot", "140", "2026-10-20", status="not-done"),
)


def look(type_):
    """All of a type."""
    return [one for one in RECORDS if one["resourceType"] == type_]
