"""The seal over the audit journal: whoever changes it is found out, also with all rights on the database."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest

from careweft.audit.chain import Head
from careweft.ports.journal import Entry
from careweft.store.journal import APPEND, columns
from careweft.store.seal import Sealer, heads, seal, verify
from tests.world import count

KEY = b"k" * 32


def entries(tenant, *ids, at=None):
    at = at or datetime.now(UTC)
    return [
        Entry(
            at=at,
            tenant=tenant,
            action="read",
            surface="provider-system",
            status=200,
            request_id=str(id_),
            patient='a"\\\x01é',
            query=b"\x00\xff",
            patients=("ana", "ben"),
            reason=None if id_ else "none",
        )
        for id_ in ids
    ]


@pytest.fixture
async def owner(database):
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


@pytest.fixture
async def server(database):
    connection = await asyncpg.connect(database.server_url)
    yield connection
    await connection.close()


@pytest.fixture
async def admin(database):
    connection = await asyncpg.connect(database.admin_url)
    yield connection
    await connection.close()


@pytest.fixture
async def sealed(server):
    """Three links of tenant 1 with ten rows each, and rows of others between."""
    for n in range(3):
        await server.execute(APPEND, *columns(entries(1, *range(10 * n, 10 * n + 10))))
        await server.execute(APPEND, *columns(entries(2, n) + entries(None, n)))
        await seal(server, KEY)
    return server


async def found(connection, tenant=1, anchor=None, key=KEY):
    verified = await verify(connection, tenant, key, anchor)
    return {(one.kind, one.link, one.seq) for one in verified.findings}


async def seq(owner, request_id, tenant=1):
    return await owner.fetchval("select seq from audit where tenant = $1 and request_id = $2", tenant, str(request_id))


async def test_an_honest_chain_has_no_findings(sealed, owner):
    verified = await verify(sealed, 1, KEY)

    assert (verified.links, verified.rows, verified.findings) == (3, 30, ())
    assert await found(sealed, 2) == set()
    assert await found(owner, None) == set()
    assert (await verify(owner, None, KEY)).rows == 3


ATTACKS = {
    "change": "update audit set status = 403 where seq = $1",
    "change of the query": "update audit set query = 'x' where seq = $1",
    "change of who was shown": "update audit set patients = '{ana}' where seq = $1",
    "change of tenant": "update audit set tenant = 2 where seq = $1",
    "delete": "delete from audit where seq = $1",
}


@pytest.mark.parametrize(
    ("statement", "kind"),
    [(sql, "deleted" if "delete" in sql or "tenant" in sql else "changed") for sql in ATTACKS.values()],
)
@pytest.mark.parametrize("row", [0, 14, 29])
async def test_a_touched_row_is_named(sealed, owner, statement, kind, row):
    """Whatever is done to one row, first, middle or last: its number and link are said."""
    number = await seq(owner, row)
    await owner.execute(statement, number)

    assert await found(sealed) == {(kind, row // 10 + 1, number)}


async def test_a_row_moved_in_time_is_found(sealed, owner):
    number = await seq(owner, 14)
    await owner.execute("update audit set at = at - interval '1 day' where seq = $1", number)

    assert ("changed", 2, number) in await found(sealed)


async def test_swapped_rows_are_named(sealed, owner):
    """Two rows that changed places."""
    one, other = await seq(owner, 3), await seq(owner, 7)
    await owner.execute("update audit set seq = $1 + $2 - seq where seq in ($1, $2)", one, other)

    assert await found(sealed) == {("reordered", 1, one), ("reordered", 1, other)}


COPY = """
insert into audit (seq, at, tenant, action, surface, status, request_id)
select {seq}, {at}, 1, 'read', 'provider-system', 200, 'forged' from audit where seq = $1
"""


@pytest.mark.parametrize(
    ("number", "at", "where"),
    [
        ("seq", "at", 2),  # in the place of a row that is there
        ("0", "at", None),  # before everything
        ("-7", "at - interval '1 year'", None),
        ("nextval('audit_seq')", "at - interval '3 hours'", 4),  # as a new row that tells of an old time
        ("nextval('audit_seq')", "at - interval '3 years'", None),
        ("nextval('audit_seq')", "at + interval '3 hours'", 4),
    ],
)
async def test_an_inserted_row_is_named(sealed, owner, number, at, where):
    """A row that was put in afterwards, under whatever number and time."""
    await owner.execute(COPY.format(seq=number, at=at), await seq(owner, 14))

    findings = await found(sealed)
    assert {(kind, link) for kind, link, _ in findings} == {("inserted", where)}
    assert all(one[2] is not None for one in findings)


async def test_a_cut_tail_is_found(sealed, owner):
    """The last rows and their link are gone: the head still knows of it."""
    await owner.execute("delete from audit where tenant = 1 and seq >= $1", await seq(owner, 20))
    await owner.execute("delete from audit_link where tenant = 1 and n = 3")

    assert await found(sealed) == {("truncated", 3, None)}


async def test_a_cut_that_mends_the_head_is_found_by_its_anchor(sealed, owner):
    """Someone with all rights on the database cuts rows, link and head: what was exported before says so."""
    anchor = next(head for head in await heads(sealed) if head.tenant == 1)
    await owner.execute("delete from audit where tenant = 1 and seq >= $1", await seq(owner, 20))
    await owner.execute("delete from audit_link where tenant = 1 and n = 3")
    await owner.execute(
        "update audit_head h set n = 2, hash = l.hash from audit_link l where l.tenant = 1 and l.n = 2 and h.tenant = 1"
    )

    assert await found(sealed, anchor=anchor) == {("truncated", 3, None)}
    assert await found(sealed, anchor=replace(anchor, n=2)) == {("forged", 2, None)}


async def test_a_chain_made_anew_is_found(sealed, owner):
    """Someone with all rights changes a row and recomputes the whole chain, but does not have the key."""
    await owner.execute("update audit set status = 403 where seq = $1", await seq(owner, 25))
    await owner.execute("delete from audit_link where tenant = 1; delete from audit_head where tenant = 1")
    await owner.execute("update audit_sealer set edge = 0, floor = 0, sealed = '{}'")
    await owner.execute("select audit_seal(); update audit_link set mac = ''")

    assert ("forged", 1, None) in await found(sealed)


async def test_a_dropped_chain_is_found(sealed, owner):
    """Links, head and rows are all gone: the anchor says so, and rows left behind are strangers."""
    anchor = next(head for head in await heads(sealed) if head.tenant == 1)
    await owner.execute("delete from audit where tenant = 1 and seq > $1", await seq(owner, 4))
    await owner.execute("delete from audit_link where tenant = 1; delete from audit_head where tenant = 1")
    await owner.execute("update audit_sealer set floor = edge")

    findings = await found(sealed, anchor=anchor)
    assert ("truncated", 1, None) in findings
    assert ("inserted", None, await seq(owner, 0)) in findings


async def test_what_commits_late_is_sealed_late(server, owner):
    """A slow transaction holds nobody up, and its rows are sealed when they are there; what was undone leaves a gap."""
    slow = server.transaction()
    await slow.start()
    await server.execute(APPEND, *columns(entries(1, "slow")))
    await owner.execute(APPEND, *columns(entries(1, "quick")))
    undone = owner.transaction()
    await undone.start()
    await owner.execute(APPEND, *columns(entries(1, "undone")))
    await undone.rollback()
    assert [head.n for head in await seal(owner, KEY)] == [1]
    assert await seal(owner, KEY) == []

    await slow.commit()
    assert [head.n for head in await seal(owner, KEY)] == [2]
    verified = await verify(server, 1, KEY)
    assert (verified.rows, verified.findings) == (2, ())


async def test_the_floor_rises(server, owner):
    """Half an hour later the gaps of what came to nothing are closed for good, and the chain goes on."""
    for turn in range(4):
        await server.execute(APPEND, *columns(entries(1, turn)))
        await owner.execute("select nextval('audit_seq')")
        await owner.execute("update audit_sealer set marked = marked - interval '31 minutes'")
        await seal(server, KEY)

    floor, sealed = await owner.fetchrow("select floor, sealed::text from audit_sealer")
    assert (floor, sealed) == (6, "{[7,8)}")
    assert (await verify(server, 1, KEY)).findings == ()


HOLDER = """
select count(pg_terminate_backend(pid)) from pg_locks
where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())
"""


async def test_one_sealer_works_and_the_next_takes_over(database, server, owner, admin):
    """Two sealers are started, one holds the lock; when it is killed the other one goes on."""
    published = []

    async def publish(heads_):
        published.append(heads_)

    tasks = [
        asyncio.create_task(Sealer(lambda: asyncpg.connect(database.server_url), KEY, publish, every=0.05).run())
        for _ in range(2)
    ]
    try:
        for turn in range(3):
            await server.execute(APPEND, *columns(entries(1, turn)))
            async with asyncio.timeout(5):
                while (await owner.fetchval("select max(n) from audit_link where mac is not null") or 0) <= turn:
                    await asyncio.sleep(0.02)
            if turn == 1:
                assert await admin.fetchval(HOLDER) == 1
        async with asyncio.timeout(5):
            while len(published) < 2:
                await asyncio.sleep(0.02)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert len(published) == 2
    assert (await verify(server, 1, KEY)).findings == ()


async def test_five_mutations_among_many_are_found(server, owner):
    """AUD-09: of many rows one is changed, deleted, inserted, moved, and the tail cut: five of five, by position."""
    rows = count(2_000, 100_000)
    for start in range(0, rows, 1000):
        await server.execute(APPEND, *columns(entries(1, *range(start, start + 1000))))
        await seal(server, KEY)
    last = rows // 1000
    changed, deleted, one, other, near = [await seq(owner, n) for n in (7, 99, 500, 501, 1500)]
    await owner.execute("update audit set reason = 'x' where seq = $1", changed)
    await owner.execute("delete from audit where seq = $1", deleted)
    await owner.execute("update audit set seq = $1 + $2 - seq where seq in ($1, $2)", one, other)
    await owner.execute(COPY.format(seq="seq", at="at"), near)
    await owner.execute("delete from audit where seq >= $1", await seq(owner, rows - 10))

    findings = await found(server)
    assert findings >= {
        ("changed", 1, changed), ("deleted", 1, deleted), ("reordered", 1, one), ("reordered", 1, other),
        ("inserted", 2, near),
        ("deleted", last, await owner.fetchval("select last_value from audit_seq")),
    }  # fmt: skip
    assert len(findings) == 5 + 10


async def test_an_anchor_of_another_tenant_does_not_fit(sealed):
    other = next(head for head in await heads(sealed) if head.tenant == 2)

    assert await found(sealed, anchor=Head(1, other.n, other.hash)) == {("forged", 3, None)}
