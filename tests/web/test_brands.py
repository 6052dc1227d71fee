"""User-access brands (SMART-15), which are the service base URLs (REG-05): from the tables, for everybody."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import httpx
import pytest

from careweft.cli.apps import terminal
from careweft.fhir.validate.known import validator
from careweft.surfaces import ALL, brands
from careweft.tenancy import Tenant
from careweft.tenancy.brand import Brand, Branded, checked

from .desk import new_tenant, opened
from .twins import MAPLE, world

WHOLE = Brand(
    alias="Northwind", url="https://northwind.example.org", logo="https://northwind.example.org/logo.png",
    npi="1234567893", ccn="010001", phone="+1 612 555 0100", line="1 Main Street", city="Duluth", state="MN",
    postal_code="55802", portal_name="My Northwind", portal_url="https://my.northwind.example.org",
)  # fmt: skip
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def listed(*brands_: Brand):
    made = [Branded(Tenant(MAPLE.id[:-1] + str(n), n, f"Clinic {n}"), one, NOON) for n, one in enumerate(brands_, 1)]
    return brands.bundle(made, "https://fhir.example.org")


def of(bundle, type_):
    return [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == type_]


@pytest.mark.parametrize("brand", [Brand(), WHOLE, *(Brand(**{f.name: getattr(WHOLE, f.name)}) for f in fields(Brand))])
def test_a_list_is_what_smart_asks_for(brand):
    """Whatever is known of a tenant: valid R4; each Organization names its Endpoints, each Endpoint how to reach it."""
    bundle = listed(brand, WHOLE)
    organizations, endpoints = of(bundle, "Organization"), of(bundle, "Endpoint")

    assert [one for one in validator().issues(bundle) if one.severity == "error"] == []
    assert (bundle["type"], bundle["timestamp"]) == ("collection", bundle["meta"]["lastUpdated"])
    assert [one["fullUrl"] for one in bundle["entry"]] == [
        f"urn:uuid:{one['resource']['id']}" for one in bundle["entry"]
    ]
    known = {f"Endpoint/{one['id']}" for one in endpoints}
    assert known == {one["reference"] for organization in organizations for one in organization["endpoint"]}
    for one in organizations:
        portal = next(e for e in one["extension"] if e["url"].endswith("/organization-portal"))
        assert {"portalName", "portalEndpoint"} <= {part["url"] for part in portal["extension"]}
        assert one["identifier"][0]["system"] == "urn:ietf:rfc:3986"
    for one in endpoints:
        assert one["extension"] == [
            {"url": "http://hl7.org/fhir/StructureDefinition/endpoint-fhir-version", "valueCode": "4.0.1"}
        ]
        assert one["contact"][0]["value"] == "https://fhir.example.org/developers"
        assert (one["status"], one["connectionType"]["code"]) == ("active", "hl7-fhir-rest")


def test_every_api_that_people_sign_in_to_is_an_endpoint():
    """Read off the rows; APIs of systems are none of them."""
    addresses = {one["address"] for one in of(listed(WHOLE), "Endpoint")}
    people = [one for one in ALL if one.audience == "patient"]

    assert addresses == {one.url("https://fhir.example.org", MAPLE.id[:-1] + "1") for one in people}


@pytest.mark.parametrize(
    "wrong",
    [
        {"npi": "12"},
        {"url": "http://northwind.example.org"},
        {"logo": "javascript:alert(1)"},
        {"portal_url": "https://"},
        {"state": "Minnesota"},
        {"postal_code": "1"},
        {"alias": "a\u0007"},
        {"line": "x" * 301},
    ],
)
def test_what_a_brand_cannot_be(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        checked(replace(WHOLE, **wrong))


async def test_it_is_for_everybody_and_again_for_nothing():
    """No token, any origin; 304 for who has it; in XML for who asks so."""
    one = world()
    async with one.client() as client:
        first = await client.get("/brand/brands.json", headers={"origin": "https://anywhere.example"})
        again = await client.get("/brand/brands.json", headers={"if-none-match": first.headers["etag"]})
        other = await client.get("/brand/brands.json", headers={"if-none-match": 'W/"x"'})
        xml = await client.get("/brand/brands.json", headers={"accept": "application/fhir+xml"})
        own = await client.get(f"/brand/{MAPLE.id}/brands.json")
        nobody = await client.get(f"/brand/{MAPLE.id[:-1]}0/brands.json")
        smart = await client.get(f"/provider/patient-access/v2/{MAPLE.id}/.well-known/smart-configuration")

    assert (first.status_code, first.headers["access-control-allow-origin"]) == (200, "*")
    assert first.headers["content-type"].startswith("application/fhir+json")
    assert first.headers["etag"].startswith('W/"')
    assert (again.status_code, again.content, other.status_code) == (304, b"", 200)
    assert xml.text.startswith("<Bundle") or "<Bundle" in xml.text[:200]
    assert len(of(first.json(), "Organization")) == 2
    assert [organization["id"] for organization in of(own.json(), "Organization")] == [MAPLE.id]
    assert nobody.status_code == 404
    named = smart.json()
    assert named["user_access_brand_bundle"].endswith(f"/brand/{MAPLE.id}/brands.json")
    assert named["user_access_brand_identifier"] in of(own.json(), "Organization")[0]["identifier"]


async def test_what_is_said_of_a_tenant_is_published(database, tmp_path):
    """Kept with its audit entry; the list's time moves with it, and the lists name every tenant."""
    async with opened(database, tmp_path) as desk:
        await new_tenant(desk.house)
        held = next(one for one in await desk.house.tenants.brands() if one.tenant == desk.tenant)
        new = replace(held, brand=WHOLE, changed=NOON.replace(year=2027), reviewed=NOON)
        entry = terminal().entry(NOON, "tenant brand", "root", desk.tenant.number, None)
        await desk.house.tenants.save_brand(new, entry)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(desk.front), base_url=desk.house.settings.public_url
        ) as web:
            bundle = (await web.get("/brand/brands.json")).json()

        assert bundle["timestamp"].startswith("2027-11-27T12:00:00")
        told = {one["id"]: one for one in of(bundle, "Organization")}
        assert len(told) == 2
        assert told[desk.tenant.id]["address"][0]["city"] == "Duluth"
        assert new in await desk.house.tenants.brands()
        assert (await desk.audited())["action"] == "tenant brand"
