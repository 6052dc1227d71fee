"""P11: disk with all indexes and a history, against the bytes of the NDJSON that was loaded."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import asyncpg

from careweft.store import embedded
from careweft.store.cluster import ADMIN, DATABASE

from . import rig
from .home import TENANT, careweft, people, standing


def measure() -> rig.Figure:
    """Every table of the database with its indexes and TOAST, after the load and after every patient has changed."""
    folder = Path(tempfile.mkdtemp(prefix="careweft-bench-"))
    folder.chmod(0o711)
    data = folder / "data"
    try:
        with people() as records, standing(data):
            careweft(data, "tenant", "create", "Bench", "--id", TENANT)
            empty = asyncio.run(size(data))
            careweft(data, "load", "--tenant", TENANT, str(records))
            loaded = asyncio.run(size(data)) - empty
            told = sum(one.stat().st_size for one in records.iterdir())
            file = records / "Patient.ndjson"
            changed = file.read_text().replace('"active":true', '"active":false')
            file.write_text(changed)
            careweft(data, "load", "--tenant", TENANT, str(file))
            whole = asyncio.run(size(data)) - empty
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    told += len(changed.encode())
    return rig.Figure(
        "P11", "disk, all indexes and history", whole / told, 1.0, False, "the NDJSON bytes",
        details=(f"{told / 1e6:.1f} MB of NDJSON: {loaded / 1e6:.1f} MB loaded, {whole / 1e6:.1f} MB with the history",),
    )  # fmt: skip


async def size(data: Path) -> int:
    """Bytes of all tables with indexes and TOAST, once what is dead is swept."""
    database = embedded.start(data)
    connection = await asyncpg.connect(database.dsn(ADMIN, DATABASE))
    try:
        await connection.execute("vacuum analyze")
        return int(
            await connection.fetchval(
                "select sum(pg_total_relation_size(oid)) from pg_class c where relkind = 'r'"
                " and relnamespace not in (select oid from pg_namespace where nspname like 'pg\\_%'"
                " or nspname = 'information_schema')"
            )
        )
    finally:
        await connection.close()
        database.stop()
