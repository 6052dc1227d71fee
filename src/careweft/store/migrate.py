"""Numbered migrations, and the parameter registry of the running program (architecture decisions 11 and 21)."""

import hashlib
import re
from contextlib import suppress
from importlib import resources

import asyncpg

from ..values import dataclass
from . import initial, registry
from .bodies import built_in
from .pool import Connection

SERVER_ROLE = "careweft_server"
OLDEST = 150000
OWN_TABLE = """create table if not exists migration (
  number int4 primary key, name text not null, digest bytea not null, applied timestamptz not null default now())"""
HURRIED = {"synchronous_commit": "off"}  # what a crash takes back here is done again at the next start
LOCK = 20209  # of pg_advisory_lock: one process migrates, the others wait for it


class SchemaError(RuntimeError):
    """This database cannot be used by this version of careweft."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file of `schema/`."""

    number: int
    name: str
    text: str

    @property
    def digest(self) -> bytes:
        """What tells an applied file from one that was edited afterwards."""
        return hashlib.blake2b(self.text.encode(), digest_size=16).digest()


def migrations() -> list[Migration]:
    """Every migration of this program, in order. Raises SchemaError where a number is missing or used twice."""
    folder = resources.files(__package__).joinpath("schema")
    files = sorted(one.name for one in folder.iterdir() if one.name.endswith(".sql"))
    found = [Migration(int(name[:4]), name, _text(name)) for name in files]
    if [one.number for one in found] != list(range(1, len(found) + 1)):
        raise SchemaError(f"migrations are numbered from 0001 without a gap; found {', '.join(files)}")
    return found


def _text(name: str) -> str:
    return resources.files(__package__).joinpath("schema", name).read_text("utf-8")


async def migrate(owner_url: str, server_role: str = SERVER_ROLE) -> list[str]:
    """Bring the database to this program's schema and parameters; returns the names of what was applied now.

    `owner_url` connects as the role that owns the tables; `server_role`, which owns nothing and stands under row-level
    security, is created where it is missing. Raises SchemaError.
    """
    connection = await asyncpg.connect(owner_url, server_settings=HURRIED)
    try:
        _check_server(connection)
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        await _ensure_role(connection, server_role)
        applied = await _apply_all(connection, server_role)
        await registry.sync(connection)
        await _store_dictionaries(connection)
        await initial.restore(connection)
        return applied
    finally:
        await connection.close()


def _check_server(connection: Connection) -> None:
    version = connection.get_server_version()
    if version.major * 10000 < OLDEST:
        raise SchemaError(f"PostgreSQL 15 or later is needed; this is {version.major}.{version.minor}")
    if connection.get_settings().server_encoding != "UTF8":
        raise SchemaError(f"the database has to be in UTF8; this one is in {connection.get_settings().server_encoding}")


async def _ensure_role(connection: Connection, role: str) -> None:
    """Create the server's role, or refuse one that could pass by row-level security."""
    passes = await connection.fetchval("select rolsuper or rolbypassrls from pg_roles where rolname = $1", role)
    if passes:
        raise SchemaError(f"role {role} may pass by row-level security: give the server another")
    if passes is None:
        # Another database of this cluster may be faster.
        with suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            await connection.execute(f"create role {_quoted(role)} login nosuperuser nobypassrls noinherit")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _apply_all(connection: Connection, role: str) -> list[str]:
    await connection.execute(OWN_TABLE)
    await connection.execute(f"grant select on migration to {_quoted(role)}")
    done = {row["number"]: row for row in await connection.fetch("select number, name, digest from migration")}
    for migration in (known := migrations()):
        _check_unchanged(migration, done.get(migration.number))
    if done and max(done) > len(known):
        raise SchemaError(f"the database is at migration {max(done)}, this careweft knows {len(known)}")
    return [one.name for one in known if one.number not in done and await _apply(connection, one, role)]


def _check_unchanged(migration: Migration, row: asyncpg.Record | None) -> None:
    if row is not None and bytes(row["digest"]) != migration.digest:
        raise SchemaError(f"migration {migration.name} was changed after it was applied here")


async def _apply(connection: Connection, migration: Migration, role: str) -> bool:
    """Run one file in one transaction."""
    async with connection.transaction():
        await connection.execute(re.sub(rf"\b{SERVER_ROLE}\b", lambda _: _quoted(role), migration.text))
        await connection.execute(
            "insert into migration (number, name, digest) values ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.digest,
        )
    return True


async def _store_dictionaries(connection: Connection) -> None:
    """Put the dictionaries that come with the program beside the bodies that need them, so that a backup is whole."""
    for number, content in built_in().items():
        await connection.execute("insert into dict (dic, body) values ($1, $2) on conflict do nothing", number, content)
