"""What the one who runs the machine is told of work that waits (security.md JOB-03)."""

import logging
from dataclasses import replace

import httpx
import pytest

from careweft.fhir.outcomes import Unavailable
from careweft.web import Front
from tests.bulk.test_export import person
from tests.bulk.yard import Yard, yard
from tests.world import Database

pytestmark = pytest.mark.anyio
ALL = ("exports", "groups", "letters", "schedules")
DUE = "insert into due (tenant, kind, id, at) values ($1, 'group', 'g', now() - interval '20 minutes')"
LONG_AGO = "update job set created = now() - interval '11 minutes', turn = turn - interval '11 minutes'"


async def gauges(front: Front) -> dict[str, float]:
    """The lines about queues."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front)) as http:
        answer = await http.get("http://localhost:8080/metrics")
    assert answer.status_code == 200
    rows = (line.rpartition(" ") for line in answer.text.splitlines() if line.startswith("careweft_queue_"))
    return {name.removeprefix("careweft_queue_"): float(value) for name, _, value in rows}


async def exports(made: Yard) -> tuple[float, float, float]:
    """How many wait, how many are worked on, and whether the queue stands still."""
    told = await gauges(made.front)
    return tuple(told[f'{name}{{queue="exports"}}'] for name in ("waiting", "working", "stalled"))  # type: ignore[return-value]


async def test_a_queue_on_which_nobody_works_stands_still(database: Database, tmp_path, caplog):
    """Ten minutes without anybody at it: each time one line in the log, and no more once somebody is."""
    async with yard(database, tmp_path, working=False) as made, made.exporter() as client:
        await made.put(person("a"))
        assert await exports(made) == (0, 0, 0)
        begun = await client.kick_off()
        assert await exports(made) == (1, 0, 0)
        await made.sql(LONG_AGO)
        with caplog.at_level(logging.WARNING, "careweft.web"):
            assert [await exports(made) for _ in range(2)] == [(1, 0, 1)] * 2
        assert (await gauges(made.front))['oldest_seconds{queue="exports"}'] == pytest.approx(660, abs=30)

        task = await made.worker.turns.lease()
        await made.sql(LONG_AGO)
        assert await exports(made) == (0, 1, 0), "however long a part takes, somebody is at it"
        await made.sql("update job_part set until = '-infinity'")
        assert await exports(made) == (1, 0, 1), "whoever held it was killed"
        assert task is not None

        await made.work()
        assert await exports(made) == (0, 0, 0)
        assert (await client.finished(begun)).headers["expires"]
    said = [one.getMessage() for one in caplog.records if "exports stands still" in one.getMessage()]
    assert len(said) == 2


async def test_every_queue_is_told(database: Database, tmp_path):
    """Those of all job processes, also when there is nothing in them."""
    async with yard(database, tmp_path, working=False) as made:
        told = await gauges(made.front)
        await made.sql(DUE, made.tenant.number)
        late = await gauges(made.front)

    names = ("waiting", "oldest_seconds", "working", "stalled")
    assert set(told) == {f'{name}{{queue="{one}"}}' for one in ALL for name in names}
    assert set(told.values()) == {0}
    assert (late['waiting{queue="groups"}'], late['stalled{queue="groups"}']) == (1, 1)


async def test_what_is_not_known_is_not_told(database: Database, tmp_path):
    """Without the database the figures vanish instead of standing still; the counts of the process stay."""

    class Away:
        async def look(self):
            raise Unavailable

    async with yard(database, tmp_path, working=False) as made:
        front = Front(replace(made.front._site, queues=Away()))
        assert await gauges(front) == {}
