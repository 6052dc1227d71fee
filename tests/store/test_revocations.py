"""What was taken back is known everywhere within five seconds."""

import asyncio
import time
from datetime import timedelta

import pytest

from careweft.fhir.outcomes import Unavailable
from careweft.store.revocations import prune
from tests.store.house import connected, kill_server_connections, process


async def until(holds, within=5.0):
    """Wait until `holds()` does; the facts here all have to come true within five seconds."""
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("keys", "age", "dead"),
    [
        (["client:c"], 60, True),
        (["jti:x", "grant:g", "client:c"], 60, True),
        (["client:c"], 0, True),  # issued while it was being revoked
        (["client:c"], -3, False),  # issued afterwards
        (["client:other"], 60, False),
        (["grant:c"], 60, False),
        ([], 60, False),
    ],
)
async def test_tokens_issued_before_are_dead(database, keys, age, dead):
    """Each row: what a token hangs on, how many seconds before the revocation it was issued, and its fate."""
    async with process(database) as one:
        await one.revocations.revoke(1, "client:c")

        assert one.revocations.dead(keys, time.time() - age) is dead


async def test_every_process_hears_of_it(database):
    """Another process knows, and tells those who follow."""
    async with process(database) as one, process(database) as other:
        heard = []
        other.revocations.follow(lambda revocation: heard.append(revocation.key))
        issued = time.time()
        await one.revocations.revoke(1, "grant:g 1")
        await until(lambda: other.revocations.dead(["grant:g 1"], issued))

        assert heard == ["grant:g 1"]


async def test_a_process_that_starts_knows_what_was_revoked_before(database):
    """At the start everything is read that can concern a living token, and nothing older."""
    async with process(database) as one, connected(database.owner_url) as owner:
        await one.revocations.revoke(1, "client:c")
        await owner.execute("update revocation set at = at - interval '11 hours'")
        await owner.execute(
            "insert into revocation (tenant, key, at) values (1, 'client:old', now() - interval '14 hours')"
        )
        issued = time.time() - 11.5 * 3600
        async with process(database) as late:
            assert late.revocations.dead(["client:c"], issued)
            assert not late.revocations.dead(["client:old"], issued - 4 * 3600)
        assert await prune(one.pool) == 1


async def test_a_lost_notification_costs_a_second(database):
    """What was not heard of is found by reading again."""
    async with process(database) as one, connected(database.owner_url) as owner:
        await owner.execute("alter table revocation disable trigger announced")
        issued = time.time()
        await owner.execute("insert into revocation (tenant, key) values (1, 'kid:k')")
        await until(lambda: one.revocations.dead(["kid:k"], issued), within=2.0)


async def test_a_lost_connection_heals(database):
    """The listener's connection is killed: it comes back, and what was revoked meanwhile is known."""
    async with process(database) as one, connected(database.owner_url) as owner:
        assert await kill_server_connections(database) >= 1
        issued = time.time()
        await owner.execute("insert into revocation (tenant, key) values (1, 'tenant:t')")
        await until(lambda: one.revocations.dead(["tenant:t"], issued))

        assert one.revocations.fresh()


async def test_who_cannot_read_says_so_in_time(database):
    """Without a successful reading for four seconds nothing is fresh; when the database is back, it is again."""
    async with process(database) as one, connected(database.admin_url) as admin:
        name = await admin.fetchval("select current_database()")
        assert one.revocations.fresh()
        await admin.execute(f"alter database {name} with connection limit 0")
        begun = time.monotonic()
        await kill_server_connections(database)
        await until(lambda: not one.revocations.fresh(), within=10)
        assert 2.5 < time.monotonic() - begun < 5
        with pytest.raises(Unavailable):
            await one.revocations.revoke(1, "client:c")

        await admin.execute(f"alter database {name} with connection limit -1")
        await until(one.revocations.fresh)


@pytest.mark.parametrize("skew", [timedelta(minutes=-10), timedelta(0), timedelta(minutes=10)])
async def test_a_wrong_clock_makes_no_difference(database, skew):
    """This machine's clock is not the database's: tokens of before are dead, tokens of afterwards are not."""
    async with process(database, skew) as one:
        issued = one.now().timestamp()
        await one.revocations.revoke(1, "client:c")
        await one.revocations.revoke(1, "client:d")

        assert one.revocations.dead(["client:c"], issued)
        assert not one.revocations.dead(["client:c"], issued + 3)


async def test_what_is_undone_was_never_revoked(database):
    async with process(database) as one, connected(database.server_url) as server:
        transaction = server.transaction()
        await transaction.start()
        await server.execute("insert into revocation (tenant, key) values (1, 'client:c')")
        await transaction.rollback()
        await asyncio.sleep(1.2)

        assert not one.revocations.dead(["client:c"], 0)
