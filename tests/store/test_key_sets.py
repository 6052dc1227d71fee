"""What became of the last fetch of a key set: kept once for each URL, whoever fetched it."""

from datetime import UTC, datetime, timedelta

from careweft.ports.keys import Fetched
from careweft.store.key_sets import PostgresKeySets
from careweft.store.pool import Pool

URL = "https://keys.example.org/jwks"


async def test_the_last_fetch_and_the_last_failure(database):
    """The one does not hide the other; which was later says whether it works."""
    now = [datetime(2026, 11, 27, 12, tzinfo=UTC)]
    pool = Pool(database.server_url, 2)
    log = PostgresKeySets(pool, lambda: now[0])
    assert await log.last(URL) == Fetched()
    await log.found(URL, ["b", "a\0", "x" * 1000])
    found = await log.last(URL)
    assert (found.at, found.kids, found.broken) == (now[0], ("b", "a", "x" * 256), False)
    now[0] += timedelta(minutes=1)
    await log.failed(URL, "the answer is no JSON")
    found = await log.last(URL)
    assert (found.kids[0], found.fault, found.broken) == ("b", "the answer is no JSON", True)
    now[0] += timedelta(minutes=1)
    await log.found(URL, ["c"])
    assert ((await log.last(URL)).kids, (await log.last(URL)).broken) == (("c",), False)
    await pool.close()
