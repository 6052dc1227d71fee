"""P10: row-level security on a coalesced read of 32 records, against the same function and rows without it.

The server's role stands under the policies; the cluster's superuser does not. Both prepare the statement once and run
it over the same socket, in turn.
"""

import asyncio
import os
import random
import time

import asyncpg

from careweft.fhir.definitions import RESOURCES
from careweft.store import embedded
from careweft.store.cluster import ADMIN, DATABASE
from careweft.store.reads import READ

from . import rig
from .home import home

BATCH = 32
QUERIES = int(os.environ.get("BENCH_QUERIES", "1500"))


def measure() -> rig.Figure:
    """Processor microseconds of the backend a batch, with and without."""
    with home() as one:
        database = embedded.start(one.data)
        try:
            walled, free = asyncio.run(compared(database))
        finally:
            database.stop()
    return rig.Figure(
        "P10", f"row-level security on a coalesced read of {BATCH}", walled / free, 1.15, False, "the same read without",
        details=(f"database CPU a batch: {walled:.0f} us with, {free:.0f} us without",),
    )  # fmt: skip


async def compared(database: embedded.Embedded) -> tuple[float, float]:
    """The medians of many short rounds, each role in turn: the neighbours' noise falls on both."""
    server, owner = await asyncpg.connect(database.server_url), await asyncpg.connect(database.dsn(ADMIN, DATABASE))
    try:
        batches = await batched(owner)
        walled, free = [], []
        for at in range(rig.ROUNDS * 4 + 1):
            costs = [await round_of(server, batches), await round_of(owner, batches)]
            if at:  # the first warms up
                walled.append(costs[0])
                free.append(costs[1])
        return rig.middle(walled), rig.middle(free)
    finally:
        await server.close()
        await owner.close()


async def batched(owner: "asyncpg.Connection[asyncpg.Record]") -> list[tuple[int, str, str]]:
    """Arguments of `read_many`: random records of the tenant with most of them."""
    tenant = await owner.fetchval("select tenant from body group by 1 order by count(*) desc limit 1")
    rows = await owner.fetch("select rt, id from body where tenant = $1 and rt = $2", tenant, RESOURCES["Observation"])
    chance = random.Random(5)
    picked = [chance.sample(rows, BATCH) for _ in range(64)]
    return [(tenant, " ".join(str(row["rt"]) for row in one), " ".join(row["id"] for row in one)) for one in picked]


async def round_of(connection: "asyncpg.Connection[asyncpg.Record]", batches: list[tuple[int, str, str]]) -> float:
    """Microseconds of the backend's own processor time a batch."""
    backend = connection.get_server_pid()
    statement = await connection.prepare(READ)
    count = QUERIES // 4
    before = rig.backend_cpu(backend)
    until = time.monotonic() + 30
    for at in range(count):
        found = await statement.fetch(*batches[at % len(batches)])
        if len(found) != BATCH or time.monotonic() > until:
            raise RuntimeError(f"{len(found)} of {BATCH} records were read")
    return 1e6 * (rig.backend_cpu(backend) - before) / count
