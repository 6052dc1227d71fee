"""Other people's clients against a running platform, over a real socket, on all four APIs."""

import json
import subprocess
from typing import Any

import httpx
import pytest

from tests import world
from tests.clients.conftest import Town
from tests.clients.tokens import patient_token, session, system_token
from tests.platform import BIRCH, MAPLE, ROOT, SIDES

AUDIENCES = ("system", "patient")
each_api = pytest.mark.parametrize(("side", "audience"), [(s, a) for s in SIDES for a in AUDIENCES])


def token_for(town: Town, side: str, audience: str) -> str:
    """A token that this API takes: the same for all tests that only read."""
    if (side, audience) not in town.tokens:
        town.tokens[side, audience] = new_token(town, side, audience)
    return town.tokens[side, audience]


def new_token(town: Town, side: str, audience: str) -> str:
    service = town.services[side, "ES384" if side == "payer" else "RS384"]
    if audience == "system":
        return system_token(town.platform, service)
    return patient_token(town.platform, service, town.patient)


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
@pytest.mark.parametrize("side", SIDES)
def test_authlib_gets_a_token(town: Town, side: str, alg: str) -> None:
    """Authlib's client, private_key_jwt, fresh claims: a token each time, never the same."""
    with session(town.platform, town.services[side, alg]) as client:
        first, second = (client.fetch_token(grant_type="client_credentials") for _ in range(2))

    assert first["token_type"] == "Bearer"
    assert first["expires_in"] == 3600
    assert first["tenant"] == MAPLE
    assert first["access_token"] != second["access_token"]


def test_an_assertion_of_an_hour_is_refused(town: Town) -> None:
    """Authlib's own default of an hour is longer than the five minutes of SMART Backend Services."""
    from authlib.integrations.base_client import OAuthError

    with (
        session(town.platform, town.services["provider", "RS384"], lifetime=3600) as client,
        pytest.raises(OAuthError) as refused,
    ):
        client.fetch_token(grant_type="client_credentials")

    assert refused.value.error == "invalid_client"


def test_authlib_asks_about_a_token_and_takes_it_back(town: Town) -> None:
    """Introspection and revocation at the URLs that the metadata names; then the token opens nothing."""
    url = f"{town.platform.base('provider', 'system')}/Patient/{town.patient}"
    with session(town.platform, town.services["provider", "ES384"]) as client:
        issuer = town.platform.token_url(MAPLE).removesuffix("/token")
        named = httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False).json()
        token = client.fetch_token(grant_type="client_credentials")["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        told = client.introspect_token(named["introspection_endpoint"], token=token).json()
        before = httpx.get(url, headers=bearer, trust_env=False).status_code
        gone = client.revoke_token(named["revocation_endpoint"], token=token).status_code
        after = httpx.get(url, headers=bearer, trust_env=False).status_code
        untold = client.introspect_token(named["introspection_endpoint"], token=token).json()

    assert (told["active"], told["client_id"]) == (True, town.services["provider", "ES384"].client_id)
    assert (before, gone, after) == (200, 200, 401)
    assert untold == {"active": False}


@each_api
def test_a_token_opens_its_own_api_alone(town: Town, side: str, audience: str) -> None:
    """A token of one API is 401 at the three others, and at another tenant."""
    bearer = {"Authorization": f"Bearer {token_for(town, side, audience)}"}
    answers = {
        (s, a): httpx.get(
            f"{town.platform.base(s, a)}/Patient/{town.patient}", headers=bearer, trust_env=False
        ).status_code
        for s in SIDES
        for a in AUDIENCES
    }
    elsewhere = httpx.get(
        f"{town.platform.base(side, audience, BIRCH)}/Patient/{town.patient}", headers=bearer, trust_env=False
    )

    assert {key: 200 if key == (side, audience) else 401 for key in answers} == answers
    assert elsewhere.status_code == 401


@each_api
def test_fhirclient_reads_searches_and_pages(town: Town, side: str, audience: str) -> None:
    """fhirclient (PyPI): its strict R4 models take each resource; its pages give every observation of the patient."""
    from fhirclient import client
    from fhirclient.models.observation import Observation
    from fhirclient.models.patient import Patient

    smart = client.FHIRClient(settings={"app_id": "x", "api_base": town.platform.base(side, audience)})
    smart.server.session.trust_env = False
    smart.server.session.headers["Authorization"] = f"Bearer {token_for(town, side, audience)}"

    read = Patient.read(town.patient, smart.server)
    found = [
        one.id
        for one in Observation.where({"patient": town.patient, "_count": "20"}).perform_resources_iter(smart.server)
    ]

    assert town.patient == read.id
    assert town.observations == set(found)
    assert len(town.observations) == len(found)


@pytest.mark.anyio
@each_api
async def test_fhirpy_reads_searches_and_pages(town: Town, side: str, audience: str) -> None:
    """fhirpy (PyPI): fetch_all follows every page."""
    from fhirpy import AsyncFHIRClient

    smart = AsyncFHIRClient(
        town.platform.base(side, audience), authorization=f"Bearer {token_for(town, side, audience)}"
    )

    read = await smart.reference("Patient", town.patient).to_resource()
    found = await smart.resources("Observation").search(patient=town.patient).limit(20).fetch_all()

    assert town.patient == read.id
    assert town.observations == {one.id for one in found}


@pytest.mark.node
@each_api
def test_fhir_kit_client_reads_searches_and_pages(town: Town, side: str, audience: str) -> None:
    """fhir-kit-client (npm): read, search by GET and POST, next pages, history, and the body of a refusal."""
    program, _folder = world.node("fhir-kit-client")
    line = [program, "drive.mjs", town.platform.base(side, audience), token_for(town, side, audience), town.patient]
    said: dict[str, Any] = json.loads(
        subprocess.run(
            line, cwd=ROOT / "tests/clients/node", capture_output=True, text=True, check=True, timeout=120
        ).stdout
    )

    assert ("4.0.1", town.patient, 10, 10, 1) == (
        said["fhir"],
        said["read"],
        said["first"],
        said["posted"],
        said["versions"],
    )
    assert town.observations == set(said["ids"])
    assert said["refused"] == {"status": 400, "type": "OperationOutcome"}
    assert -(-len(town.observations) // 10) == said["pages"]
