"""How long clients' keys are remembered, and how often we ask."""

import asyncio

import pytest

from careweft.adapters.fetch import Document, Fetcher, FetchError
from careweft.adapters.keysets import CachedKeySets, kids, lifetime
from careweft.fhir.outcomes import Unavailable
from tests.adapters.hostile import serving

URL = "https://keys.example.org/a"


class Source:
    """A stopped clock and a counted server: what it publishes, with which Cache-Control."""

    def __init__(self, *published, cache=None, age=0):
        self.now = 1000.0
        self.published, self.cache, self.age = list(published), cache, age
        self.fetches = 0
        self.told = []
        self.sets = CachedKeySets(self.get, lambda: self.now, log=self)

    async def get(self, _url):
        self.fetches += 1
        if not self.published:
            raise FetchError("the key set's server answered 500, 200 is wanted")
        return Document({"keys": [{"kid": kid} for kid in self.published]}, self.cache, self.age)

    async def found(self, _url, kids_):
        self.told.append(list(kids_))

    async def failed(self, _url, fault):
        self.told.append(fault)

    async def ask(self, kid, url=URL):
        try:
            return kid in kids(await self.sets.fetch(url, kid))
        except FetchError:
            return None


@pytest.mark.parametrize(
    ("cache", "age", "kept"),
    [
        (None, 0, 300),
        ("max-age=60", 0, 60),
        ("max-age=60", 20, 40),
        ("max-age=60", 100, 0),
        ("public, MAX-AGE=60", 0, 60),
        ("max-age=0", 0, 0),
        ("no-store", 0, 0),
        ("no-cache", 0, 0),
        ("max-age=60, no-store", 0, 0),
        ('no-cache="x", max-age=60', 0, 0),
        ("max-age=10, max-age=60", 0, 10),
        ('max-age="60"', 0, 60),
        ("max-age=", 0, 0),
        ("max-age=-1", 0, 0),
        ("max-age=1e9", 0, 0),
        ("max-age=99999999999999999999", 0, 0),
        ("max-age=31536000", 0, 3600),
        ("private", 0, 300),
        ("", 0, 300),
    ],
)
async def test_a_set_is_kept_as_long_as_its_owner_allows(cache, age, kept):
    """SMART-12: each row is a Cache-Control, the Age that came with it, and for how many seconds nobody asks again."""
    source = Source("a", cache=cache, age=age)
    await source.ask("a")
    source.now += max(kept - 0.1, 0)
    await source.ask("a")
    assert source.fetches == (1 if kept else 2)

    source.now += 0.2
    await source.ask("a")
    assert source.fetches == (2 if kept else 3)


async def test_a_new_key_is_found_at_once():
    """Rotation: the first assertion with the new key makes us look, however fresh the set is."""
    source = Source("old", cache="max-age=3600")
    assert await source.ask("old")
    source.published = ["old", "new"]
    assert await source.ask("new")
    source.published = ["new", "newest"]
    assert await source.ask("newest")

    assert source.fetches == 3
    assert not await source.ask("old")


async def test_a_key_taken_away_is_gone_when_the_set_has_run_out():
    source = Source("a", "b", cache="max-age=2")
    assert await source.ask("a")
    source.published = ["b"]
    assert await source.ask("a")
    source.now += 2.1

    assert not await source.ask("a")


@pytest.mark.parametrize("cache", ["max-age=3600", "max-age=2", "no-store", None])
async def test_a_flood_of_unknown_kids_costs_one_fetch_in_thirty_seconds(cache):
    """SMART-12: 600 strangers in a minute, one every 0.1 s."""
    source = Source("a", cache=cache)
    await source.ask("a")
    for n in range(600):
        assert not await source.ask(f"x{n}")
        source.now += 0.1

    assert source.fetches <= 1 + 2


async def test_who_is_known_is_served_during_a_flood():
    source = Source("a", cache="max-age=60")
    await source.ask("a")
    await source.ask("x")
    source.now += 1

    assert await source.ask("y") is None
    assert await source.ask("a") is True
    assert source.fetches == 2


async def test_a_failure_is_remembered_for_five_seconds():
    """A server in trouble is left alone; what is held goes on being used."""
    source = Source("a", cache="max-age=10")
    await source.ask("a")
    source.published = []
    source.now += 11
    assert [await source.ask("a") for _ in range(10)] == [None] * 10
    assert source.fetches == 2

    source.published, source.now = ["a"], source.now + 5.1
    assert await source.ask("a") is True


async def test_many_at_once_share_one_fetch():
    """A hundred assertions of one client, one request; another client's set is its own."""
    release = asyncio.Event()
    source = Source("a")

    async def slow(url):
        await release.wait()
        return await source.get(url)

    sets = CachedKeySets(slow, lambda: source.now)
    waiting = [asyncio.create_task(sets.fetch(URL, "a")) for _ in range(100)]
    waiting.append(asyncio.create_task(sets.fetch("https://other.example.org/a", "a")))
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(*waiting)

    assert source.fetches == 2


async def test_who_waited_and_left_stops_nobody():
    release = asyncio.Event()
    source = Source("a")

    async def slow(url):
        await release.wait()
        return await source.get(url)

    sets = CachedKeySets(slow, lambda: source.now)
    first, second = (asyncio.create_task(sets.fetch(URL, "a")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    release.set()

    assert await second


async def test_two_at_a_time_for_one_host():
    """Ten URLs of one host over real sockets: never more than two connections."""

    async def slow(_head, writer):
        await asyncio.sleep(0.02)
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 25\r\nConnection: close\r\n\r\n{"keys": [{"kid": "a"}]} ')

    async with serving(slow) as server:
        sets = CachedKeySets(Fetcher(allow=frozenset({server.target})).get)
        await asyncio.gather(*(sets.fetch(f"{server.url}?{n}", "a") for n in range(10)))

        assert len(server.requests) == 10
        assert server.busiest == 2


async def test_memory_is_bounded():
    """Ever new URLs push the oldest out."""
    source = Source("a")
    for n in range(1100):
        await source.ask("a", f"https://k{n}.example.org/a")

    assert len(source.sets._known) <= 1000
    assert len(source.sets._hosts) <= 1000
    before = source.fetches
    await source.ask("a", "https://k1099.example.org/a")
    assert source.fetches == before
    await source.ask("a", "https://k0.example.org/a")
    assert source.fetches == before + 1


@pytest.mark.parametrize(
    "jwks", [{}, {"keys": None}, {"keys": {}}, {"keys": "abc"}, {"keys": [1, None, [], {}, {"kid": 5}]}]
)
def test_odd_sets_have_no_kids(jwks):
    assert kids(jwks) == frozenset()


def test_without_a_header_five_minutes():
    assert lifetime(None) == 300


async def test_what_became_of_each_fetch_is_noted():
    """The key ids or the fault, once for each fetch; what memory answers is none."""
    source = Source("b", "a")
    assert await source.ask("a")
    assert await source.ask("b")
    source.now += 301
    source.published = ()
    assert await source.ask("a") is None

    assert source.told == [["a", "b"], "the key set's server answered 500, 200 is wanted"]


async def test_a_log_that_is_away_keeps_nobody_waiting():
    class Away(Source):
        async def found(self, _url, _kids):
            raise Unavailable

    assert await Away("a").ask("a")
