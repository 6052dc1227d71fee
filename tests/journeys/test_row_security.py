"""Row-level security keeps tenants apart alone (GEN-05, architecture decision 11): every filter on the tenant
that the store
writes into its statements and functions is taken out, and still nothing of the other tenant comes.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import asyncpg
import pytest

from careweft.access.reach import Narrowed
from careweft.fhir.search.query import Include, Sort, Text
from careweft.store.clinical import Clinical
from careweft.store.pool import Pool
from tests.store.house import connected
from tests.store.shelf import Shelf, about, code, everything, observation, of, one, patient, search, tenant
from tests.world import count

pytestmark = pytest.mark.anyio

FILTER = re.compile(r"\b(?:\w+\.)?tenant = (\$\d+|_tenant)\b(?:::int4)?")
FILLED = {"audit", "body", "hist", "ix_str", "term"}
"""The walled tables in which both tenants have rows here; `audit` has them where somebody was served."""
WALLS = "select relname from pg_class where relrowsecurity and relforcerowsecurity and relkind in ('r', 'p') order by 1"
OPEN = """
select tablename || ': ' || policyname from pg_policies
where cmd in ('ALL', 'SELECT') and qual !~ 'tenant = .*app\\.tenant'
  and roles <> array[(select tableowner from pg_tables t where t.tablename = 'body')]::name[]
"""
"""Policies by which somebody else than the owner reads what is not of the tenant that is set."""
FUNCTIONS = """
select pg_get_functiondef(oid) as text from pg_proc
where pronamespace = 'public'::regnamespace and prosrc ~ 'tenant = _tenant'
"""
WRITERS = ("put", "drop_index_rows", "add_index_rows")
PEOPLE = ("1", "2", "3")


def unfiltered(sql: str) -> str:
    """The same statement without its filters on the tenant."""
    return FILTER.sub(lambda found: f"{found[1]}::int4 is not null", sql)


class Unfiltered(Pool):
    """A pool that takes the filters out of every statement; `changed` counts those that had one."""

    changed = 0

    async def fetch(self, sql, *args):
        self.changed += FILTER.search(sql) is not None
        return await super().fetch(unfiltered(sql), *args)


@pytest.fixture
async def crossed(database):
    """Two tenants with the same ids whose records say whose they are; each has a history and a deletion."""
    pool = Pool(database.server_url)
    clinical = Clinical(pool)
    shelves = {name: await tenant(clinical) for name in ("maple", "birch")}
    for name, shelf in shelves.items():
        for version in ("old", "new"):
            said = [{"text": f"{name} {version}"}]
            await shelf.put(*(patient(id_, name=[{"family": name, "text": f"{name} {version}"}]) for id_ in PEOPLE))
            await shelf.put(
                *(observation(f"o{id_}", id_, note=said, valueString=name, bodySite={"text": name}) for id_ in PEOPLE)
            )
        await shelf.delete("Observation", "o3")
    yield {name: shelf.tenant for name, shelf in shelves.items()}
    await pool.close()


async def take_filters_out(database) -> None:
    """Out of the functions that read."""
    async with connected(database.owner_url) as owner:
        rows = [row["text"] for row in await owner.fetch(FUNCTIONS)]
        changed = [text for text in rows if not any(f".{name}(" in text for name in WRITERS)]
        for text in changed:
            await owner.execute(unfiltered(text))
    assert len(changed) >= 8


@asynccontextmanager
async def opened(url, tenants, pool_class=Unfiltered, size=8) -> AsyncIterator[dict[str, Shelf]]:
    """Both tenants' records over one pool."""
    pool = pool_class(url, size, wait=60.0)
    clinical = Clinical(pool)
    try:
        yield {name: Shelf(one, clinical, pool, await clinical.records(one), await clinical.feed(one))
               for name, one in tenants.items()}  # fmt: skip
    finally:
        await pool.close()


SEARCHES = {
    "all of a type": search("Observation"),
    "of a patient": search("Observation", about("1")),
    "by code": search("Observation", code("code", "8867-4")),
    "by name": search("Patient", one("family", Text("maple"), "starts")),
    "by the other's name": search("Patient", one("family", Text("birch"), "starts")),
    "by a part of a name": search("Patient", one("family", Text("irc"), "contains")),
    "in the order of ids": search("Patient", sort=(Sort("_id"),)),
    "against the order of ids": search("Patient", sort=(Sort("_id", descending=True),)),
    "page by page": search("Observation", count=1),
    "with its patients": search("Observation", includes=(Include("Observation", "subject"),)),
    "with what refers to it": search("Patient", includes=(Include("Observation", "subject", reverse=True),)),
}


async def everything_of(shelf: Shelf) -> list[bytes]:
    """The bodies that all ways of reading and searching bring."""
    records, bodies = shelf.records, []
    for type_, ids in (("Patient", PEOPLE), ("Observation", ("o1", "o2", "o3"))):
        for id_ in ids:
            reach = everything(type_)
            versions = [await records.read(type_, id_, reach), await records.version(type_, id_, 1, reach),
                        *await records.history(type_, id_, reach, 10)]  # fmt: skip
            bodies += [one.body for one in versions if one is not None and one.body]
    for query in SEARCHES.values():
        narrowed = {
            "forward": {"Patient": everything("Patient")},
            "backward": {"Observation": everything("Observation")},
        }
        for page in await shelf.pages(query, **narrowed):
            bodies += [one.body for one in (*page.matches, *page.included)]
    for page in await shelf.pages(search("Observation"), of("1", "Observation")):
        bodies += [one.body for one in page.matches]
    return bodies


def words(bodies: list[bytes]) -> set[str]:
    return {name for name in ("maple", "birch") if any(name.encode() in body for body in bodies)}


@pytest.mark.parametrize("name", ["maple", "birch"])
async def test_without_its_own_filters_the_store_still_shows_one_tenant(database, crossed, name):
    """Read, vread, history and every access path of a search, the filters of statements and functions gone."""
    await take_filters_out(database)
    async with opened(database.server_url, crossed) as shelves:
        bodies = await everything_of(shelves[name])
        assert words(bodies) == {name}
        assert len(bodies) > 40
        assert shelves[name].pool.changed > 10


async def test_what_was_taken_out_was_a_filter(database, crossed):
    """The same over a role that row-level security does not hold: the other tenant's records come."""
    await take_filters_out(database)
    async with opened(database.admin_url, crossed) as shelves:
        assert words(await everything_of(shelves["maple"])) == {"maple", "birch"}


async def test_the_walled_tables_show_one_tenant_or_nothing(database, crossed):
    """As the server's role: set to a tenant its rows, set to another that one's, not set or set to nothing
    none at all."""
    async with connected(database.owner_url) as owner:
        walled = [row["relname"] for row in await owner.fetch(WALLS)]
        assert set(walled) >= FILLED
        assert [row[0] for row in await owner.fetch(OPEN)] == []
    async with connected(database.server_url) as server:
        for table in walled:
            assert await server.fetchval(f"select count(*) from {table}") == 0
            for one in crossed.values():
                async with server.transaction():
                    await server.execute("select set_config('app.tenant', $1, true)", str(one.number))
                    numbers = {row["tenant"] for row in await server.fetch(f"select distinct tenant from {table}")}
                    assert numbers <= {one.number}
                    assert numbers or table == "audit" or table not in FILLED
            assert await server.fetchval(f"select count(*) from {table}") == 0
            for nobody in ("", "0", "-1"):
                async with server.transaction():
                    await server.execute("select set_config('app.tenant', $1, true)", nobody)
                    assert await server.fetchval(f"select count(*) from {table}") == 0


INTO = {
    "body": "(tenant, rt, ver, updated, dic, id) values ($1, 1, 1, now(), 0, 'x')",
    "hist": "(tenant, rt, ver, updated, dic, kid, id) values ($1, 1, 1, now(), 0, 0, 'x')",
    "ix_str": "(tenant, p, head, rid) values ($1, 1, 'x', 1)",
    "term": "(tenant, p, head, tok) values ($1, 1, 'x', 1)",
}


async def test_nothing_is_written_into_another_tenant(database, crossed):
    """Set to Maple: a row for Birch is refused, and Birch's rows are not there to be changed."""
    maple, birch = crossed["maple"].number, crossed["birch"].number
    async with connected(database.server_url) as server:
        for table, rest in INTO.items():
            async with server.transaction():
                await server.execute("select set_config('app.tenant', $1, true)", str(maple))
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    async with server.transaction():
                        await server.execute(f"insert into {table} {rest}", birch)
        async with server.transaction():
            await server.execute("select set_config('app.tenant', $1, true)", str(maple))
            assert await server.execute("update body set ver = ver where tenant = $1", birch) == "UPDATE 0"
            assert await server.execute("update body set ver = ver where tenant = $1", maple) != "UPDATE 0"


async def test_the_server_s_role_is_confined(database):
    """It owns nothing, is no superuser, passes no wall, and may not take one down, nor look at the journal
    from behind."""
    async with connected(database.server_url) as server:
        row = await server.fetchrow(
            "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user"
        )
        assert not any(row)
        assert await server.fetchval("select count(*) from pg_class where relowner = current_user::regrole") == 0
        partitions = [
            row[0]
            for row in await server.fetch(
                "select inhrelid::regclass::text from pg_inherits where inhparent = 'audit'::regclass"
            )
        ]
        refused = [
            "alter table body disable row level security",
            "alter table body no force row level security",
            "create policy open_ on body using (true)",
            "drop policy own_tenant on body",
            "set role careweft_owner",
            "delete from hist",
            "update audit set status = 200",
            "delete from audit",
            "truncate audit",
        ]
        for statement in [*refused, *(f"select * from {one}" for one in partitions)]:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await server.execute(statement)
        assert len(partitions) > 1


@pytest.mark.parametrize("pool_class", [Pool, Unfiltered])
async def test_two_connections_and_a_crowd_of_both_tenants(database, crossed, pool_class):
    """200 at once over a pool of 2, a third of them cancelled midway: nobody gets the other's, and no tenant sticks."""
    if pool_class is Unfiltered:
        await take_filters_out(database)
    chance = Random(20)

    async def asks(name: str, shelf: Shelf) -> tuple[str, set[str]]:
        id_ = chance.choice(PEOPLE)
        match chance.randrange(4):
            case 0:
                found = [await shelf.records.read("Patient", id_, everything("Patient"))]
            case 1:
                found = list(await shelf.records.history("Patient", id_, everything("Patient"), 5))
            case 2:
                found = list(
                    (await shelf.records.search(Narrowed(search("Observation"), everything("Observation")))).matches
                )
            case _:
                named = search("Patient", one("family", Text(name), "starts"))
                found = list((await shelf.records.search(Narrowed(named, everything("Patient")))).matches)
        return name, words([one.body for one in found if one is not None and one.body])

    async with opened(database.server_url, crossed, pool_class, size=2) as shelves:
        for _ in range(count(3, 500)):
            tasks = [asyncio.create_task(asks(name, shelves[name])) for name in ("maple", "birch") * 100]
            for at, task in enumerate(tasks):
                if at % 3 == 0:
                    asyncio.get_running_loop().call_later(chance.random() * 0.1, task.cancel)
            done = await asyncio.gather(*tasks, return_exceptions=True)
            answers = [one for one in done if isinstance(one, tuple)]
            assert all(found == {name} for name, found in answers)
            assert len(answers) >= 100
            assert {type(one) for one in done} <= {tuple, asyncio.CancelledError}
            assert any(isinstance(one, asyncio.CancelledError) for one in done)
        pool = shelves["maple"].pool
        for _ in range(2):
            assert await pool.fetch("select 1 from body") == []
            assert not (await pool.fetchrow("select current_setting('app.tenant', true)"))[0]
