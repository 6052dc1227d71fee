"""The databases that tests get."""

import asyncpg
import pytest


@pytest.mark.parametrize("turn", range(3))
async def test_each_test_has_a_database_of_its_own(database, turn):
    """What one test wrote, the next does not see; the server's role is the one without privileges."""
    owner, server = await asyncpg.connect(database.owner_url), await asyncpg.connect(database.server_url)
    await owner.execute("create table left_behind ()")

    assert await server.fetchval("select current_user") == "careweft_server"
    assert not await server.fetchval("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
    await owner.close()
    await server.close()
