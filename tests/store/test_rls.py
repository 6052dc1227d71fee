"""Row-level security alone keeps tenants apart, when the application's own filter is removed (GEN-05, GEN-01)."""

import asyncpg
import pytest

from careweft.fhir.definitions import RESOURCES, SEARCH
from careweft.fhir.search.query import Display, Text
from tests.store import shelf
from tests.store.house import connected
from tests.store.shelf import code, everything, observation, one, patient, search

CANARY = "Zzcanary"
NAME = SEARCH["Patient"]["name"].number
WALLED = ("body", "hist", "ix_str", "term")


@pytest.fixture
async def two(database):
    """Two tenants with the same ids; what the second has says so."""
    async with shelf.process(database) as clinical:
        first, second = await shelf.tenant(clinical), await shelf.tenant(clinical)
        for mine, family in ((first, "Lee"), (second, CANARY)):
            await mine.put(patient("1", name=[{"family": family}]), observation("o", code={"text": family}))
            await mine.put(patient("1", name=[{"family": family}], gender="other"))
        yield first, second


@pytest.mark.parametrize("table", WALLED)
async def test_a_query_without_tenant_filter_sees_one_tenant(two, database, table):
    """As the server's role, with every row asked for: only the rows of the tenant that is set, none when none is."""
    first, _ = two
    async with connected(database.server_url) as server:
        assert await server.fetchval(f"select count(*) from {table}") == 0
        async with server.transaction():
            await server.execute("select set_config('app.tenant', $1, true)", str(first.tenant.number))
            tenants = {row["tenant"] for row in await server.fetch(f"select tenant from {table}")}
        assert tenants == {first.tenant.number}
        assert await server.fetchval(f"select count(*) from {table}") == 0
        await server.execute("begin")
        await server.execute("select set_config('app.tenant', 'all', true)")
        with pytest.raises(asyncpg.DataError):
            await server.fetch(f"select * from {table}")


@pytest.mark.parametrize("table", WALLED)
async def test_the_wall_stands_for_the_owner_too(two, database, table):
    """Forced: whoever owns the tables is no exception."""
    async with connected(database.owner_url) as owner:
        assert await owner.fetchval(f"select count(*) from {table}") == 0


@pytest.mark.parametrize(
    "call",
    [
        "read_many($1, array[$2::int2], '{1}')",
        "bodies_by_rid($1, array(select rid from res where $2::int2 = rt))",
        f"strings_starting($1, ($2 * 0 + {NAME})::int2, '', 'zzzzzz', null)",
        "versions($1, $2::int2, '1', null, 9)",
        "rids_of($1, $2::int2, '{1}')",
        "ids_ascending($1, $2::int2, null, 9)",
    ],
)
async def test_a_function_shows_the_tenant_that_it_is_given_and_leaves_none_set(two, database, call):
    """The tenant is bound within the statement, and gone with its transaction."""
    _, second = two
    async with connected(database.server_url) as server:
        assert await server.fetch(f"select * from {call}", second.tenant.number, RESOURCES["Patient"])
        assert await server.fetchval("select nullif(current_setting('app.tenant', true), '')") is None
        assert await server.fetchval("select count(*) from body") == 0


async def test_without_the_applications_filter_a_search_brings_no_other_tenants_body(two, database):
    """Index rows of the other tenant, handed to the function that reads bodies, come back as nothing."""
    first, second = two
    async with connected(database.server_url) as server:
        found = await server.fetch(
            "select b.* from bodies_by_rid($1, array(select rid from res)) b", first.tenant.number
        )
    mine = {row["rid"] for row in found}
    async with connected(database.admin_url) as admin:
        theirs = {
            row["rid"] for row in await admin.fetch("select rid from res where tenant = $1", second.tenant.number)
        }
    assert mine
    assert not mine & theirs


async def test_a_row_of_another_tenant_cannot_be_written(two, database):
    first, second = two
    async with connected(database.server_url) as server:
        await server.execute("begin")
        await server.execute("select set_config('app.tenant', $1, true)", str(first.tenant.number))
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await server.execute("insert into ix_str values ($1, 0::int2, 'x', null, 1)", second.tenant.number)


async def test_tenants_with_the_same_ids_never_meet(two):
    """By id, by history, by token, by string, by display text, by walk."""
    first, second = two
    for mine, other, family in ((first, second, "Lee"), (second, first, CANARY)):
        del other
        found = await mine.records.read("Patient", "1", everything("Patient"))
        assert (CANARY.encode() in found.body) is (family == CANARY)
        history = await mine.records.history("Patient", "1", everything("Patient"), 10)
        assert len(history) == 2
        for query, there in (
            (search("Patient", one("name", Text(CANARY), "starts")), family == CANARY),
            (search("Patient", one("name", Text("anary"), "contains")), family == CANARY),
            (search("Patient", one("name", Text(CANARY), "exact")), family == CANARY),
            (search("Observation", one("code", Display(CANARY), "text")), family == CANARY),
            (search("Observation", code("status", "final")), True),
            (search("Observation"), True),
        ):
            pages = await mine.pages(query)
            assert [len(page.matches) for page in pages] == [int(there)]
            assert all((CANARY.encode() in row.body) is (family == CANARY) for page in pages for row in page.matches)


async def test_hashes_of_one_tenant_mean_nothing_to_another(two, database):
    """The same values, other keys: no token, own hash or patient hash is shared."""
    async with connected(database.admin_url) as admin:
        rows = await admin.fetch(
            "select tenant, array_agg(distinct t) || array_agg(own) || array_agg(pat) as hashes"
            " from res, unnest(tok) t group by tenant"
        )
    one_, other = ({*row["hashes"]} - {0} for row in rows)
    assert one_
    assert not one_ & other


async def test_index_tables_hold_no_clinical_text(database):
    """Tables outside of the wall have no column of text or bytes."""
    async with connected(database.admin_url) as admin:
        columns = await admin.fetch(
            "select table_name, data_type from information_schema.columns where table_name = any($1)",
            ["res", "res_pat", "ix_date", "ix_num", "ix_pair"],
        )
    assert {row["table_name"] for row in columns} == {"res", "res_pat", "ix_date", "ix_num", "ix_pair"}
    assert {row["data_type"] for row in columns} <= {
        "integer",
        "smallint",
        "bigint",
        "boolean",
        "numeric",
        "timestamp with time zone",
        "ARRAY",
    }
