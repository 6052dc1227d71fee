"""P6: `careweft load` of NDJSON, committed and searchable, against COPY of the ready-made rows into the same indexed tables."""

import asyncio
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from careweft.store import embedded

from . import rig
from .home import TENANT, careweft, people

TABLES = ("body", "res", "res_pat", "ix_date", "ix_num", "ix_str", "ix_pair", "term")
OWNER_DATABASE = "careweft"


def measure() -> rig.Figure:
    """Resources a second of one loader process, as a part of COPY's; and how two loaders add up."""
    folder = Path(tempfile.mkdtemp(prefix="careweft-bench-"))
    folder.chmod(0o711)
    try:
        with people() as records:
            database = embedded.start(folder / "data")
            try:
                return compared(folder, records, database)
            finally:
                database.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compared(folder: Path, records: Path, database: embedded.Embedded) -> rig.Figure:
    """Rounds of both, one after the other."""
    data = folder / "data"
    careweft(data, "tenant", "create", "Bench", "--id", TENANT)
    count = sum(len(path.read_bytes().splitlines()) for path in records.iterdir())
    halves, nothing = split(records, folder), folder / "nothing.ndjson"
    nothing.write_text("\n")
    one, two, bare, start = [], [], [], []
    for _ in range(rig.ROUNDS):
        start.append(spent(database, lambda: load(data, nothing)))
        asyncio.run(emptied(database))
        one.append(spent(database, lambda: load(data, records)))
        asyncio.run(taken(database, folder))
        bare.append(spent(database, lambda: asyncio.run(copied(database, folder))))
        asyncio.run(emptied(database))
        two.append(spent(database, lambda: both(data, halves)))
    began = middle(start)
    single, pair, copy = (middle(costs) for costs in (one, two, bare))
    fast, double = count / (single.seconds - began.seconds), count / (pair.seconds - began.seconds)
    cpu = (single.ours - began.ours) + single.theirs
    return rig.Figure(
        "P6", "load NDJSON to committed and searchable", fast * copy.seconds / count, 0.25, True, "COPY of the ready-made rows",
        details=(
            f"{count:,} resources: one loader {fast:,.0f}/s, COPY {count / copy.seconds:,.0f}/s, "
            f"two loaders {double:,.0f}/s ({double / fast:.2f} of one, on two processors that the database shares)",
            f"CPU a resource: loader {1e6 * (single.ours - began.ours) / count:.0f} us, database {1e6 * single.theirs / count:.0f} us; "
            f"COPY {1e6 * (copy.ours + copy.theirs) / count:.0f} us; by processor time {(copy.ours + copy.theirs) / cpu:.2f}",
            f"the loader's own start, {began.seconds:.1f} s at {began.ours:.1f} s CPU, is taken off",
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock, and of processor time: ours and the database's."""

    seconds: float
    ours: float
    theirs: float


def spent(database: embedded.Embedded, work: Callable[[], None]) -> Spent:
    """Do it and say what it took."""
    before, used, began = rig.cpu([database.pid]), own(), time.monotonic()
    work()
    return Spent(time.monotonic() - began, own() - used, rig.cpu([database.pid]) - before)


def own() -> float:
    """Processor seconds of this process and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def middle(costs: list[Spent]) -> Spent:
    """The medians."""
    return Spent(*(rig.middle([getattr(one, name) for one in costs]) for name in ("seconds", "ours", "theirs")))


def load(data: Path, *paths: Path) -> None:
    """One loader process."""
    careweft(data, "load", "--tenant", TENANT, *map(str, paths))


def both(data: Path, halves: tuple[Path, Path]) -> None:
    """Two loader processes at once."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda half: load(data, half), halves))


def split(records: Path, folder: Path) -> tuple[Path, Path]:
    """The same lines in two folders."""
    halves = folder / "a", folder / "b"
    for half in halves:
        half.mkdir()
    for path in records.iterdir():
        lines = path.read_bytes().splitlines(keepends=True)
        middle = len(lines) // 2
        (halves[0] / path.name).write_bytes(b"".join(lines[:middle]))
        (halves[1] / path.name).write_bytes(b"".join(lines[middle:]))
    return halves


def admin(database: embedded.Embedded) -> str:
    """The superuser's URL of careweft's own database: benchmarks look behind the walls."""
    return database.dsn("careweft_admin", OWNER_DATABASE)


async def emptied(database: embedded.Embedded) -> None:
    """No record left."""
    connection = await asyncpg.connect(admin(database))
    await connection.execute(f"truncate hist, {', '.join(TABLES)}")
    await connection.close()


async def taken(database: embedded.Embedded, folder: Path) -> None:
    """Put the loaded rows into files and empty the tables."""
    connection = await asyncpg.connect(admin(database))
    for table in TABLES:
        await connection.copy_from_table(table, output=str(folder / table), format="binary")
    await connection.close()
    await emptied(database)


async def copied(database: embedded.Embedded, folder: Path) -> None:
    """Put the rows back by COPY, in one transaction, indexes live."""
    connection = await asyncpg.connect(admin(database))
    async with connection.transaction():
        for table in TABLES:
            await connection.copy_to_table(table, source=str(folder / table), format="binary")
    await connection.close()
