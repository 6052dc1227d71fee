"""The queue: leases, fencing, attempts, fair turns, and the states of a job (security.md JOB, CRASH-05)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from careweft.bulk.progress import wait
from careweft.ports.jobs import Done, Job, Part, Piece, Superseded, Task
from careweft.store.listen import Listener
from careweft.store.pool import Pool
from careweft.store.turns import LEASES, PostgresTurns
from tests.store.house import connected
from tests.world import Database, count

pytestmark = pytest.mark.anyio
LEASE = 30.0
NOW = datetime(2026, 5, 17, tzinfo=UTC)
PIECE = Piece("output", "Patient", 0, 10, 20, 1, 7)
MOST = 1000


@dataclass
class Queue:
    turns: PostgresTurns
    pool: Pool
    tenants: list[int]
    made: int = 0
    jobs: list[Job] = field(default_factory=list)

    async def begin(self, tenant: int = 0, about: str = "") -> Job:
        self.made += 1
        id_ = f"job-{self.made}"
        job = Job(id_, self.tenants[tenant], "client", "surface", about or id_, "waiting", NOW)
        return await self.turns.create(job, {"request": "x"}, MOST)

    async def state(self, job: Job) -> str:
        row = await self.pool.fetchrow("select state from job where id = $1", job.id)
        return "" if row is None else str(row["state"])

    async def expire(self) -> None:
        """All leases run out now."""
        await self.pool.fetch("update job_part set until = '-infinity' where state <> 'done'")

    async def planned(self, parts: int = 2) -> Task:
        task = await self.turns.lease()
        assert task
        await self.turns.planned(task, NOW, [Part("read", 10, {"n": n}) for n in range(parts)])
        return task


@pytest.fixture
async def queue(database: Database) -> AsyncIterator[Queue]:
    pool = Pool(database.server_url, 8)
    numbers = []
    for n in range(3):
        row = await pool.fetchrow(
            "insert into tenant (id, name, hash_key) values (gen_random_uuid(), $1, $2) returning number",
            f"T{n}", bytes(32),
        )  # fmt: skip
        numbers.append(row["number"])
    yield Queue(PostgresTurns(pool, Listener(pool.connect), LEASE), pool, numbers)
    await pool.close()


async def test_a_job_goes_from_plan_to_files(queue):
    """plan, read, finish: waiting, running, finishing, done; each part once."""
    job = await queue.begin()
    assert await queue.state(job) == "waiting"
    await queue.planned(2)
    assert await queue.state(job) == "running"
    one, two = await queue.turns.lease(), await queue.turns.lease()
    assert [(task.step, dict(task.spec)) for task in (one, two)] == [("read", {"n": 0}), ("read", {"n": 1})]
    assert await queue.turns.lease() is None
    await queue.turns.complete(two, Done("b", [PIECE], 10), "finish")
    await queue.turns.complete(one, Done("a", [PIECE], 10), "finish")
    assert await queue.state(job) == "finishing"
    last = await queue.turns.lease()
    assert last.step == "finish"
    assert [name for name, _ in await queue.turns.pieces(last)] == ["a", "b"]
    await queue.turns.finish(last, [], 60)
    assert await queue.state(job) == "done"
    assert await queue.turns.lease() is None


async def test_a_zombie_changes_nothing(queue):
    """Whose lease ran out and was taken by another can neither beat nor complete nor fail it (CRASH-05)."""
    await queue.begin()
    await queue.planned(1)
    zombie = await queue.turns.lease()
    await queue.expire()
    other = await queue.turns.lease()
    assert (other.n, other.token) == (zombie.n, zombie.token + 1)
    with pytest.raises(Superseded):
        await queue.turns.beat(zombie)
    with pytest.raises(Superseded):
        await queue.turns.complete(zombie, Done("stale", [PIECE], 10), "finish")
    await queue.turns.failed(zombie, "stale", final=True)
    await queue.turns.complete(other, Done("good", [PIECE], 10), "finish")
    last = await queue.turns.lease()
    assert [name for name, _ in await queue.turns.pieces(last)] == ["good"]
    with pytest.raises(Superseded):
        await queue.turns.complete(other, Done("twice", [PIECE], 10), "finish")


async def test_a_part_that_fails_three_times_fails_its_job(queue):
    """JOB-05: and the others go on."""
    bad, good = await queue.begin(0), await queue.begin(1)
    for _ in range(3):
        await queue.expire()
        while (task := await queue.turns.lease()).job != bad.id:
            pass
        await queue.turns.failed(task, "no good", final=False)
    assert await queue.state(bad) == "failed"
    await queue.expire()
    assert (await queue.turns.lease()).job == good.id
    assert await queue.turns.lease() is None


async def test_a_part_that_kills_its_workers_fails_its_job(queue):
    """Leases that end in silence are counted too."""
    job = await queue.begin()
    for _ in range(LEASES):
        await queue.expire()
        assert await queue.turns.lease()
    await queue.expire()
    assert await queue.turns.lease() is None
    assert await queue.state(job) == "failed"


async def test_a_part_given_back_has_lost_nothing(queue):
    """A worker that stops, or whose database was away, costs no attempt (CRASH-06)."""
    job = await queue.begin()
    for _ in range(LEASES + 5):
        await queue.turns.release(await queue.turns.lease())
    assert await queue.state(job) == "waiting"


async def test_a_cancelled_job_is_worked_on_no_more(queue):
    """Beat and completion say so at once."""
    job = await queue.begin()
    await queue.planned(2)
    task = await queue.turns.lease()
    assert await queue.turns.cancel(job)
    assert not await queue.turns.cancel(job)
    with pytest.raises(Superseded):
        await queue.turns.beat(task)
    with pytest.raises(Superseded):
        await queue.turns.complete(task, Done("x", [PIECE], 1), "finish")
    assert await queue.turns.lease() is None
    assert await queue.turns.find(job.tenant, job.surface, job.client, job.id) is None


async def test_turns_are_fair(queue):
    """A small export of one tenant is not behind the thousand parts of another's (JOB-04)."""
    await queue.begin(0)
    await queue.planned(100)
    small = await queue.begin(1)
    taken = [await queue.turns.lease() for _ in range(4)]
    assert small.id in [task.job for task in taken[:2]]
    another = await queue.begin(0)
    for task in taken:
        await queue.turns.release(task)
    assert another.id in [(await queue.turns.lease()).job for _ in range(4)]


async def test_many_workers_share_without_doing_twice(queue):
    """Forty at once over a hundred parts: each part is completed by one."""
    await queue.begin()
    await queue.planned(100)
    done: list[int] = []

    async def work() -> None:
        while (task := await queue.turns.lease()) and task.step == "read":
            await queue.turns.complete(task, Done(f"o{task.n}", [PIECE], 1), "finish")
            done.append(task.n)

    await asyncio.gather(*(work() for _ in range(8)))
    assert sorted(done) == list(range(1, 101))


async def test_a_waiting_worker_is_woken(database: Database):
    """NOTIFY, not the next look."""
    pool = Pool(database.server_url, 4)
    listener = Listener(pool.connect)
    turns = PostgresTurns(pool, listener)
    listening = asyncio.create_task(listener.run())
    await asyncio.sleep(0.3)
    turns._news.clear()
    waiting = asyncio.create_task(turns.idle(30))
    await pool.fetch("select pg_notify('careweft', 'job x')")
    await asyncio.wait_for(waiting, 5)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await pool.close()


STATES = {
    ("waiting", "running"), ("waiting", "cancelled"), ("waiting", "failed"), ("running", "finishing"),
    ("running", "cancelled"), ("running", "failed"), ("finishing", "done"), ("finishing", "cancelled"),
    ("finishing", "failed"), ("done", "cancelled"), ("failed", "cancelled"), ("waiting", "finishing"),
}  # fmt: skip


async def test_whatever_happens_in_whatever_order_states_change_as_they_may(queue):
    """Workers, zombies, kills, cancels at random: legal transitions only, each part counts once (JOB-02)."""
    chance = Random(20261127)
    held: list[Task] = []
    seen: dict[str, str] = {}
    for _ in range(count(400, 20_000)):
        match chance.randrange(8):
            case 0 if len(seen) < 12:
                job = await queue.begin(chance.randrange(3))
                seen[job.id] = "waiting"
            case 1 | 2 | 3:
                task = await queue.turns.lease()
                held += [task] if task else []
            case 4 if held:
                await ended(queue, chance.choice(held), chance)
            case 5 if held:
                await queue.turns.failed(chance.choice(held), "x", final=chance.random() < 0.05)
            case 6:
                await queue.pool.fetch(
                    "update job_part set until = '-infinity' where random() < 0.3 and state <> 'done'"
                )
            case 7 if seen and chance.random() < 0.2:
                await queue.turns.cancel(replace_id(queue, chance.choice(list(seen))))
        for row in await queue.pool.fetch("select id, state, done, weight from job"):
            before = seen.get(row["id"], row["state"])
            assert before == row["state"] or (before, row["state"]) in STATES, (before, row["state"])
            assert row["done"] <= row["weight"]
            seen[row["id"]] = row["state"]
    twice = await queue.pool.fetch("select job from job_part where step = 'finish' group by job having count(*) > 1")
    assert list(twice) == []


def replace_id(queue: Queue, id_: str) -> Job:
    return replace(Job(id_, queue.tenants[0], "client", "surface", "", "waiting", NOW))


async def ended(queue: Queue, task: Task, chance: Random) -> None:
    """Say that a part is done, whoever holds it by now."""
    try:
        if task.step == "plan":
            await queue.turns.planned(task, NOW, [Part("read", 5, {}) for _ in range(chance.randrange(4))])
        elif task.step == "read":
            await queue.turns.complete(task, Done(f"{task.n}-{task.token}", [PIECE], 1), "finish")
        else:
            await queue.turns.finish(task, [], 60)
    except Superseded:
        pass


async def test_order_and_parts_stand_behind_row_security(queue, database: Database):
    """What names patients is not read without its tenant; the queue itself names none (architecture decision 11)."""
    job = await queue.begin(0)
    async with connected(database.server_url) as connection:
        for table in ("export_order", "export_part", "export_ref", "export_file"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0
        await connection.execute("select set_config('app.tenant', $1, false)", str(queue.tenants[1]))
        assert await connection.fetchval("select count(*) from export_order") == 0
        await connection.execute("select set_config('app.tenant', $1, false)", str(job.tenant))
        assert await connection.fetchval("select count(*) from export_order") == 1


@pytest.mark.parametrize("done", [0, 1, 20, 50, 90, 96, 100])
def test_who_keeps_to_retry_after_is_never_refused(done):
    """Ten polls at once, then one every five seconds (BULK-06): however far the job is, and for however long."""
    job = Job("j", 1, "c", "s", "system", "running", NOW, weight=100, done=done)
    at, credit = 0.0, 10.0
    while at < 4000:
        assert credit >= 1, f"refused after {at:.0f} s"
        pause = wait(job, NOW + timedelta(seconds=at))
        credit = min(10.0, credit - 1 + pause / 5)
        at += pause
