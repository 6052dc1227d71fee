"""A worker stopped in the middle of its parts, and one that is asked to end (security.md CRASH-05, CRASH-06)."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from careweft import surfaces
from careweft.store.turns import LEASE
from tests.bulk.test_crash import Site, populated
from tests.bulk.test_export import person, pulse
from tests.bulk.yard import yard
from tests.journeys.town import begun_by, installation, within
from tests.platform import MAPLE
from tests.world import DRILL, Database, count

pytestmark = pytest.mark.anyio
SYSTEM = surfaces.find("provider", "system")
HELD = "select count(*) from job_part where state = 'leased' and step = 'read' and until > clock_timestamp()"


@dataclass
class Yards:
    """A platform without a job process: each test begins its own workers."""

    site: Site
    admin: asyncpg.Connection
    workers: list["subprocess.Popen[bytes]"]

    async def worker(self) -> "subprocess.Popen[bytes]":
        self.workers.append(self.site.at.begin("worker"))
        return self.workers[-1]

    async def until(self, sql: str, *args: Any) -> None:
        async with asyncio.timeout(60):
            while not await self.admin.fetchval(sql, *args):
                await asyncio.sleep(0.05)

    async def stuck(self) -> tuple[asyncpg.transaction.Transaction, str, str]:
        """An export whose parts are held by workers that cannot read on; the lock that keeps them, status and token."""
        token = await asyncio.to_thread(self.site.token)
        lock = self.admin.transaction()
        await lock.start()
        await self.admin.execute("lock table hist in access exclusive mode")
        status = await asyncio.to_thread(self.site.begin, token)
        await self.until(HELD)
        await asyncio.sleep(0.5)  # every lane of every process has taken a part by then, and waits
        return lock, status, token

    async def finished(self, status: str, token: str) -> dict[str, tuple[int, str]]:
        await asyncio.to_thread(self.site.done, status, token)
        return await asyncio.to_thread(self.site.files, status, token)


@asynccontextmanager
async def workers(database: Database) -> AsyncIterator[Yards]:
    with installation(database.server_url) as at:
        app = await asyncio.to_thread(at.inside, populated)
        at.given = {"CAREWEFT_EXPORT_FILE_BYTES": "262144"}
        await asyncio.to_thread(at.serve, 1, "--no-worker")
        admin = await asyncpg.connect(database.admin_url)
        made = Yards(Site(at, at.data, None, app), admin, [])  # type: ignore[arg-type]  # nobody kills this database
        try:
            yield made
        finally:
            for one in made.workers:
                tell(one, signal.SIGKILL)
                one.wait()
            await admin.close()


def tell(worker: "subprocess.Popen[bytes]", order: signal.Signals) -> None:
    """All of a worker's processes, those first that it began."""
    if worker.poll() is None:
        for pid in (*begun_by(worker.pid), worker.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, order)


async def test_a_worker_that_was_stopped_does_nothing_twice(database: Database):
    """SIGSTOP with parts in its hands until its lease is over: another worker does them; SIGCONT: nothing changes."""
    async with workers(database) as made:
        stopped = await made.worker()
        lock, status, token = await made.stuck()
        tell(stopped, signal.SIGSTOP)
        await asyncio.sleep(0.3)  # what it had asked for just now is given
        held = await made.admin.fetchval(HELD)
        await lock.rollback()
        if DRILL:
            await asyncio.sleep(LEASE + 1)
        else:
            await made.admin.execute("update job_part set until = '-infinity' where state = 'leased'")
        other = await made.worker()
        files = await made.finished(status, token)

        other.terminate()
        assert await asyncio.to_thread(other.wait, 30) == 130
        tell(stopped, signal.SIGCONT)
        again = await asyncio.to_thread(made.site.begin, token)  # the one that was stopped is alone now, and at work
        assert await made.finished(again, token) == files == await made.finished(status, token)
        job = status.rpartition("/")[2]
        parts = await made.admin.fetch("select n, token, state from job_part where job = $1", job)
        told = await made.admin.fetch(
            "select request_id, count(*) as n from audit where action = '$export-part' group by request_id"
        )
        objects = await made.admin.fetch("select object from export_part where job = $1 and object is not null", job)

    assert {one["state"] for one in parts} == {"done"}
    taken = {one["n"] for one in parts if one["token"] > 1}
    assert len(taken) == held > 0
    assert {one["n"] for one in told} == {1}, "a part is on record once"
    tokens = {int(name.rpartition("/")[2].split("-")[1]) for name in (one["object"] for one in objects)}
    assert tokens == {1, 2}
    for one in objects:
        number, by = one["object"].rpartition("/")[2].split("-")[:2]
        assert (by == "2") == (int(number) in taken), "what the one that was stopped had begun is in no file"


async def test_a_worker_that_is_asked_to_end_hands_its_parts_over(database: Database):
    """SIGTERM: it ends within seconds, and another one goes on without waiting for a lease to run out (CRASH-06)."""
    async with workers(database) as made:
        asked = await made.worker()
        lock, status, token = await made.stuck()
        asked.terminate()
        assert await asyncio.to_thread(asked.wait, 30) == 130
        assert await made.admin.fetchval(HELD) == 0
        failures = await made.admin.fetchval("select max(failures) + max(leases) from job_part")
        await lock.rollback()
        await made.worker()
        begun = asyncio.get_running_loop().time()
        files = await made.finished(status, token)
        took = asyncio.get_running_loop().time() - begun
        found = json.loads((await asyncio.to_thread(made.site.asked, status, token)).body)

    assert failures <= 1
    assert took < LEASE
    assert len(files) == len(found["output"]) > 0
    assert found["request"].startswith(SYSTEM.url(made.site.at.url, MAPLE))


async def test_whenever_a_worker_ends_it_leaves_no_part_behind(database: Database, tmp_path):
    """Cancelled at any moment of its turn, also where the database has given the part and the answer is on its way."""
    async with yard(database, tmp_path, working=False) as made, made.exporter() as client:
        await made.put(person("a"), *(pulse(f"p{n}", "a") for n in range(2000)))
        begun = await client.kick_off()
        await made.worker.once()  # the plan
        for step in range(count(200, 1000)):
            await made.worker.turns.release(await made.worker.turns.lease())  # a connection that knows the statements
            turn = asyncio.create_task(made.worker.once())
            for _ in range(12 * (step % 100)):
                await asyncio.sleep(0)  # a step of the loop: a timer would miss what takes less than a millisecond
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)
            assert not await made.sql("select n, step from job_part where state = 'leased'"), f"after {step}"
        assert await made.sql("select max(failures) + max(leases) as most from job_part where state <> 'done'")
        await made.work()
        assert len((await client.finished(begun)).names("Observation")) == 2000


async def test_without_any_worker_an_export_waits(database: Database):
    """Killed with everything in its hands, nobody there: the export is neither lost nor failed."""
    async with workers(database) as made:
        killed = await made.worker()
        lock, status, token = await made.stuck()
        tell(killed, signal.SIGKILL)
        killed.wait()
        await lock.rollback()
        within(10, lambda: made.site.asked(status, token).status == 202)
        await made.admin.execute("update job_part set until = '-infinity' where state = 'leased'")
        await made.worker()
        assert await made.finished(status, token)
