"""DocumentReference/$docref over the real store: what is found, what is made, and for whom."""

import base64
import hashlib
import json

import pytest

from careweft.fhir.validate.known import accepts
from tests.web.desk import opened, sent

pytestmark = pytest.mark.anyio
ALL, MINE = "system/*.rs", "patient/*.rs"
NOTE, CCD = "11506-3", "34133-9"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def ref(target):
    return {"reference": target}


def of(who, type_, id_, **more):
    return {"resourceType": type_, "id": id_, "subject": ref(f"Patient/{who}"), **more}


def document(id_, who, code, day, **more):
    return of(who, "DocumentReference", id_, **{
        "status": "current", "type": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "date": f"{day}T10:00:00Z", "content": [{"attachment": {"contentType": "text/plain", "data": "YQ=="}}],
        **more})  # fmt: skip


def lab(id_, who, day, **more):
    return of(who, "Observation", id_, **{
        "status": "final", "code": {"text": "Potassium <K>"}, "effectiveDateTime": day,
        "category": [{"coding": [{"system": CATEGORY, "code": "laboratory"}]}],
        "valueQuantity": {"value": 4.2, "unit": "mmol/L"}, **more})  # fmt: skip


ACTIVE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}
RECORDS = (
    {"resourceType": "Organization", "id": "org", "name": "Clinic"},
    {"resourceType": "Practitioner", "id": "dee"},
    {"resourceType": "Patient", "id": "ana"},
    {"resourceType": "Patient", "id": "ben"},
    {"resourceType": "Patient", "id": "new"},
    lab("k1", "ana", "2024-01-10", performer=[ref("Practitioner/dee")]),
    lab("k2", "ana", "2024-05-10"),
    lab("wrong", "ana", "2024-05-11", status="entered-in-error"),
    lab("of-ben", "ben", "2024-05-10"),
    of("ana", "Condition", "asthma", code={"text": "Asthma"}, clinicalStatus=ACTIVE, onsetDateTime="2001-05-01"),
    of("ana", "MedicationRequest", "inhaler", status="active", intent="order", authoredOn="2024-05-02",
       medicationCodeableConcept={"text": "Salbutamol"}),
    document("note-1", "ana", NOTE, "2024-01-10"),
    document("note-2", "ana", NOTE, "2024-05-10"),
    document("letter", "ana", "57133-1", "2024-03-10"),
    document("stored", "ana", CCD, "2024-02-10"),
    document("cared", "ana", "18842-5", "2024-06-01", context={"period": {"start": "2023-03-01", "end": "2023-03-09"}}),
    document("gone", "ana", "11488-4", "2024-05-10", status="superseded"),
    document("of-ben", "ben", NOTE, "2024-05-10"),
)  # fmt: skip


@pytest.fixture(scope="module")
async def desk(module_database, tmp_path_factory):
    async with opened(module_database, tmp_path_factory.mktemp("desk")) as made:
        await made.load(*RECORDS)
        yield made


def resources(bundle):
    return [one["resource"] for one in bundle.get("entry", ()) if one["search"]["mode"] == "match"]


def stored(bundle):
    return {one["id"] for one in resources(bundle) if "-" not in one["id"] or one["id"].startswith("note-")} - {""}


def made(bundle):
    """The document in the answer, once its size and hash are those that are told."""
    (found,) = [one for one in resources(bundle) if one.get("masterIdentifier")]
    attachment = found["content"][0]["attachment"]
    data = base64.b64decode(attachment["data"])
    assert (attachment["size"], attachment["hash"]) == (
        len(data),
        base64.b64encode(hashlib.sha1(data).digest()).decode(),
    )
    assert not accepts(found)
    return json.loads(data)


def section(document, title):
    return next(one for one in document["entry"][0]["resource"]["section"] if one["title"] == title)


@pytest.mark.parametrize(("query", "found", "makes"), [
    ("", {"note-2", "letter", "stored", "cared"}, True),
    ("&on-demand=true", set(), True),
    ("&on-demand=false", {"note-2", "letter", "stored", "cared"}, True),
    (f"&type=http://loinc.org|{NOTE}", {"note-2"}, False),
    (f"&type=http://loinc.org|{CCD}", {"stored"}, True),
    (f"&type={CCD}&type=57133-1", {"stored", "letter"}, True),
    ("&type=http://loinc.org|00000-0", set(), False),
    ("&start=2024-03-01", {"note-2", "letter"}, True),
    ("&end=2024-03-31", {"note-1", "letter", "stored", "cared"}, True),
    ("&start=2023-01-01&end=2023-12-31", {"cared"}, True),
    ("&start=2024-01-01&end=2024-12-31", {"note-1", "note-2", "letter", "stored"}, True),
    ("&profile=http://profiles.example/none", set(), False),
])  # fmt: skip
@pytest.mark.parametrize("patient", [None, "ana"])
async def test_what_is_found_and_made(desk, query, found, makes, patient):
    async with desk.caller(MINE if patient else ALL, patient=patient) as caller:
        answer = await caller.get(f"/DocumentReference/$docref?patient=ana{query}")
    told = answer.json()

    assert (answer.status_code, told["type"]) == (200, "searchset")
    assert stored(told) == found
    assert len(resources(told)) == len(found) + makes


@pytest.mark.parametrize("side", ["provider", "payer"])
@pytest.mark.parametrize("patient", [None, "ana"])
async def test_a_summary_is_a_whole_document(desk, side, patient):
    """All four APIs: a Composition first, then the records of the patient that it names, and nobody else's."""
    async with desk.caller(MINE if patient else ALL, side=side, patient=patient) as caller:
        found = made((await caller.get("/DocumentReference/$docref?patient=ana&on-demand=true")).json())
    inside = {f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in found["entry"]}
    composition = found["entry"][0]["resource"]
    named = {one["reference"] for each in composition["section"] for one in each.get("entry", ())}

    assert (found["type"], composition["resourceType"]) == ("document", "Composition")
    assert inside - {f"Composition/{composition['id']}"} == {
        "Patient/ana", "Observation/k1", "Observation/k2", "Condition/asthma", "MedicationRequest/inhaler",
        "Practitioner/dee"}  # fmt: skip
    assert named == inside - {"Patient/ana", "Practitioner/dee", f"Composition/{composition['id']}"}
    assert {f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in found["entry"][1:]} == {
        one["fullUrl"].partition(f"{desk.tenant.id}/")[2] for one in found["entry"][1:]
    }
    assert not accepts(composition)
    row = await desk.audited()
    assert (row["action"], row["type"], row["patients"]) == ("$docref", "DocumentReference", ["ana"])


async def test_a_summary_says_what_the_records_say(desk):
    """Sections with what was found, in words too; an empty one says that nothing was found, not that nothing is."""
    async with desk.caller(ALL) as caller:
        found = made(
            (await caller.get("/DocumentReference/$docref?patient=ana&on-demand=true&start=2024-05-01")).json()
        )

    results = section(found, "Results")
    assert results["entry"] == [ref("Observation/k2")]
    assert "<td>2024-05-10</td><td>Potassium &lt;K&gt;: 4.2 mmol/L</td><td>final</td>" in results["text"]["div"]
    assert "Asthma" in section(found, "Problems")["text"]["div"]
    assert section(found, "Allergies and Intolerances")["emptyReason"]["coding"][0]["code"] == "unavailable"
    assert found["entry"][0]["resource"]["event"] == [{"period": {"start": "2024-05-01"}}]


async def test_a_summary_goes_no_further_than_its_rights(desk):
    """A type without a right is in no section, and that is said in the document and beside it."""
    scope = "patient/DocumentReference.rs patient/Patient.r patient/Condition.rs"
    async with desk.caller(scope, patient="ana") as caller:
        told = (await caller.get("/DocumentReference/$docref?patient=ana&on-demand=true")).json()
    found = made(told)
    composition = found["entry"][0]["resource"]

    assert [one["title"] for one in composition["section"]] == ["Problems"]
    assert "for want of a right to them" in composition["text"]["div"]
    assert "Observation" in composition["text"]["div"]
    assert told["entry"][-1]["resource"]["issue"][0]["code"] == "suppressed"
    assert b"Potassium" not in json.dumps(told).encode()


async def test_nothing_made_is_kept(desk):
    """No record, no version: a document of one caller's rights is in no other caller's reach."""
    before = await desk.counted()
    async with desk.caller(ALL) as caller:
        for _ in range(2):
            await caller.get("/DocumentReference/$docref?patient=ana")
    after = await desk.counted()

    assert (after[0] - before[0], after[1] - before[1], after[2] - before[2]) == (0, 0, 2)


@pytest.mark.parametrize(("patient", "who"), [("ben", "ana"), ("never-was", "ana"), ("never-was", None)])
async def test_a_patient_that_is_not_seen_has_no_documents(desk, patient, who):
    async with desk.caller(MINE if who else ALL, patient=who) as caller:
        answer = await caller.get(f"/DocumentReference/$docref?patient={patient}")

    assert (answer.status_code, answer.json().get("entry")) == (200, None)


@pytest.mark.parametrize(("query", "scope", "status"), [
    ("", ALL, 400), ("?patient=", ALL, 400), ("?patient=ana&patient=ben", ALL, 400), ("?patient=ana&start=x", ALL, 400),
    ("?patient=ana&on-demand=maybe", ALL, 400), ("?patient=ana&colour=red", ALL, 400),
    ("?patient=ana", "system/Patient.rs", 403), ("?patient=ana", "system/DocumentReference.r", 403),
    ("?patient=ana", "system/DocumentReference.s", 200),
])  # fmt: skip
async def test_what_is_refused(desk, query, scope, status):
    async with desk.caller(scope) as caller:
        answer = await caller.get(f"/DocumentReference/$docref{query}")

    assert answer.status_code == status, answer.text


async def test_parameters_as_a_resource(desk):
    """POST, with codings, as US Core's definition has them."""
    asked = {"resourceType": "Parameters", "parameter": [
        {"name": "patient", "valueId": "ana"}, {"name": "on-demand", "valueBoolean": False},
        {"name": "type", "valueCoding": {"system": "http://loinc.org", "code": NOTE}}]}  # fmt: skip
    async with desk.caller(MINE, patient="ana") as caller:
        answer = await caller.post("/DocumentReference/$docref", **sent(asked))

    assert stored(answer.json()) == {"note-2"}


async def test_a_new_patient_has_a_summary_without_records(desk):
    async with desk.caller(ALL) as caller:
        found = made((await caller.get("/DocumentReference/$docref?patient=new")).json())

    assert len(found["entry"]) == 2
    assert all("emptyReason" in one for one in found["entry"][0]["resource"]["section"])
