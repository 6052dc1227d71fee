"""Who asks the authorization server too often has to wait (OATK-15): by network, by client, over all processes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from careweft.fhir.outcomes import TooMany
from careweft.oauth.pace import LEASE, MORE, WINDOW, Pace
from careweft.ports.clients import Client
from careweft.store.pool import Pool
from careweft.store.throttle import PostgresThrottle

from .world import START

pytestmark = pytest.mark.anyio
LIMIT = 60
PUBLIC = Client("spa", 1, "App", "patient", "browser", "provider", "none", ())
SERVICE = replace(PUBLIC, id="service", auth="secret")


@pytest.fixture
async def paces(database):
    """Two processes over one database."""
    pool = Pool(database.server_url, 2)
    yield [Pace(PostgresThrottle(pool, b"k" * 32), LIMIT) for _ in range(2)]
    await pool.close()


async def taken(paces, ask, now=START):
    """How often it could be asked, of one process after the other, until each refuses; and how long it says to wait."""
    done, waits = 0, []
    for pace in paces:
        while True:
            try:
                await ask(pace, now)
            except TooMany as wait:
                waits.append(wait.retry_after)
                break
            done += 1
    return done, waits


ROWS = [
    # who asks, how often it may
    (lambda pace, now: pace.near("token", "192.0.2.7", now), LIMIT),
    (lambda pace, now: pace.near("token", "2001:db8::7", now), LIMIT),
    (lambda pace, now: pace.of(SERVICE, "192.0.2.7", now), LIMIT * MORE),
    (lambda pace, now: pace.of(PUBLIC, "192.0.2.7", now), LIMIT * MORE),
]


@pytest.mark.parametrize(("ask", "most"), ROWS)
async def test_all_processes_count_together(paces, ask, most):
    """No more than the limit by all of them; then a wait until the window ends, and all of it anew."""
    assert await taken(paces, ask) == (most, [WINDOW.seconds, WINDOW.seconds])
    later = START + WINDOW - timedelta(seconds=100)
    assert await taken(paces, ask, later) == (0, [100, 100])
    assert (await taken(paces, ask, START + WINDOW))[0] == most


async def test_one_uses_up_nobody_elses_tries(paces):
    """Another address, another endpoint, another client; of one who proves nothing, the same one from elsewhere."""
    pace = paces[0]
    await taken([pace], lambda one, now: one.near("token", "192.0.2.7", now))
    await taken([pace], lambda one, now: one.of(PUBLIC, "192.0.2.7", now))
    for ask in (
        pace.near("token", "192.0.2.8", START),
        pace.near("par", "192.0.2.7", START),
        pace.of(PUBLIC, "192.0.2.8", START),
        pace.of(SERVICE, "192.0.2.7", START),
        pace.of(replace(PUBLIC, tenant=2), "192.0.2.7", START),
    ):
        await ask
    with pytest.raises(TooMany):
        await pace.near("token", "192.0.2.7", START)


async def test_of_one_network_all_addresses_count_together(paces):
    """An IPv6 customer has a whole /64."""
    asked = iter(range(10_000))
    done, _ = await taken(paces, lambda one, now: one.near("token", f"2001:db8::{next(asked):x}", now))
    assert done == LIMIT


async def test_no_limit_is_none(paces):
    none = replace(paces[0], limit=0)
    for _ in range(LIMIT + LEASE):
        await none.near("token", "192.0.2.7", START)
