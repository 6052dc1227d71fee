"""Patient/$everything over the real store: what it shows, to whom, page by page."""

import pytest

from careweft import surfaces
from careweft.access.reach import REACH, How
from tests.web.desk import FHIR, new_tenant, opened, sent

pytestmark = pytest.mark.anyio
ALL, MINE = "system/*.rs", "patient/*.rs"


def ref(target):
    return {"reference": target}


def of(who, type_, id_, **more):
    return {"resourceType": type_, "id": id_, "subject": ref(f"Patient/{who}"), **more}


def pulse(who, id_, day, **more):
    return of(who, "Observation", id_, status="final", code={"text": "pulse"}, effectiveDateTime=day, **more)


RECORDS = (
    {"resourceType": "Organization", "id": "org", "name": "Clinic"},
    {"resourceType": "Location", "id": "room", "name": "Room 7"},
    {"resourceType": "Practitioner", "id": "dee"},
    {"resourceType": "Practitioner", "id": "unseen"},
    {"resourceType": "PractitionerRole", "id": "role", "practitioner": ref("Practitioner/dee"),
     "location": [ref("Location/room")]},
    {"resourceType": "Patient", "id": "ana", "managingOrganization": ref("Organization/org"),
     "link": [{"other": ref("Patient/ben"), "type": "seealso"}]},
    {"resourceType": "Patient", "id": "ben"},
    *(pulse("ana", f"p{n}", f"2024-0{n}-10", performer=[ref("PractitionerRole/role")]) for n in range(1, 8)),
    of("ana", "Observation", "undated", status="final", code={"text": "x"}),
    pulse("ben", "of-ben", "2024-03-10"),
    pulse("ben", "about-ana", "2024-03-10", focus=[ref("Patient/ana")]),
    of("ana", "Condition", "asthma", onsetDateTime="2001-05-01"),
    of("ana", "Encounter", "visit", status="finished", period={"start": "2024-03-01", "end": "2024-03-02"}),
    {"resourceType": "Device", "id": "pump", "patient": ref("Patient/ana")},
    {"resourceType": "Provenance", "id": "hand", "target": [ref("Observation/p1")], "recorded": "2024-01-10T00:00:00Z"},
    {"resourceType": "Provenance", "id": "of-ben", "target": [ref("Observation/of-ben")],
     "recorded": "2024-01-10T00:00:00Z"},
    {"resourceType": "Group", "id": "both", "type": "person", "actual": True,
     "member": [{"entity": ref("Patient/ana")}]},
)  # fmt: skip
SHARED = {"Organization/org", "PractitionerRole/role", "Practitioner/dee", "Location/room"}
EVENTS = {f"Observation/p{n}" for n in range(1, 8)}
STATES = {"Patient/ana", "Observation/undated", "Condition/asthma", "Device/pump"}
WHOLE = EVENTS | STATES | {"Encounter/visit", "Provenance/hand"}


@pytest.fixture(scope="module")
async def desk(module_database, tmp_path_factory):
    async with opened(module_database, tmp_path_factory.mktemp("desk")) as made:
        await made.load(*RECORDS)
        yield made


def names(bundle, mode):
    entries = [one for one in bundle.get("entry", ()) if one["search"]["mode"] == mode]
    return [f"{one['resource']['resourceType']}/{one['resource'].get('id', '')}" for one in entries]


async def pages(caller, url):
    """Every page from this URL on."""
    found = []
    while url:
        answer = await caller.get(url)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        url = next((one["url"] for one in found[-1]["link"] if one["relation"] == "next"), None)
        assert len(found) < 40
    return found


@pytest.mark.parametrize("side", ["provider", "payer"])
@pytest.mark.parametrize("patient", [None, "ana"])
async def test_everything_of_a_patient_and_nothing_of_another(desk, side, patient):
    """All four APIs: the compartment, and the shared records that it refers to, and those that they refer to."""
    async with desk.caller(MINE if patient else ALL, side=side, patient=patient) as caller:
        (page,) = await pages(caller, "/Patient/ana/$everything")

    assert set(names(page, "match")) == WHOLE
    assert len(names(page, "match")) == len(WHOLE)
    assert set(names(page, "include")) == SHARED
    assert names(page, "match")[0] == "Patient/ana"
    row = await desk.audited()
    assert (row["action"], row["type"], row["id"], row["status"]) == ("$everything", "Patient", "ana", 200)
    assert row["patients"] == ["ana"]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 12, 13])
async def test_pages_bring_each_record_once(desk, count):
    async with desk.caller(MINE, patient="ana") as caller:
        found = await pages(caller, f"/Patient/ana/$everything?_count={count}")
    matches = [name for page in found for name in names(page, "match")]

    assert (sorted(matches), set(matches)) == (sorted(WHOLE), WHOLE)
    assert all(len(names(page, "match")) == count for page in found[:-1])
    assert 1 <= len(names(found[-1], "match")) <= count


@pytest.mark.parametrize(("query", "found"), [
    ("start=2024-03-01&end=2024-04-30",
     {"Observation/p3", "Observation/p4", "Encounter/visit", "Provenance/hand"} | STATES),
    ("start=2024-06-01", {"Observation/p6", "Observation/p7", "Provenance/hand"} | STATES),
    ("end=2024-01-31", {"Observation/p1", "Provenance/hand"} | STATES),
    ("_type=Observation&start=2024-07", {"Observation/p7", "Observation/undated"}),
    ("_type=Condition,Device", {"Condition/asthma", "Device/pump"}),
    ("_type=Condition&_type=Device", {"Condition/asthma", "Device/pump"}),
    ("_type=Group,Organization,Binary", set()),
    ("_type=Patient", {"Patient/ana"}),
    ("_since=2024-01-01", WHOLE),
    ("_since=2999-01-01T00:00:00Z", set()),
])  # fmt: skip
async def test_what_is_asked_for(desk, query, found):
    async with desk.caller(ALL) as caller:
        (page,) = await pages(caller, f"/Patient/ana/$everything?{query}")
        posted = await caller.post("/Patient/ana/$everything", content=query,
                                   headers={"content-type": "application/x-www-form-urlencoded"})  # fmt: skip

    assert set(names(page, "match")) == found
    assert names(posted.json(), "match") == names(page, "match")


async def test_parameters_as_a_resource(desk):
    """POST of a Parameters resource; what was asked is in the audit row as a query writes it."""
    asked = {"resourceType": "Parameters", "parameter": [
        {"name": "start", "valueDate": "2024-07-01"}, {"name": "_type", "valueCode": "Observation"},
        {"name": "_count", "valueInteger": 1}]}  # fmt: skip
    async with desk.caller(MINE, patient="ana") as caller:
        first = await caller.post("/Patient/ana/$everything", **sent(asked))
        row = await desk.audited()
        following = next(one["url"] for one in first.json()["link"] if one["relation"] == "next")
        second = await caller.get(following)

    assert {*names(first.json(), "match"), *names(second.json(), "match")} == {"Observation/p7", "Observation/undated"}
    assert bytes(row["query"]) == b"start=2024-07-01&_type=Observation&_count=1"


@pytest.mark.parametrize(("scope", "patient", "matches", "includes", "without"), [
    ("patient/Patient.r patient/Observation.rs", "ana", EVENTS | {"Patient/ana", "Observation/undated"}, set(),
     "Device"),
    ("system/Patient.r system/Condition.s", None, {"Patient/ana", "Condition/asthma"}, set(), "Observation"),
    ("system/Patient.r system/Observation.r", None, {"Patient/ana"}, set(), "Observation"),
    ("system/Patient.r system/Organization.r", None, {"Patient/ana"}, {"Organization/org"}, "Observation"),
    ("patient/*.rs?_id=ana patient/Device.s", "ana", {"Patient/ana", "Device/pump"}, set(), ""),
])  # fmt: skip
async def test_each_type_by_its_own_right(desk, scope, patient, matches, includes, without):
    """What a token has no right to is left out, and said by type."""
    async with desk.caller(scope, patient=patient) as caller:
        (page,) = await pages(caller, "/Patient/ana/$everything")
    told = [one["resource"]["issue"][0]["diagnostics"] for one in page["entry"] if one["search"]["mode"] == "outcome"]

    assert set(names(page, "match")) == matches
    assert set(names(page, "include")) == includes
    assert without in "".join(told)


@pytest.mark.parametrize(("path", "scope", "patient", "status"), [
    ("Patient/ben/$everything", MINE, "ana", 404),
    ("Patient/never-was/$everything", MINE, "ana", 404),
    ("Patient/never-was/$everything", ALL, None, 404),
    ("Patient/ana/$everything", "system/Observation.rs", None, 403),
    ("Patient/ana/$everything", "system/Patient.s", None, 403),
    ("Patient/ana/$everything?colour=red", ALL, None, 400),
    ("Patient/ana/$everything?_type=Foo", ALL, None, 400),
    ("Patient/ana/$everything?start=yesterday", ALL, None, 400),
    ("Patient/ana/$everything?start=2024&start=2023", ALL, None, 400),
    ("Patient/ana/$everything?_count=0", ALL, None, 400),
    ("Patient/ana/$everything?_since=x", ALL, None, 400),
    ("Patient/ana/$everything?start=", ALL, None, 400),
    ("Patient/ana/$everything?_page=abc", ALL, None, 400),
    ("Patient/ana/$everything?access_token=x", ALL, None, 400),
])  # fmt: skip
async def test_what_is_refused(desk, path, scope, patient, status):
    async with desk.caller(scope, patient=patient) as caller:
        answer = await caller.get(f"/{path}")

    assert answer.status_code == status, answer.text


async def test_unseen_and_absent_look_alike(desk):
    async with desk.caller(MINE, patient="ana") as caller:
        said = {(await caller.get(f"/Patient/{one}/$everything")).text for one in ("ben", "never-was")}

    assert len(said) == 1


async def test_a_link_is_for_its_own_caller_patient_and_tenant(desk):
    other = await new_tenant(desk.house)
    await desk.load({"resourceType": "Patient", "id": "ana"}, tenant=other)
    async with (
        desk.caller(MINE, patient="ana") as ana,
        desk.caller(MINE, patient="ben") as ben,
        desk.caller(ALL, tenant=other) as there,
    ):
        first = (await ana.get("/Patient/ana/$everything?_count=2")).json()
        page = next(one["url"] for one in first["link"] if one["relation"] == "next").partition("?")[2]
        answers = [
            (await one.get(path)).status_code
            for one, path in ((ana, f"/Patient/ana/$everything?{page}"), (ben, f"/Patient/ben/$everything?{page}"),
                              (there, f"/Patient/ana/$everything?{page}"), (ana, f"/Observation?{page}"))
        ]  # fmt: skip

    assert answers == [200, 400, 400, 400]


@pytest.mark.parametrize("body", [{"resourceType": "Patient"}, {"resourceType": "Parameters", "parameter": {}},
                                  {"resourceType": "Parameters", "parameter": [{"name": "start"}]},
                                  {"resourceType": "Parameters", "parameter": [{"name": "start", "valueRatio": {}}]},
                                  {"resourceType": "Parameters", "parameter": [{"valueDate": "2024"}]}])  # fmt: skip
async def test_bodies_that_ask_nothing(desk, body):
    async with desk.caller(ALL) as caller:
        plain = {"content": b"x", "headers": {"content-type": "text/plain"}}
        answers = [await caller.post("/Patient/ana/$everything", **one) for one in (sent(body), plain)]

    assert [one.status_code for one in answers] == [400, 415]


def test_every_type_that_a_patient_may_have_is_in_it():
    """What is not in $everything of a surface is shared, follows an owner, or is nobody's."""
    from careweft.web.fhir import compartment

    for surface in surfaces.ALL:
        beside = {one.type for one in surface.offers} - set(compartment.types(surface))
        assert {REACH.get(one, How.NEVER) for one in beside} <= {How.SHARED, How.OWNER, How.NEVER}
        assert compartment.types(surface)[0] == "Patient"


async def test_as_xml(desk):
    async with desk.caller(ALL) as caller:
        answer = await caller.get("/Patient/ana/$everything?_format=xml")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+xml; charset=UTF-8")
    assert FHIR not in answer.headers["content-type"]
