"""What the server says of itself: OAUTH-23, OAUTH-24, SMART-01, SMART-02."""

import pytest

from careweft.access.decide import TAKEN
from careweft.access.labels import WORDS
from careweft.access.scopes import Scope
from careweft.oauth.discovery import Discovery, scopes
from careweft.oauth.scope import within
from careweft.registry.application import SYSTEM_WORDS
from careweft.registry.application import WORDS as PATIENT_WORDS
from careweft.surfaces import ALL
from careweft.surfaces.issuers import ENDPOINTS, V2

from .world import BASE, ISSUER, PATIENT, SYSTEM, TOKEN_URL, A, World, opened

DISCOVERY = Discovery(BASE)

# Each capability that is listed, and the test that exercises it (SMART-02).
EXERCISED = {
    "launch-ehr": "test_launch.test_an_ehr_opens_an_application",
    "launch-standalone": "test_flow.test_a_patient_app_from_beginning_to_end",
    "authorize-post": "test_authorize.test_get_and_post_are_alike",
    "client-public": "test_flow.test_every_kind_of_client",
    "client-confidential-symmetric": "test_flow.test_every_kind_of_client",
    "client-confidential-asymmetric": "test_flow.test_every_kind_of_client",
    "sso-openid-connect": "test_identity.test_the_id_token_is_believed_by_two_libraries",
    "context-banner": "test_launch.test_an_ehr_opens_an_application",
    "context-style": "test_launch.test_an_ehr_opens_an_application",
    "context-ehr-patient": "test_launch.test_an_ehr_opens_an_application",
    "context-ehr-encounter": "test_launch.test_an_ehr_opens_an_application",
    "context-standalone-patient": "test_authorization.test_a_representative_picks",
    "permission-offline": "test_refresh.test_a_refresh_token_lives_on",
    "permission-patient": "test_flow.test_a_patient_app_from_beginning_to_end",
    "permission-user": "test_flow.test_a_practitioner_acts_with_rights_of_their_own",
    "permission-v1": "test_flow.test_a_v1_request_is_answered_in_v1",
    "permission-v2": "test_flow.test_a_patient_app_from_beginning_to_end",
}


def test_every_capability_has_a_test():
    """The map is total, and every test in it exists."""
    import importlib

    listed = {one for capabilities in V2.capabilities.values() for one in capabilities}
    assert listed == set(EXERCISED)
    for place in EXERCISED.values():
        module, _, name = place.partition(".")
        assert callable(getattr(importlib.import_module(f"tests.oauth.{module}"), name)), place


def test_metadata():
    """RFC 8414: issuer byte-equal to `iss`, URLs absolute; what does not exist is not listed."""
    said = DISCOVERY.metadata(A)
    assert (said["issuer"], said["token_endpoint"], said["jwks_uri"]) == (ISSUER, TOKEN_URL, f"{ISSUER}/jwks")
    for name, word in ENDPOINTS.items():
        assert said[name] == f"{ISSUER}/{word}"
    assert said["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]
    assert (said["response_types_supported"], said["response_modes_supported"]) == (["code"], ["query"])
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["authorization_response_iss_parameter_supported"] is True
    assert said["id_token_signing_alg_values_supported"] == ["RS256"]
    assert said["subject_types_supported"] == ["public"]
    assert "none" in said["token_endpoint_auth_methods_supported"]
    assert "none" not in said["introspection_endpoint_auth_methods_supported"]
    assert "private_key_jwt" in said["revocation_endpoint_auth_methods_supported"]
    assert {"RS384", "ES384"} <= set(said["token_endpoint_auth_signing_alg_values_supported"])


async def test_what_is_listed_is_what_the_endpoint_does():
    """The grants of the metadata are those that the token endpoint knows."""
    assert set(DISCOVERY.metadata(A)["grant_types_supported"]) == set(World().endpoint.grants)


async def test_the_issuer_is_that_of_the_tokens():
    _, claims = opened((await World().token())["access_token"])
    assert claims["iss"] == DISCOVERY.metadata(A)["issuer"]


def test_smart_configuration_of_system_access():
    """Backend services: these grants, these ways, these capabilities."""
    said = DISCOVERY.smart_configuration(SYSTEM, A)
    assert said["token_endpoint"] == TOKEN_URL
    assert said["grant_types_supported"] == ["client_credentials"]
    assert said["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ]
    assert set(said["capabilities"]) == {
        "client-confidential-asymmetric",
        "client-confidential-symmetric",
        "permission-v1",
        "permission-v2",
    }
    assert "system/*.rs" in said["scopes_supported"]
    assert not {"issuer", "jwks_uri", "authorization_endpoint", "management_endpoint"} & said.keys()


def test_smart_configuration_of_patient_access():
    """SMART-01: all that a launch needs, with issuer and jwks_uri because people sign in by it."""
    said = DISCOVERY.smart_configuration(PATIENT, A)
    assert (said["issuer"], said["jwks_uri"]) == (ISSUER, f"{ISSUER}/jwks")
    assert said["authorization_endpoint"] == f"{ISSUER}/authorize"
    assert said["management_endpoint"] == f"{BASE}/account/{A.id}/access"
    assert "authorization_code" in said["grant_types_supported"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert {"openid", "fhirUser", "launch", "launch/patient", "offline_access"} <= set(said["scopes_supported"])
    assert all(isinstance(one, str) for one in said["capabilities"])


@pytest.mark.parametrize("surface", ALL, ids=lambda one: one.id)
def test_every_listed_scope_can_be_granted(surface):
    """OAUTH-23: to a client that was registered for everything."""
    words = PATIENT_WORDS if surface.audience == "patient" else SYSTEM_WORDS
    registered = [*words, *WORDS, *(f"{level}/*.cruds" for level in TAKEN[surface.audience])]
    for text in scopes(surface):
        assert within(text, registered, surface) == (text,)


@pytest.mark.parametrize("surface", ALL, ids=lambda one: one.id)
def test_the_listed_scopes_are_read_off_the_offers(surface):
    listed = [scope for text in scopes(surface) if (scope := Scope.read(text))]
    assert {one.type for one in listed} == {"*", *surface.by_type}
    letters = "cr" if surface.side == "provider" else "r"
    assert Scope.read(f"{surface.audience}/Binary.{letters}") in listed


def test_the_documents_agree():
    """What one says, the other does not contradict."""
    metadata = DISCOVERY.metadata(A)
    for surface in ALL:
        said = DISCOVERY.smart_configuration(surface, A)
        for name in said.keys() & metadata.keys():
            if isinstance(said[name], str):
                assert said[name] == metadata[name]
            elif name != "token_endpoint_auth_methods_supported":
                assert set(said[name]) <= set(metadata[name])
