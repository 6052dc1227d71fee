"""P7: a system export, from kick-off to closed files, in NDJSON bytes a second, against `cat` of the same NDJSON.

The export is what a client gets: every type that the API offers, with labels withheld from an ordinary system client. A
`careweft worker` stands ready, as `careweft serve` starts one; the clock runs from the order's commit until the job is
done, which is after every file was flushed to the disk (fsync), renamed, and summed. Files lie as gzip, and nothing else
is kept: there is no plain file whose rate could be held against the goal for plain ones, so the gzip is held against it.

`cat` copies the same NDJSON, from memory, to a file on the same disk. The goal is held against `cat` whose copy is
flushed too, since what a job has said to be done has to outlive the machine; `cat file > copy` alone, which leaves the
copy in memory, is told beside it.

BENCH_EXPORT names the patients (1,500: some 215 MB of NDJSON); BENCH_KEEP a folder in which the loaded installation is
kept for the next run, since the load takes longer than all the rest.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from careweft import surfaces
from careweft.adapters import clock
from careweft.app import House, open_house
from careweft.bulk.manifest import content
from careweft.bulk.order import Asking, Order, granted
from careweft.config import Settings
from careweft.ports.clients import Client
from careweft.ports.jobs import Job
from careweft.store import embedded

from . import rig
from .home import TENANT, careweft, people, settings_free

SYSTEM = surfaces.find("provider", "system")
PATIENTS = int(os.environ.get("BENCH_EXPORT", "1500"))
KEEP = os.environ.get("BENCH_KEEP", "")
POLL, CLOSE = 0.1, 0.01
"""Seconds between looks at a job that is at work, and at one that is nearly done: who looks takes time from it."""


def measure() -> rig.Figure:
    """Bytes a second of an export of everything, as a part of cat's."""
    with standing() as place:
        runs = [compared(place, "system") for _ in range(rig.ROUNDS)]
    cores = len(os.sched_getaffinity(0))
    return rig.Figure(
        "P7", "system export, gzip files closed, NDJSON bytes", rig.middle([one.synced / one.took for one in runs]),
        0.2 * cores / 2, True, "cat of the same NDJSON, flushed as ours is",
        details=(*told("system", runs), f"of cat that is not flushed: {rig.middle([one.cat / one.took for one in runs]):.2f}"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A loaded installation with a worker: its settings, and the process numbers of worker and database."""

    settings: Settings
    worker: int
    database: int


@dataclass(frozen=True, slots=True)
class Round:
    """One export: NDJSON bytes, and seconds of it, of cat, of cat with a flush; processor seconds of both sides."""

    size: int
    took: float
    cat: float
    synced: float
    ours: float
    theirs: float


def told(name: str, runs: Sequence[Round]) -> tuple[str, ...]:
    """What rounds came to, in words."""
    size = runs[0].size
    rates = [rig.middle([size / getattr(one, what) / 1e6 for one in runs]) for what in ("took", "synced", "cat")]
    ours, theirs = (rig.middle([getattr(one, what) * 1e9 / size for one in runs]) for what in ("ours", "theirs"))
    return (
        f"{name}: {size / 1e6:,.0f} MB of NDJSON, {rates[0]:,.0f} MB/s; cat flushed {rates[1]:,.0f} MB/s, not flushed {rates[2]:,.0f} MB/s",
        f"{name}: processor seconds a GB: worker {ours:.1f}, database {theirs:.1f}",
    )


@contextmanager
def standing(patients: int = PATIENTS, keep: str = KEEP) -> Iterator[Place]:
    """Sample people, loaded, and a worker that has exported them once."""
    folder = Path(keep) / f"export-{patients}" if keep else Path(tempfile.mkdtemp(prefix="careweft-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    data, whole = folder / "data", folder / "whole"
    try:
        if not whole.exists():
            shutil.rmtree(data, ignore_errors=True)
            loaded(data, patients)
            whole.touch()
        with embedded_at(data) as database:
            careweft(data, "tenant", "list")  # brings a kept one to this program's schema
            settings = Settings.read({}, data=data, database_url=database.server_url, environment="preview")
            asyncio.run(prepared(settings))
            line = [sys.executable, "-m", "careweft", "worker", "--data", str(data)]
            with rig.running(line, env=settings_free()) as worker:
                place = Place(settings, worker, database.pid)
                asyncio.run(export(place, "system"))  # who reads a row first notes that it was committed
                yield place
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def loaded(data: Path, patients: int) -> None:
    """Make people up and load them."""
    with people(patients) as records, embedded_at(data):
        careweft(data, "tenant", "create", "Bench", "--id", TENANT)
        careweft(data, "load", "--tenant", TENANT, str(records))


@contextmanager
def embedded_at(data: Path) -> Iterator[embedded.Embedded]:
    """The installation's database."""
    database = embedded.start(data)
    try:
        yield database
    finally:
        database.stop()


def compared(place: Place, level: str) -> Round:
    """An export, and cat of the same bytes."""
    return asyncio.run(export(place, level))


def copied(plain: Path) -> tuple[float, float]:
    """Seconds of cat to a file, and of the same with a flush."""
    copy = plain.with_name("copy")
    found = []
    for flush in (False, True):
        os.sync()
        began = time.monotonic()
        with copy.open("wb") as out:
            subprocess.run(["cat", str(plain)], stdout=out, check=True)
            if flush:
                os.fsync(out.fileno())
        found.append(time.monotonic() - began)
        copy.unlink()
    return found[0], found[1]


async def prepared(settings: Settings) -> None:
    """The client that asks; what an earlier run left behind is ended."""
    async with open_house(settings) as house:
        tenant = await house.tenant(TENANT)
        await house.clients.save(client(tenant.number))
        await house.pool.fetch("update job set state = 'cancelled' where state in ('waiting', 'running', 'finishing')")


def client(tenant: int) -> Client:
    """May export everything."""
    rights = "bench", tenant, "Bench", "system", "web", "provider", "secret", ("system/*.rs",)
    return Client(*rights, approved=True, bulk=True)  # type: ignore[arg-type]


async def export(place: Place, level: str) -> Round:
    """One export by the worker, then cat."""
    async with open_house(place.settings) as house:
        tenant = await house.tenant(TENANT)
        order = await ordered(house, level)
        jobs = house.site().exports.jobs
        named = Job(f"bench-{time.monotonic_ns()}", tenant.number, "bench", SYSTEM.id, level, "waiting", clock.now())
        ours, theirs, began = rig.cpu([place.worker]), rig.cpu([place.database]), time.monotonic()
        job = await jobs.create(named, order.said(), 1000)
        await done(house, job)
        took = time.monotonic() - began
        ours, theirs = rig.cpu([place.worker]) - ours, rig.cpu([place.database]) - theirs
        files = await jobs.files(tenant.number, job.id)
        plain = place.settings.data / "plain.ndjson"
        with plain.open("wb") as out:
            for one in files:
                inflating = subprocess.Popen(["gzip", "-dc"], stdin=subprocess.PIPE, stdout=out)  # noqa: ASYNC220
                async for piece in content(one, house.files):
                    await asyncio.to_thread(inflating.stdin.write, piece)  # type: ignore[union-attr]
                inflating.stdin.close()  # type: ignore[union-attr]
                inflating.wait()
        size = sum(one.bytes for one in files)
        if plain.stat().st_size != size:
            raise RuntimeError("the files do not hold what the manifest says")
        cat, synced = copied(plain)
        plain.unlink()
        await jobs.cancel(job)
    return Round(size, took, cat, synced, ours, theirs)


async def done(house: House, job: Job) -> None:
    """Wait until its files are closed."""
    while True:
        row = await house.pool.fetchrow("select state, problem, done, weight from job where id = $1", job.id)
        if row is None or row["state"] == "failed":
            raise RuntimeError(f"the export failed: {row}")
        if row["state"] == "done":
            return
        near = row["weight"] and row["done"] >= 0.8 * row["weight"]
        await asyncio.sleep(CLOSE if near else POLL)


async def ordered(house: House, level: str) -> Order:
    """An export of everything, or of the members of the Group of all."""
    tenant = await house.tenant(TENANT)
    order = Order(level, "bench", ("system/*.rs",), ())  # type: ignore[arg-type]
    caller = order.caller(tenant.id, "bench", SYSTEM.url(house.settings.public_url, tenant.id))
    all_ = granted(Asking(SYSTEM, caller, level, "bench"))  # type: ignore[arg-type]
    who: tuple[str, ...] = ()
    if level == "group":
        source = await house.clinical.source(tenant)
        cuts = await source.cuts(["Patient"], None, 1_000_000)
        who = tuple(await source.patients(0, cuts[-1].high))
    group = "all" if level == "group" else ""
    return Order(level, "bench", ("system/*.rs",), all_, group=group, members=who, provenance="all")  # type: ignore[arg-type]
