"""Exports under writers: nothing missing, nothing twice; flat memory; no word of what is hidden (BULK-08, JOB-01)."""

import asyncio
import json
import time
import tracemalloc
from random import Random

import pytest

from careweft.bulk.steps import Limits
from tests.bulk.client import BulkClient
from tests.bulk.test_export import group, organization, person, pulse
from tests.bulk.yard import yard
from tests.world import Database, count

pytestmark = pytest.mark.anyio
SECONDS = count(4, 60)
LEVELS = ("/$export", "/Patient/$export", "/Group/g/$export")
COMES_ALONG = "Organization"
"""Belongs to no patient: with `_since` it goes out where a changed record refers to it, changed or not (ADR 501)."""


async def test_exports_since_one_another_are_the_whole_story(database: Database, tmp_path):
    """Writers for a minute, some slow, some deleting; at each level exports one after the other, each `_since` the one
    before. What a client has that applies them is what the server has, and no version goes out twice.
    """
    async with yard(database, tmp_path) as made, made.exporter() as client:
        chance = Random(20261127)
        await made.put(*(person(f"p{n}") for n in range(5)), group("g", *(f"p{n}" for n in range(5))))
        await made.put(organization("o", "Lab"))
        until = time.monotonic() + SECONDS
        writers = [asyncio.create_task(writing(made, until, Random(chance.random()), n)) for n in range(3)]
        told = await asyncio.gather(*(following(client, level, writers) for level in LEVELS))
        await asyncio.gather(*writers)
        rows = await made.sql("select rt, id, ver, updated from body where tenant = $1 and body is not null",
                              made.tenant.number)  # fmt: skip
        wholes = [await client.export(level) for level in LEVELS]

    assert len(rows) == len(told[0][0])
    for (mirror, rounds), whole in zip(told, wholes, strict=True):
        assert rounds > 1
        assert {name: version for name, (version, _) in mirror.items()} == {
            f"{one['resourceType']}/{one['id']}": one["meta"]["versionId"] for one in whole.records()
        }


async def following(client: BulkClient, level: str, writers) -> tuple[dict[str, tuple[str, str]], int]:
    """What a client has that exports a level again and again until nobody writes any more, and how often it did."""
    mirror: dict[str, tuple[str, str]] = {}
    seen: set[tuple[str, str]] = set()
    since: list[tuple[str, str]] = []
    rounds = 0
    while True:
        last = all(one.done() for one in writers)
        export = await client.export(level, since)
        apply(export, mirror, seen)
        since = [("_since", export.manifest["transactionTime"])]
        rounds += 1
        if last:
            return mirror, rounds


async def writing(made, until: float, chance: Random, writer: int) -> None:
    """New, changed and deleted records; now and then in a transaction that stays open for a while."""
    feed = await made.house.clinical.feed(made.tenant)
    number = 0
    while time.monotonic() < until:
        of = f"p{chance.randrange(5)}"
        match chance.randrange(4):
            case 0 if number:
                await made.remove(f"Observation/o-{writer}-{chance.randrange(number)}")
            case 1 if number:
                old = chance.randrange(number)
                await made.put(pulse(f"o-{writer}-{old}", f"p{old % 5}", value=chance.randrange(100)))
            case 2:
                await slow(made, feed, pulse(f"o-{writer}-{number}", f"p{number % 5}"), chance.random() * 0.6)
                number += 1
            case _:
                await made.put(pulse(f"o-{writer}-{number}", f"p{number % 5}"), person(of))
                number += 1
        await asyncio.sleep(chance.random() * 0.02)


async def slow(made, feed, record, seconds: float) -> None:
    """A write whose transaction began some time before it is committed."""
    from careweft.ports.feed import Arrival

    async with made.house.pool.connection() as connection, connection.transaction():
        await connection.fetchval("select now()")
        await feed._commit(connection, [Arrival(record["resourceType"], record["id"], record)], None)
        await asyncio.sleep(seconds)


def apply(export, mirror: dict[str, tuple[str, str]], seen: set[tuple[str, str]]) -> None:
    """As a client keeps its copy; a version that goes out twice is a repetition."""
    for one in export.records():
        name, version = f"{one['resourceType']}/{one['id']}", one["meta"]["versionId"]
        assert (name, version) not in seen or name.startswith(COMES_ALONG), f"{name} version {version} came twice"
        seen.add((name, version))
        mirror[name] = (version, one["meta"]["lastUpdated"])
    for name in export.deleted():
        mirror.pop(name, None)
    assert not set(export.deleted()) & set(export.names())


async def test_memory_stays_flat(database: Database, tmp_path):
    """Ten times the records take no more memory: nothing of an export is held beyond some hundred rows (JOB-01)."""
    big = {"note": [{"text": "x" * 8000}]}
    async with yard(database, tmp_path, limits=Limits(), working=False) as made, made.exporter() as client:
        await made.put(person("a"))
        peaks = []
        for total in (count(1500, 12_000), count(6000, 120_000)):
            held = await made.sql("select count(*) as n from body")
            for start in range(held[0]["n"], total, 500):
                await made.put(*(pulse(f"m{n}", "a") | big for n in range(start, start + 500)))
            begun = await client.kick_off()
            tracemalloc.start()
            await made.work()
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            await client.delete(begun)

    assert peaks[1] < peaks[0] + 16 * 1024 * 1024, peaks
    assert peaks[1] < 64 * 1024 * 1024


async def test_what_may_not_be_seen_changes_nothing(database: Database, tmp_path):
    """Two tenants alike but for what the token may not see: the same lines, counts, deletions, progress (GEN-02)."""
    scope = "system/Patient.rs system/Group.rs system/Observation.rs?status=final"
    told = []
    for hidden in (False, True):
        async with yard(database, tmp_path, working=False) as made, made.exporter(scope) as client:
            await made.put(person("a"), person("b"), group("g", "a"), pulse("o1", "a"), pulse("o2", "b"))
            if hidden:
                await made.put(
                    pulse("h1", "a") | {"status": "preliminary"}, pulse("h2", "a") | {"status": "preliminary"},
                    {"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "AMB"},
                     "subject": {"reference": "Patient/a"}},
                )  # fmt: skip
                await made.remove("Observation/h2", "Encounter/e")
            for path in ("/$export", "/Group/g/$export"):
                begun = await client.kick_off(path, [("_since", "2020-01-01T00:00:00Z")])
                await made.work()
                export = await client.finished(begun)
                lines = sorted(json.dumps(strip(one), sort_keys=True) for one in export.records())
                counts = [(one["type"], one["count"]) for one in export.manifest["output"]]
                told.append((hidden, path, lines, counts, export.deleted(), export.outcomes()))

    assert [one[1:] for one in told[:2]] == [one[1:] for one in told[2:]]


def strip(record):
    return {name: value for name, value in record.items() if name != "meta"}
