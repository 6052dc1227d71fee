"""Other people's clients sign a person in at the clinic, through its pages, over a real socket.

Discovery, login, nonce, refresh, introspection and revocation by openid-client (npm) and Authlib; a SMART launch by
Python's fhirclient.
"""

import json
import subprocess
from itertools import islice
from urllib.parse import urlencode

import httpx
import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet

from tests import world

from .clinic import REDIRECT, Clinic

SCOPE = "launch/patient openid fhirUser offline_access patient/Patient.rs patient/Observation.rs"


def back(clinic: Clinic, url: str, who: str = "ana") -> str:
    """The address that the browser comes to when the person has said yes."""
    return f"{REDIRECT}?{urlencode(clinic.people[who].grant(url))}"


def test_authlib_signs_in(clinic: Clinic) -> None:
    """Authlib: metadata, PKCE, nonce and ID token, refresh, introspection, revocation; then nothing works."""
    app = clinic.apps["confidential"]
    named = httpx.get(f"{clinic.issuer}/.well-known/openid-configuration", trust_env=False).json()
    with OAuth2Client(
        app.id, app.secret, scope=SCOPE, redirect_uri=REDIRECT, code_challenge_method="S256", trust_env=False
    ) as client:
        verifier, nonce = generate_token(48), generate_token(20)
        url, state = client.create_authorization_url(
            named["authorization_endpoint"], code_verifier=verifier, nonce=nonce, aud=clinic.base
        )
        token = client.fetch_token(
            named["token_endpoint"], authorization_response=back(clinic, url), state=state, code_verifier=verifier
        )
        keys = KeySet.import_key_set(httpx.get(named["jwks_uri"], trust_env=False).json())
        claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
        second = client.refresh_token(named["token_endpoint"], refresh_token=token["refresh_token"])
        told = client.introspect_token(named["introspection_endpoint"], token=second["access_token"]).json()
        gone = client.revoke_token(named["revocation_endpoint"], token=second["refresh_token"]).status_code
        untold = client.introspect_token(named["introspection_endpoint"], token=second["access_token"]).json()
        with pytest.raises(OAuthError) as refused:
            client.refresh_token(named["token_endpoint"], refresh_token=second["refresh_token"])

    assert (claims["iss"], claims["aud"], claims["nonce"]) == (named["issuer"], app.id, nonce)
    assert token["patient"] == clinic.patient
    assert second["access_token"] != token["access_token"]
    assert (told["active"], told["sub"]) == (True, claims["sub"])
    assert (gone, untold, refused.value.error) == (200, {"active": False}, "invalid_grant")


@pytest.mark.node
def test_openid_client_signs_in(clinic: Clinic) -> None:
    """openid-client (npm): it checks state, iss, nonce and at_hash itself, and asks userinfo."""
    program, folder = world.node("openid-client")
    app = clinic.apps["confidential"]
    line = [program, "openid.mjs", clinic.issuer, app.id, app.secret or "", REDIRECT, clinic.base, SCOPE]
    with subprocess.Popen(line, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin
        assert client.stdout
        url = json.loads(client.stdout.readline())["url"]
        client.stdin.write(back(clinic, url) + "\n")
        client.stdin.flush()
        said = json.loads(client.stdout.readline() or "{}")

    assert said == {
        "strange": "OAUTH_INVALID_RESPONSE", "nonce": True, "issuer": clinic.issuer, "patient": clinic.patient,
        "fhirUser": f"{clinic.base}/Patient/{clinic.patient}", "renewed": True, "active": True, "sub": True,
        "after": False, "again": "invalid_grant",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["public", "confidential"])
def test_fhirclient_launches(clinic: Clinic, name: str) -> None:
    """fhirclient (PyPI): discovery by its metadata, launch, reads in its strict models, refresh, end."""
    from fhirclient.client import FHIRClient
    from fhirclient.models.observation import Observation
    from fhirclient.server import FHIRUnauthorizedException

    app = clinic.apps[name]
    settings = {
        "app_id": app.id, "app_secret": app.secret, "api_base": clinic.base, "redirect_uri": REDIRECT, "scope": SCOPE
    }  # fmt: skip
    smart = FHIRClient(settings=settings)
    smart.server.session.trust_env = False
    smart.handle_callback(back(clinic, smart.authorize_url))
    first = smart.server.auth.access_token
    mine = Observation.where({"patient": clinic.patient, "_count": "20"})
    found = list(islice(mine.perform_resources_iter(smart.server), 25))
    refreshed = smart.reauthorize()
    second = smart.server.auth.access_token
    again = smart.patient
    clinic.post(
        f"{clinic.issuer}/revoke", {"token": smart.server.auth.refresh_token, **app.proof("")[0]}, **app.proof("")[1]
    )
    with pytest.raises(FHIRUnauthorizedException):
        next(mine.perform_resources_iter(smart.server))

    assert refreshed
    assert first != second
    assert (again.id, smart.patient_id) == (clinic.patient, clinic.patient)
    assert len({one.id for one in found}) == 25
    smart.server.session.close()
