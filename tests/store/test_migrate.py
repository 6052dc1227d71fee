"""Migrations: numbered, once, in order, by a role that is not the server's."""

import asyncio

import asyncpg
import pytest

from careweft.store import migrate as migrations_
from careweft.store.migrate import Migration, SchemaError, migrate, migrations
from tests.store.house import connected


def test_files_are_numbered_without_a_gap():
    assert [one.number for one in migrations()] == list(range(1, len(migrations()) + 1))


async def test_a_second_run_changes_nothing(database):
    assert await migrate(database.owner_url) == []


async def test_two_processes_at_once_do_not_meet(database):
    """The second waits for the first."""
    assert await asyncio.gather(*(migrate(database.owner_url) for _ in range(3))) == [[], [], []]


async def test_an_edited_migration_is_refused(database, monkeypatch):
    first, *rest = migrations()
    edited = Migration(first.number, first.name, first.text + "\n-- later")
    monkeypatch.setattr(migrations_, "migrations", lambda: [edited, *rest])
    with pytest.raises(SchemaError, match=r"0001_records\.sql was changed after it was applied"):
        await migrate(database.owner_url)


async def test_a_database_of_a_later_program_is_refused(database):
    async with connected(database.owner_url) as owner:
        await owner.execute("insert into migration (number, name, digest) values (9000, '9000_later.sql', '')")
    with pytest.raises(SchemaError, match="the database is at migration 9000"):
        await migrate(database.owner_url)


async def test_a_migration_that_fails_leaves_nothing(database, monkeypatch):
    """Each file is one transaction."""
    known = migrations()
    broken = Migration(len(known) + 1, "9999_broken.sql", "create table half (); select 1 / 0;")
    monkeypatch.setattr(migrations_, "migrations", lambda: [*known, broken])
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(database.owner_url)
    async with connected(database.owner_url) as owner:
        assert await owner.fetchval("select to_regclass('half')") is None


async def test_the_server_may_not_be_a_role_that_passes_by_row_level_security(database):
    async with connected(database.admin_url) as admin:
        await admin.execute(
            "do $$ begin create role careweft_passer bypassrls; exception when duplicate_object then end $$"
        )
    with pytest.raises(SchemaError, match="careweft_passer may pass by row-level security"):
        await migrate(database.owner_url, "careweft_passer")


async def test_the_server_owns_nothing_and_changes_no_schema(database):
    async with connected(database.server_url) as server:
        owned = await server.fetchval("select count(*) from pg_class where relowner = current_user::regrole")
        assert owned == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await server.execute("create table mine ()")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await server.execute("alter table body disable row level security")


async def test_the_server_cannot_rewrite_history(database):
    """Versions are added; neither the current one nor an older one can be removed, nor an older one changed."""
    async with connected(database.server_url) as server:
        for forbidden in (
            "delete from body",
            "delete from hist",
            "update hist set body = null",
            "truncate body",
            "update tenant set hash_key = '\\x00'",
            "update param set digest = ''",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await server.execute(forbidden)
