"""P7: a system export, from kick-off to closed files, in NDJSON bytes a second, against `cat` of the same NDJSON."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from careweft import surfaces
from careweft.adapters import clock
from careweft.app import House, exporting, open_house
from careweft.bulk.order import Order
from careweft.config import Settings
from careweft.ports.clients import Client
from careweft.ports.jobs import Job
from careweft.store import embedded

from . import rig
from .home import TENANT, careweft, people

SYSTEM = surfaces.find("provider", "system")
ROUNDS = 3


def measure() -> rig.Figure:
    """Bytes a second of an export of everything, as a part of cat's."""
    with standing() as place:
        runs = [compared(place, "system") for _ in range(ROUNDS)]
    export, cat = (rig.middle([run[n] for run in runs]) for n in (0, 1))
    size, ours, theirs = runs[0][2], rig.middle([run[3] for run in runs]), rig.middle([run[4] for run in runs])
    return rig.Figure(
        "P7", "system export, gzip files closed, NDJSON bytes", export / cat, 0.2 * place.cores / 2, True, "cat of the same NDJSON",
        details=(
            f"{size / 1e6:,.0f} MB of NDJSON: export {export / 1e6:,.0f} MB/s, cat {cat / 1e6:,.0f} MB/s, one worker process",
            f"CPU a GB: worker {ours * 1e9 / size:.1f} s, database {theirs * 1e9 / size:.1f} s",
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A loaded installation."""

    data: Path
    database: embedded.Embedded
    cores: int


@contextmanager
def standing() -> Iterator[Place]:
    """Sample people, loaded."""
    folder = Path(tempfile.mkdtemp(prefix="careweft-bench-"))
    folder.chmod(0o711)
    data = folder / "data"
    try:
        with people() as records:
            database = embedded.start(data)
            try:
                careweft(data, "tenant", "create", "Bench", "--id", TENANT)
                careweft(data, "load", "--tenant", TENANT, str(records))
                yield Place(data, database, len(os.sched_getaffinity(0)))
            finally:
                database.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compared(place: Place, level: str) -> tuple[float, float, int, float, float]:
    """Bytes a second of an export and of cat, the bytes, and processor seconds: ours and the database's."""
    size, files, took, ours, theirs = asyncio.run(export(place, level))
    plain = place.data / "plain.ndjson"
    with plain.open("wb") as out:
        for file in files:
            subprocess.run(["gzip", "-dc", str(file)], stdout=out, check=True)
    began = time.monotonic()
    with (place.data / "copy").open("wb") as out:
        subprocess.run(["cat", str(plain)], stdout=out, check=True)
        os.fsync(out.fileno())
    cat = time.monotonic() - began
    for one in (plain, place.data / "copy"):
        one.unlink()
    return size / took, size / cat, size, ours, theirs


def own() -> float:
    """Processor seconds of this process."""
    spent = os.times()
    return spent.user + spent.system


async def export(place: Place, level: str) -> tuple[int, list[Path], float, float, float]:
    """One export by one worker: its bytes, its files written out as gzip, seconds and processor seconds from kick-off
    to the last closed file.
    """
    from careweft.bulk.manifest import content

    settings = Settings.read({}, data=place.data, database_url=place.database.server_url, environment="preview")
    async with open_house(settings) as house, exporting(house) as worker:
        tenant = await house.tenant(TENANT)
        before, used, start = rig.cpu([place.database.pid]), own(), time.monotonic()
        job = await begun(house, tenant, level)
        running = asyncio.create_task(worker.run())
        await done(house, job)
        spent = time.monotonic() - start, own() - used, rig.cpu([place.database.pid]) - before
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        files = await worker.turns.files(tenant.number, job.id)  # type: ignore[attr-defined]
        written = []
        for number, one in enumerate(files):
            path = place.data / f"out-{number}.gz"
            path.write_bytes(b"".join([piece async for piece in content(one, house.files)]))
            written.append(path)
        await worker.turns.cancel(job)  # type: ignore[attr-defined]
        await worker.sweep()
        return sum(one.bytes for one in files), written, *spent


async def done(house: House, job: Job) -> None:
    """Wait until its files are closed."""
    while True:
        row = await house.pool.fetchrow("select state, problem from job where id = $1", job.id)
        if row is None or row["state"] == "failed":
            raise RuntimeError(f"the export failed: {row}")
        if row["state"] == "done":
            return
        await asyncio.sleep(0.02)


async def begun(house: House, tenant, level: str) -> Job:
    """An export of everything, or of the members of the Group of all."""
    from careweft.bulk.order import Asking, granted

    client = Client(
        "bench",
        tenant.number,
        "Bench",
        "system",
        "web",
        "provider",
        "secret",
        ("system/*.rs",),
        approved=True,
        bulk=True,
    )
    await house.clients.save(client)
    order = Order(level, "bench", ("system/*.rs",), ())  # type: ignore[arg-type]
    caller = order.caller(tenant.id, client.id, SYSTEM.url(house.settings.public_url, tenant.id))
    types = granted(Asking(SYSTEM, caller, level, "bench"))  # type: ignore[arg-type]
    who: tuple[str, ...] = ()
    if level == "group":
        source = await house.clinical.source(tenant)
        cuts = await source.cuts("Patient", None, 1_000_000)
        who = tuple(await source.patients(0, cuts[-1].high))
    order = Order(
        level, "bench", ("system/*.rs",), types, group="all" if level == "group" else "", members=who, provenance="all"
    )  # type: ignore[arg-type]
    job = Job(f"bench-{time.monotonic_ns()}", tenant.number, client.id, SYSTEM.id, level, "waiting", clock.now())
    return await house.site().exports.jobs.create(job, order.said(), 1000)
