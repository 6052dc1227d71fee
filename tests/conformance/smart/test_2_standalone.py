"""conformance.md section 2, group 1: a standalone patient application with full access."""

from . import checks, searches
from .clinic import Clinic, grant, others
from .conftest import Granted

EITHER = ("Device", "Organization", "Practitioner", "ServiceRequest")
OPENED = (
    "AllergyIntolerance", "CarePlan", "CareTeam", "Condition", "Coverage", "DiagnosticReport", "DocumentReference",
    "Encounter", "Goal", "Immunization", "MedicationDispense", "MedicationRequest", "Observation", "Patient",
    "Procedure", "Provenance",
)  # fmt: skip


def test_a_representative_picks_one_of_several(clinic: Clinic) -> None:
    """1.4.10 where somebody acts for several people: the one who was picked is the patient in context, alone."""
    mine = others(clinic)[1:3]
    scope = "launch/patient openid fhirUser offline_access patient/Patient.rs"
    for patient in mine:
        _, told = grant(clinic, "confidential", f"{scope} patient/Goal.rs", who="parent", patient=patient)
        assert "pick" in clinic.people["parent"].seen
        assert told["patient"] == patient
        checks.readable_patient(clinic, told)
    assert clinic.get(f"Patient/{mine[0]}", told["access_token"]).status == 404


def test_a_practitioner_finds_a_patient(clinic: Clinic) -> None:
    """1.4.10 for a practitioner without an EHR: the patient is searched for by name."""
    patient = next(one for one in clinic.cast.by_type["Patient"] if one["id"] == clinic.patient)
    name = next(one["family"] for one in patient["name"] if "family" in one)
    scope = "launch/patient openid fhirUser offline_access user/Patient.rs"
    _, told = grant(clinic, "ehr-opened", scope, who="doctor", find=name, patient=clinic.patient)
    assert "pick" in clinic.people["doctor"].seen
    assert told["patient"] == clinic.patient
    checks.readable_patient(clinic, told)


def test_granted_scopes_cover_every_type(standalone: Granted) -> None:
    """1.7.01: read of every type; Encounter at patient level, shared types at any."""
    _, told = standalone
    assert set(OPENED) <= checks.readable(told["scope"], "patient")
    assert set(EITHER) <= checks.readable(told["scope"], "patient", "user")


def test_every_type_is_searched(clinic: Clinic, standalone: Granted) -> None:
    """1.7.02 to 1.7.18: each of the kit's searches is 200."""
    _, told = standalone
    answers = searches.statuses(clinic, told["patient"], told["access_token"])
    assert answers == dict.fromkeys(answers, 200)
