"""What the server says of itself: OAUTH-23, SMART-01, SMART-02."""

import pytest

from careweft.access.scopes import Scope
from careweft.oauth.discovery import Discovery, scopes
from careweft.oauth.scope import granted
from careweft.oauth.token import GRANTS
from careweft.surfaces import ALL
from careweft.surfaces.issuers import V2

from .world import BASE, ISSUER, PATIENT, SYSTEM, TOKEN_URL, A, World, opened

DISCOVERY = Discovery(BASE)


def test_metadata():
    """RFC 8414: issuer byte-equal to `iss`, URLs absolute; what does not exist is not listed."""
    said = DISCOVERY.metadata(A)
    assert (said["issuer"], said["token_endpoint"], said["jwks_uri"]) == (ISSUER, TOKEN_URL, f"{ISSUER}/jwks")
    assert said["grant_types_supported"] == list(GRANTS)
    assert said["response_types_supported"] == []
    assert "authorization_endpoint" not in said
    assert said["introspection_endpoint"] == f"{ISSUER}/introspect"
    assert said["revocation_endpoint"] == f"{ISSUER}/revoke"
    assert "private_key_jwt" in said["revocation_endpoint_auth_methods_supported"]
    assert {"RS384", "ES384"} <= set(said["token_endpoint_auth_signing_alg_values_supported"])


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


def test_smart_configuration_of_patient_access():
    """There is no launch yet, so none is claimed; `issuer` and `jwks_uri` come with sso-openid-connect (SMART-01)."""
    said = DISCOVERY.smart_configuration(PATIENT, A)
    assert said["grant_types_supported"] == []
    assert "sso-openid-connect" not in said["capabilities"]
    assert not {"issuer", "jwks_uri", "authorization_endpoint"} & said.keys()


@pytest.mark.parametrize("surface", ALL, ids=lambda one: one.id)
def test_every_listed_scope_can_be_granted(surface):
    """OAUTH-23: to a client that was registered for everything."""
    for text in scopes(surface):
        assert str(granted(text, [f"{surface.audience}/*.cruds"], surface)[0]) == text


@pytest.mark.parametrize("surface", ALL, ids=lambda one: one.id)
def test_the_listed_scopes_are_read_off_the_offers(surface):
    listed = [Scope.read(text) for text in scopes(surface)]
    assert {one.type for one in listed} == {"*", *surface.by_type}
    letters = "cr" if surface.side == "provider" else "r"
    assert Scope.read(f"{surface.audience}/Binary.{letters}") in listed


def test_the_documents_agree():
    """What one says, the other does not contradict."""
    metadata = DISCOVERY.metadata(A)
    for surface in ALL:
        said = DISCOVERY.smart_configuration(surface, A)
        assert said["token_endpoint"] == metadata["token_endpoint"]
        assert set(said["grant_types_supported"]) <= set(metadata["grant_types_supported"])
    assert set(metadata["token_endpoint_auth_methods_supported"]) == set(V2.methods)
