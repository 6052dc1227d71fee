"""Indexes that were left off for a first load are built again, also after a load that was killed."""

import asyncpg

from careweft.store import initial
from careweft.store.migrate import migrate

INDEXES = "select indexname, indexdef from pg_indexes where schemaname = 'public' and tablename = any($1) order by 1"


async def indexes(url):
    connection = await asyncpg.connect(url)
    found = {row["indexname"]: row["indexdef"] for row in await connection.fetch(INDEXES, list(initial.TABLES))}
    await connection.close()
    return found


async def test_what_was_dropped_is_built_again_by_the_next_start(database):
    """Search indexes are gone after `drop`; `migrate`, which every start runs, brings back the same definitions."""
    before = await indexes(database.owner_url)

    assert await initial.drop(database.owner_url)
    without = await indexes(database.owner_url)
    await migrate(database.owner_url)

    assert "res_by_token" in set(before) - set(without)
    assert all(name.endswith(("_pkey", "_by_rid")) for name in without)
    assert before == await indexes(database.owner_url)
