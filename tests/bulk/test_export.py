"""Exports as a client of the specification has them (security.md BULK; conformance.md section 6)."""

import asyncio
import base64
import datetime as dt
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from careweft.access.labels import WORDS
from tests.bulk.client import BulkClient
from tests.bulk.yard import SMALL, Yard, named, of_type, sample, yard
from tests.web.desk import FHIR
from tests.world import DRILL, Database

pytestmark = pytest.mark.anyio

PEOPLE = sample(5)
GROUP = next(one for one in PEOPLE if one["resourceType"] == "Group" and len(one["member"]) == 5)
OFFERED = [one for one in PEOPLE if one["resourceType"] not in ("Binary", "ExplanationOfBenefit")]
SUPPORTING = ("Organization", "Practitioner", "PractitionerRole", "Location", "Medication")
SHARED = (*SUPPORTING, "Group", "Schedule", "Slot")
EVERY = " ".join(["system/*.rs", *WORDS])
SIZES = (1, 3, 5) if DRILL else (3,)
"""Members of Groups."""
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture(scope="module")
async def full(module_database: Database, tmp_path_factory) -> AsyncIterator[Yard]:
    """Five people, whom nobody changes."""
    async with yard(module_database, tmp_path_factory.mktemp("full")) as made:
        await made.load(*PEOPLE)
        yield made


@pytest.fixture
async def client(full: Yard) -> AsyncIterator[BulkClient]:
    async with full.exporter(EVERY) as made:
        yield made


def refs(node) -> set[str]:
    """Every reference in a record, wherever."""
    if isinstance(node, dict):
        link = node.get("reference")
        return {link} if isinstance(link, str) else set().union(*map(refs, node.values()))
    return set().union(*map(refs, node)) if isinstance(node, list) else set()


# The three levels -------------------------------------------------------------------------------------------------


async def test_a_system_export_holds_every_record_once(client):
    """Each line is the stored bytes, nothing is missing, nothing comes twice."""
    export = await client.export()

    assert export.names() == named(OFFERED)
    for type_ in {one["resourceType"] for one in OFFERED} - {"DocumentReference", "DiagnosticReport"}:
        line = export.lines("output", type_)[0]
        read = await client.http.get(f"/{type_}/{json.loads(line)['id']}", headers={"accept": FHIR})
        assert read.content == line, type_


async def test_the_manifest_says_what_the_guide_wants(client):
    """transactionTime, request, requiresAccessToken, absolute URLs, counts, sizes and checksums; Expires is true."""
    export = await client.export(params=[("_type", "Patient,Observation")])
    told = export.manifest

    assert INSTANT.fullmatch(told["transactionTime"])
    assert told["request"] == f"{client.http.base_url}$export?_type=Patient%2CObservation"
    assert told["requiresAccessToken"] is True
    assert (told["deleted"], told["error"]) == ([], [])
    assert len(told["output"]) > 2  # files are cut by size
    for item in told["output"]:
        assert item["url"].startswith(str(client.http.base_url))
        said = next(iter(item["extension"].values()))
        assert said["bytes"] == len(export.files[item["url"]]) <= 256 * 1024
    expires = dt.datetime.strptime(export.headers["expires"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=dt.UTC)
    assert dt.timedelta(days=6.9) < expires - dt.datetime.now(dt.UTC) < dt.timedelta(days=7.1)


async def test_a_group_export_is_its_members_and_what_they_refer_to(client):
    """Every record of every member, the records of no patient to which these lead, and the Provenance of all."""
    export = await client.export(f"/Group/{GROUP['id']}/$export")

    assert {one["id"] for one in export.records("Patient")} == {m["entity"]["reference"][8:] for m in GROUP["member"]}
    own = [one for one in OFFERED if one["resourceType"] not in (*SHARED, "Provenance")]
    assert sorted(set(named(own)) - set(export.names())) == []
    for type_ in ("Organization", "Practitioner", "Location", "Provenance"):
        assert export.records(type_), type_
    brought = {one for one in export.names() if one.partition("/")[0] in SUPPORTING}
    meant = {one for record in export.records() for one in refs(record) if one.partition("/")[0] in SUPPORTING}
    assert brought == meant & set(named(OFFERED))
    assert not export.records("Group")
    assert len(set(export.names())) == len(export.names())


async def test_one_member_s_group_holds_nobody_else_s_records(full, client):
    """Patients that are not members, inactive members and members whose time is over do not go out (AUTHZ-03)."""
    ids = [one["id"] for one in of_type(PEOPLE, "Patient")]
    member = [
        {"entity": {"reference": f"Patient/{ids[0]}"}},
        {"entity": {"reference": f"Patient/{ids[1]}"}, "inactive": True},
        {"entity": {"reference": f"Patient/{ids[2]}"}, "period": {"end": "2020-01-01"}},
        {"entity": {"reference": "Patient/nobody"}},
        {"entity": {"reference": f"Patient/{ids[0]}"}},
    ]
    await full.put({"resourceType": "Group", "id": "one", "type": "person", "actual": True, "member": member})
    export = await client.export("/Group/one/$export")
    await full.remove("Group/one")

    assert [one["id"] for one in export.records("Patient")] == [ids[0]]
    others = set(ids[1:])
    for record in export.records():
        if record["resourceType"] not in SUPPORTING:
            assert not {one[8:] for one in refs(record) if one.startswith("Patient/")} & others, record["id"]
    assert set(named(one for one in OFFERED if f"Patient/{ids[0]}" in refs(one)
                     and one["resourceType"] not in (*SHARED, "Provenance"))) <= set(export.names())  # fmt: skip


async def test_a_patient_export_is_every_patient_s(full, client):
    """The same as that of a Group of everybody."""
    group, patients = [await client.export(one) for one in (f"/Group/{GROUP['id']}/$export", "/Patient/$export")]
    assert patients.names() == group.names()


async def test_a_group_is_the_same_however_it_is_found(database: Database, tmp_path):
    """Patient by patient, or among all records, with its Provenance at once or for some patients after the others: the
    same lines, with `_since` the same changes and deletions.
    """
    ids = [one["id"] for one in of_type(PEOPLE, "Patient")]
    seen = [one for one in of_type(PEOPLE, "Observation") if one["subject"]["reference"][8:] == ids[0]]
    told = []
    for many, named_ in ((0, 2), (1000, 40), (1000, 2)):
        async with yard(database, tmp_path, limits=replace(SMALL, many=many, named=named_)) as made:
            await made.load(*PEOPLE)
            for size in SIZES:
                member = [{"entity": {"reference": f"Patient/{one}"}} for one in ids[:size]]
                of = {"resourceType": "Group", "id": f"of{size}", "type": "person", "actual": True, "member": member}
                await made.put(of)
            async with made.exporter(EVERY) as client:
                wholes = [await client.export(f"/Group/of{size}/$export") for size in SIZES]
                since = [("_since", wholes[-1].manifest["transactionTime"])]
                await made.put(seen[0] | {"status": "amended"})
                await made.remove(f"Observation/{seen[1]['id']}")
                later = [await client.export(f"/Group/of{size}/$export", since) for size in SIZES]
            past = await made.sql(
                "select from export_part where spec like '%cuts%' and tenant = $1", made.tenant.number
            )
        assert bool(past) is bool(many)
        told.append([(one.names(), one.deleted()) for one in (*wholes, *later)])

    assert told[0] == told[1] == told[2]
    for names, deleted in told[0][3:]:
        assert f"Observation/{seen[0]['id']}" in names
        assert deleted == [f"Observation/{seen[1]['id']}"]


async def test_exports_of_the_payer_hold_claims(full):
    async with full.exporter(EVERY, side="payer") as client:
        export = await client.export("/Patient/$export")

    assert len(export.records("ExplanationOfBenefit")) == len(of_type(PEOPLE, "ExplanationOfBenefit")) > 0


# Parameters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelled", ["application/fhir+ndjson", "application/ndjson", "ndjson"])
async def test_each_spelling_of_the_format_is_taken(client, spelled):
    """_outputFormat, three ways (g10 8.5.01)."""
    begun = await client.kick_off("/Patient/$export", [("_outputFormat", spelled)])
    assert begun.status_code == 202
    assert (await client.delete(begun)).status_code == 202


async def test_a_plus_that_became_a_space_is_understood(client):
    begun = await client.http.get(
        "/Patient/$export?_outputFormat=application/fhir+ndjson&_since=2020-01-01T00:00:00+01:00",
        headers={"prefer": "respond-async"},
    )
    assert begun.status_code == 202
    await client.delete(begun)


async def test_commas_repeats_and_parameters_are_equivalent(client):
    """`_type=A,B`, `_type=A&_type=B` and a POST of Parameters are one order (BULK-03)."""
    comma = await client.export(params=[("_type", "Patient,Encounter")])
    twice = await client.export(params=[("_type", "Patient"), ("_type", "Encounter")])
    post = await client.finished(
        await client.kick_off_post(
            "/$export",
            [{"name": "_type", "valueString": "Patient"}, {"name": "_type", "valueString": "Encounter"}],
        )
    )

    assert comma.lines() == twice.lines() == post.lines()
    assert {one["resourceType"] for one in comma.records()} == {"Patient", "Encounter"}
    assert post.manifest["request"].endswith("/$export")


async def test_a_type_filter_is_a_search(client):
    """What goes out is what the search finds; several queries of one type are alternatives (BULK-04)."""
    filters = ["Observation?category=laboratory", "Observation?category=vital-signs&status=final", "Encounter?_id=none"]
    export = await client.export(
        params=[("_type", "Observation,Encounter,Patient"), ("_typeFilter", ",".join(filters))]
    )

    found: set[str] = set()
    for query in filters[:2]:
        url = f"/{query}&_count=500"
        while url:
            page = (await client.http.get(url, headers={"accept": FHIR})).json()
            found |= {f"Observation/{one['resource']['id']}" for one in page.get("entry", ())}
            url = next((one["url"] for one in page["link"] if one["relation"] == "next"), None)
    assert export.names("Observation") == sorted(found) != []
    assert not export.records("Encounter")
    assert len(export.records("Patient")) == 5


async def test_elements_are_a_subset_and_say_so(client):
    """_elements keeps what is mandatory, tags SUBSETTED, and may name a type (BULK-04)."""
    export = await client.export(params=[("_type", "Patient,Encounter"), ("_elements", "id,Patient.gender")])

    for one in export.records():
        assert {"code": "SUBSETTED"}.items() <= one["meta"]["tag"][-1].items()
    assert set(export.records("Patient")[0]) >= {"resourceType", "id", "meta", "gender"}
    assert "birthDate" not in export.records("Patient")[0]
    assert set(export.records("Encounter")[0]) >= {"status", "class"}


async def test_patients_are_chosen_by_post(client):
    """Only their compartments, at both levels; in a GET, unknown or no member: refused (BULK-04)."""
    ids = sorted(one["id"] for one in of_type(PEOPLE, "Patient"))[:2]
    chosen = [{"name": "patient", "valueReference": {"reference": f"Patient/{one}"}} for one in ids]
    for path in ("/Patient/$export", f"/Group/{GROUP['id']}/$export"):
        export = await client.finished(await client.kick_off_post(path, chosen))
        assert sorted(one["id"] for one in export.records("Patient")) == ids
        assert {f"Patient/{one}" for one in ids} >= {
            one["subject"]["reference"] for one in export.records("Observation")
        }
        nobody = [*chosen, {"name": "patient", "valueReference": {"reference": "Patient/nobody"}}]
        assert (await client.kick_off_post(path, nobody)).status_code == 400
    assert (await client.kick_off("/Patient/$export", [("patient", ids[0])])).status_code == 400
    assert (await client.kick_off_post("/$export", chosen)).status_code == 400


async def test_provenance_comes_along_as_it_is_asked_for(client):
    """With everything; not where _type leaves it out; and with it where it is named as associated (BULK-17)."""
    path = f"/Group/{GROUP['id']}/$export"
    every = await client.export(path)
    none = await client.export(path, [("_type", "Patient,Condition")])
    beside = await client.export(
        path, [("_type", "Patient,Condition"), ("includeAssociatedData", "RelevantProvenanceResources")]
    )
    system = await client.export(
        "/$export", [("_type", "Condition"), ("includeAssociatedData", "RelevantProvenanceResources")]
    )
    latest = await client.export(
        "/$export", [("_type", "Condition"), ("includeAssociatedData", "LatestProvenanceResources")]
    )

    assert every.records("Provenance")
    assert not none.records("Provenance")
    of_these = {f"{one['resourceType']}/{one['id']}" for one in beside.records("Patient") + beside.records("Condition")}
    for one in beside.records("Provenance"):
        assert {target["reference"] for target in one["target"]} & of_these
    conditions = {f"Condition/{one['id']}" for one in system.records("Condition")}
    targets = [target["reference"] for one in system.records("Provenance") for target in one["target"]]
    assert set(targets) & conditions
    newest = [target["reference"] for one in latest.records("Provenance") for target in one["target"]]
    assert set(newest) & conditions == set(targets) & conditions
    assert len(latest.records("Provenance")) <= len(system.records("Provenance"))


async def test_output_is_organized_by_patient(client):
    """A header in front of each patient's records, which stand together; the rest as ever (STU 3)."""
    export = await client.export(f"/Group/{GROUP['id']}/$export", [("organizeOutputBy", "Patient")])

    assert export.manifest["outputOrganizedBy"] == "Patient"
    seen, current = [], None
    for item in export.manifest["output"]:
        if "type" in item:
            continue
        lines = [json.loads(line) for line in export.files[item["url"]].split(b"\n")[:-1]]
        assert lines[0]["resourceType"] == "Parameters"
        for one in lines:
            if one["resourceType"] == "Parameters":
                current = one["parameter"][0]["valueReference"]["reference"]
                seen.append(current)
            elif one["resourceType"] != "Patient":
                assert current in refs(one), one["resourceType"]
    assert sorted(seen) == sorted(m["entity"]["reference"] for m in GROUP["member"])
    assert any(item.get("type") == "Practitioner" for item in export.manifest["output"])


async def test_partial_manifests_are_allowed_and_not_needed(client):
    """The one manifest has everything."""
    assert len((await client.export(params=[("_type", "Patient"), ("allowPartialManifests", "true")])).records()) == 5


async def test_until_leaves_out_what_changed_later(client):
    """`_until` before the load: nothing, and no file that would be empty (BULK-07)."""
    export = await client.export(params=[("_until", "2020-01-01T00:00:00Z")])
    assert export.manifest["output"] == []
    now = dt.datetime.now(dt.UTC).isoformat()
    assert (await client.export(params=[("_type", "Patient"), ("_until", now)])).records()


async def test_attachments_lie_at_absolute_urls_under_the_same_lock(full, client):
    """A document's attachment is a Binary of this API: its URL is whole, its bytes want a token (BULK-16)."""
    export = await client.export(params=[("_type", "DocumentReference")])
    attached = [
        part["attachment"] for one in export.records() for part in one["content"] if "url" in part["attachment"]
    ]
    base = str(client.http.base_url).rstrip("/")
    assert attached
    for one in attached[:3]:
        assert one["url"].startswith(f"{base}/Binary/")
        assert (await client.http.get(one["url"], headers={"authorization": ""})).status_code in (400, 401)
        binary = next(b for b in PEOPLE if b["resourceType"] == "Binary" and one["url"].endswith(b["id"]))
        answer = await client.http.get(one["url"], headers={"accept": "*/*"})
        assert answer.content == base64.b64decode(binary["data"])


# Changes and deletions -----------------------------------------------------------------------------------------------


async def test_since_gives_what_changed_and_what_was_deleted(database: Database, tmp_path):
    """A record is in `output` or in `deleted`, never in both; of a Group only what is its members' (BULK-07)."""
    async with yard(database, tmp_path) as made, made.exporter() as client:
        await made.put(*map(person, "abc"), *(pulse(one + str(n), one) for one in "abc" for n in range(3)))
        await made.put(group("g", "a", "b"), organization("o", "Old"))
        first = await client.export()
        again = await client.export(params=[("_since", first.manifest["transactionTime"])])
        assert again.manifest["output"] == again.manifest["deleted"] == []

        await made.put(
            pulse("a0", "a", value=99), pulse("c0", "c", value=99), pulse("new", "b"), organization("o", "New")
        )
        await made.remove("Observation/a1", "Observation/c1")
        since = [("_since", first.manifest["transactionTime"])]
        system = await client.export(params=since)
        of_group = await client.export("/Group/g/$export", since)
        patients = await client.export("/Patient/$export", since)

    assert system.names() == ["Observation/a0", "Observation/c0", "Observation/new", "Organization/o"]
    assert system.deleted() == ["Observation/a1", "Observation/c1"]
    assert of_group.names() == ["Observation/a0", "Observation/new", "Organization/o"]
    assert of_group.deleted() == ["Observation/a1"]
    assert (patients.names(), patients.deleted()) == (system.names(), system.deleted())


async def test_what_changes_while_an_export_runs_goes_out_as_it_was(database: Database, tmp_path):
    """Planned, then all changes: the version of the transaction time goes out, what is new does not (BULK-08)."""
    async with yard(database, tmp_path, working=False) as made, made.exporter() as client:
        await made.put(*map(person, "ab"), *(pulse(f"p{n}", "ab"[n % 2]) for n in range(6)), group("g", "a", "b"))
        begun = [await client.kick_off(path) for path in ("/$export", "/Group/g/$export", "/Patient/$export")]
        for _ in begun:
            assert await made.worker.once()  # the plan
        await made.put(pulse("p0", "a", value=1), pulse("p1", "b", value=1), pulse("late", "a"))
        await made.put(pulse("p0", "a", value=2))
        await made.remove("Observation/p2", "Observation/p3")
        await made.work()
        exports = [await client.finished(one) for one in begun]
        later = await client.kick_off(params=[("_since", exports[0].manifest["transactionTime"])])
        await made.work()
        following = await client.finished(later)

    for export in exports:
        assert export.names("Observation") == [f"Observation/p{n}" for n in range(6)]
        assert {one["valueQuantity"]["value"] for one in export.records("Observation")} == {72.5}
    assert following.names() == ["Observation/late", "Observation/p0", "Observation/p1"]
    assert following.deleted() == ["Observation/p2", "Observation/p3"]


async def test_a_slow_transaction_is_in_this_export_or_in_the_next(database: Database, tmp_path):
    """A write that began before the kick-off and is committed after it was waited for, or comes next (BULK-08)."""
    async with yard(database, tmp_path) as made, made.exporter() as client:
        await made.put(person("a"))
        slow = asyncio.create_task(slowly(made, pulse("slow", "a"), 1.0))
        await asyncio.sleep(0.3)
        begun = await client.kick_off()
        await slow
        first = await client.finished(begun)
        second = await client.export(params=[("_since", first.manifest["transactionTime"])])

    assert first.names() == ["Observation/slow", "Patient/a"]
    assert second.names() == []


async def slowly(made: Yard, record, seconds: float) -> None:
    """Store in a transaction that stays open for so long."""
    feed = await made.house.clinical.feed(made.tenant)
    kept = feed._commit

    async def commit(connection, arrivals, entry):
        async with connection.transaction():
            found = await kept(connection, arrivals, entry)
            await asyncio.sleep(seconds)
        return found

    feed._commit = commit
    from careweft.ports.feed import Arrival

    await feed.put([Arrival(record["resourceType"], record["id"], record)])


def person(id_: str):
    return {"resourceType": "Patient", "id": id_, "gender": "female"}


def group(id_: str, *members: str):
    listed = [{"entity": {"reference": f"Patient/{one}"}} for one in members]
    return {"resourceType": "Group", "id": id_, "type": "person", "actual": True, "member": listed}


def organization(id_: str, name: str):
    return {"resourceType": "Organization", "id": id_, "name": name}


def pulse(id_: str, of: str, value: float = 72.5):
    return {
        "resourceType": "Observation", "id": id_, "status": "final", "subject": {"reference": f"Patient/{of}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "performer": [{"reference": "Organization/o"}],
        "valueQuantity": {"value": value, "unit": "/min"},
    }  # fmt: skip
