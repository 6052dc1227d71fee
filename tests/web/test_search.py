"""Search over the doors: GET and POST, links, lenience, includes, paging; what is found is the store's matter."""

import hashlib
import itertools
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from .twins import BASE, BIRCH, MAPLE, NIGHTLY, World, base, patient, pulse

pytestmark = pytest.mark.anyio
SYSTEM, PATIENT = base(), base(audience="patient")
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def many(doors: World) -> World:
    for number in range(7):
        doors.maple().put(pulse(f"n{number}", "ana"), "ana")
    return doors


async def get(doors: World, path: str, bearer: Any = None, **headers: str) -> Any:
    async with doors.client(headers=bearer or await doors.bearer("system/*.rs")) as client:
        return await client.get(path, headers=headers)


def ids(answer: Any, mode: str = "match") -> list[str]:
    return [one["resource"]["id"] for one in answer.json().get("entry", []) if one["search"]["mode"] == mode]


def link(answer: Any, relation: str = "next") -> str | None:
    return next((one["url"] for one in answer.json()["link"] if one["relation"] == relation), None)


def remarks(answer: Any) -> list[str]:
    found = [one["resource"] for one in answer.json().get("entry", []) if one["search"]["mode"] == "outcome"]
    return [issue["diagnostics"] for one in found for issue in one["issue"]]


@pytest.mark.parametrize(
    ("query", "form", "found"),
    [
        ("name=ana", "", ["ana"]),
        ("", "name=ana", ["ana"]),
        ("gender=female", "name=bea", ["bea"]),
        ("", "", ["ana", "bea"]),
        ("_id=ana,bea", "", ["ana", "bea"]),
        ("", "family:exact=Bea", ["bea"]),
        ("name=nobody", "", []),
    ],
)
async def test_post_is_get(doors, query, form, found):
    """FHIR-07; each row: a query, a form, what they find together."""
    bearer = await doors.bearer("system/*.rs")
    both = "&".join(part for part in (query, form) if part)
    async with doors.client(headers=bearer) as client:
        posted = await client.post(f"{SYSTEM}/Patient/_search?{query}", content=form, headers=FORM)
        got = await client.get(f"{SYSTEM}/Patient?{both}")

    assert (posted.status_code, ids(posted)) == (200, found)
    assert posted.content == got.content
    assert [one.query for one in doors.journal.entries] == [both.encode() or None] * 2


async def test_self_shows_what_was_used_and_full_urls_are_ours(doors):
    answer = await get(
        doors, f"{SYSTEM}/Patient?name=ana&_count=9999&colour=red&_format=json", prefer="handling=lenient"
    )

    assert link(answer, "self") == f"{BASE}{SYSTEM}/Patient?name=ana&_count=500&_format=json"
    assert answer.json()["entry"][0]["fullUrl"] == f"{BASE}{SYSTEM}/Patient/ana"
    assert remarks(answer) == ["The parameter 'colour' was ignored, as Prefer: handling=lenient asks."]


@pytest.mark.parametrize(
    ("query", "prefer", "status", "said"),
    [
        ("colour=red", "", 400, "Invalid search parameter: 'colour'"),
        ("colour=red", "handling=strict", 400, "Invalid search parameter: 'colour'"),
        ("colour=red", "handling=lenient", 200, None),
        ("colour=red", "respond-async, handling=lenient", 200, None),
        ("colour=red", 'handling="lenient"; x=y', 200, None),
        ("colour=red", "mishandling=lenient", 400, "colour"),
        ("birthdate=yesterday", "handling=lenient", 400, "birthdate"),
        ("name:exact", "", 400, ""),
        ("_count=-1", "", 400, "_count"),
        ("_count=1e9", "", 400, "_count"),
        ("_count=2147483648", "", 200, None),
        ("_sort=colour", "", 400, "_sort"),
        ("_include=Patient:colour", "", 400, "_include"),
        ("access_token=secret", "", 400, "Authorization header"),
        ("_format=ttl", "", 406, ""),
        ("name=%00", "", 400, ""),
    ],
)
async def test_what_is_not_offered_is_refused_unless_lenient(doors, query, prefer, status, said):
    """D-12; each row: a query, a Prefer header, the status, and what the refusal names."""
    answer = await get(doors, f"{SYSTEM}/Patient?{query}", **({"prefer": prefer} if prefer else {}))

    assert answer.status_code == status
    if said is not None:
        assert said in answer.json()["issue"][0]["diagnostics"]
        assert "secret" not in answer.text + repr(doors.journal.entries)


async def test_pages_follow_links_to_the_end(many):
    bearer, seen, url = await many.bearer("system/*.rs"), [], f"{SYSTEM}/Observation?patient=ana&_count=3&_format=json"
    while url:
        answer = await get(many, url, bearer)
        assert answer.status_code == 200
        seen.append(ids(answer))
        assert dict(parse_qsl(urlsplit(link(answer, "self")).query)) == {
            "patient": "ana",
            "_count": "3",
            "_format": "json",
        }
        url = link(answer)

    assert [len(page) for page in seen] == [3, 3, 2]
    assert len(set(itertools.chain(*seen))) == 8
    assert {one.patients for one in many.journal.entries} == {("ana",)}


async def test_a_link_shows_nothing_of_the_search(many):
    following = link(await get(many, f"{SYSTEM}/Observation?patient=ana&code=8867-4&_count=2"))
    assert following is not None
    again = link(await get(many, f"{SYSTEM}/Observation?patient=ana&code=8867-4&_count=2"))

    assert following.startswith(f"{BASE}{SYSTEM}/Observation?_page=")
    assert not any(word in following.partition("?")[2] for word in ("ana", "8867", "patient", "nightly"))
    assert following != again, "every link is sealed anew"


async def test_a_link_from_post_is_followed_by_get(many):
    async with many.client(headers=await many.bearer("system/*.rs")) as client:
        first = await client.post(f"{SYSTEM}/Observation/_search", content="_count=5&patient=ana", headers=FORM)
        second = await client.get(link(first) or "")

    assert (len(ids(first)), len(ids(second))) == (5, 3)


async def test_an_altered_link_is_400(many):
    """FHIR-08: every byte of it."""
    bearer = await many.bearer("system/*.rs")
    url = link(await get(many, f"{SYSTEM}/Observation?_count=2", bearer)) or ""
    head, sealed = url.split("_page=")
    statuses = set()
    async with many.client(headers=bearer) as client:
        for at in range(len(sealed)):
            flipped = sealed[:at] + ("A" if sealed[at] != "A" else "Q") + sealed[at + 1 :]
            statuses.add((await client.get(f"{head}_page={flipped}")).status_code)
        for other in (
            "",
            "A",
            sealed[:-8],
            sealed + "AAAA",
            "%00",
            "é",
            sealed + "&_page=" + sealed,
            sealed + "&patient=bea",
        ):
            statuses.add((await client.get(f"{head}_page={other}")).status_code)

    assert statuses == {400}


async def test_a_link_is_nobody_elses(many):
    """Another client, tenant, API, patient, type or interaction: 400, and nothing shown."""
    await many.clients.save(replace(NIGHTLY, id="other"))
    own = await many.bearer("system/*.rs")
    sealed = (link(await get(many, f"{SYSTEM}/Observation?_count=2", own)) or "").split("_page=")[1]
    ana, bea = [await many.bearer("patient/*.rs", patient=one) for one in ("ana", "bea")]
    anas = (link(await get(many, f"{PATIENT}/Observation?_count=2", ana)) or "").split("_page=")[1]
    answers = [
        await get(many, f"{SYSTEM}/Observation?_page={sealed}", await many.bearer("system/*.rs", client="other")),
        await get(
            many, f"{base(tenant=BIRCH.id)}/Observation?_page={sealed}", await many.bearer("system/*.rs", tenant=BIRCH)
        ),
        await get(many, f"{base('payer')}/Observation?_page={sealed}", await many.bearer("system/*.rs", side="payer")),
        await get(many, f"{SYSTEM}/Condition?_page={sealed}", own),
        await get(many, f"{SYSTEM}/Observation/n1/_history?_page={sealed}", own),
        await get(many, f"{PATIENT}/Observation?_page={sealed}", ana),
        await get(many, f"{PATIENT}/Observation?_page={anas}", bea),
    ]

    assert [one.status_code for one in answers] == [400] * 7
    assert (await get(many, f"{PATIENT}/Observation?_page={anas}", ana)).status_code == 200
    assert (
        await get(many, f"{SYSTEM}/Observation?_page={sealed}", await many.bearer("system/*.rs"))
    ).status_code == 200


async def test_a_link_ends_after_an_hour(many):
    url = link(await get(many, f"{SYSTEM}/Observation?_count=2")) or ""
    many.clock.now += timedelta(minutes=59)
    fresh = await get(many, url)
    many.clock.now += timedelta(minutes=2)
    stale = await get(many, url)

    assert (fresh.status_code, stale.status_code) == (200, 410)
    assert stale.json()["issue"][0]["code"] == "expired"


async def test_rights_are_decided_anew_on_each_page(many):
    """The same client with fewer scopes sees less of the next page, or nothing."""
    url = link(await get(many, f"{SYSTEM}/Observation?_count=2")) or ""
    lab = "system/Observation.rs?category=laboratory"
    none = await get(many, url, await many.bearer("system/Patient.rs"))
    less = await get(many, url, await many.bearer(lab))
    bearer = await many.bearer("system/*.rs")
    await many.revocations.revoke(1, "client:nightly")
    revoked = await get(many, url, bearer)

    assert (none.status_code, less.status_code, revoked.status_code) == (403, 200, 401)
    assert ids(less) == []


async def test_a_search_too_long_for_a_link_says_so(many):
    """A long POST is answered; only its continuation cannot be."""

    def words(group: int) -> str:
        return ",".join(hashlib.sha256(f"{group}/{number}".encode()).hexdigest()[:16] for number in range(199))

    async with many.client(headers=await many.bearer("system/*.rs")) as client:
        for groups, status in ((1, 200), (16, 413)):
            form = "&".join([f"code:not={words(n)}" for n in range(groups)] + ["_count=1"])
            answer = await client.post(f"{SYSTEM}/Observation/_search", content=form, headers=FORM)
            assert answer.status_code == status, answer.text[:300]


async def test_ana_finds_her_own_and_nothing_else(doors):
    bearer = await doors.bearer("patient/*.rs", patient="ana")
    found = {
        query: ids(await get(doors, f"{PATIENT}/{query}", bearer))
        for query in ("Observation", "Observation?patient=bea", "Observation?patient=ana", "Patient", "Patient?_id=bea")
    }

    assert found == {
        "Observation": ["pulse-ana"],
        "Observation?patient=bea": [],
        "Observation?patient=ana": ["pulse-ana"],
        "Patient": ["ana"],
        "Patient?_id=bea": [],
    }
    assert {one.patients for one in doors.journal.entries} == {("ana",), ()}


@pytest.mark.parametrize(
    ("scopes", "query", "included", "remark"),
    [
        ("system/*.rs", "_include=Observation:patient", ["ana", "bea"], ""),
        ("system/Observation.rs", "_include=Observation:patient", [], "_include of Patient wants a scope"),
        ("system/Observation.rs system/Patient.r", "_include=Observation:patient", ["ana", "bea"], ""),
        (
            "system/Observation.rs system/Patient.s",
            "_include=Observation:patient",
            [],
            "_include of Patient wants a scope",
        ),
        ("system/Observation.rs", "_revinclude=Provenance:target", [], "_revinclude of Provenance wants a scope"),
        ("system/Observation.rs", "_include=Observation:patient&_id=nobody", [], "_include of Patient wants a scope"),
        ("system/Observation.rs", "_include=Observation:encounter", [], "_include of Encounter wants a scope"),
        ("system/Observation.rs system/Provenance.s", "_revinclude=Provenance:target", ["trail"], ""),
        (
            "system/Observation.rs system/Provenance.r",
            "_revinclude=Provenance:target",
            [],
            "_revinclude of Provenance wants a scope",
        ),
    ],
)
async def test_includes_without_a_right_say_so_whatever_the_data(doors, scopes, query, included, remark):
    """AUTHZ-07; each row: scopes, includes, what comes along, and what the Bundle remarks."""
    doors.maple().put(
        {
            "resourceType": "Provenance",
            "id": "trail",
            "recorded": "2026-05-01T00:00:00Z",
            "target": [{"reference": "Observation/pulse-ana"}],
        },
        "ana",
    )
    answer = await get(doors, f"{SYSTEM}/Observation?{query}", await doors.bearer(scopes))

    assert (answer.status_code, ids(answer, "include")) == (200, included)
    assert (remark in " ".join(remarks(answer))) if remark else remarks(answer) == []


async def test_the_entry_names_whom_includes_show(doors):
    await get(doors, f"{SYSTEM}/Observation?_id=pulse-bea&_include=Observation:patient")
    assert doors.journal.entries[-1].patients == ("bea",)


async def test_xml_bundles(doors):
    answer = await get(doors, f"{SYSTEM}/Patient?_format=xml&name=ana")

    assert answer.headers["content-type"].startswith("application/fhir+xml")
    assert b"<Bundle" in answer.content
    assert b"_format=xml" in answer.content


async def test_no_two_bundles_share_a_page_of_another_tenant(doors):
    """GEN-01: a search at one tenant holds no canary of the other."""
    here = await get(doors, f"{SYSTEM}/Patient")
    there = await get(doors, f"{base(tenant=BIRCH.id)}/Patient", await doors.bearer("system/*.rs", tenant=BIRCH))

    assert ("Maple" in here.text, "Birch" in here.text) == (True, False)
    assert ("Maple" in there.text, "Birch" in there.text) == (False, True)
    assert MAPLE.id not in there.text


async def test_deleted_records_are_not_found(doors):
    doors.maple().put(patient("cora"), "cora")
    doors.maple().put(None, "cora", of=("Patient", "cora"))
    assert "cora" not in json.dumps((await get(doors, f"{SYSTEM}/Patient")).json())


@pytest.mark.parametrize(
    ("query", "total", "shown"),
    [
        ("_count=3", None, 3),
        ("_count=3&_total=none", None, 3),
        ("_count=3&_total=accurate", 9, 3),
        ("_count=3&_total=estimate", 9, 3),
        ("_count=0", 9, 0),
        ("_count=0&patient=ana", 8, 0),
        ("_summary=count", 9, 0),
        ("", 9, 9),
        ("_total=none", None, 9),
        ("code=nothing", 0, 0),
    ],
)
async def test_totals(many, query, total, shown):
    """Matches alone are counted; a first page that holds them all says so unasked. Each row: query, total, entries."""
    answer = await get(many, f"{SYSTEM}/Observation?{query}&_include=Observation:patient")
    assert (answer.json().get("total"), len(ids(answer))) == (total, shown)
    assert len(ids(answer, "include")) == (2 if shown > 3 else 1 if shown else 0) or shown == 3


async def test_a_total_goes_with_its_pages_and_with_the_right_that_counted_it(many):
    """Counted once, told on each page; another token of the same client has it counted by its own scopes."""
    bearer = await many.bearer("system/*.rs")
    first = await get(many, f"{SYSTEM}/Observation?_count=4&_total=accurate", bearer)
    many.maple().put(pulse("late", "ana"), "ana")
    second = await get(many, link(first) or "", bearer)
    less = await get(many, link(first) or "", await many.bearer("system/Observation.rs?category=laboratory"))

    assert [one.json()["total"] for one in (first, second, less)] == [9, 9, 0]


async def test_a_slow_search_is_logged_by_its_names(doors, monkeypatch, caplog):
    """What was asked is in the audit journal alone."""
    monkeypatch.setattr("careweft.web.fhir.search.SLOW", -1.0)
    await get(doors, f"{SYSTEM}/Patient?name=ana&birthdate=1980-05-17&name:exact=Ana")
    (line,) = [one.getMessage() for one in caplog.records if "took" in one.getMessage()]
    assert " a search of Patient by name, birthdate, name:exact took " in line
    assert "ana" not in line.casefold().replace("name", "")


async def test_less_of_each_match_and_never_a_silent_subset(doors):
    answer = await get(doors, f"{SYSTEM}/Observation?_elements=status&_include=Observation:patient&_format=xml")
    assert answer.content.count(b"SUBSETTED") == 2, "what was included is whole"
    whole = await get(doors, f"{SYSTEM}/Observation?_include=Observation:patient")
    data = await get(doors, f"{SYSTEM}/Observation?_include=Observation:patient&_summary=data")

    assert b"SUBSETTED" not in whole.content
    assert data.content.count(b"SUBSETTED") == 4
    for entry in data.json()["entry"]:
        assert entry["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"


CHAINS = [
    # scopes, search, status and what is said or found
    ("patient/*.rs", "Observation?patient.name=ana", 200, ["pulse-ana"]),
    ("patient/*.rs", "Observation?patient.name=bea", 200, []),
    ("patient/*.rs", "Patient?_has:Observation:patient:status=final", 200, ["ana"]),
    ("patient/Observation.rs", "Observation?patient.name=ana", 403, "a scope patient/Patient.s is needed"),
    ("patient/Patient.rs", "Patient?_has:Observation:patient:code=x", 403, "a scope patient/Observation.s is needed"),
    ("patient/*.rs", "Patient?_has:Group:member:code=x", 403, "Group is not shown by patient access"),
    ("patient/*.rs", "Observation?patient.nonsense=x", 400, "'nonsense'"),
    ("patient/*.rs", "Observation?status.name=x", 400, "'status'; Observation leads on by patient"),
    ("patient/*.rs", "Patient?_has:Observation:patient=x", 400, "_has:Type:reference:parameter"),
    ("patient/*.rs", "Patient?general-practitioner:Nobody.name=x", 400, "leads to"),
    ("patient/*.rs", "Provenance?target.subject.name=x", 400, "name the one that is meant"),
    ("patient/*.rs", "Observation?encounter.episode-of-care.organization.partof.name=x", 400, "at most 3 references"),
]


@pytest.mark.parametrize(("scopes", "path", "status", "told"), CHAINS)
async def test_a_chain_is_answered_or_refused_by_name(doors, scopes, path, status, told):
    """Also under lenience: a chain that cannot be followed is never passed over."""
    bearer = await doors.bearer(scopes, patient="ana")
    answer = await get(doors, f"{PATIENT}/{path}", bearer, prefer="handling=lenient")

    assert answer.status_code == status, answer.text
    if status == 200:
        assert ids(answer) == told
    else:
        (issue,) = answer.json()["issue"]
        assert told in issue["diagnostics"]
        assert (
            issue["code"]
            == {403: "forbidden", 400: "too-costly" if "most" in told or "meant" in told else "invalid"}[status]
        )


async def test_a_chain_says_where_it_was_not_followed(doors):
    """A reference of several types goes to those that the token may search."""
    bearer = await doors.bearer("patient/Observation.rs patient/Patient.rs", patient="ana")
    answer = await get(doors, f"{PATIENT}/Observation?subject.identifier:missing=true", bearer)

    assert ids(answer) == ["pulse-ana"]
    assert remarks(answer) == ["A chain was not followed to Device, Group, Location, which this token may not search."]
