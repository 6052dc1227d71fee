"""conformance.md section 1: the rules that many tests share, by the kit's own numbers."""

import pytest

from . import checks
from .clinic import Clinic, scope_of
from .conftest import Granted

STANDALONE = {
    "launch-standalone", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric",
    "sso-openid-connect", "context-standalone-patient", "permission-offline", "permission-patient", "authorize-post",
    "permission-v2", "permission-v1",
}  # fmt: skip
EHR = {
    "launch-ehr", "client-confidential-symmetric", "client-confidential-asymmetric", "sso-openid-connect",
    "context-banner", "context-style", "context-ehr-patient", "context-ehr-encounter", "permission-offline",
    "permission-user", "authorize-post", "permission-v2", "permission-v1",
}  # fmt: skip


def test_smart_configuration(clinic: Clinic) -> None:
    """1.2.01, 1.2.02, 3.2.01, 3.2.02 and the discovery of 9.2, 9.6, 9.7, 9.9, 9.11 to 9.15: there, and complete."""
    checks.required(checks.configuration(clinic))


@pytest.mark.parametrize("wanted", [STANDALONE, EHR], ids=["1.2.03", "3.2.03"])
def test_capabilities(clinic: Clinic, wanted: set[str]) -> None:
    """1.2.03, 9.13.1.03 standalone, 3.2.03 EHR."""
    assert wanted <= set(checks.configuration(clinic)["capabilities"])


def test_redirect_and_token_response(clinic: Clinic, standalone: Granted) -> None:
    """1.4.02 to 1.4.07: code and state come back without an error; a code works once, so the answer is a new one."""
    launch, told = standalone
    assert set(launch.said) >= {"code", "state"}
    assert launch.said["iss"] == checks.configuration(clinic)["issuer"]
    answer = launch.refresh(told["refresh_token"])
    checks.token_response(answer)
    told.update(answer.json)


def test_scopes(standalone: Granted) -> None:
    """1.4.08: v2 scopes were asked for and v2 scopes came, of patient level, for each type."""
    launch, told = standalone
    checks.scopes(launch.scope, told["scope"], "patient", "launch/patient")
    assert ".read" not in told["scope"]


def test_patient_in_context(clinic: Clinic, standalone: Granted) -> None:
    """1.4.09, 1.4.10: the patient of the token response is readable, and 401 without the token."""
    _, told = standalone
    assert told["patient"] == clinic.patient
    checks.readable_patient(clinic, told)


def test_openid_connect(clinic: Clinic, standalone: Granted) -> None:
    """1.10.01 to 1.10.07: the ID token verifies by what the server publishes, and its fhirUser is readable."""
    claims = checks.identity(clinic, standalone[1], clinic.apps["confidential"].id, "Patient")
    assert claims["fhirUser"] == f"{clinic.base}/Patient/{clinic.patient}"


def test_refresh(clinic: Clinic, standalone: Granted) -> None:
    """1.6.01 to 1.6.06: refreshed without and with scope, read again each time; a made-up token is refused."""
    launch, told = standalone
    told.update(checks.refreshed(clinic, launch, told))


def test_shared_records_are_readable_at_patient_level(clinic: Clinic, standalone: Granted) -> None:
    """The note to 1.4.08: records that are nobody's (Organization, Practitioner, Location, Medication ...)."""
    _, told = standalone
    for type_ in ("Organization", "Practitioner", "PractitionerRole", "Location", "Medication"):
        id_ = clinic.cast.by_type[type_][0]["id"]
        assert clinic.get(f"{type_}/{id_}", told["access_token"]).status == 200, type_


def test_the_request_is_the_kits(standalone: Granted) -> None:
    """The default request of group 1 and what it was answered with are the same scopes."""
    launch, told = standalone
    assert launch.scope == scope_of("patient")
    assert set(told["scope"].split()) == set(launch.scope.split())
