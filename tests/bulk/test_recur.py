"""Exports come again, from where the last one ended, and with the rights of the moment."""

import datetime as dt
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from careweft.app import recurring
from careweft.ports.schedules import Schedule
from careweft.store.schedules import PostgresSchedules
from careweft.surfaces import provider
from tests.bulk.yard import Yard, of_type, sample, yard

pytestmark = pytest.mark.anyio

PEOPLE = sample(3)
GROUP = next(one for one in PEOPLE if one["resourceType"] == "Group" and len(one["member"]) == 3)
DAY = dt.timedelta(days=1)


@asynccontextmanager
async def office(database, folder):
    """A house with three people whose Group is exported daily, for one client, from tomorrow on."""
    async with yard(database, folder, working=False) as made:
        await made.load(*PEOPLE)
        client = await made.client()
        schedule = Schedule(
            "s-1", client.id, provider.SYSTEM_ACCESS.id, GROUP["id"], "daily 02:30", ("Patient", "Condition")
        )
        mine = PostgresSchedules(made.tenant.number, made.house.pool)
        await mine.add(schedule, made.moved())
        yield made, client, mine


async def turn(made: Yard):
    """What the job process does, at the moved clock; and what it says of the schedule afterwards."""
    loop = recurring(made.house, made.moved)
    while await loop.turn():
        pass
    return await PostgresSchedules(made.tenant.number, made.house.pool).find("s-1")


async def files(made: Yard, client, job):
    """What a client has of a job."""
    async with made.exporter(client=client) as one:
        base = f"{made.house.settings.public_url}{provider.SYSTEM_ACCESS.exports.replace('{tenant}', made.tenant.id)}"
        told = await one.http.get(f"{base}/{job}", headers={"accept": "application/json"})
        assert told.status_code == 200, told.text
        return told.json()


async def test_each_run_has_what_changed_since_the_last(database, tmp_path):
    """The first is whole, the next has `_since` its transaction time, and a run at work is not overtaken."""
    async with office(database, tmp_path) as (made, client, _):
        first = await turn(made)
        assert first.job is not None
        assert (first.since, first.problem) == ("", None)
        made.moved.by += DAY
        assert await turn(made) == first  # it is still at work
        await made.work()
        whole = await files(made, client, first.job)
        assert {one["type"] for one in whole["output"]} == {"Patient", "Condition"}

        await made.put(of_type(PEOPLE, "Patient")[0] | {"active": False})
        made.moved.by += DAY
        second = await turn(made)
        assert second.since == whole["transactionTime"]
        await made.work()
        changed = await files(made, client, second.job)

        assert [(one["type"], one["count"]) for one in changed["output"]] == [("Patient", 1)]
        assert f"_since={whole['transactionTime'].replace(':', '%3A')}" in changed["request"]


async def test_rights_are_those_of_the_moment(database, tmp_path):
    """A client that lost a right gets less, one that lost all gets nothing, and the owner is told why; each run leaves
    its audit row.
    """
    async with office(database, tmp_path) as (made, client, _):
        await made.house.clients.save(replace(client, scopes=("system/Patient.rs", "system/Group.rs")))
        refused = await turn(made)
        assert refused.job is None
        assert "Condition" in refused.problem

        await made.house.clients.save(replace(client, bulk=False))
        made.moved.by += DAY
        assert (await turn(made)).problem == "This application may not export this Group now."

        await made.house.clients.save(client)
        made.moved.by += DAY
        assert (await turn(made)).problem is None

        rows = await made.sql("select status, client, id from audit where action = '$export' order by seq")
        assert [tuple(one) for one in rows] == [(403, client.id, GROUP["id"])] * 2 + [(202, client.id, GROUP["id"])]


async def test_a_group_that_is_gone_is_told(database, tmp_path):
    """Nothing begins, and the schedule stays."""
    async with office(database, tmp_path) as (made, _, _mine):
        await made.remove(f"Group/{GROUP['id']}")

        assert (await turn(made)).problem == "There is no such Group."


async def test_schedules_are_the_tenants_own(database, tmp_path):
    """Another tenant sees none of them, nor does a statement without a tenant; what is removed is not due."""
    async with office(database, tmp_path) as (made, _, mine):
        other = PostgresSchedules(made.tenant.number + 1, made.house.pool)

        assert [one.id for one in await mine.all()] == ["s-1"]
        assert await other.all() == []
        assert await made.house.pool.fetch("select * from export_schedule") == []
        assert not await other.remove("s-1")
        assert await mine.remove("s-1")
        assert await turn(made) is None
