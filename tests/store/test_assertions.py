"""Client assertions: one assertion, one token, one audit row."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from careweft.fhir.outcomes import Unavailable
from careweft.store.assertions import PostgresAssertions, prune
from careweft.store.journal import PostgresJournal
from careweft.store.pool import Pool
from tests.store.house import connected, entry, kill_server_connections, process
from tests.world import count

LATER = datetime.now(UTC) + timedelta(minutes=5)


def assertions(one):
    return PostgresAssertions(one.pool, PostgresJournal(one.pool.connect))


async def test_an_assertion_buys_one_token(database):
    """The second use is refused and leaves no entry here; jti, client and tenant tell assertions apart."""
    async with process(database) as one, connected(database.owner_url) as owner:
        spend = assertions(one).spend
        rows = [
            (1, "c", "j"),
            (1, "c", "j"),
            (1, "c", "J"),
            (1, "d", "j"),
            (2, "c", "j"),
            (1, "c", "\0"),
            (1, "c", "\ud800" * 500),
        ]

        assert [await spend(*row, LATER, entry(row[0])) for row in rows] == [True, False, True, True, True, True, True]
        assert await owner.fetchval("select count(*) from audit") == 6
        assert await owner.fetchval("select max(length(jti)) from assertion") == 32


async def test_of_many_at_once_one_wins(database):
    """SMART-10: fifty times the same assertion over two processes, again and again."""
    async with process(database) as one, process(database) as other, connected(database.owner_url) as owner:
        rounds = count(5, 200)
        for turn in range(rounds):
            tries = [assertions(one if n % 2 else other).spend(1, "c", f"j{turn}", LATER, entry()) for n in range(50)]
            results = await asyncio.gather(*tries, return_exceptions=True)
            assert results.count(True) == 1

        assert await owner.fetchval("select count(*) from audit") == rounds


async def test_a_spent_assertion_stays_spent_when_the_server_is_killed(database):
    async with process(database) as one:
        assert await assertions(one).spend(1, "c", "j", LATER, entry())
    await kill_server_connections(database)
    async with process(database) as another:
        assert not await assertions(another).spend(1, "c", "j", LATER, entry())


async def test_no_entry_no_token(database):
    """Where the audit entry cannot be written the assertion is not spent either."""
    async with process(database) as one, connected(database.owner_url) as owner:
        with pytest.raises(Exception, match="out of range"):
            await assertions(one).spend(1, "c", "j", LATER, entry(status=10**6))

        assert await owner.fetchval("select count(*) from assertion") == 0


async def test_no_database_no_token():
    gone = Pool("postgresql://careweft_server@127.0.0.1:9/none")
    nowhere = PostgresAssertions(gone, PostgresJournal(gone.connect))

    with pytest.raises(Unavailable):
        await nowhere.spend(1, "c", "j", LATER, entry())
    with pytest.raises(Unavailable):
        await nowhere.record(entry())


async def test_expired_assertions_are_cleared_away(database):
    """What cannot be presented any more is deleted; what can, stays."""
    async with process(database) as one, connected(database.owner_url) as owner:
        await owner.execute(
            "insert into assertion"
            " select 1, 'c', sha256(n::text::bytea), now() + n * interval '1 minute' + interval '30 seconds'"
            " from generate_series(-30, 5) n"
        )
        assert await prune(one.pool) == 20
        assert await owner.fetchval("select count(*) from assertion") == 16


async def test_a_token_without_assertion_is_recorded(database):
    async with process(database) as one, connected(database.owner_url) as owner:
        journal = PostgresJournal(one.pool.connect)
        await PostgresAssertions(one.pool, journal).record(entry(request_id="by secret"))
        await journal.close()

        assert await owner.fetchval("select request_id from audit") == "by secret"
