"""A database by URL: migrated as its owner, then used as the role that owns nothing (architecture decision 11)."""

from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from .master import Master
from .migrate import SERVER_ROLE, migrate

WHO = """
select current_user as role, r.rolsuper or r.rolcreaterole as creates,
       r.rolsuper or r.rolbypassrls or exists (
         select from pg_class where relname = 'body' and relkind in ('r', 'p') and relowner = r.oid) as owns,
       to_regclass('migration') is not null as made
from pg_roles r where rolname = current_user
"""


class RoleError(RuntimeError):
    """The database's roles do not allow what careweft needs."""


async def prepare(url: str, master: Master) -> str:
    """Migrate the database at `url` if it belongs to the role named there; return the URL that the server uses.

    An owner's URL becomes that of the confined server role, whose password is derived from the master key, so that no
    second secret is kept. A URL of a role that owns nothing is used as it is: whoever keeps the roles apart migrates
    with the owner's. Raises RoleError, SchemaError.
    """
    connection = await asyncpg.connect(url)
    try:
        who = await connection.fetchrow(WHO)
    finally:
        await connection.close()
    if who is None:
        raise RoleError("the database does not say who we are")
    if who["made"] and not who["owns"]:
        return url
    await migrate(url)
    if not who["creates"]:
        raise RoleError(
            f"role {who['role']} may not give {SERVER_ROLE} a password: let an administrator do so, then serve with "
            f"CAREWEFT_DATABASE_URL of {SERVER_ROLE}"
        )
    password = master.derive("database role").hex()
    await _give_password(url, password)
    return as_role(url, SERVER_ROLE, password)


async def _give_password(url: str, password: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"alter role {SERVER_ROLE} login password '{password}'")
        await connection.execute(
            f'grant connect on database "{await connection.fetchval("select current_database()")}" to {SERVER_ROLE}'
        )
    finally:
        await connection.close()


def as_role(url: str, role: str, password: str) -> str:
    """The same database for another role.

    >>> as_role("postgresql://own:x@db.test:5433/care?sslmode=require", "srv", "y")
    'postgresql://srv:y@db.test:5433/care?sslmode=require'
    """
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password)}@{where}"))
