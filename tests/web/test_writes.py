"""Create and update over the whole application and the real store: rows of request and status, and what is left."""

import asyncio
import base64
import hashlib
import uuid
from copy import deepcopy

import pytest

from careweft.fhir.validate.known import accepts
from careweft.fhir.xml import from_xml, to_xml
from tests.web.desk import FHIR, new_tenant, opened, sent
from tests.world import count

pytestmark = pytest.mark.anyio
PDF, PNG = b"%PDF-1.7\n%%EOF\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
ALL = "system/*.cruds"
MINE = "patient/*.cruds"


def ref(target: str):
    return {"reference": target}


def inline(data: bytes = b"Seen and well.", kind: str = "text/plain", **more):
    return {"contentType": kind, "data": base64.b64encode(data).decode(), **more}


def document(who: str | None = "ana", attachment=None, **more):
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
        "category": [{"coding": [{"code": "clinical-note"}]}],
        **({"subject": ref(f"Patient/{who}")} if who else {}),
        "content": [{"attachment": attachment or inline()}],
        **more,
    }


def report(who: str = "ana", **more):
    return {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "Chest X-ray"},
            "subject": ref(f"Patient/{who}"), **more}  # fmt: skip


RECORDS = (
    {"resourceType": "Patient", "id": "ana"},
    {"resourceType": "Patient", "id": "ben"},
    {"resourceType": "Practitioner", "id": "dee"},
    *(
        {"resourceType": "Observation", "id": f"of-{who}", "status": "final", "code": {"text": "x"},
         "subject": ref(f"Patient/{who}")}
        for who in ("ana", "ben")
    ),
    {"resourceType": "Binary", "id": "of-ana", "contentType": "application/pdf", "data": base64.b64encode(PDF).decode(),
     "securityContext": ref("Patient/ana")},
    {"resourceType": "Binary", "id": "of-ben", "contentType": "application/pdf", "data": base64.b64encode(PDF).decode(),
     "securityContext": ref("Patient/ben")},
    document("ana") | {"id": "old", "meta": {"security": [{"code": "R"}]}},
    document("ben") | {"id": "of-ben"},
)  # fmt: skip


@pytest.fixture(scope="module")
async def desk(module_database, tmp_path_factory):
    async with opened(module_database, tmp_path_factory.mktemp("desk"), attachment=4096) as made:
        await made.load(*RECORDS)
        yield made


# Create --------------------------------------------------------------------------------------------------------------


async def test_a_created_record_is_read_and_searched_at_once(desk):
    """201 with Location, ETag and Last-Modified; ids, versions and times are the server's."""
    given = document(id="mine", meta={"versionId": "9", "lastUpdated": "2001-01-01T00:00:00Z"})
    async with desk.caller(ALL) as caller:
        made = await caller.post("/DocumentReference", **sent(given))
        again = await caller.get(made.headers["location"])
        found = await caller.get(f"/DocumentReference?patient=ana&_id={made.json()['id']}")

    told = made.json()
    assert (made.status_code, made.headers["etag"]) == (201, 'W/"1"')
    assert made.headers["location"] == f"{caller.base_url}/DocumentReference/{told['id']}/_history/1".replace(
        "//D", "/D"
    )
    assert (told["meta"]["versionId"], told["id"] != "mine", told["meta"]["lastUpdated"] > "2020") == ("1", True, True)
    assert made.headers["last-modified"] == again.headers["last-modified"]
    assert again.json() == told
    assert [one["resource"] for one in found.json()["entry"]] == [told]


@pytest.mark.parametrize(("scope", "patient", "status"), [
    ("system/DocumentReference.c system/Patient.r", None, 201),
    ("system/DocumentReference.write system/Patient.read", None, 201),
    ("system/*.*", None, 201),
    ("patient/DocumentReference.c", "ana", 201),
    ("patient/*.write", "ana", 201),
    ("system/DocumentReference.c", None, 422),  # may not know the patient
    ("system/DocumentReference.u system/*.rs", None, 403),
    ("system/*.read", None, 403),
    ("system/DiagnosticReport.c system/*.rs", None, 403),
    ("patient/*.rs", "ana", 403),
    ("patient/DocumentReference.c", "ben", 422),  # of Ana
    ("system/DocumentReference.c?category=clinical-note system/Patient.r", None, 201),
    ("system/DocumentReference.c?category=imaging system/Patient.r", None, 403),
])  # fmt: skip
async def test_scopes_decide_what_is_created(desk, scope, patient, status):
    before = await desk.counted()
    async with desk.caller(scope, patient=patient) as caller:
        made = await caller.post("/DocumentReference", **sent(document()))
    records, _, audit = await desk.counted()

    assert made.status_code == status, made.text
    assert (records - before[0], audit - before[2]) == (2 if status == 201 else 0, 1)
    row = await desk.audited()
    assert (row["action"], row["status"], row["type"]) == ("create", status, "DocumentReference")
    if status == 201:
        assert (row["id"], row["patients"]) == (made.json()["id"], ["ana"])


HUGE = [ref(f"Practitioner/p{n}") for n in range(300)]


@pytest.mark.parametrize(("resource", "status", "says"), [
    (document(status="finished", content=[]), 422, "content"),
    (document(colour="red"), 422, "no element 'colour'"),
    (document(content=[{"attachment": inline(), "colour": 1}]), 422, "no element 'colour'"),
    (document(meta=[]), 422, "meta"),
    (document(meta={"security": [{"code": "N"}]}), 422, "labels are set by the tenant"),
    (document(meta={"tag": [{"code": "SUBSETTED"}]}), 422, "part of a record"),
    (document(type=[]), 422, "wants an object"),
    (document(category={"text": "x"}), 422, "wants a list"),
    (document("never-was"), 422, "leads to no record"),
    (document("ana", author=[ref("Practitioner/dee")]), 201, ""),
    (document("ana", author=[{"display": "Dr. Dee", "identifier": {"value": "7"}}]), 201, ""),
    (document("ana", author=[ref("Practitioner/never-was")]), 422, "leads to no record"),
    (document("ana", author=[ref("https://elsewhere.example/Practitioner/dee")]), 422, "leads to no record"),
    (document("ana", author=[ref("urn:uuid:6f1d7a3e-2f0b-4d0c-9a55-2d1f0b6f7e11")]), 422, "leads to no record"),
    (document("ana", author=[ref("Patient?name=x")]), 422, "leads to no record"),
    (document("ana", author=[ref("#dee")]), 422, "no contained resource has this id"),
    (document("ana", author=[ref("#dee")], contained=[{"resourceType": "Practitioner", "id": "dee"}]), 201, ""),
    (
        document(
            "ana",
            context={"sourcePatientInfo": ref("#x")},
            contained=[{"resourceType": "Patient", "id": "x", "managingOrganization": ref("Organization/x")}],
        ),
        422,
        "leads to no record",
    ),
    (document("ana", status="lost"), 422, "wants a code of the value set"),
    (document("ana", date="2024-02-30T08:00:00Z"), 422, "wants an instant"),
    (document("ana", contentStatus="x", assertedDate="2014"), 422, "no element"),
    (document("ana", extension=[{"url": "http://x", "valueReference": ref("Patient/no")}]), 422, "leads to no record"),
    (document("ana", author=HUGE), 422, "at most 200"),
    (document("ana", inline(kind="text/html")), 422, "content type"),
    (document("ana", inline(kind="image/svg+xml")), 422, "content type"),
    (document("ana", inline(b"<html><script>1</script>")), 422, "does not hold"),
    (document("ana", inline(PDF)), 422, "does not hold"),
    (document("ana", inline(PDF, "application/pdf")), 201, ""),
    (document("ana", inline(PNG, "application/pdf")), 422, "does not hold"),
    (document("ana", inline(PNG, "image/png")), 201, ""),
    (document("ana", inline(b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>", "application/xml")), 201, ""),
    (document("ana", inline(b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "text/xml")), 422, "does not hold"),
    (document("ana", inline(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "text/xml")), 422, "does not hold"),
    (document("ana", inline(b"x" * 4097)), 422, "at most 4096"),
    (document("ana", inline(size=14)), 201, ""),
    (document("ana", inline(size=13)), 422, "number of bytes"),
    (document("ana", inline(hash=base64.b64encode(hashlib.sha1(b"Seen and well.").digest()).decode())), 201, ""),
    (document("ana", inline(hash=base64.b64encode(b"0" * 20).decode())), 422, "SHA-1"),
    (document("ana", {"data": "YQ=="}), 422, "att-1"),
    (document("ana", {"contentType": "text/plain", "data": "not base64!"}), 422, "base64"),
    (document("ana", {"contentType": "application/pdf", "url": "Binary/of-ana"}), 201, ""),
    (document("ana", {"contentType": "application/pdf", "url": "Binary/of-ana", "size": len(PDF)}), 201, ""),
    (document("ana", {"contentType": "application/pdf", "url": "Binary/of-ana", "size": 1}), 422, "number of bytes"),
    (document("ana", {"contentType": "image/png", "url": "Binary/of-ana"}), 422, "content type of the Binary"),
    (document("ana", {"url": "Binary/never-was"}), 422, "leads to no record"),
    (document("ana", {"url": "Binary/of-ben"}), 422, "leads to no record"),
    (document("ben", {"url": "Binary/of-ben"}), 201, ""),
    (document("ana", {"url": "Patient/ana"}), 422, "leads to no record"),
    (document("ana", {"url": "https://elsewhere.example/a.pdf"}), 422, "leads to no record"),
    (document("ana", {"url": "file:///etc/passwd"}), 422, "leads to no record"),
    (document("ana", text={"status": "generated", "div": DIV.format("<p>Well.</p>")}), 201, ""),
    (document("ana", text={"status": "generated", "div": DIV.format("<script>1</script>")}), 422, "script"),
    (document("ana", text={"status": "generated", "div": DIV.format('<p onclick="a()">x</p>')}), 422, "onclick"),
    (document("ana", text={"status": "generated", "div": DIV.format('<img src="http://x/a" alt="x"/>')}), 422, "image"),
    (document("ana", text={"status": "sworn", "div": DIV.format("x")}), 422, "status"),
    ({"resourceType": "Observation"}, 400, "takes a DocumentReference"),
    ({"resourceType": "documentreference"}, 400, "takes a DocumentReference"),
    ({}, 400, "takes a DocumentReference"),
])  # fmt: skip
async def test_what_a_document_has_to_be(desk, resource, status, says):
    """Each row: what is posted, the answer, and what it says. A refusal leaves nothing but its audit row."""
    before = await desk.counted()
    async with desk.caller(ALL) as caller:
        made = await caller.post("/DocumentReference", **sent(resource))
    after = await desk.counted()

    assert (made.status_code, says in made.text) == (status, True), made.text
    assert (after[0] - before[0], after[2] - before[2]) == (2 if status == 201 else 0, 1)


async def test_every_fault_is_told_at_once(desk):
    async with desk.caller(ALL) as caller:
        made = await caller.post("/DocumentReference", **sent(document(colour=1, status=[], category={})))

    assert [one["expression"] for one in made.json()["issue"]] == [
        ["DocumentReference.status"], ["DocumentReference.category"], ["DocumentReference"]
    ]  # fmt: skip


@pytest.mark.parametrize("target", ["Patient/ben", "Patient/never-was", "Observation/of-ben", "Observation/never-was",
                                    "Binary/of-ben", "Group/ben", "Patient/ben/_history/1"])  # fmt: skip
async def test_what_a_patient_may_not_see_is_refused_like_what_never_was(desk, target):
    """Ana's token names a record of Ben's, or of nobody's: one refusal, letter by letter, by reference and by url."""
    said = set()
    async with desk.caller(MINE, patient="ana") as caller:
        for name in (target, "Observation/nowhere"):
            one = await caller.post("/DocumentReference", **sent(document("ana", context={"related": [ref(name)]})))
            two = await caller.post("/DocumentReference", **sent(document("ana", {"url": name})))
            said.add((one.status_code, one.text, two.status_code, two.text))

    assert len(said) == 1
    assert next(iter(said))[::2] == (422, 422)


@pytest.mark.parametrize(("resource", "status"), [
    (document("ana"), 201),
    (document(None, author=[ref("Patient/ana")]), 201),
    (document(None), 403),
    (document("ben"), 422),
    (document("ben", author=[ref("Patient/ana")]), 422),
    (document("ana", {"contentType": "application/pdf", "url": "Binary/of-ana"}), 201),
    (document("ana", context={"related": [ref("Observation/of-ana")]}), 201),
])  # fmt: skip
async def test_a_patient_writes_into_its_own_compartment(desk, resource, status):
    async with desk.caller(MINE, patient="ana") as caller:
        made = await caller.post("/DocumentReference", **sent(resource))
        seen = (await caller.get(f"/DocumentReference/{made.json().get('id')}")).status_code

    assert (made.status_code, seen) == (status, 200 if status == 201 else 404), made.text


async def test_a_reference_below_the_own_base_is_kept_relative(desk):
    async with desk.caller(ALL) as caller:
        base = str(caller.base_url).rstrip("/")
        given = document(None, {"contentType": "application/pdf", "url": f"{base}/Binary/of-ana"},
                         subject=ref(f"{base}/Patient/ana"))  # fmt: skip
        made = (await caller.post("/DocumentReference", **sent(given))).json()

    assert made["subject"] == ref("Patient/ana")
    assert made["content"][0]["attachment"]["url"] == "Binary/of-ana"


@pytest.mark.parametrize(("kind", "body", "status"), [
    (FHIR, b"{", 400),
    (FHIR, b"[]", 400),
    (FHIR, b'{"resourceType":"DocumentReference","status":"current","status":"x"}', 400),
    (FHIR, b'{"resourceType":"DocumentReference","status":NaN}', 400),
    (FHIR, b"", 400),
    ("application/json", None, 201),
    ("application/fhir+json; charset=utf-8; fhirVersion=4.0", None, 201),
    ("application/fhir+json; charset=latin-1", None, 415),
    ("application/fhir+json; fhirVersion=3.0", None, 415),
    ("text/plain", None, 415),
    ("application/x-www-form-urlencoded", None, 415),
    ("", None, 415),
    (FHIR, b" " * (4 * 1024 * 1024 + 1), 413),
])  # fmt: skip
async def test_which_bodies_are_read(desk, kind, body, status):
    given = sent(document())["content"] if body is None else body
    async with desk.caller(ALL) as caller:
        made = await caller.post("/DocumentReference", content=given, headers={"content-type": kind})

    assert (made.status_code, "Traceback" in made.text) == (status, False), made.text


async def test_xml_in_and_xml_out(desk):
    """The same record by XML; the reply is in the format of the request where nothing else is asked for."""
    given = document(text={"status": "generated", "div": DIV.format("<p>Well.</p>")})
    xml = {"content": to_xml(given), "headers": {"content-type": "application/fhir+xml"}}
    async with desk.caller(ALL) as caller:
        made = await caller.post("/DocumentReference", **xml)
        as_json = await caller.post("/DocumentReference?_format=json", **xml)
        bad = await caller.post("/DocumentReference", content=b"<a/>", headers=xml["headers"])

    assert (made.status_code, as_json.status_code, bad.status_code) == (201, 201, 400)
    assert made.headers["content-type"].startswith("application/fhir+xml")
    assert from_xml(made.content)["content"] == given["content"] == as_json.json()["content"]
    assert made.content.count(b"Well.") == 1


@pytest.mark.parametrize(("prefer", "holds"), [
    ("return=minimal", None), ("return=representation", "DocumentReference"), (None, "DocumentReference"),
    ("return=OperationOutcome", "OperationOutcome"), ("handling=strict, return=minimal", None),
    ("return=everything", "DocumentReference"),
])  # fmt: skip
async def test_prefer_says_what_comes_back(desk, prefer, holds):
    async with desk.caller(ALL) as caller:
        made = await caller.post("/DocumentReference", **sent(document(), **({"prefer": prefer} if prefer else {})))

    assert (made.status_code, made.headers["etag"]) == (201, 'W/"1"')
    assert (made.json()["resourceType"] if made.content else None) == holds


# If-None-Exist -------------------------------------------------------------------------------------------------------


async def test_if_none_exist_creates_once(desk):
    """0: 201; 1: 200 with what is there; more: 412; what another patient has does not count."""
    mark = uuid.uuid4().hex
    given = document(identifier=[{"system": "urn:doc", "value": mark}])
    once = {"if_none_exist": f"identifier=urn:doc|{mark}"}
    async with desk.caller(ALL) as caller, desk.caller(MINE, patient="ben") as ben:
        first = await caller.post("/DocumentReference", **sent(given, **once))
        second = await caller.post("/DocumentReference", **sent(given, **once))
        other = await ben.post("/DocumentReference", **sent({**given, "subject": ref("Patient/ben")}, **once))
        many = await caller.post("/DocumentReference", **sent(given, **once))

    assert [one.status_code for one in (first, second, other, many)] == [201, 200, 201, 412]
    assert second.json() == first.json()
    assert second.headers["etag"] == 'W/"1"'


async def test_of_many_conditional_creates_at_once_one_creates(desk):
    mark = uuid.uuid4().hex
    given = document(identifier=[{"system": "urn:doc", "value": mark}])
    many, before = count(8, 50), await desk.counted()
    async with desk.caller(ALL) as caller:
        made = await asyncio.gather(*(
            caller.post("/DocumentReference", **sent(given, if_none_exist=f"identifier=urn:doc|{mark}"))
            for _ in range(many)
        ))  # fmt: skip
    after = await desk.counted()

    assert sorted(one.status_code for one in made) == [200] * (many - 1) + [201]
    assert len({one.json()["id"] for one in made}) == 1
    assert (after[0] - before[0], after[2] - before[2]) == (2, many)


@pytest.mark.parametrize(("criteria", "scope", "status"), [
    ("", ALL, 400), ("?", ALL, 400), ("colour=red", ALL, 400), ("_count=1", ALL, 400), ("_sort=date", ALL, 400),
    ("status=", ALL, 400), ("identifier=a%", ALL, 400),
    ("identifier=urn:doc|none", "system/DocumentReference.c system/Patient.r", 403),
])  # fmt: skip
async def test_which_conditions_are_refused(desk, criteria, scope, status):
    async with desk.caller(scope) as caller:
        made = await caller.post("/DocumentReference", **sent(document(), if_none_exist=criteria))

    assert made.status_code == status, made.text


# Update --------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def filed(desk):
    """A document of Ana's that was just filed."""
    async with desk.caller(ALL) as caller:
        made = await caller.post("/DocumentReference", **sent(document()))
    return made.json()


async def test_an_update_makes_a_version(desk, filed):
    changed = {**filed, "description": "signed"}
    async with desk.caller(ALL) as caller:
        path = f"/DocumentReference/{filed['id']}"
        made = await caller.put(path, **sent(changed, if_match='W/"1"'))
        same = await caller.put(path, **sent(changed, if_match='W/"2"'))
        history = (await caller.get(f"{path}/_history")).json()

    assert (made.status_code, made.headers["etag"], made.json()["description"]) == (200, 'W/"2"', "signed")
    assert (same.status_code, same.headers["etag"]) == (200, 'W/"2"')
    assert made.headers["content-location"].endswith(f"{filed['id']}/_history/2")
    assert len(history["entry"]) == 2


@pytest.mark.parametrize(("change", "headers", "status"), [
    ({}, {}, 400),
    ({}, {"if_match": "1"}, 400),
    ({}, {"if_match": "*"}, 400),
    ({}, {"if_match": '"1"'}, 200),
    ({}, {"if_match": 'W/"2"'}, 412),
    ({}, {"if_match": 'W/"9"'}, 412),
    ({"id": "other"}, {"if_match": 'W/"1"'}, 400),
    ({"id": None}, {"if_match": 'W/"1"'}, 400),
    ({"subject": ref("Patient/ben")}, {"if_match": 'W/"1"'}, 422),
    ({"subject": ref("Patient/none")}, {"if_match": 'W/"1"'}, 422),
    ({"meta": {"security": [{"code": "N"}]}}, {"if_match": 'W/"1"'}, 422),
    ({"resourceType": "DiagnosticReport"}, {"if_match": 'W/"1"'}, 400),
])  # fmt: skip
async def test_when_an_update_is_refused(desk, filed, change, headers, status):
    """A refusal leaves the version as it was, and one audit row."""
    given = {name: value for name, value in {**filed, **change}.items() if value is not None}
    before = await desk.counted()
    async with desk.caller(ALL) as caller:
        made = await caller.put(f"/DocumentReference/{filed['id']}", **sent(given, **headers))
        now = (await caller.get(f"/DocumentReference/{filed['id']}")).json()
    after = await desk.counted()

    assert made.status_code == status, made.text
    assert after[2] - before[2] == 2
    if status != 200:
        assert (now, after[:2]) == (filed, before[:2])


@pytest.mark.parametrize(("id_", "patient", "status"), [
    ("never-was", None, 404), ("never-was", "ana", 404), ("of-ben", "ana", 404), ("of-ben", "ben", 200),
    ("of-ben", None, 200),
])  # fmt: skip
async def test_what_is_not_seen_is_not_there_to_be_updated(desk, id_, patient, status):
    """An update never creates, and Ben's document is for Ana like one that never was."""
    async with desk.caller(MINE if patient else ALL, patient=patient) as caller:
        given = {**document("ben"), "id": id_}
        number = (await caller.get(f"/DocumentReference/{id_}")).headers.get("etag", 'W/"1"')
        made = await caller.put(f"/DocumentReference/{id_}", **sent(given, if_match=number))
        gone = await caller.put("/DocumentReference/nowhere", **sent({**given, "id": "nowhere"}, if_match=number))

    assert made.status_code == status, made.text
    if status == 404:
        assert made.text == gone.text


async def test_labels_stay_through_an_update(desk):
    """AUTHZ-12: an update without them keeps them, by who may see what is labelled so; others do not find it."""
    async with desk.caller(ALL) as caller:
        given = sent({**document(), "id": "old"}, if_match='W/"1"')
        assert (await caller.put("/DocumentReference/old", **given)).status_code == 404
    async with desk.caller(f"{ALL} sensitive/R") as caller:
        was = (await caller.get("/DocumentReference/old")).json()
        given = {**document(), "id": "old", "description": uuid.uuid4().hex}
        made = await caller.put("/DocumentReference/old", **sent(given, if_match=f'W/"{was["meta"]["versionId"]}"'))

    assert made.json()["meta"]["security"] == [{"code": "R"}]


async def test_of_two_updates_of_one_version_one_is_lost_to_nobody(desk, filed):
    """FHIR-05: the same If-Match many times at once is one 200, and 412 for the others."""
    async with desk.caller(ALL) as caller:
        made = await asyncio.gather(*(
            caller.put(f"/DocumentReference/{filed['id']}",
                       **sent({**filed, "description": f"by {n}"}, if_match='W/"1"'))
            for n in range(8)
        ))  # fmt: skip
        won = next(one for one in made if one.status_code == 200)
        now = await caller.get(f"/DocumentReference/{filed['id']}")

    assert sorted(one.status_code for one in made) == [200] + [412] * 7
    assert (now.headers["etag"], now.json()) == ('W/"2"', won.json())


# Binary, reports, other APIs -----------------------------------------------------------------------------------------


async def test_a_document_of_two_steps(desk):
    """A Binary, then the document that holds it: Ana reads both, Ben neither, and what is read is kept inert."""
    async with (
        desk.caller(MINE, patient="ana") as ana,
        desk.caller(MINE, patient="ben") as ben,
        desk.caller(ALL) as system,
    ):
        binary = await ana.post("/Binary", content=PDF, headers={"content-type": "application/pdf"})
        id_ = binary.json()["id"]
        stolen = await ben.post("/DocumentReference", **sent(document("ben", {"url": f"Binary/{id_}"})))
        holds = await ana.post("/DocumentReference", **sent(document("ana", {"url": f"Binary/{id_}"})))
        answers = [await one.get(f"/Binary/{id_}", headers={"accept": "application/pdf"}) for one in (ana, ben, system)]

    assert (binary.status_code, binary.headers["location"]) == (201, f"{ana.base_url}Binary/{id_}")
    assert binary.json()["securityContext"] == ref("Patient/ana")
    assert (holds.status_code, stolen.status_code) == (201, 422)
    assert [one.status_code for one in answers] == [200, 404, 200]
    assert (answers[0].content, answers[0].headers["content-disposition"]) == (PDF, "attachment")


@pytest.mark.parametrize(("kind", "data", "headers", "status"), [
    ("application/pdf", PDF, {"x-security-context": "Patient/ana"}, 201),
    ("application/pdf", PDF, {"x-security-context": "Patient/never-was"}, 422),
    ("application/pdf", PNG, {}, 422),
    ("text/html", b"<p>x</p>", {}, 422),
    ("text/xml", b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>", {}, 201),
    ("image/jpeg", b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08\0\x10\0\x10\x01\x01\x11\0", {}, 201),
    ("image/jpeg", b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08\xff\xff\xff\xff\x01\x01\x11\0", {}, 422),
    ("text/plain", b"x" * 5000, {}, 413),
    ("text/plain", b"", {}, 422),
    ("", b"x", {}, 415),
    (FHIR, b'{"resourceType":"Binary","contentType":"text/plain","data":"YQ=="}', {}, 201),
    (FHIR, b'{"resourceType":"Binary","contentType":"text/plain"}', {}, 422),
    (FHIR, b'{"resourceType":"Binary","contentType":"text/html","data":"PHA+"}', {}, 422),
])  # fmt: skip
async def test_which_documents_are_taken(desk, kind, data, headers, status):
    async with desk.caller(ALL) as caller:
        made = await caller.post("/Binary", content=data, headers={"content-type": kind, **headers})

    assert made.status_code == status, made.text


async def test_a_binary_of_another_patient_is_not_brought(desk):
    async with desk.caller(MINE, patient="ana") as ana:
        made = await ana.post("/Binary", content=PDF, headers={
            "content-type": "application/pdf", "x-security-context": "Patient/ben"})  # fmt: skip

    assert made.status_code == 422


async def test_a_report_is_filed_and_changed(desk):
    """DiagnosticReport with its result and its presented form."""
    given = report(result=[ref("Observation/of-ana")], presentedForm=[inline(PDF, "application/pdf", title="X-ray")])
    async with desk.caller(ALL) as caller:
        made = await caller.post("/DiagnosticReport", **sent(given))
        changed = {**made.json(), "conclusion": "No finding."}
        again = await caller.put(f"/DiagnosticReport/{changed['id']}", **sent(changed, if_match=made.headers["etag"]))

    assert (made.status_code, again.status_code, again.json()["conclusion"]) == (201, 200, "No finding.")


async def test_provenance_says_who_filed_each_version(desk, filed):
    """One for each version, in the same transaction, found by _revinclude; none for a change that was none."""
    async with desk.caller(ALL) as caller:
        for number, text in (("1", "signed"), ("2", "signed")):
            await caller.put(f"/DocumentReference/{filed['id']}",
                             **sent({**filed, "description": text}, if_match=f'W/"{number}"'))  # fmt: skip
        found = await caller.get(f"/DocumentReference?_id={filed['id']}&_revinclude=Provenance:target")
    async with desk.caller(MINE, patient="ana") as ana:
        mine = await ana.get(f"/Provenance?target=DocumentReference/{filed['id']}")
    made = [one["resource"] for one in found.json()["entry"] if one["search"]["mode"] == "include"]

    assert {one["target"][0]["reference"] for one in made} == {
        f"DocumentReference/{filed['id']}/_history/{number}" for number in (1, 2)
    }
    agent = made[0]["agent"][0]
    assert agent["who"]["identifier"]["system"].endswith(f"/auth/{desk.tenant.id}/oauth2/v1")
    assert agent["onBehalfOf"]["display"] == "Northwind Clinic"
    assert [accepts(one) for one in made] == [[], []]
    assert len(mine.json()["entry"]) == 2


@pytest.mark.parametrize(("method", "path"), [("POST", "DocumentReference"), ("PUT", "DiagnosticReport/x"),
                                              ("POST", "Binary")])  # fmt: skip
@pytest.mark.parametrize("patient", [None, "ana"])
async def test_payer_apis_take_no_writes(desk, method, path, patient):
    """405 with Allow (404 where nothing at all is at the path), and nothing is stored."""
    async with desk.caller(MINE if patient else ALL, side="payer", patient=patient) as caller:
        made = await caller.request(method, f"/{path}", **sent(document()))

    if path == "Binary":
        assert made.status_code == 404
    else:
        assert (made.status_code, "GET" in made.headers["allow"], method in made.headers["allow"]) == (405, True, False)


@pytest.mark.parametrize("path", ["Observation", "Patient", "Provenance"])
async def test_what_the_offer_does_not_name_is_not_written(desk, path):
    async with desk.caller(ALL) as caller:
        made = await caller.post(f"/{path}", **sent({"resourceType": path}))
        put = await caller.put(f"/{path}/ana", **sent({"resourceType": path, "id": "ana"}, if_match='W/"1"'))

    assert (made.status_code, put.status_code) == (405, 405)


async def test_tenants_do_not_meet_in_a_write(desk):
    """A token of one tenant writes nothing at another; a reference to a record of another leads nowhere."""
    other = await new_tenant(desk.house)
    await desk.load({"resourceType": "Patient", "id": "theirs"}, tenant=other)
    async with desk.caller(ALL) as caller, desk.caller(ALL, tenant=other) as there:
        crossed = await caller.post(str(there.base_url) + "DocumentReference", **sent(document()))
        named = await caller.post("/DocumentReference", **sent(document("theirs")))
        absolute = await caller.post("/DocumentReference", **sent(document(None, subject=ref(
            f"{there.base_url}Patient/theirs"))))  # fmt: skip

    assert [one.status_code for one in (crossed, named, absolute)] == [401, 422, 422]


async def test_what_else_is_demanded_is_told_beside(module_database, tmp_path):
    """The validator's seam: whatever it finds is a 422, after the shape and beside the other checks."""
    from careweft.intake.filing.issues import wrong

    def accepts(resource):
        return [wrong("DocumentReference.docStatus", "required", "is needed")] if "docStatus" not in resource else []

    async with opened(module_database, tmp_path, accepts=accepts) as desk:
        await desk.load(*deepcopy(RECORDS[:2]))
        async with desk.caller(ALL) as caller:
            refused = await caller.post("/DocumentReference", **sent(document("ana", inline(PDF))))
            taken = await caller.post("/DocumentReference", **sent(document("ana", docStatus="final")))

    assert (refused.status_code, len(refused.json()["issue"]), taken.status_code) == (422, 2, 201)
