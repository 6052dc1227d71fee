"""conformance.md section 3, group 2: the same request, and a person who ticks three types."""

import pytest

from tests.visitor import only

from . import checks, searches
from .clinic import Clinic, Json, grant, scope_of

KEPT = ("Patient", "Condition", "Observation")
JUDGED = (
    "AllergyIntolerance", "CarePlan", "CareTeam", "Condition", "Device", "DiagnosticReport", "DocumentReference",
    "Goal", "Immunization", "MedicationRequest", "Observation", "Procedure", "Patient", "Encounter", "ServiceRequest",
    "Specimen", "Coverage", "MedicationDispense",
)  # fmt: skip
WORDS = ("identity:openid", "identity:fhirUser", "lasting:offline_access")


@pytest.fixture(scope="module")
def limited(clinic: Clinic) -> Json:
    """2.2.01 to 2.2.07: the application and the request of group 1, which was granted whole; now three types are."""
    grant(clinic, "confidential", scope_of("patient"))
    tick = only(*WORDS, *(f"record:{one}" for one in KEPT))
    launch, told = grant(clinic, "confidential", scope_of("patient"), tick=tick)
    checks.token_response(launch.refresh(told["refresh_token"]))
    return told


def test_patient_is_readable(clinic: Clinic, limited: Json) -> None:
    """2.2.08"""
    checks.readable_patient(clinic, limited)


def test_exactly_what_was_ticked_is_granted(limited: Json) -> None:
    """2.2.09: of all types that the kit looks at, these three."""
    granted = checks.readable(limited["scope"], "patient", "user")
    assert "*" not in granted
    assert granted & set(JUDGED) == set(KEPT)


def test_searches_answer_so(clinic: Clinic, limited: Json) -> None:
    """2.3.01 to 2.3.19: 200 for what was ticked, 401 or 403 for all else, never an empty 200."""
    answers = searches.statuses(clinic, limited["patient"], limited["access_token"])
    specimen = clinic.get(f"Specimen?patient={limited['patient']}", limited["access_token"]).status
    assert {one for one, status in answers.items() if status == 200} == set(KEPT)
    assert {status for one, status in answers.items() if one not in KEPT} | {specimen} <= {401, 403}
