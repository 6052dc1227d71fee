"""The audit journal on PostgreSQL."""

import asyncio
import os
import shutil
import signal
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from careweft.fhir.outcomes import Unavailable
from careweft.ports.journal import Entry
from careweft.store import embedded
from careweft.store.journal import APPEND, PostgresJournal, columns
from careweft.store.migrate import migrate

SMALL = {"shared_buffers": "32MB"}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def entry(**changes):
    return Entry(**{"at": NOON, "tenant": 1, "action": "read", "surface": "provider-system", "status": 200,
                    "request_id": "r-1"} | changes)  # fmt: skip


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
async def journal(database):
    made = PostgresJournal(lambda: asyncpg.connect(database.server_url))
    yield made
    await made.close()


@pytest.fixture
def crashing():
    """A PostgreSQL of its own, to be killed, and how to start it again."""
    folder = Path(tempfile.mkdtemp(prefix="careweft-journal-"))
    running = [embedded.start(folder, settings=SMALL)]
    asyncio.run(migrate(running[0].url))

    def again():
        running.append(embedded.start(folder, settings=SMALL))
        return running[-1]

    yield running[0], again
    running[-1].stop()
    shutil.rmtree(folder, ignore_errors=True)


async def test_an_entry_is_kept_whole(journal, owner):
    """Every field comes back as it was given, the query byte by byte."""
    whole = entry(client="c", user="Practitioner/1", patient="ana", jti="j", type="Observation", id="o.1",
                  query=b"code=%00\xff&x='; drop table audit", patients=("ana", "ben"), address="2001:db8::1",
                  reason="no such tenant")  # fmt: skip
    await journal.write(whole)

    row = dict(await owner.fetchrow("select * from audit"))
    row.pop("seq")
    assert row.pop("person") == whole.user
    assert tuple(row.pop("patients")) == whole.patients
    assert row == {name: getattr(whole, name) for name in row}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b", "a\ufffdb"),
        ("\ud800x", "?x"),
        ("line\r\nbreak", "line\r\nbreak"),
        ("é😀", "é😀"),
        ("x" * 5000, "x" * 2000),
    ],
)
async def test_odd_text_is_kept_too(journal, owner, given, kept):
    """A request that carries what the database cannot hold is recorded all the same."""
    await journal.write(entry(request_id=given, id=given))

    assert tuple(await owner.fetchrow("select request_id, id from audit")) == (kept, kept)


async def test_entries_that_arrive_together_share_commits(journal, owner):
    """A thousand at once: one alone, then the rest together."""
    await asyncio.gather(*(journal.write(entry(request_id=str(n))) for n in range(1000)))

    assert await owner.fetchval("select count(distinct request_id) from audit") == 1000
    assert journal.batches <= 3


async def test_who_leaves_stops_nobody(journal, owner):
    """A caller that goes away does not take the batch with it."""
    tasks = [asyncio.ensure_future(journal.write(entry(request_id=str(n)))) for n in range(10)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [n for n, result in enumerate(results) if result is not None] == [3]
    assert await owner.fetchval("select count(*) from audit") == 10


async def test_one_bad_entry_fails_alone(journal, owner):
    """An entry that cannot be recorded is refused; its neighbours in the batch are not."""
    entries = [entry(request_id="good"), entry(status=10**6), entry(request_id="also good"), entry(at="noon")]
    results = await asyncio.gather(*(journal.write(one) for one in entries), return_exceptions=True)

    assert [type(result) for result in results] == [type(None), Unavailable, type(None), Unavailable]
    assert await owner.fetchval("select count(*) from audit") == 2


async def test_no_commit_no_answer(database, owner):
    """Where the database cannot be reached every waiter is refused; once it is back the next entry is written."""
    up = False

    async def connect():
        if not up:
            raise ConnectionRefusedError
        return await asyncpg.connect(database.server_url)

    journal = PostgresJournal(connect)
    results = await asyncio.gather(*(journal.write(entry()) for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable] * 5

    up = True
    await journal.write(entry())
    assert await owner.fetchval("select count(*) from audit") == 1
    await journal.close()


async def test_a_killed_connection_heals(database, journal, owner):
    """The write on a connection that was killed is refused or done again, never lost in silence; the next one works."""
    await journal.write(entry(request_id="before"))
    admin = await asyncpg.connect(database.admin_url)
    assert await admin.fetchval("select count(pg_terminate_backend(pid)) from pg_stat_activity"
                                " where usename = 'careweft_server' and datname = current_database()") == 1  # fmt: skip
    await admin.close()
    outcome = (await asyncio.gather(journal.write(entry(request_id="during")), return_exceptions=True))[0]
    await journal.write(entry(request_id="after"))

    kept = {row[0] for row in await owner.fetch("select request_id from audit")}
    assert kept == {"before", "after"} | (set() if isinstance(outcome, Unavailable) else {"during"})


async def test_an_entry_goes_with_the_transaction_it_is_in(server, owner):
    """Others append within their own transaction: what is rolled back leaves no entry."""
    transaction = server.transaction()
    await transaction.start()
    await server.execute(APPEND, *columns([entry(request_id="undone")]))
    await transaction.rollback()
    await server.execute(APPEND, *columns([entry(request_id="done")]))

    assert [row[0] for row in await owner.fetch("select request_id from audit")] == ["done"]


async def test_no_entry_is_committed_later(server):
    """Where the database's default is to commit asynchronously, a transaction with an entry does not."""
    await server.execute("set synchronous_commit = off")
    async with server.transaction():
        await server.execute(APPEND, *columns([entry()]))
        assert await server.fetchval("show synchronous_commit") == "on"
    assert await server.fetchval("show synchronous_commit") == "off"


async def test_what_was_acknowledged_survives_a_kill_of_the_database(crashing):
    """kill -9 of PostgreSQL in the middle of it all: every entry that was acknowledged is there, none twice."""
    running, again = crashing
    journal = PostgresJournal(lambda: asyncpg.connect(running.server_url))
    done, refused = [], []

    async def work(worker):
        for n in range(100_000):
            try:
                await journal.write(entry(request_id=f"{worker}-{n}"))
            except Unavailable:
                refused.append(f"{worker}-{n}")
                return
            done.append(f"{worker}-{n}")

    tasks = [asyncio.create_task(work(worker)) for worker in range(8)]
    while len(done) < 300:
        await asyncio.sleep(0.001)
    os.kill(running.pid, signal.SIGKILL)
    await asyncio.gather(*tasks)

    owner = await asyncpg.connect(again().url)
    kept = [row[0] for row in await owner.fetch("select request_id from audit")]
    await owner.close()
    assert len(refused) == 8
    assert len(kept) == len(set(kept))
    assert set(done) <= set(kept) <= set(done) | set(refused)


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set status = 200",
        "delete from audit",
        "truncate audit",
        "drop table audit",
        "alter table audit disable row level security",
        "drop policy own on audit",
        "create policy all_ on audit using (true)",
        "select * from audit_default",
        "delete from audit_default",
        "insert into audit_default select * from audit",
        "update audit_link set hash = ''",
        "delete from audit_link",
        "insert into audit_link values (1, 1, '{}', '', '', now(), now())",
        "update audit_head set n = 0",
        "update audit_sealer set floor = 10",
        "select setval('audit_seq', 1)",
        "delete from assertion",
        "update assertion set until = now()",
        "delete from revocation",
        "update revocation set at = now() - interval '1 day'",
        "update signing_key set sealed = ''",
        "delete from client",
        "set role careweft_owner",
        "set session_replication_role = replica",
    ],
)
async def test_the_servers_role_may_not(server, statement):
    """AUD-08: what the server's role is not granted."""
    await server.execute(APPEND, *columns([entry()]))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await server.execute(statement)


async def test_no_partition_is_open(server, owner):
    """Row-level security stands on the parent: no partition can be read or written past it."""
    names = [
        row[0]
        for row in await owner.fetch(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'audit'::regclass"
        )
    ]
    assert len(names) >= 4
    for name in names:
        for right in ("select", "insert", "update", "delete", "truncate"):
            assert not await server.fetchval("select has_table_privilege(current_user, $1, $2)", name, right)


@pytest.mark.parametrize(("tenant", "seen"), [("1", ["a"]), ("2", ["b"]), ("3", []), ("", []), (None, [])])
async def test_a_tenant_reads_its_own_rows(server, tenant, seen):
    """Without a tenant nothing is seen; rows of no tenant are seen by nobody but the owner."""
    await server.execute(
        APPEND, *columns([entry(request_id="a"), entry(request_id="b", tenant=2), entry(request_id="c", tenant=None)])
    )
    async with server.transaction():
        if tenant is not None:
            await server.execute("select set_config('app.tenant', $1, true)", tenant)
        assert [row[0] for row in await server.fetch("select request_id from audit")] == seen


async def test_a_row_of_any_month_is_kept_and_moves_to_its_partition(server, owner):
    """What no partition wants goes to the default one, and out of it once its partition is made."""
    now = datetime.now(UTC)
    await server.execute(
        APPEND, *columns([entry(at=now + timedelta(days=100)), entry(at=now), entry(at=NOON.replace(year=1970))])
    )
    assert await owner.fetchval("select count(*) from audit_default") == 2

    assert await server.fetchval("select audit_prepare(6)") == 3
    assert await owner.fetchval("select count(*) from audit_default") == 1
    assert await owner.fetchval("select count(*) from audit") == 3
    assert await server.fetchval("select audit_prepare(6)") == 0
