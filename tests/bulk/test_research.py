"""A Group without names: approved by the tenant, exported by an application for research, and nothing beside it."""

import json
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from careweft import surfaces
from careweft.adapters import clock
from careweft.bulk.deidentify.form import rows
from careweft.ports.approvals import Approval
from careweft.store.approvals import PostgresApprovals
from careweft.surfaces import RESEARCH
from careweft.surfaces.research import TYPES
from tests.bulk.yard import sample, yard

pytestmark = pytest.mark.anyio

PEOPLE = sample(3)
GROUPS = [one for one in PEOPLE if one["resourceType"] == "Group"]
GROUP = next(one for one in GROUPS if len(one["member"]) == 3)["id"]
EXPORT = f"/Group/{GROUP}/$export"


@asynccontextmanager
async def study(database, folder, *, approve="shifted", working=True):
    """A house with three people, and an application for research that may have their Group."""
    async with yard(database, folder, working=working) as made:
        await made.load(*PEOPLE)
        client = await made.client(side="research")
        approvals = PostgresApprovals(made.house.pool)
        if approve:
            await approvals.approve(made.tenant.number, Approval(client.id, GROUP, approve, clock.now(), "owner"))
        async with made.exporter(client=client, side="research") as one:
            yield made, client, approvals, one


def test_there_are_rows_for_each_type_of_the_api():
    """And no others."""
    assert set(TYPES) == rows().keys()


async def test_a_group_goes_out_without_names(database, tmp_path):
    """All that has rows, and nothing that was in a record as it stood: no id, no name, no day, no text; the same
    people twice cannot be laid on one another.
    """
    async with study(database, tmp_path) as (_, _client, _approvals, one):
        first, second = await one.export(EXPORT), await one.export(EXPORT)

        assert {item["type"] for item in first.manifest["output"]} <= set(TYPES)
        assert {"Patient", "Condition", "Observation", "Encounter", "Organization"} <= {
            item["type"] for item in first.manifest["output"]
        }
        assert len(first.records("Patient")) == 3
        said = b"".join(first.files.values()).decode()
        ids = {f'"{record["id"]}"' for record in PEOPLE}
        assert [id_ for id_ in ids if id_ in said] == []
        patients = [record for record in PEOPLE if record["resourceType"] == "Patient"]
        names = {name["family"] for record in patients for name in record["name"]}
        days = {record["birthDate"] for record in patients}
        assert [word for word in (*names, *days) if word in said] == []
        assert (first.manifest["deleted"], first.manifest["error"]) == ([], [])
        assert not set(first.names()) & set(second.names())
        subjects = {record["subject"]["reference"] for record in first.records("Condition")}
        assert subjects <= set(first.names("Patient"))


async def test_years_alone_where_the_approval_says_so(database, tmp_path):
    """No date is longer than a year."""
    async with study(database, tmp_path, approve="years") as (_, _client, _approvals, one):
        export = await one.export(EXPORT, params=[("_type", "Patient,Encounter")])

        starts = [record["period"]["start"] for record in export.records("Encounter") if "period" in record]
        assert starts
        assert {len(text) for text in starts} == {4}


UNFIT = ("_since=2026-01-01T00:00:00Z", "_until=2026-01-01T00:00:00Z", "_elements=id", "organizeOutputBy=Patient")


async def test_what_would_tell_one_export_from_another_is_refused(database, tmp_path):
    """Each of the parameters that are about some records, some people or some time; also under lenience. A filter has
    no parameter here by which it could be said.
    """
    async with study(database, tmp_path, working=False) as (_, _client, _approvals, one):
        found = [
            (query, prefer, (await one.http.get(f"{EXPORT}?{query}", headers={"prefer": prefer})).status_code)
            for query in UNFIT
            for prefer in ("respond-async", "respond-async, handling=lenient")
        ]
        filtered = await one.http.get(
            f"{EXPORT}?_typeFilter=Patient%3Fgender%3Dmale", headers={"prefer": "respond-async"}
        )

        assert [row for row in found if row[2] != 400] == []
        assert filtered.status_code == 400


async def test_nothing_goes_out_that_was_not_approved(database, tmp_path):
    """Another Group, another level, no approval, a withdrawn one: nothing begins, and what has begun ends."""
    async with study(database, tmp_path, working=False) as (made, client, approvals, one):
        other = next(group["id"] for group in GROUPS if group["id"] != GROUP)
        wanted = {"prefer": "respond-async"}
        assert (await one.http.get(f"/Group/{other}/$export", headers=wanted)).status_code == 403
        assert (await one.http.get("/Patient/$export", headers=wanted)).status_code == 404
        assert (await one.http.get("/$export", headers=wanted)).status_code == 404

        begun = await one.http.get(EXPORT, headers=wanted)
        assert begun.status_code == 202
        await approvals.withdraw(made.tenant.number, client.id, GROUP)
        await made.work()
        assert [row["state"] for row in await made.sql("select state from job")] == ["failed"]
        assert (await one.http.get(begun.headers["content-location"])).status_code == 403
        assert (await one.http.get(EXPORT, headers=wanted)).status_code == 403


async def test_files_of_what_is_no_longer_approved_are_not_given_out(database, tmp_path):
    """Nor its manifest; approved in another way is another approval."""
    async with study(database, tmp_path) as (made, client, approvals, one):
        begun = await one.http.get(f"{EXPORT}?_type=Patient", headers={"prefer": "respond-async"})
        await made.settled()
        status = begun.headers["content-location"]
        (item,) = (await one.http.get(status)).json()["output"]
        assert (await one.http.get(item["url"])).status_code == 200
        again = Approval(client.id, GROUP, "years", clock.now(), "owner")
        for change in (
            approvals.approve(made.tenant.number, again),
            approvals.withdraw(made.tenant.number, client.id, GROUP),
        ):
            await change
            assert [(await one.http.get(url)).status_code for url in (status, item["url"])] == [403, 403]


async def test_a_token_for_research_opens_nothing_else(database, tmp_path):
    """No read, no search, no other API; nor does another API's token open this one."""
    async with study(database, tmp_path) as (made, client, _approvals, one):
        patient = GROUPS[0]["member"][0]["entity"]["reference"]
        for path in (f"/{patient}", "/Patient", f"/Group/{GROUP}", "/metadata"):
            assert (await one.http.get(path)).status_code == 404, path
        base = surfaces.find("provider", "system").url(made.house.settings.public_url, made.tenant.id)
        assert (await one.http.get(f"{base}/{patient}")).status_code == 401
        async with made.exporter(side="provider") as ordinary:
            url = RESEARCH.url(made.house.settings.public_url, made.tenant.id) + EXPORT
            assert (await ordinary.http.get(url, headers={"prefer": "respond-async"})).status_code == 401
        assert client.access == "research"


async def test_a_part_that_is_made_twice_is_the_same(database, tmp_path):
    """The key is the job's: it is in no file, and deleted with the order."""
    async with study(database, tmp_path) as (made, _client, _approvals, one):
        export = await one.export(EXPORT)
        (order,) = await made.sql("select said from export_order")
        secret = json.loads(order["said"])["secret"]

        assert len(secret) == 64
        assert secret not in b"".join(export.files.values()).decode()
        assert secret not in json.dumps(export.manifest)


async def test_approvals_are_the_tenants_own(database, tmp_path):
    """Another tenant's statement finds none, nor does one without a tenant."""
    async with study(database, tmp_path) as (made, client, approvals, _one):
        assert await approvals.find(made.tenant.number, client.id, GROUP) is not None
        assert await approvals.find(made.tenant.number + 1, client.id, GROUP) is None
        assert await made.house.pool.fetch("select * from research_approval") == []


async def test_an_ordinary_export_is_untouched(database, tmp_path):
    """The form is the API's: the same Group at the provider API has its names."""
    async with study(database, tmp_path) as (made, _client, _approvals, _one), made.exporter() as ordinary:
        export = await ordinary.export(EXPORT, params=[("_type", "Patient")])
        names = {record["id"] for record in export.records("Patient")}

        assert names == {one["id"] for one in PEOPLE if one["resourceType"] == "Patient"}
        assert replace(RESEARCH, form="").form == ""
