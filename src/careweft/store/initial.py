"""The first load of an empty database: search indexes are left off while rows come in, and built once at the end.

What was dropped is written down in the same transaction, so that a load that was killed is mended by the next start.
"""

import asyncpg

from .pool import Connection

TABLES = ("res", "res_pat", "ix_date", "ix_num", "ix_str", "ix_pair")
KEEP = "create table if not exists dropped_index (name text primary key, definition text not null)"
EMPTY = "select not exists (select from res)"  # bodies stand under row-level security, for their owner too
DROPPABLE = """
insert into dropped_index (name, definition)
select i.indexname, i.indexdef from pg_indexes i join pg_class c on c.relname = i.indexname
join pg_index x on x.indexrelid = c.oid
where i.schemaname = current_schema() and i.tablename = any($1) and not x.indisunique and i.indexname !~ '_by_rid$'
returning name
"""


async def drop(owner_url: str) -> bool:
    """Leave the search indexes off; False, and nothing done, where there are records already: others search them."""
    connection = await asyncpg.connect(owner_url)
    try:
        async with connection.transaction():
            await connection.execute(KEEP)
            if not await connection.fetchval(EMPTY):
                return False
            for row in await connection.fetch(DROPPABLE, list(TABLES)):
                await connection.execute(f'drop index "{row["name"]}"')
        return True
    finally:
        await connection.close()


async def restore(connection: Connection) -> None:
    """Build what was left off, as the owner; nothing to do is the usual case."""
    if await connection.fetchval("select to_regclass('dropped_index') is null"):
        return
    for row in await connection.fetch("select name, definition from dropped_index order by name"):
        async with connection.transaction():
            await connection.execute(row["definition"])
            await connection.execute("delete from dropped_index where name = $1", row["name"])
