"""BESIDE: the 99th percentile of reads and searches while an export runs, against the same without.

A steady load (BENCH_RATE requests a second, 100), four reads to a search; one web process, one worker, nothing pinned.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from careweft.adapters import clock
from careweft.app import House, open_house
from careweft.config import Settings
from careweft.ports.jobs import Job
from careweft.store import embedded

from . import rig
from .home import TENANT, Home, home, settings_free
from .p07_export import SYSTEM, done, ordered, prepared

RATE = float(os.environ.get("BENCH_RATE", "100"))


def measure() -> rig.Figure:
    """Round by round: without, with."""
    with home(pin=None) as place, rig.running(
        [sys.executable, "-m", "careweft", "worker", "--data", str(place.data)], env=settings_free()
    ):  # fmt: skip
        asyncio.run(compared(place, 2.0))  # everything is warm
        rounds = [asyncio.run(compared(place, 2 * rig.SECONDS)) for _ in range(rig.ROUNDS)]
    alone, beside = ([one[n] for one in rounds] for n in (0, 1))
    exports = sum(one[2] for one in rounds)
    p50, p99 = ([rig.middle([one[n] for one in side]) * 1e3 for side in (alone, beside)] for n in (0, 1))
    ratios = [with_[1] / without[1] for without, with_ in zip(alone, beside, strict=True)]
    return rig.Figure(
        "BESIDE", "99th percentile of the API while an export runs", rig.middle(ratios), 1.5, False, "the same without",
        details=(
            f"{RATE:.0f} requests a second: median {p50[0]:.1f} and {p50[1]:.1f} ms, 99 % within {p99[0]:.1f} and {p99[1]:.1f} ms",
            f"{exports} exports of everything meanwhile; round by round {', '.join(f'{one:.2f}' for one in ratios)}",
        ),
    )  # fmt: skip


async def compared(place: Home, seconds: float) -> tuple[list[float], list[float], int]:
    """Median and 99th percentile without and with exports, and how many exports were done."""
    alone = await steady(place, seconds)
    async with exports(place) as made:
        beside = await steady(place, seconds)
    return alone, beside, len(made)


async def steady(place: Home, seconds: float) -> list[float]:
    """The load, from a process of its own."""
    base = place.base.removeprefix(place.url)
    reads = [f"{base}/Patient/{one}" for one in place.patients]
    paths = [
        path
        for at, one in enumerate(place.patients)
        for path in (*(reads[(at + n) % len(reads)] for n in range(4)), f"{base}/Observation?patient={one}&category=vital-signs&_count=25")
    ]  # fmt: skip
    line = [sys.executable, "-m", "benchmarks.steady", place.url, str(RATE), str(seconds)]
    child = await asyncio.create_subprocess_exec(*line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    said, _ = await child.communicate("\n".join([place.token, *paths]).encode())
    if child.returncode:
        raise RuntimeError("the load failed")
    found: list[float] = json.loads(said)
    return found


@asynccontextmanager
async def exports(place: Home) -> AsyncIterator[list[str]]:
    """Exports of everything, one after the other; yields the ids of those that are done."""
    database = embedded.start(place.data)
    made: list[str] = []

    async def on(house: House) -> None:
        tenant, order, jobs = await house.tenant(TENANT), await ordered(house, "system"), house.site().exports.jobs
        while True:
            id_ = f"bench-{time.monotonic_ns()}"
            job = Job(id_, tenant.number, "bench", SYSTEM.id, "system", "waiting", clock.now())
            await done(house, await jobs.create(job, order.said(), 1000))
            await jobs.cancel(job)
            made.append(id_)

    settings = Settings.read({}, data=place.data, database_url=database.server_url, environment="preview")
    await prepared(settings)
    async with open_house(settings) as house:
        running = asyncio.create_task(on(house))
        await asyncio.sleep(0.5)
        yield made
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    database.stop()
