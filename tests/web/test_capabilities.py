"""What a surface says of itself, held against what it does (FHIR-15), and the documents of SMART and OAuth."""

from typing import Any

import pytest
from fhirclient.models.capabilitystatement import CapabilityStatement

from careweft import __version__, surfaces
from careweft.access.reach import REACH, How
from careweft.fhir import xml
from careweft.fhir.definitions import SEARCH
from careweft.web.fhir.capabilities import statement

from .twins import BASE, MAPLE, OAK, World, base

pytestmark = pytest.mark.anyio
SURFACES = [pytest.param(one, id=one.name) for one in surfaces.ALL]


async def get(doors: World, path: str, **headers: str) -> Any:
    async with doors.client() as client:
        return await client.get(path, headers=headers)


@pytest.mark.parametrize("surface", SURFACES)
async def test_the_statement_is_valid_and_public(doors, surface):
    answer = await get(doors, f"{surface.url('', MAPLE.id)}/metadata")
    told = answer.json()

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json; charset=UTF-8")
    CapabilityStatement(told)  # strict R4 models
    assert (told["fhirVersion"], told["kind"], told["status"]) == ("4.0.1", "instance", "active")
    assert (told["id"].startswith("careweft-"), told["name"].startswith("careweft-")) == (True, True)
    assert told["software"] == {"name": "careweft", "version": __version__}
    assert told["implementation"]["url"] == surface.url(BASE, MAPLE.id)
    assert {"json", "application/fhir+json", "xml", "application/fhir+xml"} <= set(told["format"])
    assert "http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server" in told["instantiates"]
    assert "{tenant}" not in answer.text


@pytest.mark.parametrize("surface", SURFACES)
def test_the_statement_is_told_from_the_rows(surface):
    """Each type, interaction, parameter with its kind, include and profile of the row, and nothing else."""
    resources = {one["type"]: one for one in statement(surface, BASE)["rest"][0]["resource"]}

    assert list(resources) == [one.type for one in surface.offers]
    for offer in surface.offers:
        told = resources[offer.type]
        assert {one["code"] for one in told["interaction"]} == offer.can
        assert {one["name"]: one["type"] for one in told.get("searchParam", [])} == {
            one: SEARCH[offer.type][one].kind for one in offer.params
        }
        assert tuple(told.get("searchInclude", [])) == offer.includes
        assert tuple(told.get("searchRevInclude", [])) == offer.revincludes
        assert tuple(told.get("supportedProfile", [])) == offer.profiles
        assert [[part["valueString"] for part in one["extension"]] for one in told.get("extension", [])] == [
            list(one) for one in offer.together
        ]


@pytest.mark.parametrize("surface", SURFACES)
def test_the_statement_says_how_records_are_written(surface):
    """Updates want If-Match and never create; a create may be conditional; operations are named where they are."""
    resources = {one["type"]: one for one in statement(surface, BASE)["rest"][0]["resource"]}
    files = surface.side == "provider"
    document, observation = resources["DocumentReference"], resources["Observation"]

    assert [document[name] for name in ("versioning", "conditionalCreate", "updateCreate")] == (
        ["versioned-update", True, False] if files else ["versioned", False, False]
    )
    assert (observation["versioning"], observation["conditionalCreate"]) == ("versioned", False)
    for type_, name in (("Patient", "everything"), ("DocumentReference", "docref")):
        assert name in {one["name"] for one in resources[type_]["operation"]}


@pytest.mark.parametrize("surface", SURFACES)
async def test_every_declared_parameter_is_taken_and_every_undeclared_refused(doors, surface):
    """FHIR-15: generated from the statement itself."""
    values = {"token": "x", "date": "2024", "string": "x", "number": "1", "quantity": "1", "uri": "http://x",
              "composite": "x$2024"}  # fmt: skip
    patient = "ana" if surface.audience == "patient" else None
    bearer = await doors.bearer(f"{surface.audience}/*.rs", side=surface.side, patient=patient)
    url, wrong = surface.url("", MAPLE.id), []
    async with doors.client(headers=bearer) as client:
        for told in statement(surface, BASE)["rest"][0]["resource"]:
            searches = "search-type" in {one["code"] for one in told["interaction"]}
            hidden = patient and REACH.get(told["type"], How.NEVER) is How.NEVER
            asked = [
                (one["name"], values.get(one["type"]) or reference(told["type"], one["name"]))
                for one in told.get("searchParam", [])
            ]
            asked += [("_include", one) for one in told.get("searchInclude", [])]
            asked += [("_revinclude", one) for one in told.get("searchRevInclude", [])]
            for name, value in asked if surface is surfaces.ALL[-1] else asked[:3]:
                answer = await client.get(f"{url}/{told['type']}", params={name: value})
                if answer.status_code != (403 if hidden else 200):
                    wrong.append((told["type"], name, answer.status_code, answer.text[:200]))
            answer = await client.get(f"{url}/{told['type']}", params={"undeclared": "x"})
            absent = 405 if "create" in {one["code"] for one in told["interaction"]} else 404
            if answer.status_code != (absent if not searches else 403 if hidden else 400):
                wrong.append((told["type"], "undeclared", answer.status_code, answer.text[:200]))

    assert wrong == []


def reference(type_: str, code: str) -> str:
    return f"{next(iter(SEARCH[type_][code].targets), 'Patient')}/x"


async def test_the_42_profiles_of_us_core_are_declared():
    """Conformance 10.1.05, as far as the rows list them: each surface lists the same US Core profiles."""
    for surface in surfaces.ALL:
        declared = {
            one for told in statement(surface, BASE)["rest"][0]["resource"] for one in told.get("supportedProfile", [])
        }
        assert len({one for one in declared if "/us/core/" in one}) >= 42


def test_old_clients_find_the_endpoints_in_the_extension():
    """fhirclient reads nothing else."""
    security = statement(surfaces.ALL[1], BASE)["rest"][0]["security"]
    uris = {one["url"]: one["valueUri"] for one in security["extension"][0]["extension"]}

    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    assert uris == {"token": f"{BASE}/auth/{{tenant}}/oauth2/v1/token"}
    people = statement(surfaces.ALL[0], BASE)["rest"][0]["security"]["extension"][0]["extension"]
    assert {one["url"] for one in people} == {"authorize", "token", "introspect", "revoke", "manage"}


async def test_the_statement_as_xml_and_pretty(doors):
    answer = await get(doors, f"{base()}/metadata?_format=xml")
    pretty = await get(doors, f"{base()}/metadata?_pretty=true")

    assert answer.headers["content-type"] == "application/fhir+xml; charset=UTF-8"
    assert xml.from_xml(answer.content, most=len(answer.content)) == pretty.json()
    assert b'\n  "' in pretty.content


@pytest.mark.parametrize("path", ["metadata", ".well-known/smart-configuration"])
async def test_an_unknown_tenant_is_404(doors, path):
    """Decision 18."""
    answer = await get(doors, f"{base(tenant=OAK)}/{path}")
    assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome")


@pytest.mark.parametrize("accept", ["text/html", "application/fhir+xml", "*/*", "application/json"])
@pytest.mark.parametrize("surface", SURFACES)
async def test_smart_configuration_is_json_whatever_is_asked(doors, surface, accept):
    """SMART-01."""
    answer = await get(doors, f"{surface.url('', MAPLE.id)}/.well-known/smart-configuration", accept=accept)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()["token_endpoint"] == f"{BASE}/auth/{MAPLE.id}/oauth2/v1/token"
    assert f"{surface.audience}/*.rs" in answer.json()["scopes_supported"]


@pytest.mark.parametrize(
    "path",
    [
        f"/auth/{MAPLE.id}/oauth2/v1/.well-known/openid-configuration",
        f"/auth/{MAPLE.id}/oauth2/v1/.well-known/oauth-authorization-server",
        f"/.well-known/oauth-authorization-server/auth/{MAPLE.id}/oauth2/v1",
        f"/.well-known/openid-configuration/auth/{MAPLE.id}/oauth2/v1",
    ],
)
async def test_the_issuer_describes_itself_in_every_form(doors, path):
    answer = await get(doors, path)

    assert answer.status_code == 200
    assert answer.json()["issuer"] == f"{BASE}/auth/{MAPLE.id}/oauth2/v1"
    assert (await get(doors, answer.json()["jwks_uri"])).json()["keys"]
    assert (await get(doors, path.replace(MAPLE.id, OAK))).status_code == 404


async def test_keys_are_public_and_not_cached_for_long(doors):
    """OAUTH-25."""
    answer = await get(doors, f"/auth/{MAPLE.id}/oauth2/v1/jwks")
    _, _, seconds = answer.headers["cache-control"].partition("max-age=")

    assert 0 < int(seconds) <= 3600
    assert all("d" not in key and key["kid"] for key in answer.json()["keys"])
