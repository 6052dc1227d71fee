"""conformance.md section 5, group 9: additional authorization tests, by their numbers."""

import time

import pytest

from careweft.oauth.consent import PARTS
from tests.journeys.town import within
from tests.platform import MAPLE
from tests.visitor import only

from . import checks, searches
from .clinic import ASKED, IDENTITY, Clinic, Json, Launch, grant, scope_of

FEW = "launch/patient openid fhirUser offline_access patient/Patient.rs"
WORDS = ("identity:openid", "identity:fhirUser", "lasting:offline_access")


def test_9_2_public_client(clinic: Clinic) -> None:
    """9.2.01 to 9.2.10: no secret; the patient is readable, and there is an ID token."""
    launch, told = grant(clinic, "public", FEW)
    assert launch.said["state"] == launch.state
    checks.readable_patient(clinic, told)
    checks.identity(clinic, told, clinic.apps["public"].id, "Patient")


def test_9_3_revocation(clinic: Clinic) -> None:
    """9.3.01 to 9.3.03: taken back on the account's page; within 5 s neither token is good for anything."""
    launch, told = grant(clinic, "confidential", f"{FEW} patient/Goal.rs")
    checks.readable_patient(clinic, told)
    assert clinic.people["ana"].take_back(MAPLE, checks.claims(told["access_token"])["grant"]) == 1
    read = f"Patient/{told['patient']}"
    within(5, lambda: {clinic.alone(read, told["access_token"]) for _ in range(8)} == {401})
    assert launch.refresh(told["refresh_token"]).status in (400, 401)


def test_9_4_invalid_aud(clinic: Clinic) -> None:
    """9.4.01, 9.4.02: never a code."""
    for aud in ("https://inferno.healthit.gov/invalid_aud", f"{clinic.base}/..", clinic.issuer):
        launch = Launch(clinic, "confidential", FEW, more={"aud": aud}).authorize()
        assert "code" not in launch.said
        assert launch.said.get("error") or launch.said["shown"] == "400"


def test_9_6_invalid_token_requests(clinic: Clinic) -> None:
    """9.6.02 to 9.6.05: a code that is none is 400; a right one of an unknown client is 400 or 401."""
    launch = Launch(clinic, "confidential", FEW).authorize()
    assert launch.redeem(code="BAD_CODE").status == 400
    stranger = ({}, {"Authorization": "Basic QkFEX0NMSUVOVF9JRDpzZWNyZXQ="})
    assert launch.redeem(proof=stranger).status in (400, 401)
    assert launch.redeem().status == 200


@pytest.mark.parametrize("wrong", [None, "", "w" * 43, "challenge"], ids=["none", "empty", "wrong", "plain"])
def test_9_7_pkce(clinic: Clinic, wrong: str | None) -> None:
    """9.7.01 to 9.7.12: no verifier, an empty one, a wrong one, the challenge itself: refused each time."""
    launch = Launch(clinic, "confidential", FEW).authorize()
    sent = launch.challenge if wrong == "challenge" else wrong
    answer = launch.redeem(code_verifier=sent)
    assert answer.status in (400, 401)
    assert "access_token" not in answer.json


def test_9_9_ehr_launch_with_patient_scopes(clinic: Clinic) -> None:
    """9.9.01 to 9.9.12: patient scopes from an EHR; the patient in context, and the scope that was asked for."""
    scope = "launch openid fhirUser offline_access patient/Patient.rs"
    encounter = clinic.cast.seen("Encounter", clinic.patient)[0]["id"]
    told = clinic.launch_handle("ehr-opened", clinic.patient, encounter)
    _, got = grant(clinic, "ehr-opened", scope, who="doctor", more={"launch": told["launch"]})
    assert got["patient"] == clinic.patient
    assert "patient/Patient.rs" in got["scope"].split()
    checks.readable_patient(clinic, got)


def test_9_11_introspection(clinic: Clinic) -> None:
    """9.11.01 to 9.11.13: what it says of a fresh token is what the token response and the ID token said."""
    launch, told = grant(clinic, "confidential", scope_of("patient"))
    url = checks.configuration(clinic)["introspection_endpoint"]
    app = clinic.apps["confidential"]
    claims = checks.identity(clinic, told, app.id, "Patient")
    _, proof = app.proof(url)
    said = clinic.post(url, {"token": told["access_token"]}, **proof)
    assert said.status == 200
    assert said.json["active"] is True
    assert said.json["client_id"] == app.id
    assert set(said.json["scope"].split()) == set(told["scope"].split())
    assert said.json["exp"] > time.time()
    assert said.json["patient"] == told["patient"]
    assert {name: said.json[name] for name in ("iss", "sub", "fhirUser")} == {
        name: claims[name] for name in ("iss", "sub", "fhirUser")
    }
    unknown = clinic.post(url, {"token": "nobody-was-given-this"}, **proof)
    assert (unknown.status, unknown.json) == (200, {"active": False})
    assert launch.said["state"] == launch.state


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_9_12_asymmetric_client(clinic: Clinic, alg: str) -> None:
    """9.12.1 to 9.12.3: launch and refresh, each proven by a signed assertion; ID token; refusals."""
    launch, told = grant(clinic, "asymmetric", FEW, alg=alg)
    checks.readable_patient(clinic, told)
    checks.identity(clinic, told, clinic.apps["asymmetric"].id, "Patient")
    checks.refreshed(clinic, launch, told)


@pytest.fixture(scope="module")
def version_one(clinic: Clinic) -> Json:
    """9.13.2: the kit's request in the spelling of v1."""
    return grant(clinic, "confidential", scope_of("patient", rights="read"))[1]


def test_9_13_v1_scopes(clinic: Clinic, version_one: Json) -> None:
    """9.13.2.01 to 9.13.2.10: granted in one spelling or the other, patient in context."""
    checks.scopes(scope_of("patient", rights="read"), version_one["scope"], "patient", "launch/patient")
    checks.readable_patient(clinic, version_one)


def test_9_13_v1_access(clinic: Clinic, version_one: Json) -> None:
    """9.13.3: a v1 read is read and search, for every type."""
    answers = searches.statuses(clinic, version_one["patient"], version_one["access_token"])
    assert answers == dict.fromkeys(answers, 200)
    assert set(ASKED) <= checks.readable(version_one["scope"], "patient")


@pytest.fixture(scope="module")
def granular(clinic: Clinic) -> Json:
    """9.15: whole types asked for, parts of them ticked."""
    ticks = ("record:Condition:problem-list-item", "record:Observation:laboratory", "record:Observation:survey")
    scope = f"{' '.join(IDENTITY)} patient/Condition.rs patient/Observation.rs patient/Patient.rs"
    _, told = grant(clinic, "confidential", scope, tick=only(*WORDS, "record:Patient", *ticks))
    offered = clinic.people["ana"].offered
    assert {f"record:{type_}:{word}" for type_, parts in PARTS.items() for word, _ in parts} <= set(offered)
    return told


def test_9_15_granular_choice(clinic: Clinic, granular: Json) -> None:
    """9.15.01 to 9.15.11: no whole type but Patient; at least one part of each of the others."""
    received = granular["scope"].split()
    assert "patient/Patient.rs" in received
    for type_ in ("Condition", "Observation"):
        mine = [one for one in received if one.startswith(f"patient/{type_}.")]
        assert mine
        assert all("?" in one and "=" in one for one in mine)
    checks.readable_patient(clinic, granular)
