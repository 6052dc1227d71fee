"""read, vread, history: what is shown, to whom, under which conditions."""

import base64
from typing import Any

import pytest
from lxml import etree

from .twins import MAPLE, World, base, patient, pulse

pytestmark = pytest.mark.anyio
SYSTEM, PATIENT = base(), base(audience="patient")


async def get(doors: World, path: str, bearer: Any = None, **headers: str) -> Any:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    async with doors.client(headers=bearer or await doors.bearer("system/*.rs")) as client:
        return await client.get(path, headers=headers)


async def test_a_read_shows_what_is_stored_byte_for_byte(doors):
    version = doors.maple().put(pulse("exact", "ana", valueQuantity={"value": 72.5}), "ana")
    answer = await get(doors, f"{SYSTEM}/Observation/exact")

    assert (answer.status_code, answer.content) == (200, version.body)
    assert answer.headers["content-type"] == "application/fhir+json; charset=UTF-8"
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"] == "Sat, 16 May 2026 12:00:01 GMT"


@pytest.mark.parametrize(
    ("path", "patient", "system"),
    [
        ("Patient/ana", 200, 200),
        ("Patient/bea", 404, 200),
        ("Patient/nobody", 404, 404),
        ("Patient/%61na", 200, 200),
        ("Observation/pulse-ana", 200, 200),
        ("Observation/pulse-bea", 404, 200),
        ("Observation/pulse-bea/_history", 404, 200),
        ("Observation/pulse-bea/_history/1", 404, 200),
        ("Observation/pulse-ana/_history/2", 404, 404),
        ("Observation/pulse-ana/_history/x", 404, 404),
        ("Observation/gone", 410, 410),
        ("Observation/gone/_history/2", 410, 410),
        ("Observation/gone/_history/1", 200, 200),
        ("Observation/gone/_history", 200, 200),
        ("Observation/gone-bea", 404, 410),
        ("Observation/gone-bea/_history/2", 404, 410),
        ("Observation/gone-bea/_history", 404, 200),
    ],
)
async def test_who_sees_what(doors, path, patient, system):
    """FHIR-01; each row: a path, its status for Ana's own token and for a backend service."""
    for name in ("ana", "bea"):
        id_ = "gone" if name == "ana" else "gone-bea"
        doors.maple().put(pulse(id_, name), name)
        doors.maple().put(None, name, of=("Observation", id_))
    own = await get(doors, f"{PATIENT}/{path}", await doors.bearer("patient/*.rs", patient="ana"))
    all_ = await get(doors, f"{SYSTEM}/{path}")

    assert (own.status_code, all_.status_code) == (patient, system)
    assert "Maple-bea" not in own.text


async def test_what_may_not_be_seen_is_what_never_was(doors):
    """GEN-02: the two 404 differ in nothing but the request id."""
    bearer = await doors.bearer("patient/*.rs", patient="ana")
    hidden = await get(doors, f"{PATIENT}/Observation/pulse-bea", bearer, x_request_id="same")
    never = await get(doors, f"{PATIENT}/Observation/pulse-xyz", bearer, x_request_id="same")

    assert (hidden.content, dict(hidden.headers)) == (never.content, dict(never.headers))


async def test_a_granular_scope_filters_reads_too(doors):
    """SCOPE-05."""
    category = [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
    ]
    doors.maple().put(pulse("lab", "ana", category=category), "ana")
    only = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
    bearer = await doors.bearer(f"system/Observation.rs?category={only}")
    shown = [
        await get(doors, f"{SYSTEM}/Observation/{id_}{more}", bearer)
        for id_ in ("lab", "pulse-ana")
        for more in ("", "/_history")
    ]

    assert [one.status_code for one in shown] == [200, 200, 404, 404]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": 'W/"1"'}, 304),
        ({"if-none-match": '"1"'}, 304),
        ({"if-none-match": 'W/"7", W/"1"'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": 'W/"2"'}, 200),
        ({"if-none-match": "rubbish"}, 200),
        ({"if-modified-since": "Sat, 16 May 2026 12:00:01 GMT"}, 304),
        ({"if-modified-since": "Sat, 16 May 2026 13:00:01 +0100"}, 304),
        ({"if-modified-since": "Sun, 17 May 2026 12:00:00 GMT"}, 304),
        ({"if-modified-since": "Sat, 16 May 2026 12:00:00 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": "Sat, 99 May 2026 12:00:01 GMT"}, 200),
        ({"if-none-match": 'W/"2"', "if-modified-since": "Sun, 17 May 2026 12:00:00 GMT"}, 200),
    ],
)
async def test_conditional_reads(doors, headers, status):
    """https://hl7.org/fhir/R4/http.html#cread, RFC 9110 13; each row: conditions, and the status they bring."""
    answer = await get(doors, f"{SYSTEM}/Patient/ana", **headers)

    assert answer.status_code == status
    assert answer.headers["etag"] == 'W/"1"'
    if status == 304:
        assert answer.content == b""
        assert "content-type" not in answer.headers
        assert doors.journal.entries[-1].patients == ("ana",)


async def test_a_condition_tells_nothing_about_what_may_not_be_seen(doors):
    bearer = await doors.bearer("patient/*.rs", patient="ana")
    assert (await get(doors, f"{PATIENT}/Patient/bea", bearer, if_none_match="*")).status_code == 404


async def test_xml_and_pretty(doors):
    xml = await get(doors, f"{SYSTEM}/Patient/ana", accept="application/fhir+xml")
    pretty = await get(doors, f"{SYSTEM}/Patient/ana?_pretty=true")
    wanted = await get(doors, f"{SYSTEM}/Patient/nobody?_format=xml")

    assert xml.headers["content-type"] == "application/fhir+xml; charset=UTF-8"
    assert etree.fromstring(xml.content).tag == "{http://hl7.org/fhir}Patient"
    assert b"\n" in pretty.content
    assert pretty.json() == (await get(doors, f"{SYSTEM}/Patient/ana")).json()
    assert etree.fromstring(wanted.content).tag == "{http://hl7.org/fhir}OperationOutcome"


async def test_decimals_survive_xml_and_pretty(doors):
    doors.maple().kept["Observation", "pulse-ana"][0] = version = doors.maple().kept["Observation", "pulse-ana"][0]
    exact = (version.body or b"").replace(b"72.5", b"72.500")
    doors.maple().kept["Observation", "pulse-ana"] = [
        type(version)(version.type, version.id, 1, version.updated, exact, ("ana",))
    ]

    assert b'value="72.500"' in (await get(doors, f"{SYSTEM}/Observation/pulse-ana?_format=xml")).content
    assert b"72.500" in (await get(doors, f"{SYSTEM}/Observation/pulse-ana?_pretty=true")).content


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {"accept": "text/turtle"}, 406),
        ("?_format=ttl", {}, 406),
        ("?_pretty=perhaps", {}, 400),
        ("?patient=bea", {}, 400),
        ("?_summary=count", {}, 400),
        ("?_summary=perhaps", {}, 400),
        ("?_elements=colour", {}, 400),
        ("?_elements=name&_summary=data", {}, 400),
        ("?%ff=1", {}, 400),
    ],
)
async def test_what_would_be_passed_over_is_refused(doors, query, headers, status):
    answer = await get(doors, f"{SYSTEM}/Patient/ana{query}", **headers)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


@pytest.mark.parametrize(
    ("authorization", "query", "status", "challenge"),
    [
        (None, "", 401, 'Bearer realm="careweft"'),
        ("", "", 401, 'Bearer realm="careweft"'),
        ("Basic YTpi", "", 401, 'Bearer realm="careweft"'),
        ("Bearer", "", 400, 'Bearer realm="careweft", error="invalid_request"'),
        ("Bearer a b", "", 400, 'Bearer realm="careweft", error="invalid_request"'),
        ("Bearer a, Bearer b", "", 400, 'Bearer realm="careweft", error="invalid_request"'),
        ("Bearer rubbish", "", 401, 'Bearer realm="careweft", error="invalid_token"'),
        ("bearer GOOD", "", 200, None),
        ("Bearer GOOD", "?access_token=GOOD", 400, 'Bearer realm="careweft", error="invalid_request"'),
        (None, "?access_token=GOOD", 401, 'Bearer realm="careweft"'),
        ("Bearer OTHER", "", 403, 'Bearer realm="careweft", error="insufficient_scope", scope="system/Patient.r"'),
    ],
)
async def test_bearer_tokens_are_read_from_the_header_alone(doors, authorization, query, status, challenge):
    """OAUTH-14, RFC 6750 3; each row: header, query, status and WWW-Authenticate."""
    good, other = [(await doors.bearer(one))["authorization"][7:] for one in ("system/*.rs", "system/Goal.rs")]
    headers = (
        {"authorization": authorization.replace("GOOD", good).replace("OTHER", other)}
        if authorization is not None
        else {}
    )
    async with doors.client() as client:
        answer = await client.get(f"{SYSTEM}/Patient/ana{query.replace('GOOD', good)}", headers=headers)

    assert (answer.status_code, answer.headers.get("www-authenticate")) == (status, challenge)
    entry = doors.journal.entries[-1]
    assert good not in repr(entry)
    assert (entry.status, entry.jti is not None) == (status, status in (200, 403))


@pytest.mark.parametrize("key", ["client:nightly", f"tenant:{MAPLE.id}"])
async def test_what_was_taken_back_is_401(doors, key):
    bearer = await doors.bearer("system/*.rs")
    await doors.revocations.revoke(1, key)

    assert (await get(doors, f"{SYSTEM}/Patient/ana", bearer)).status_code == 401


async def test_a_type_without_right_is_403_whether_or_not_there_are_data(doors):
    """AUTHZ-11: said before any data are looked at, in the same words."""
    bearer = await doors.bearer("system/Goal.rs")
    answers = [
        await get(doors, f"{SYSTEM}/{path}", bearer, x_request_id="same") for path in ("Patient/ana", "Patient/nobody")
    ]
    searches = [
        await get(doors, f"{SYSTEM}/Patient{query}", bearer, x_request_id="same")
        for query in ("", "?name=nobody", "?colour=red")
    ]

    assert {one.status_code for one in answers + searches} == {403}
    assert len({one.content for one in answers}) == len({one.content for one in searches}) == 1
    assert "Insufficient system scope for requested resource" in answers[0].text


async def test_tenants_with_the_same_ids_never_meet(doors):
    here = await get(doors, f"{SYSTEM}/Patient/ana")
    there = await get(
        doors,
        f"{base(tenant='d6c40265-c5c6-494f-b1aa-a27bf9a8c3f1')}/Patient/ana",
        await doors.bearer("system/*.rs", tenant=doors.site.tenants.known[1]),
    )

    assert ("Maple-ana" in here.text, "Birch" in here.text) == (True, False)
    assert ("Birch-ana" in there.text, "Maple" in there.text) == (True, False)


async def test_history_pages_newest_first(doors):
    for number in range(4):
        doors.maple().put(patient("ana", gender="female" if number % 2 else "other"), "ana")
    bearer = await doors.bearer("system/*.rs")
    url, seen = f"{SYSTEM}/Patient/ana/_history?_count=2", []
    async with doors.client(headers=bearer) as client:
        while url:
            bundle = (await client.get(url)).json()
            assert bundle["type"] == "history"
            seen.append([entry["response"]["etag"] for entry in bundle["entry"]])
            url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")

    assert seen == [['W/"5"', 'W/"4"'], ['W/"3"', 'W/"2"'], ['W/"1"']]
    assert {one.patients for one in doors.journal.entries} == {("ana",)}


@pytest.mark.parametrize("query", ["?_since=2024-01-01", "?_at=2024", "?_count=x", "?code=1", "?_page=rubbish"])
async def test_history_refuses_what_it_does_not_know(doors, query):
    assert (await get(doors, f"{SYSTEM}/Patient/ana/_history{query}")).status_code == 400


PDF = b"%PDF-1.7 canary"


@pytest.mark.parametrize(
    ("stored", "accept", "query", "media"),
    [
        ("application/pdf", "*/*", "", "application/pdf"),
        ("application/pdf", "application/pdf", "", "application/pdf"),
        ("application/pdf", "text/html", "", "application/pdf"),
        ("application/pdf", "application/fhir+json", "", "application/fhir+json; charset=UTF-8"),
        ("application/pdf", "application/fhir+xml", "", "application/fhir+xml; charset=UTF-8"),
        ("application/pdf", "*/*", "?_format=json", "application/fhir+json; charset=UTF-8"),
        ("text/html", "*/*", "", "text/html"),
        ("text/plain; charset=utf-8", "*/*", "", "text/plain; charset=utf-8"),
        ("text/html\r\nset-cookie: a=b", "*/*", "", "application/octet-stream"),
        ("", "*/*", "", "application/octet-stream"),
        (7, "*/*", "", "application/octet-stream"),
    ],
)
async def test_a_binary_is_its_content_unless_fhir_is_asked_for(doors, stored, accept, query, media):
    """https://hl7.org/fhir/R4/binary.html#rest, AUTHZ-15; each row: stored type, what is asked for, what comes."""
    doors.maple().put(
        {"resourceType": "Binary", "id": "b", "contentType": stored, "data": base64.b64encode(PDF).decode()}, "ana"
    )
    if isinstance(stored, int) and "xml" in media:
        pytest.skip("not a FHIR type")
    answer = await get(doors, f"{SYSTEM}/Binary/b{query}", accept=accept)

    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert answer.headers["x-content-type-options"] == "nosniff"
    if "fhir" not in media:
        assert answer.content == PDF
        assert answer.headers["content-disposition"] == "attachment"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "set-cookie" not in answer.headers


async def test_somebody_elses_binary_never_was(doors):
    doors.maple().put({"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "Y2FuYXJ5"}, "bea")
    answer = await get(doors, f"{PATIENT}/Binary/b", await doors.bearer("patient/*.rs", patient="ana"))
    assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome")


async def test_a_binary_that_is_no_base64_is_told(doors):
    doors.maple().put({"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "%"}, "ana")
    assert (await get(doors, f"{SYSTEM}/Binary/b")).status_code in (200, 422)


@pytest.mark.parametrize(
    ("query", "members"),
    [
        ("_summary=false", {"name", "gender"}),
        ("_summary=true", {"name", "gender"}),
        ("_summary=text", set()),
        ("_elements=gender", {"gender"}),
        ("_elements=gender,address&_summary=false", {"gender"}),
    ],
)
async def test_less_of_a_record_is_tagged(doors, query, members):
    """https://hl7.org/fhir/R4/search.html#summary, on read and vread; each row: what is asked, what comes."""
    doors.maple().put(patient("cora", photo=[{"title": "x"}]), "cora")
    for path in ("Patient/cora", "Patient/cora/_history/1"):
        found = (await get(doors, f"{SYSTEM}/{path}?{query}")).json()
        whole = query == "_summary=false"
        assert set(found) - {"resourceType", "id", "meta"} == members | ({"photo"} if whole else set())
        assert [one["code"] for one in found["meta"].get("tag", [])] == ([] if whole else ["SUBSETTED"])
        assert found["meta"]["versionId"] == "1"
