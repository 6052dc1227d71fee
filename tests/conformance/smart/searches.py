"""The searches by which the test kit finds out what a token opens (1.7.02-18), one for each type."""

from urllib.parse import urlencode

from .clinic import Clinic

BY_PATIENT = (
    "AllergyIntolerance", "Condition", "Device", "DocumentReference", "Goal", "Immunization", "Procedure", "Encounter",
    "ServiceRequest", "Coverage", "MedicationDispense",
)  # fmt: skip
OTHERWISE: dict[str, dict[str, str]] = {
    "CarePlan": {"category": "assess-plan"},
    "CareTeam": {"status": "proposed"},
    "DiagnosticReport": {"category": "LAB"},
    "MedicationRequest": {"intent": "proposal"},
    "Observation": {"code": "2708-6"},
}
TYPES = ("Patient", *BY_PATIENT, *OTHERWISE)


def statuses(clinic: Clinic, patient: str, token: str) -> dict[str, int]:
    """What each of them answers to this token."""
    return {one: clinic.get(f"{one}?{urlencode(asked(one, patient))}", token).status for one in TYPES}


def asked(type_: str, patient: str) -> dict[str, str]:
    return {"_id": patient} if type_ == "Patient" else {"patient": patient, **OTHERWISE.get(type_, {})}
