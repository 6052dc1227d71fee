"""Who may export what, and what becomes of an export: refusals, ownership, end, expiry, files (security.md BULK)."""

import asyncio
import datetime as dt
import gzip
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from time import perf_counter

import httpx
import pytest

from careweft import surfaces
from careweft.web.bulk import ranges
from tests.bulk.client import BulkClient
from tests.bulk.test_export import group, organization, person, pulse
from tests.bulk.yard import Yard, yard
from tests.web.desk import FHIR, new_tenant
from tests.world import Database, count

pytestmark = pytest.mark.anyio
FIVE_SECONDS = [("_since", "2020-01-01T00:00:00Z")]


@pytest.fixture(scope="module")
async def small(module_database: Database, tmp_path_factory) -> AsyncIterator[Yard]:
    """Two patients, a Group of them, some records."""
    async with yard(module_database, tmp_path_factory.mktemp("small"), at_once=1000) as made:
        await made.put(*map(person, "ab"), *(pulse(f"p{n}", "ab"[n % 2]) for n in range(40)))
        await made.put(group("g", "a", "b"), organization("o", "Lab"))
        yield made


@pytest.fixture
async def client(small: Yard) -> AsyncIterator[BulkClient]:
    async with small.exporter() as made:
        yield made


def refused(answer: httpx.Response, status: int) -> str:
    """It is refused as FHIR says so; the reason."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"].startswith(FHIR)
    assert answer.json()["resourceType"] == "OperationOutcome"
    return str(answer.json()["issue"][0].get("diagnostics", ""))


# Kick-off ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ([("_outputFormat", "text/csv")], "_outputFormat"),
        ([("_since", "yesterday")], "_since"),
        ([("_since", "2024-05-17")], "_since"),
        ([("_since", "2024-05-17T08:00:00")], "_since"),
        ([("_since", "2024-13-17T08:00:00Z")], "_since"),
        ([("_until", "now")], "_until"),
        ([("_since", "2024-05-17T08:00:00Z"), ("_since", "2025-05-17T08:00:00Z")], "more than once"),
        ([("_type", "Nonsense")], "_type"),
        ([("_type", "Patient,Binary")], "Binary"),
        ([("_typeFilter", "Observation?_sort=date")], "_sort"),
        ([("_typeFilter", "Observation?_include=Observation:subject")], "_include"),
        ([("_typeFilter", "Observation?_count=3")], "_count"),
        ([("_typeFilter", "Observation?patient.gender=female")], "patient.gender"),
        ([("_typeFilter", "Observation?nonsense=1")], "nonsense"),
        ([("_type", "Patient"), ("_typeFilter", "Observation?status=final")], "_typeFilter"),
        ([("_elements", "nonsense")], "_elements"),
        ([("includeAssociatedData", "Everything")], "includeAssociatedData"),
        ([("organizeOutputBy", "Patient")], "organizeOutputBy"),
        ([("allowPartialManifests", "perhaps")], "allowPartialManifests"),
        ([("_typo", "Patient")], "Invalid parameter"),
    ],
)
async def test_what_cannot_be_done_is_refused(client, params, says):
    """400 with the reason, never an export of something else (BULK-02, BULK-04)."""
    assert says in refused(await client.kick_off(params=params), 400)


async def test_lenience_leaves_out_and_says_so(client):
    """handling=lenient runs, and each thing left out is a warning in `error` (BULK-02)."""
    params = [("_type", "Patient,Nonsense"), ("_typo", "x"), ("organizeOutputBy", "Patient")]
    export = await client.export(params=params, prefer="respond-async, handling=lenient")

    assert {one["resourceType"] for one in export.records()} == {"Patient"}
    assert [one["issue"][0]["severity"] for one in export.outcomes()] == ["warning"] * 3
    assert export.manifest["error"][0]["type"] == "OperationOutcome"


async def test_an_export_is_asked_for_asynchronously(client):
    """Without respond-async 400; with an Accept that no OperationOutcome can be written in 406 (BULK-01)."""
    assert "respond-async" in refused(await client.kick_off(prefer="return=minimal"), 400)
    assert refused(await client.kick_off(accept="text/csv"), 406)
    begun = await client.http.get("/$export", headers={"prefer": "respond-async"})
    assert begun.status_code == 202
    assert begun.headers["content-location"].startswith("http://localhost:8080/provider/export-status/v2/")
    await client.delete(begun)


SCOPES = [
    # scope, path, status
    ("system/*.rs", "/Group/g/$export", 202),
    ("system/*.read", "/Group/g/$export", 202),
    ("system/Group.rs system/Patient.rs", "/Group/g/$export", 202),
    ("system/Group.rs system/Observation.rs", "/Group/g/$export", 403),
    ("system/Patient.rs system/Observation.rs", "/Group/g/$export", 403),
    ("system/Group.rs?code=x system/Patient.rs", "/Group/g/$export", 403),
    ("system/Group.rs system/Patient.rs?gender=female", "/Group/g/$export", 403),
    ("system/Patient.rs?gender=female", "/Patient/$export", 403),
    ("system/Observation.rs?status=final", "/$export", 202),
    ("system/Patient.rs", "/$export?_type=Condition", 403),
    ("system/Patient.rs", "/$export?_type=Patient,Condition", 403),
    ("system/Patient.c", "/$export", 403),
    ("system/Patient.rs", "/$export?_type=Patient&includeAssociatedData=RelevantProvenanceResources", 403),
]


@pytest.mark.parametrize(("scope", "path", "status"), SCOPES)
async def test_scopes_bind_the_job(small, scope, path, status):
    """Group and Patient rights for their levels, unconfined; a type without right is refused (BULK-02, BULK-11)."""
    async with small.exporter(scope) as client:
        answer = await client.http.get(path, headers={"prefer": "respond-async", "accept": FHIR})
        if status == 202:
            assert answer.status_code == 202, answer.text
            assert (await client.delete(answer)).status_code == 202
        else:
            refused(answer, status)


async def test_a_granular_scope_filters(small):
    """What a search with this scope would not find does not go out, nor is its deletion told (issue: scopes bind)."""
    await small.put(pulse("draft", "a") | {"status": "preliminary"}, pulse("gone", "a") | {"status": "preliminary"},
                    pulse("lost", "a"))  # fmt: skip
    await small.remove("Observation/gone", "Observation/lost")
    async with small.exporter("system/Observation.rs?status=final") as client:
        export = await client.export(params=FIVE_SECONDS)
    await small.remove("Observation/draft")

    assert {one["status"] for one in export.records()} == {"final"}
    assert "Observation/lost" in export.deleted()
    assert "Observation/gone" not in export.deleted()


async def test_only_a_client_with_bulk_permission_exports(small):
    """Registration decides, beside scopes."""
    async with small.exporter(bulk=False) as client:
        for path in ("/$export", "/Patient/$export", "/Group/g/$export"):
            refused(await client.kick_off(path), 403)


async def test_a_tenant_may_name_the_groups_that_a_client_exports(small):
    """Those and nothing else; taken away, a job of another ends (registration's `groups`)."""
    registered = await small.client(groups=("g",))
    async with small.exporter(client=registered) as client:
        for path in ("/$export", "/Patient/$export", "/Group/other/$export"):
            refused(await client.kick_off(path), 403)
        assert (await client.export("/Group/g/$export")).records("Patient")


async def test_patients_and_users_do_not_export(small):
    """The patient-access API has no export; its token is none here (BULK-11, AUTHZ-04)."""
    api = surfaces.find("provider", "patient")
    base = api.url("http://localhost:8080", small.tenant.id)
    token = await small.bearer("patient/*.rs", api, "a")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(small.front)) as http:
        headers = {"authorization": f"Bearer {token}", "prefer": "respond-async"}
        assert (await http.get(f"{base}/$export", headers=headers)).status_code == 404
        assert (await http.get(f"{base}/Patient/$export", headers=headers)).status_code == 404
        system = surfaces.find("provider", "system").url("http://localhost:8080", small.tenant.id)
        assert (await http.get(f"{system}/$export", headers=headers)).status_code == 401
        assert (await http.get(f"{system}/$export")).status_code == 401


async def test_a_group_that_is_not_there_cannot_be_exported(client):
    refused(await client.kick_off("/Group/nobody/$export"), 404)


async def test_one_export_about_the_same_at_a_time_and_some_for_a_tenant(database: Database, tmp_path):
    """429 with Retry-After: of one client about the same Group, of a tenant beyond its number (BULK-06)."""
    async with yard(database, tmp_path, working=False, at_once=2) as made:
        await made.put(person("a"), group("g", "a"))
        async with made.exporter() as one, made.exporter() as other:
            assert (await one.kick_off("/Group/g/$export")).status_code == 202
            again = await one.kick_off("/Group/g/$export")
            refused(again, 429)
            assert int(again.headers["retry-after"]) > 0
            second = await other.kick_off("/Group/g/$export")
            assert second.status_code == 202
            refused(await other.kick_off("/Patient/$export"), 429)
            await other.delete(second)
            assert (await other.kick_off("/Patient/$export")).status_code == 202
            answers = await asyncio.gather(*(made_.kick_off() for made_ in [one, other] * 10))
            assert {answer.status_code for answer in answers} <= {429, 503}


# Status -----------------------------------------------------------------------------------------------------------


async def test_the_status_tells_how_far_it_is(database: Database, tmp_path):
    """Queued, Running, Finalizing, done: 202 with X-Progress and Retry-After, then 200 (BULK-05)."""
    async with yard(database, tmp_path, working=False) as made, made.exporter() as client:
        await made.put(person("a"), *(pulse(f"p{n}", "a") for n in range(200)))
        begun = await client.kick_off()
        said = []
        while (answer := await client.http.get(begun.headers["content-location"])).status_code == 202:
            said.append(answer.headers["x-progress"])
            assert 1 <= int(answer.headers["retry-after"]) <= 120
            await made.worker.once()
            await made.sql("update job set credit = 10")

    assert said[0] == "Queued (0% complete)"
    assert any(one.startswith("Running (") and "(0%" not in one for one in said)
    assert said[-1] == "Finalizing (98% complete)"
    percents = [int(one.partition("(")[2].partition("%")[0]) for one in said]
    assert percents == sorted(percents)


async def test_hammering_the_status_is_throttled(database: Database, tmp_path):
    """Ten polls at once pass, then 429 with Retry-After; the job lives on (BULK-06)."""
    async with yard(database, tmp_path, working=False) as made, made.exporter() as client:
        await made.put(person("a"))
        begun = await client.kick_off()
        answers = [await client.http.get(begun.headers["content-location"]) for _ in range(20)]
        assert [one.status_code for one in answers[:10]] == [202] * 10
        assert {one.status_code for one in answers[12:]} == {429}
        assert int(answers[-1].headers["retry-after"]) >= 5
        await made.work()
        assert (await client.finished(begun)).names() == ["Patient/a"]


async def test_a_job_that_cannot_be_done_fails_and_says_so(database: Database, tmp_path):
    """5xx with an OperationOutcome; other jobs go on (BULK-05, JOB-05)."""
    async with yard(database, tmp_path, working=False) as made, made.exporter() as client:
        await made.put(person("a"))
        begun = await client.kick_off()
        made.worker.files = Broken(made.worker.files)
        fail = made.house.files.create
        type(made.house.files).create = Broken.create
        try:
            for _ in range(10):
                await made.worker.once()
                await made.sql("update job_part set until = '-infinity' where state = 'ready'")
        finally:
            type(made.house.files).create = fail.__func__
        answer = await client.http.get(begun.headers["content-location"])
        assert "failed three times" in refused(answer, 500) or "could not be made" in refused(answer, 500)
        another = await client.kick_off()
        await made.work()
        assert (await client.finished(another)).names() == ["Patient/a"]


class Broken:
    def __init__(self, files):
        self.files = files

    def __getattr__(self, name):
        return getattr(self.files, name)

    async def create(self, *_):
        raise OSError("the disk is broken")


async def test_a_row_that_cannot_be_read_is_named_and_the_others_go_out(database: Database, tmp_path):
    """An altered body: its line is in `error`, everything else in `output` (BULK-14)."""
    async with yard(database, tmp_path) as made, made.exporter() as client:
        await made.put(person("a"), *(pulse(f"p{n}", "a") for n in range(5)))
        await made.sql("update body set body = '\\x00' where id = 'p3'")
        export = await client.export()

    assert export.names("Observation") == ["Observation/p0", "Observation/p1", "Observation/p2", "Observation/p4"]
    (said,) = export.outcomes()
    assert "Observation/p3" in said["issue"][0]["diagnostics"]
    assert said["issue"][0]["severity"] == "error"


# Whose it is ------------------------------------------------------------------------------------------------------


async def test_a_job_is_its_client_s_alone(small, client):
    """Status, files, end: 404 for another client, tenant or API with the same scopes (BULK-10, AUTHZ-03)."""
    begun = await client.kick_off("/Group/g/$export")
    export = await client.finished(begun)
    status, file = begun.headers["content-location"], export.manifest["output"][0]["url"]
    elsewhere = await new_tenant(small.house)
    async with (
        small.exporter() as other,
        small.exporter(side="payer") as payer,
        small.exporter(tenant=elsewhere) as far,
    ):
        never = status[:-4] + "0000"
        for url, unknown in ((status, never), (file, file.replace("/Binary/", "/Binary/0"))):
            answer, nothing = await other.http.get(url), await other.http.get(unknown)
            refused(answer, 404)
            assert answer.content == nothing.content
        refused(await other.http.delete(status), 404)
        refused(await other.http.patch(status, json={"expires": "2030-01-01T00:00:00Z"}), 404)
        for one in (payer, far):
            assert (await one.http.get(status)).status_code == 401
            assert (await one.http.get(file)).status_code == 401
        moved = status.replace("/provider/", "/payer/")
        refused(await payer.http.get(moved), 404)
        refused(await far.http.get(status.replace(small.tenant.id, elsewhere.id)), 404)
        assert [one["id"] for one in (await other.http.get(status.rpartition("/")[0])).json()["jobs"]] == []
    assert (await client.http.get(status)).status_code == 200


async def test_a_token_with_fewer_rights_does_not_reach_the_job(small):
    """Half the scopes: no status, no file (BULK-09)."""
    registered = await small.client("system/*.rs")
    async with small.exporter(client=registered) as client:
        export = await client.export(params=[("_type", "Patient,Observation")])
        status, file = export.polls[-1].url, export.manifest["output"][0]["url"]
        for scope in ("system/Patient.rs", "system/Patient.rs system/Observation.rs?status=final"):
            token = await small.token(registered, scope)
            for url in (status, file):
                refused(await client.http.get(url, headers={"authorization": f"Bearer {token}"}), 403)
        token = await small.token(registered, "system/Patient.rs system/Observation.rs")
        assert (await client.http.get(file, headers={"authorization": f"Bearer {token}"})).status_code == 200
        assert (await client.http.get(file, headers={"authorization": ""})).status_code in (400, 401)


async def test_an_export_outlives_its_token(database: Database, tmp_path):
    """The job goes on; status and files want a fresh token, of the same client (BULK-15, BULK-09)."""
    async with yard(database, tmp_path, working=False) as made:
        registered = await made.client(lifetime=2)
        await made.put(person("a"), *(pulse(f"p{n}", "a") for n in range(50)))
        async with made.exporter(client=registered) as client:
            old = client.http.headers["authorization"]
            begun = await client.kick_off()
            assert begun.status_code == 202
            async with asyncio.timeout(10):
                while (answer := await client.http.get(begun.headers["content-location"])).status_code != 401:
                    await asyncio.sleep(0.2)
            assert "www-authenticate" in answer.headers
            await made.work()
            fresh = await made.token(replace(registered, lifetime=300))
            client.http.headers["authorization"] = f"Bearer {fresh}"
            export = await client.finished(begun)
            file = export.manifest["output"][0]["url"]
            assert (await client.http.get(file, headers={"authorization": old})).status_code == 401
    assert len(export.names()) == 51


async def test_the_page_of_one_s_own_jobs(small, client):
    """Newest first, with what became of each."""
    first = await client.finished(await client.kick_off(params=[("_type", "Patient")]))
    second = await client.finished(await client.kick_off("/Patient/$export", [("_type", "Patient")]))
    page = (await client.http.get(str(first.polls[0].url).rpartition("/")[0])).json()

    assert [one["about"] for one in page["jobs"]] == ["patient", "system"]
    assert {one["state"] for one in page["jobs"]} == {"done"}
    assert page["jobs"][0]["transactionTime"] == second.manifest["transactionTime"]


async def test_a_revoked_client_s_job_stops(database: Database, tmp_path):
    """Nothing more is read for a client that was disabled; its token opens nothing (issue: revoked client)."""
    async with yard(database, tmp_path, working=False) as made:
        registered = await made.client()
        await made.put(person("a"), *(pulse(f"p{n}", "a") for n in range(100)))
        async with made.exporter(client=registered) as client:
            begun = await client.kick_off()
            await made.worker.once()
            await made.house.clients.save(replace(registered, enabled=False))
            await made.work()
            (job,) = await made.sql("select state, problem from job")
            assert job["state"] == "failed"
            assert "withdrawn" in job["problem"]
            async with asyncio.timeout(5):
                while (await client.http.get(begun.headers["content-location"])).status_code != 401:
                    await asyncio.sleep(0.05)
        assert not await made.sql("select from export_file")


async def test_a_right_that_was_taken_away_is_not_exported(database: Database, tmp_path):
    """The registration of the moment at which a part is read confines what was granted at the kick-off."""
    async with yard(database, tmp_path, working=False) as made:
        registered = await made.client("system/Patient.rs system/Observation.rs")
        await made.put(person("a"), pulse("p", "a"))
        async with made.exporter("system/Patient.rs system/Observation.rs", client=registered) as client:
            await client.kick_off()
            await made.sql("update client set scopes = '{system/Patient.rs}'")
            made.house.clients._memory.clear()
            await made.work()
        lines = await made.sql("select said from export_file")
    assert [json.loads(one["said"])[1] for one in lines] == ["Patient"]


# The end ----------------------------------------------------------------------------------------------------------


async def test_deleted_is_gone_at_once_and_its_files_soon(small, client):
    """202, then 404 with an OperationOutcome; a second DELETE 404; files 404, and swept (BULK-12, g10 8.4)."""
    begun = await client.kick_off()
    export = await client.finished(begun)
    status, file = begun.headers["content-location"], export.manifest["output"][0]["url"]
    assert (await client.http.delete(status)).status_code == 202
    for answer in (await client.http.get(status), await client.http.delete(status), await client.http.get(file)):
        refused(answer, 404)
    await small.worker.sweep()
    id_ = status.rpartition("/")[2]
    assert not await small.house.files.names(f"{small.tenant.id}/{id_}")
    assert not await small.sql("select from export_part where job = $1", id_)


async def test_delete_and_completion_race(database: Database, tmp_path):
    """Whoever wins, the job is gone and nothing of it stays (BULK-12)."""
    async with yard(database, tmp_path) as made, made.exporter() as client:
        await made.put(person("a"), *(pulse(f"p{n}", "a") for n in range(10)))
        for turn in range(count(20, 200)):
            begun = await client.kick_off(params=[("_type", "Patient")])
            status = begun.headers["content-location"]
            await asyncio.sleep(0.012 * (turn % 12))
            polled, ended = await asyncio.gather(client.http.get(status), client.delete(begun))
            assert ended.status_code == 202
            assert polled.status_code in (200, 202, 404), polled.text
            for one in polled.json()["output"] if polled.status_code == 200 else ():
                refused(await client.http.get(one["url"]), 404)
            refused(await client.http.get(status), 404)
            refused(await client.delete(begun), 404)
        await made.settled()
        async with asyncio.timeout(20):
            while await made.sql("select from job where not swept") or await made.house.files.names(made.tenant.id):
                await made.worker.sweep()
                await asyncio.sleep(0.1)
        assert {row["state"] for row in await made.sql("select state from job")} == {"cancelled"}


async def test_a_sweep_that_was_killed_is_finished_by_the_next(database: Database, tmp_path):
    """Some files gone, the others not, the job not marked: nothing stays, and nothing is served meanwhile (JOB-06)."""
    async with yard(database, tmp_path, working=False) as made, made.exporter() as client:
        await made.put(person("a"), *(pulse(f"p{n}", "a") for n in range(200)))
        begun = await client.kick_off()
        await made.work()
        file = (await client.finished(begun)).manifest["output"][0]["url"]
        names = await made.house.files.names(made.tenant.id)
        await client.delete(begun)

        class Killed:
            """Its process ends after the first of the files."""

            names = made.house.files.names

            async def remove(self, listed):
                await made.house.files.remove(listed[:1])
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await replace(made.worker, files=Killed()).sweep()
        assert 0 < len(await made.house.files.names(made.tenant.id)) < len(names)
        refused(await client.http.get(file), 404)
        await made.worker.sweep()
        assert not await made.house.files.names(made.tenant.id)
        assert not await made.sql("select from job where not swept")


async def test_expired_files_are_410_and_swept(database: Database, tmp_path):
    """At the time that `Expires` said; the sweep leaves an hour to who is downloading (BULK-13, D-04)."""
    async with yard(database, tmp_path) as made:
        registered = await made.client(lifetime=43200)
        await made.put(person("a"))
        async with made.exporter(client=registered) as client:
            begun = await client.kick_off()
            export = await client.finished(begun)
            status, file = begun.headers["content-location"], export.manifest["output"][0]["url"]
            await made.sql("update job set expires = now() - interval '1 second'")
            refused(await client.http.get(status), 410)
            refused(await client.http.get(file), 410)
            await made.worker.sweep()
            assert await made.house.files.names(made.tenant.id)
            await made.sql("update job set expires = now() - interval '2 hours'")
            await made.worker.sweep()
            assert not await made.house.files.names(made.tenant.id)
            refused(await client.http.get(status), 410)
            refused(await client.http.get(file), 410)


async def test_an_export_is_kept_longer_on_request(small, client):
    """PATCH of the expiry, up to the tenant's maximum; never shorter, never of what is not done."""
    begun = await client.kick_off(params=[("_type", "Patient")])
    export = await client.finished(begun)
    status = begun.headers["content-location"]
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=20)
    answer = await client.http.patch(status, json={"expires": until.isoformat()})
    assert answer.status_code == 200
    assert answer.headers["expires"] == (await client.http.get(status)).headers["expires"] != export.headers["expires"]
    far = await client.http.patch(status, json={"expires": "2999-01-01T00:00:00Z"})
    days = (dt.datetime.fromisoformat(far.json()["expires"]) - dt.datetime.now(dt.UTC)).total_seconds() / 86400
    assert 29.9 < days < 30.1
    refused(await client.http.patch(status, json={"expires": "2020-01-01T00:00:00Z"}), 400)
    refused(await client.http.patch(status, json={"state": "done"}), 400)
    refused(await client.http.patch(status, content="x", headers={"content-type": "text/plain"}), 415)


# Files ------------------------------------------------------------------------------------------------------------


async def test_a_file_is_sent_as_gzip_whole_or_in_ranges(small, client):
    """Content-Encoding, ETag, Accept-Ranges; a download that broke off goes on where it stopped (BULK-09)."""
    export = await client.export(params=[("_type", "Observation")])
    item = export.manifest["output"][0]
    said = next(iter(item["extension"].values()))
    raw = await whole(client, item["url"], {"accept-encoding": "gzip"})

    assert raw.headers["content-encoding"] == "gzip"
    assert raw.headers["accept-ranges"] == "bytes"
    assert len(raw.content) == int(raw.headers["content-length"]) == said["gzipBytes"]
    assert hashlib.sha256(raw.content).hexdigest() == said["gzipSha256"]
    assert gzip.decompress(raw.content) == export.files[item["url"]]
    assert 'filename="Observation-' in raw.headers["content-disposition"]

    size, tag = len(raw.content), raw.headers["etag"]
    for asked, low, high in (("0-9", 0, 10), ("100-", 100, size), ("-7", size - 7, size), ("5-9999999", 5, size)):
        part = await whole(client, item["url"], {"accept-encoding": "gzip", "range": f"bytes={asked}", "if-range": tag})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {low}-{high - 1}/{size}"
        assert part.content == raw.content[low:high]
    stale = await whole(client, item["url"], {"accept-encoding": "gzip", "range": "bytes=5-", "if-range": '"old"'})
    assert (stale.status_code, stale.content) == (200, raw.content)
    several = await whole(client, item["url"], {"accept-encoding": "gzip", "range": "bytes=0-4,10-14"})
    assert several.status_code == 206
    boundary = several.headers["content-type"].partition("boundary=")[2].encode()
    parts = several.content.split(b"--" + boundary)[1:-1]
    assert [one.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for one in parts] == [
        raw.content[0:5], raw.content[10:15],
    ]  # fmt: skip
    same = await whole(client, item["url"], {"accept-encoding": "gzip", "if-none-match": tag})
    assert (same.status_code, same.content) == (304, b"")
    for beyond in (f"bytes={size}-", "bytes=" + ",".join(f"{n}-{n}" for n in range(11))):
        answer = await whole(client, item["url"], {"accept-encoding": "gzip", "range": beyond})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{size}"


async def whole(client: BulkClient, url: str, headers: dict[str, str]) -> httpx.Response:
    """The answer with its bytes as they came."""
    async with client.http.stream("GET", url, headers=headers) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    answer._content = raw
    return answer


async def test_who_takes_no_gzip_is_sent_the_lines(client):
    """Inflated, whole, and without ranges."""
    export = await client.export(params=[("_type", "Patient,Observation")])
    for item in export.manifest["output"]:
        plain = await whole(client, item["url"], {"accept-encoding": "identity", "range": "bytes=0-4"})
        assert plain.status_code == 200
        assert plain.headers["accept-ranges"] == "none"
        assert "content-encoding" not in plain.headers
        assert len(plain.content) == int(plain.headers["content-length"])
        assert plain.content == export.files[item["url"]]
        head = await client.http.head(item["url"], headers={"accept-encoding": "identity"})
        assert (head.headers["content-length"], head.content) == (plain.headers["content-length"], b"")


def test_ten_thousand_ranges_cost_nothing():
    """PARSE-08: refused before they are looked at."""
    header = b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(10_000))
    took = []
    for _ in range(5):
        begun = perf_counter()
        with pytest.raises(ranges.NotSatisfiable):
            ranges.ranges(header, 10**9)
        took.append(perf_counter() - begun)
    assert min(took) < 0.005


# On record --------------------------------------------------------------------------------------------------------


async def test_every_step_is_on_record(small, client):
    """Kick-off, parts with their patients, poll, download and its end, delete: one row each (AUD-07, AUDX-05)."""
    (before,) = await small.sql("select coalesce(max(seq), 0) as seq from audit")
    begun = await client.kick_off("/Group/g/$export", [("_type", "Patient")])
    export = await client.finished(begun)
    await client.delete(begun)
    rows = await small.sql("select * from audit where seq > $1 order by seq", before["seq"])

    by = {action: [one for one in rows if one["action"] == action] for action in {row["action"] for row in rows}}
    assert set(by) == {
        "$export", "$export-part", "$export-status", "$export-download", "$export-downloaded", "$export-cancel",
    }  # fmt: skip
    assert len(by["$export-download"]) == len(by["$export-downloaded"]) == len(export.manifest["output"])
    assert bytes(by["$export"][0]["query"]) == b"_type=Patient"
    assert {one for row in by["$export-part"] for one in row["patients"]} == {"a", "b"}
    assert by["$export-downloaded"][0]["reason"].endswith("bytes sent")
    assert len({one["client"] for one in rows}) == 1


async def test_a_download_that_is_broken_off_is_on_record(small, client):
    """The closing row says how much was sent (AUDX-05)."""
    export = await client.export(params=[("_type", "Observation")])
    url = export.manifest["output"][0]["url"]
    sent: list[bytes] = []

    async def send(message):
        if message["type"] == "http.response.body":
            if len(sent) > 1:
                raise OSError("the peer is gone")
            sent.append(message["body"])

    async def receive():
        await asyncio.sleep(3600)

    scope = {
        "type": "http", "method": "GET", "path": url, "raw_path": url.removeprefix("http://localhost:8080").encode(),
        "query_string": b"", "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost:8080"), (b"accept-encoding", b"gzip"),
                    (b"authorization", client.http.headers["authorization"].encode())],
    }  # fmt: skip
    await small.front(scope, receive, send)
    (row,) = await small.sql("select * from audit where action = '$export-downloaded' order by seq desc limit 1")
    assert row["status"] == 499
    assert row["reason"].startswith(f"aborted after {sum(map(len, sent))} of ")


async def test_without_a_journal_nothing_leaves(small, client):
    """503 and no byte where the entry cannot be written (AUDX-02)."""
    export = await client.export(params=[("_type", "Patient")])
    url = export.manifest["output"][0]["url"]

    class Down:
        async def write(self, _):
            from careweft.fhir.outcomes import Unavailable

            raise Unavailable

    site = replace(small.front._site, journal=Down())
    from careweft.web import Front

    async with httpx.AsyncClient(transport=httpx.ASGITransport(Front(site)), headers=client.http.headers) as http:
        answer = await http.get(url)
        assert answer.status_code == 503
        assert b"Patient" not in answer.content
        assert (await http.get(str(export.polls[0].url))).status_code == 503


async def test_sensitive_records_go_out_with_their_word_only(small):
    """What a read of this token would withhold is in no file, nor is what hangs on it (issue: labels)."""
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    hidden = pulse("hidden", "a") | {"meta": {"security": [label]}}
    about = {
        "resourceType": "Provenance", "id": "about-hidden", "recorded": "2026-05-17T00:00:00Z",
        "target": [{"reference": "Observation/hidden"}], "agent": [{"who": {"display": "x"}}],
    }  # fmt: skip
    await small.put(hidden, about)
    async with small.exporter("system/*.rs") as plain, small.exporter("system/*.rs sensitive/R") as word:
        without = await plain.export("/Group/g/$export")
        whole = await word.export("/Group/g/$export")
        system = await plain.export(params=[("_type", "Observation,Provenance")])
    await small.remove("Observation/hidden", "Provenance/about-hidden")

    names = {"Observation/hidden", "Provenance/about-hidden"}
    assert not names & set(without.names())
    assert not names & set(system.names())
    assert names <= set(whole.names())
