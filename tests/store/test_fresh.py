"""A database that nobody has analysed or vacuumed yet, as after each first load: as quick as it will be later."""

import json

import pytest

from careweft.bulk.steps import Theirs, When
from careweft.fhir.definitions import RESOURCES, SEARCH
from careweft.store import columns, exports, feed, hanging, naming
from tests.bulk.yard import sample
from tests.store.shelf import everything
from tests.web.desk import opened
from tests.world import Database

pytestmark = pytest.mark.anyio
OBSERVATION = RESOURCES["Observation"]
KEYS = [OBSERVATION] * 3, ["a", "b", "c"]
BY_ID = {"feed": (feed.CURRENT, ()), "marked": (hanging.MARKED, (31,))}


@pytest.fixture
async def loaded(database: Database, tmp_path):
    async with opened(database, tmp_path) as desk:
        for table in ("body", "res", "hist"):
            await desk.sql(f"alter table {table} set (autovacuum_enabled = false)")
        await desk.load(*sample(60))
        yield desk


async def indexes(desk, sql, *args) -> set[str]:
    async with desk.house.pool.connection() as connection, connection.transaction():
        await connection.execute(exports.BEGIN, desk.tenant.number, exports.EACH)
        return used(await connection.fetchval(f"explain (format json) {sql}", *args))


async def planned_once(desk, sql, *args) -> set[str]:
    """The same by a plan that is made before anybody knows what is asked."""
    async with desk.house.pool.connection() as connection, connection.transaction():
        await connection.execute(exports.BEGIN, desk.tenant.number, exports.ONCE)
        await connection.execute(f"prepare planned as {sql}")
        given = ", ".join(f"'{one}'" if not isinstance(one, int) else str(one) for one in args)
        found = used(await connection.fetchval(f"explain (format json) execute planned({given})"))
        await connection.execute("deallocate planned")
        return found


def used(plan: str) -> set[str]:
    (tree,) = json.loads(plan)
    found, waiting = set(), [tree["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", ())
        found |= {node["Index Name"]} if "Index Name" in node else set()
    return found


async def test_what_is_looked_up_by_id_is_not_searched_for_in_its_type(loaded):
    """Each look-up would walk through all records of the type, and a load would take ever longer."""
    (count,) = await loaded.sql("select count(*) as n from body where rt = $1", OBSERVATION)
    assert count["n"] > 1000
    for name, (sql, more) in BY_ID.items():
        assert await indexes(loaded, sql, loaded.tenant.number, *KEYS, *more) == {"body_pkey"}, name
    for sql in (exports.EXISTING, exports.RIDS, hanging.BETWEEN):
        assert await indexes(loaded, sql, loaded.tenant.number, OBSERVATION, ["a"]) == {"body_pkey"}, sql


async def test_what_carries_a_label_is_found_among_what_does(loaded):
    given = loaded.tenant.number, 31
    assert await indexes(loaded, hanging.LABELLED, *given) == {"body_labelled"}
    assert await indexes(loaded, hanging.HOLDING, *given, [OBSERVATION], 100) == {"body_labelled"}


async def test_a_range_of_a_type_is_found_in_its_order(loaded):
    for sql, args in ((exports.COUNTS, ([OBSERVATION],)), (exports.PATIENTS, (OBSERVATION, 0, 10**9))):
        assert await indexes(loaded, sql, loaded.tenant.number, *args) == {"body_by_type"}
    moment = (await loaded.sql("select clock_timestamp() as now"))[0]["now"]
    given = (loaded.tenant.number, OBSERVATION, moment, exports.EVER, moment, 0, 0, 10**9)
    ranged = f"{exports.CURRENT} and {columns.IN_RANGE}"
    assert await indexes(loaded, ranged, *given) == {"body_by_type"}
    gathered = columns.GATHER.format(sql=f"{ranged} order by b.rid limit $9", long=columns.LONG)
    assert await indexes(loaded, gathered, *given, 500) == {"body_by_type"}
    assert await planned_once(loaded, gathered, *given, 500) == {"body_by_type"}
    before = exports.SIZES.format(f"{exports.BEFORE} and {exports.LATER}")
    for way in (indexes, planned_once):
        found = await way(loaded, before, *given)
        assert {"res_by_updated", "body_gone"} <= found, way.__name__
        assert found <= {"res_by_updated", "body_gone", "body_by_type", "body_tenant_rid_key", "hist_pkey", "body_pkey"}
    listed = f"{exports.CURRENT} and {columns.LISTED}"
    assert await planned_once(loaded, listed, *given[:7], "{1,2,3}") <= {"body_by_type", "body_tenant_rid_key"}
    for sql in (exports.RIDS, hanging.BETWEEN):
        assert await planned_once(loaded, sql, loaded.tenant.number, OBSERVATION, "{a}") == {"body_pkey"}


async def test_listed_rows_are_found_by_their_numbers(loaded):
    """Those of a Group's patients, and those that come along."""
    moment = (await loaded.sql("select clock_timestamp() as now"))[0]["now"]
    assert await indexes(loaded, exports.NAMED, loaded.tenant.number, OBSERVATION, ["a", "b"], moment) == {"body_pkey"}
    given = (loaded.tenant.number, OBSERVATION, moment, exports.EVER, moment, 0, 0, [1, 2, 3])
    for where, args in ((columns.LISTED, given), (exports.ALONE, (*given[:6], [1, 2, 3]))):
        found = await indexes(loaded, f"{exports.CURRENT} and {where}", *args)
        assert found <= {"body_by_type", "body_tenant_rid_key"}


@pytest.mark.parametrize("patients", [["a", "b"], None], ids=["some", "all"])
async def test_provenance_is_gone_past_in_its_order_and_its_targets_looked_up(loaded, patients):
    """Each by its number and each target by its hash: a range costs as much as it holds, wherever it lies."""
    moment = (await loaded.sql("select clock_timestamp() as now"))[0]["now"]
    bound, theirs = await loaded.house.clinical.bound(loaded.tenant), Theirs(patients, ["Observation", "Condition"])
    async with loaded.house.pool.connection() as connection, connection.transaction():
        await connection.execute(exports.BEGIN, loaded.tenant.number, exports.EACH)
        one = naming.Naming(bound, connection, exports.EVER, moment)
        ways = ((columns.IN_RANGE, 10**9), (columns.LISTED, [1, 2, 3]))
        asked = [await one.asked(naming.ABOUT, theirs, way, 1, exports.EVER, moment, 0, among) for way, among in ways]
        asked.append(await one.asked(naming.NAMED, theirs, "", [1, 2]))
    for sql, *given in asked[:2]:
        found = await indexes(loaded, sql, *given)
        assert {"body_by_type", "res_pkey", "res_by_own"} <= found
        assert found <= {"body_by_type", "res_pkey", "res_by_own", "res_pat_by_rid"}
    sql, *given = asked[2]
    assert await indexes(loaded, sql, *given) <= {"res_by_own", "res_pat_by_rid"}


async def test_a_load_leaves_no_tokens_waiting(loaded):
    """What waits is read from end to end by every search for a token."""
    (left,) = await loaded.sql("select gin_clean_pending_list('res_by_token') as pages")
    assert left["pages"] == 0


async def test_provenance_is_the_same_whether_looked_up_or_walked_past(loaded):
    """Both ways to whatever names some records, for few of them and for many; the cheaper one is taken."""
    source = await loaded.house.clinical.source(loaded.tenant)
    observations = [one["id"] for one in await loaded.sql("select id from body where rt = $1 order by id", OBSERVATION)]
    bound = await loaded.house.clinical.bound(loaded.tenant)
    number = SEARCH["Provenance"]["target"].number
    moment = (await loaded.sql("select clock_timestamp() as now"))[0]["now"]
    for some in (observations[:1], observations[::50], observations, ["nobody"], []):
        marks = [bound.hashes.reference(number, "Observation", one) for one in some]
        async with loaded.house.pool.connection() as connection, connection.transaction():
            await connection.execute(exports.BEGIN, loaded.tenant.number, exports.EACH)
            given = loaded.tenant.number, RESOURCES["Provenance"], marks, moment
            ways = [await connection.fetch(sql, *given) for sql in (naming.NAMING, naming.WALKING)]
        looked, walked = ({row["id"] for row in rows} for rows in ways)
        refs = [("Observation", one) for one in some]
        assert looked == walked == await source.targeted(refs, When(moment), everything("Provenance"))
        assert bool(looked) is bool(set(some) & set(observations))
