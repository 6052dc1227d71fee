"""Adding a resource type to all four APIs is one row: docs/howto/add-a-resource.md, followed."""

import ast
import re
import uuid
from dataclasses import replace

import httpx
import pytest

from careweft import surfaces
from careweft.access.scopes import read_all
from careweft.adapters import clock
from careweft.app import House, open_house
from careweft.config import Settings
from careweft.fhir.json import encode
from careweft.intake.load import Intake
from careweft.intake.pieces import Piece
from careweft.oauth.grants import Authorization
from careweft.ports.clients import Client
from careweft.surfaces import SHARED, Surface
from careweft.surfaces.offers import READ_SEARCH, offer
from careweft.tenancy import Tenant
from careweft.web import Front
from careweft.web.routes import table
from careweft.web.telemetry import Telemetry
from tests.world import ROOT

ROW = offer("Flag", by="patient date author identifier", together="patient+date")
WITH_ROW = surfaces.build((*SHARED, ROW))
APIS = pytest.mark.parametrize("api", WITH_ROW, ids=lambda one: one.id)


def flag(id_: str, patient: str):
    return {
        "resourceType": "Flag",
        "id": id_,
        "status": "active",
        "code": {"text": "Penicillin: severe reaction"},
        "subject": {"reference": f"Patient/{patient}"},
        "period": {"start": "2024-05-17"},
    }


RECORDS = (
    {"resourceType": "Patient", "id": "ana"},
    {"resourceType": "Patient", "id": "bea"},
    flag("of-ana", "ana"),
    flag("of-bea", "bea"),
)


@pytest.fixture
async def house(module_database, tmp_path):
    settings = Settings.read({}, data=tmp_path, database_url=module_database.server_url, environment="preview")
    async with open_house(settings) as opened:
        yield opened


@pytest.fixture
async def tenant(house):
    """A tenant with a flag for each of two patients."""
    made = await house.tenants.create("Northwind Clinic", str(uuid.uuid4()), "UTC", (), ())
    await house.keyring.signing(made.number)
    intake = Intake(await house.clinical.feed(made), made.id, [one.type for one in SHARED])
    for number, record in enumerate(RECORDS, 1):
        await intake.add(Piece("here", number, encode(record)))
    assert (await intake.finish()).refused == []
    return made


async def bearer(house: House, tenant: Tenant, api: Surface, scope: str = "*.rs") -> str:
    """A token for this API: Ana's at patient access."""
    client = Client(
        uuid.uuid4().hex, tenant.number, "Night report", "system", "web", api.side, "secret", (), approved=True
    )
    await house.clients.save(client)
    ana = "ana" if api.audience == "patient" else None
    granted = Authorization(client, api, read_all(f"{api.audience}/{scope}"), ana)
    return (await house.tokens.mint.token(tenant, granted, clock.now())).text


def caller(house: House, offered: tuple[Surface, ...], token: str) -> httpx.AsyncClient:
    """Someone who asks the whole application, with these offers, over the real store."""
    front = Front(replace(house.site(), surfaces=offered))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(front),
        base_url=house.settings.public_url,
        headers={"Authorization": f"Bearer {token}"},
    )


def test_row_is_the_one_that_the_page_shows():
    """The row in the how-to is the row of these tests, and offers.py does not have it yet."""
    shown = re.search(r"^offer\(.*\),$", (ROOT / "docs/howto/add-a-resource.md").read_text(), re.MULTILINE)
    call = ast.parse(shown[0].rstrip(","), mode="eval").body
    words = {one.arg: ast.literal_eval(one.value) for one in call.keywords}

    assert offer(ast.literal_eval(call.args[0]), **words) == ROW
    assert not any(one.type == "Flag" for one in SHARED)


@APIS
async def test_row_makes_routes(api, house):
    """Read, vread, history, search by GET and POST, $validate, each with the policy of its own right."""
    site = replace(house.site(), surfaces=WITH_ROW)
    rows = [one for one in table(site, Telemetry()) if one.path.startswith(f"{api.base}/Flag")]

    assert {(one.methods, one.path.removeprefix(api.base), one.policy.interaction) for one in rows} == {
        (("GET",), "/Flag/{id}", "read"),
        (("GET",), "/Flag/{id}/_history/{vid}", "vread"),
        (("GET",), "/Flag/{id}/_history", "history-instance"),
        (("GET",), "/Flag", "search-type"),
        (("POST",), "/Flag/_search", "search-type"),
        (("POST",), "/Flag/$validate", "$validate"),
        (("GET", "POST"), "/Flag/{id}/$validate", "$validate"),
    }


@APIS
async def test_row_is_told_in_the_capability_statement(api, house, tenant):
    async with caller(house, WITH_ROW, "none") as anyone:
        told = (await anyone.get(api.url("", tenant.id) + "/metadata")).json()
    found = next(one for one in told["rest"][0]["resource"] if one["type"] == "Flag")

    assert [one["name"] for one in found["searchParam"]] == list(ROW.params)
    assert {one["code"] for one in found["interaction"]} == {"read", "vread", "history-instance", "search-type"}
    assert "Flag:patient" in found["searchInclude"]


@APIS
async def test_row_is_searched_and_read(api, house, tenant):
    """A system token finds both flags; Ana's finds hers, and Bea's is for it like one that never was."""
    mine, base = api.audience == "patient", api.url("", tenant.id)
    async with caller(house, WITH_ROW, await bearer(house, tenant, api)) as service:
        found = (await service.get(f"{base}/Flag?date=ge2024&_sort=_id")).json()
        brought = (
            await service.post(f"{base}/Flag/_search", data={"patient": "ana", "_include": "Flag:patient"})
        ).json()
        read, other = [await service.get(f"{base}/Flag/{id_}") for id_ in ("of-ana", "of-bea")]

    assert [one["resource"]["id"] for one in found["entry"]] == (["of-ana"] if mine else ["of-ana", "of-bea"])
    assert [one["resource"]["id"] for one in brought["entry"]] == ["of-ana", "ana"]
    assert (read.status_code, read.json()["subject"]["reference"]) == (200, "Patient/ana")
    assert other.status_code == (404 if mine else 200)


@APIS
async def test_row_is_confined_by_scopes(api, house, tenant):
    """A token for observations is refused, and what the row does not offer is refused by name."""
    base = api.url("", tenant.id)
    async with caller(house, WITH_ROW, await bearer(house, tenant, api, "Observation.rs")) as other:
        assert (await other.get(f"{base}/Flag")).status_code == 403
    async with caller(house, WITH_ROW, await bearer(house, tenant, api)) as service:
        assert (await service.get(f"{base}/Flag?encounter=7")).status_code == 400


@APIS
async def test_without_the_row_there_is_nothing(api, house, tenant):
    """The same application without the row does not know the type."""
    async with caller(
        house, surfaces.ALL, await bearer(house, tenant, surfaces.find(api.side, api.audience))
    ) as service:
        assert (await service.get(api.url("", tenant.id) + "/Flag")).status_code == 404


WRITTEN = surfaces.build((*SHARED, offer("Flag", by="patient date", can=f"{READ_SEARCH} create update")))


@pytest.mark.parametrize("api", WRITTEN, ids=lambda one: one.id)
async def test_row_may_be_written_where_it_says_so(api, house, tenant):
    """`create update` in the row, and applications file the type on every API: their own patient's, nobody else's."""
    mine, base = api.audience == "patient", api.url("", tenant.id)
    new = {name: value for name, value in flag("", "ana").items() if name != "id"}
    async with caller(house, WRITTEN, await bearer(house, tenant, api, "*.cruds")) as service:
        made = await service.post(f"{base}/Flag", json=new)
        other = await service.post(f"{base}/Flag", json={**new, "subject": {"reference": "Patient/bea"}})
        changed = {**made.json(), "status": "inactive"}
        again = await service.put(
            f"{base}/Flag/{changed['id']}", json=changed, headers={"If-Match": made.headers["etag"]}
        )
    async with caller(house, WRITTEN, await bearer(house, tenant, api)) as reader:
        refused = await reader.post(f"{base}/Flag", json=new)

    assert (made.status_code, again.status_code, again.json()["status"]) == (201, 200, "inactive")
    assert (other.status_code, refused.status_code) == (422 if mine else 201, 403)
