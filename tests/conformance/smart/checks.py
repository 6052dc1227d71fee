"""What the test kit looks at in one answer, by the numbers of conformance.md section 1: each names what is wrong."""

import json
import re
from base64 import urlsafe_b64decode

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from .clinic import Came, Clinic, Json, Launch

WANTED = (
    "Patient", "AllergyIntolerance", "CarePlan", "CareTeam", "Condition", "Coverage", "DiagnosticReport",
    "DocumentReference", "Goal", "Immunization", "MedicationDispense", "MedicationRequest", "Observation", "Procedure",
    "Provenance", "ServiceRequest", "Specimen",
)  # fmt: skip
"""The types that have to be granted (1.4.08)."""
ACCESS = re.compile(r"\*|c?ru?d?s?")
REFERENCE = re.compile(r".+/(Patient|Practitioner|RelatedPerson|Person)/[A-Za-z0-9.-]+")


def configuration(clinic: Clinic) -> Json:
    """1.2.01: the document, without a token."""
    answer = clinic.get(f"{clinic.base}/.well-known/smart-configuration")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    return answer.json


def required(told: Json) -> None:
    """1.2.02: the fields that have to be there."""
    for name in ("authorization_endpoint", "token_endpoint", "issuer", "jwks_uri", "introspection_endpoint"):
        assert isinstance(told[name], str), name
        assert told[name].strip(), name
    assert all(isinstance(one, str) for one in told["capabilities"])
    assert "authorization_code" in told["grant_types_supported"]
    assert "S256" in told["code_challenge_methods_supported"]
    assert "plain" not in told["code_challenge_methods_supported"]


def token_response(answer: Came, *, refreshable: bool = True) -> None:
    """1.4.05-07: the body and the headers of a token response."""
    told = answer.json
    assert answer.status == 200, told
    assert told["access_token"].strip()
    assert told["token_type"].lower() == "bearer"
    assert type(told["expires_in"]) is int
    assert isinstance(told["scope"], str)
    assert isinstance(told.get("refresh_token"), str) is refreshable
    assert all(isinstance(one, str) and "/" in one for one in told.get("fhirContext", ()))
    assert "no-store" in answer.headers["cache-control"]
    assert "no-cache" in answer.headers["pragma"]


def scopes(asked: str, received: str, level: str, word: str, wanted: tuple[str, ...] = WANTED) -> None:
    """1.4.08: words in both, and each wanted type granted at this level, with read."""
    for name in ("openid", "fhirUser", "offline_access", word):
        assert name in asked.split()
        assert name in received.split(), name
    granted = readable(received, level)
    assert "*" in granted or set(wanted) <= granted, set(wanted) - granted


def readable(received: str, *levels: str) -> set[str]:
    """The types of the scopes of these levels that hold read, as the kit takes them apart."""
    found = set()
    for one in received.split():
        parts = re.split(r"[/.]", one.partition("?")[0])
        if len(parts) == 3 and parts[0] in levels:
            _level, type_, access = parts
            if access in ("read", "*") or (ACCESS.fullmatch(access) and "r" in access):
                found.add(type_)
    return found


def readable_patient(clinic: Clinic, told: Json) -> None:
    """1.4.10: the patient in context is read with the token, and without a token it is 401 (1.4.09)."""
    read = clinic.get(f"Patient/{told['patient']}", told["access_token"])
    assert (read.status, read.json.get("resourceType"), read.json.get("id")) == (200, "Patient", told["patient"])
    assert clinic.get(f"Patient/{told['patient']}").status == 401


def identity(clinic: Clinic, told: Json, client: str, kind: str) -> Json:
    """1.10.01-07: the ID token, and what is needed to verify it; its claims."""
    header = part(told["id_token"], 0)
    named = configuration(clinic)["issuer"]
    metadata = clinic.get(f"{named}/.well-known/openid-configuration")
    assert metadata.status == 200
    assert metadata.headers["content-type"].startswith("application/json")
    for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported",
                 "subject_types_supported"):  # fmt: skip
        assert metadata.json[name], name
    assert "RS256" in metadata.json["id_token_signing_alg_values_supported"]
    jwks = clinic.get(metadata.json["jwks_uri"])
    assert jwks.status == 200
    rsa = {one["kid"]: RSAKey.import_key(one) for one in jwks.json["keys"] if one["kty"] == "RSA"}
    assert header["alg"] == "RS256"
    assert header["kid"] in rsa
    claims = jwt.decode(told["id_token"], KeySet(list(rsa.values())), algorithms=["RS256"]).claims
    jwt.JWTClaimsRegistry(
        leeway=60, iss={"essential": True, "value": metadata.json["issuer"]}, aud={"essential": True, "value": client},
        exp={"essential": True}, iat={"essential": True}, sub={"essential": True},
    ).validate(claims)  # fmt: skip
    assert 0 < len(claims["sub"].strip()) < 256
    assert REFERENCE.fullmatch(claims["fhirUser"])
    assert claims["fhirUser"].split("/")[-2] == kind
    assert clinic.get(claims["fhirUser"], told["access_token"]).status == 200
    return dict(claims)


def refreshed(clinic: Clinic, launch: Launch, told: Json) -> Json:
    """1.6.01-06: without scope, with all of it, with nonsense; the last token response."""
    for more in ({}, {"scope": told["scope"]}):
        answer = launch.refresh(told["refresh_token"], **more)
        token_response(answer)
        assert set(answer.json["scope"].split()) <= set(told["scope"].split())
        told = {**told, **answer.json}
        readable_patient(clinic, told)
    assert launch.refresh("nobody-was-given-this").status in (400, 401)
    return told


def claims(token: str) -> Json:
    """What an access token says, unverified: we look over its client's shoulder."""
    return part(token, 1)


def part(token: str, at: int) -> Json:
    """One of the JSON parts of a JWT."""
    told: Json = json.loads(urlsafe_b64decode(token.split(".")[at] + "=="))
    return told
