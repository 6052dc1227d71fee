"""conformance.md section 4, group 3: an application that an EHR opens for a practitioner."""

from . import checks
from .clinic import LAUNCH, Clinic
from .conftest import Granted


def test_the_ehr_opens_the_launch_uri(clinic: Clinic) -> None:
    """3.4.01, 3.4.02: `iss` is the FHIR base URL, and `launch` is there, new each time."""
    encounter = clinic.cast.seen("Encounter", clinic.patient)[0]["id"]
    first, second = (clinic.launch_handle("ehr-opened", clinic.patient, encounter) for _ in range(2))
    assert first["iss"] == clinic.base
    assert first["launch"].strip()
    assert first["launch"] != second["launch"]
    assert first["url"].startswith(f"{LAUNCH}?iss=")


def test_token_response_and_scopes(clinic: Clinic, from_ehr: Granted) -> None:
    """3.4.05 to 3.4.12: authorized by POST, user scopes for each type, the patient in context readable."""
    launch, told = from_ehr
    assert launch.said["state"] == launch.state
    assert told["patient"] == clinic.patient
    checks.scopes(launch.scope, told["scope"], "user", "launch")
    checks.readable_patient(clinic, told)


def test_style(clinic: Clinic, from_ehr: Granted) -> None:
    """3.4.14: the style document is JSON, for anybody."""
    answer = clinic.get(from_ehr[1]["smart_style_url"])
    assert answer.status == 200
    assert answer.json


def test_banner(from_ehr: Granted) -> None:
    """3.4.15"""
    assert isinstance(from_ehr[1]["need_patient_banner"], bool)


def test_encounter(clinic: Clinic, from_ehr: Granted) -> None:
    """3.4.16: the encounter in context is readable."""
    _, told = from_ehr
    answer = clinic.get(f"Encounter/{told['encounter']}", told["access_token"])
    assert (answer.status, answer.json["id"]) == (200, told["encounter"])


def test_openid_connect(clinic: Clinic, from_ehr: Granted) -> None:
    """3.9.01 to 3.9.07: the practitioner's own record is readable with user scopes."""
    claims = checks.identity(clinic, from_ehr[1], clinic.apps["ehr-opened"].id, "Practitioner")
    assert claims["fhirUser"] == f"{clinic.base}/{clinic.practitioner}"


def test_refresh(clinic: Clinic, from_ehr: Granted) -> None:
    """3.6.01 to 3.6.06"""
    launch, told = from_ehr
    told.update(checks.refreshed(clinic, launch, told))
