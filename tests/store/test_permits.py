"""What people grant, in PostgreSQL: OAUTH-04 to OAUTH-06, OAUTH-18, OAUTH-21, OAUTH-31, SMART-05, CRASH-02."""

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from careweft.fhir.outcomes import Unavailable
from careweft.oauth import secrets
from careweft.ports.permits import REPLAY, Launch, Launched, Pending, Permit, Pushed, Replayed
from careweft.store.permits import PostgresPermits, prune
from careweft.store.pool import Pool
from careweft.store.requests import PostgresLaunches, PostgresRequests
from tests.store.house import connected, entry, kill_server_connections, process, tenant
from tests.world import count

NOW = datetime.now(UTC).replace(microsecond=0)
SOON = NOW + timedelta(seconds=30)
LATER = NOW + timedelta(days=92)
ASKED = ("openid", "patient/*.rs")


def pending(number, **changed):
    made = Pending(
        secrets.identifier(), number, "app", "surface", "https://app.example/cb", ASKED, "challenge",
        "st\u00e4te", NOW, NOW + timedelta(minutes=15), "nonce", ("consent",), 600, "ana", "es",
        Launched("p1", "e1", ("ImagingStudy/1",), "intent", banner=False), "Practitioner/y",
    )  # fmt: skip
    return replace(made, **changed)


def permit(number, **changed):
    made = Permit(
        secrets.identifier(), number, "ana", "app", "surface", ("openid", "patient/Patient.rs"), ASKED,
        "https://app.example/cb", Launched("p1", "e1", ("ImagingStudy/1",), "intent", banner=False), NOW, NOW, LATER,
        NOW + timedelta(days=1096), "Patient/p1", "offline",
    )  # fmt: skip
    return replace(made, **changed)


async def granted(one, number, **changed):
    """A permit with a code that nobody has shown yet."""
    waits, made, code = pending(number), permit(number, **changed), secrets.identifier()
    await PostgresRequests(one.pool).begin(waits)
    assert await PostgresPermits(one.pool).grant(waits, made, code, SOON, entry(number))
    return made, code


def once(code):
    return REPLAY if code.used else None


def next_one(shown):
    return lambda held: held.generation + 1 if held.generation == shown else REPLAY


@asynccontextmanager
async def opened(database):
    async with process(database) as one, connected(database.owner_url) as owner:
        yield one, owner, (await tenant(one)).number


async def test_a_request_comes_back_whole_and_its_name_is_kept_as_a_hash(database):
    async with opened(database) as (one, owner, number):
        requests, made = PostgresRequests(one.pool), pending(number)
        await requests.begin(made)
        assert await requests.find(number, made.id, NOW) == made
        assert await requests.find(number + 1, made.id, NOW) is None
        assert await requests.find(number, made.id, made.expires) is None
        assert await requests.find(number, "\0" + "\ud800", NOW) is None
        kept = str(await owner.fetchrow("select * from auth_request"))
        assert made.id not in kept


async def test_a_request_is_bound_once(database):
    """OATK-10: of two browsers at once one gets it, and picks, and refuses."""
    async with opened(database) as (one, _, number):
        requests, made = PostgresRequests(one.pool), pending(number)
        await requests.begin(made)
        tries = await asyncio.gather(*(requests.bind(number, made.id, f"s{n}", "ana") for n in range(8)))
        assert tries.count(True) == 1
        mine = f"s{tries.index(True)}"
        assert await requests.bind(number, made.id, mine, "ana")
        assert not await requests.bind(number, made.id, mine, "bea")
        assert await requests.pick(number, made.id, mine, "p2")
        assert not await requests.pick(number, made.id, "other", "p3")
        assert await requests.visit(number, made.id, mine, "e2")
        assert not await requests.visit(number, made.id, "other", "e3")
        assert (await requests.find(number, made.id, NOW)).encounter == "e2"
        found = await requests.find(number, made.id, NOW)
        assert (found.session, found.account, found.patient) == (mine, "ana", "p2")
        assert not await requests.refuse(number, made.id, None, entry(number))
        assert not await requests.refuse(number, made.id, "other", entry(number))
        assert await requests.refuse(number, made.id, mine, entry(number))
        assert await requests.find(number, made.id, NOW) is None


async def test_a_yes_is_said_once(database):
    """Of many clicks at once one grants: one permit, one code, one audit entry, and the request is gone."""
    async with opened(database) as (one, owner, number):
        requests, permits, waits = PostgresRequests(one.pool), PostgresPermits(one.pool), pending(number)
        await requests.begin(waits)
        tries = [permits.grant(waits, permit(number), secrets.identifier(), SOON, entry(number)) for _ in range(8)]
        assert (await asyncio.gather(*tries)).count(True) == 1
        for table in ("permit", "code", "audit"):
            assert await owner.fetchval(f"select count(*) from {table}") == 1, table
        assert not await permits.grant(waits, permit(number), "x", SOON, entry(number))


async def test_no_entry_no_permit(database):
    """What cannot be recorded is not granted, and the person may say yes again."""
    async with opened(database) as (one, owner, number):
        requests, permits, waits = PostgresRequests(one.pool), PostgresPermits(one.pool), pending(number)
        await requests.begin(waits)
        with pytest.raises(Exception, match="out of range"):
            await permits.grant(waits, permit(number), "c", SOON, entry(number, status=10**6))
        assert await owner.fetchval("select count(*) from permit") == 0
        assert await permits.grant(waits, permit(number), "c", SOON, entry(number))


async def test_a_permit_comes_back_whole_and_no_secret_is_kept(database):
    async with opened(database) as (one, owner, number):
        permits = PostgresPermits(one.pool)
        made, code = await granted(one, number)
        assert await permits.find(number, made.id) == made
        assert await permits.find(number + 1, made.id) is None
        kept = str(await owner.fetchrow("select * from code"))
        assert code not in kept


async def test_a_code_is_used_once_and_a_second_time_ends_its_permit(database):
    """OAUTH-05: the revocation stands in the same transaction."""
    async with opened(database) as (one, owner, number):
        permits = PostgresPermits(one.pool)
        made, code = await granted(one, number)
        found = await permits.redeem(number, code, once, NOW)
        assert (found.permit, found.challenge, found.nonce, found.expires) == (made, "challenge", "nonce", SOON)
        assert await permits.redeem(number, code, lambda _: "not now", NOW) == "not now"
        assert await owner.fetchval("select count(*) from revocation") == 0
        assert isinstance(await permits.redeem(number, code, once, NOW), Replayed)
        assert (await permits.find(number, made.id)).ended == NOW
        assert await owner.fetchval("select key from revocation") == f"grant:{made.id}"
        assert await permits.redeem(number, "nobody's", once, NOW) == "no such code"
        assert await permits.redeem(number + 1, code, once, NOW) == "no such code"


async def test_of_fifty_who_show_one_code_one_gets_it(database):
    """OAUTH-06: over two processes, again and again; the others ended what it bought."""
    async with process(database) as one, process(database) as other:
        number = (await tenant(one)).number
        for _ in range(count(3, 200)):
            made, code = await granted(one, number)
            both = [PostgresPermits(each.pool) for each in (one, other)]
            tries = [both[n % 2].redeem(number, code, once, NOW) for n in range(50)]
            results = await asyncio.gather(*tries, return_exceptions=True)
            assert sum(hasattr(one_, "challenge") for one_ in results) == 1
            assert all(isinstance(one_, Replayed | Unavailable) or hasattr(one_, "challenge") for one_ in results)
            assert (await both[0].find(number, made.id)).ended is not None


async def test_of_fifty_who_show_one_refresh_token_one_gets_it(database):
    """OAUTH-18, OATK-14: strict rotation; everybody after the first is reuse, over two processes."""
    async with process(database) as one, process(database) as other:
        number = (await tenant(one)).number
        for _ in range(count(3, 200)):
            made, _ = await granted(one, number)
            both = [PostgresPermits(each.pool) for each in (one, other)]
            tries = [both[n % 2].refresh(number, made.id, next_one(0), NOW, LATER) for n in range(50)]
            results = await asyncio.gather(*tries, return_exceptions=True)
            assert sum(isinstance(result, Permit) for result in results) == 1
            found = await both[0].find(number, made.id)
            assert (found.generation, found.ended is not None) == (1, True)


async def test_a_refresh_turns_the_permit_and_moves_its_end(database):
    async with opened(database) as (one, _, number):
        permits = PostgresPermits(one.pool)
        made, _ = await granted(one, number, limit=NOW + timedelta(days=100))
        later = NOW + timedelta(days=50)
        turned = await permits.refresh(number, made.id, next_one(0), later, later + timedelta(days=92))
        assert (turned.generation, turned.rotated, turned.used) == (1, later, later)
        assert turned.expires == NOW + timedelta(days=100)
        kept = await permits.refresh(number, made.id, lambda held: held.generation, later + timedelta(seconds=5), LATER)
        assert (kept.generation, kept.rotated) == (1, later)
        assert await permits.refresh(number, made.id, lambda _: "no", NOW, LATER) == "no"
        assert await permits.refresh(number, "nobody", next_one(0), NOW, LATER) == "no such permit"


async def test_what_the_server_is_killed_in_the_middle_of_is_whole(database):
    """CRASH-02: connections end at random while codes are shown; no code is good twice, and none is lost half used."""
    async with process(database) as one:
        number = (await tenant(one)).number
        permits = PostgresPermits(one.pool)
        for turn in range(count(5, 60)):
            made, code = await granted(one, number)

            async def kill(after=random.Random(turn).random() / 100):
                await asyncio.sleep(after)
                await kill_server_connections(database)

            first, _ = await asyncio.gather(permits.redeem(number, code, once, NOW), kill(), return_exceptions=True)
            for _ in range(50):
                try:
                    second = await permits.redeem(number, code, once, NOW)
                    break
                except Exception:  # noqa: BLE001  the connections that were killed come back one by one
                    await asyncio.sleep(0.02)
            got_it = [result for result in (first, second) if hasattr(result, "challenge")]
            assert len(got_it) <= 1
            if hasattr(first, "challenge"):
                assert isinstance(second, Replayed)
            assert await permits.find(number, made.id)


async def test_a_rotation_survives_the_server(database):
    """CRASH-02, OATK-14: committed, the answer lost, the process gone: the next one knows both generations."""
    async with process(database) as one:
        number = (await tenant(one)).number
        made, _ = await granted(one, number)
        await PostgresPermits(one.pool).refresh(number, made.id, next_one(0), NOW, LATER)
    await kill_server_connections(database)
    async with process(database) as another:
        permits = PostgresPermits(another.pool)
        assert (await permits.find(number, made.id)).generation == 1
        again = await permits.refresh(number, made.id, lambda held: held.generation, NOW, LATER)
        assert again.generation == 1
        assert isinstance(await permits.refresh(number, made.id, next_one(0), NOW, LATER), Replayed)


async def test_ends(database):
    """OAUTH-21: by hand, by account, by patient; each once, with its revocation and its entry."""
    async with opened(database) as (one, owner, number):
        permits = PostgresPermits(one.pool)
        made = [
            (await granted(one, number, launched=Launched(patient), account=account))[0]
            for patient, account in (("p1", "ana"), ("p2", "ana"), ("p2", "ana"), ("p2", "bea"))
        ]
        assert {one_.id for one_ in await permits.of_account(number, "ana", NOW)} == {one_.id for one_ in made[:3]}
        assert len(await permits.of_client(number, "app", NOW)) == 4
        assert await permits.of_account(number, "ana", LATER) == []
        before = await owner.fetchval("select count(*) from audit")
        assert await permits.end(number, [made[0].id, made[0].id, "nobody"], NOW, entry(number)) == 1
        assert await permits.end(number, [made[0].id], NOW) == 0
        assert await permits.end(number + 1, [made[1].id], NOW) == 0
        assert await owner.fetchval("select count(*) from audit") == before + 1
        assert await permits.end_about(number, "ana", "p2", NOW) == 2
        assert await permits.of_account(number, "ana", NOW) == []
        assert len(await permits.of_account(number, "bea", NOW)) == 1
        keys = {row["key"] for row in await owner.fetch("select key from revocation")}
        assert keys == {f"grant:{one_.id}" for one_ in made[:3]}


async def test_an_end_is_heard_of_everywhere(database):
    """OAUTH-21: within five seconds, by another process than the one that ended it."""
    async with process(database) as one, process(database) as other:
        number = (await tenant(one)).number
        made, _ = await granted(one, number)
        await PostgresPermits(one.pool).end(number, [made.id], NOW)
        async with asyncio.timeout(5):
            while not other.revocations.dead([f"grant:{made.id}"], NOW.timestamp()):
                await asyncio.sleep(0.01)


async def test_a_pushed_request_is_pulled_once(database):
    """OAUTH-31: by the client that pushed it, within its minute; of many at once one gets it."""
    async with opened(database) as (one, owner, number):
        requests, pairs = PostgresRequests(one.pool), [("scope", "openid"), ("state", "\u00fc")]
        soon = NOW + timedelta(seconds=60)
        for name in ("a", "b"):
            await requests.push(number, name, Pushed("app", pairs), soon)
        assert await requests.pulled(number, "a", "other", NOW) is None
        assert await requests.pulled(number + 1, "a", "app", NOW) is None
        tries = await asyncio.gather(*(requests.pulled(number, "a", "app", NOW) for _ in range(8)))
        assert [one_ for one_ in tries if one_] == [pairs]
        assert await requests.pulled(number, "b", "app", soon) is None
        assert await owner.fetchval("select count(*) from pushed_request") == 0


async def test_a_launch_is_redeemed_once(database):
    """SMART-05."""
    async with opened(database) as (one, _, number):
        launches = PostgresLaunches(one.pool)
        launch = Launch(
            "app", "Practitioner/y", Launched("p1", "e1", ("ImagingStudy/1",), "i", banner=False), "surface"
        )
        soon = NOW + timedelta(minutes=5)
        await launches.keep(number, "h", launch, soon, entry(number))
        for wrong in (
            (number + 1, "h", "app", "surface"),
            (number, "h", "other", "surface"),
            (number, "h", "app", "x"),
        ):
            assert await launches.redeem(*wrong, NOW) is None
        assert await launches.redeem(number, "h", "app", "surface", soon) is None
        tries = await asyncio.gather(*(launches.redeem(number, "h", "app", "surface", NOW) for _ in range(8)))
        assert [one_ for one_ in tries if one_] == [launch]


async def test_what_is_long_over_is_cleared_away(database):
    async with opened(database) as (one, owner, number):
        made, _ = await granted(one, number)
        old, _ = await granted(one, number)
        await PostgresRequests(one.pool).begin(pending(number))
        await owner.execute("update auth_request set expires = now() - interval '2 hours'")
        await owner.execute("update permit set expires = now() - interval '31 days' where id = $1", old.id)
        assert await prune(one.pool) == 2
        assert await PostgresPermits(one.pool).find(number, old.id) is None
        assert await PostgresPermits(one.pool).find(number, made.id)


async def test_no_database_no_tokens():
    gone = Pool("postgresql://careweft_server@127.0.0.1:9/none")
    with pytest.raises(Unavailable):
        await PostgresPermits(gone).redeem(1, "c", once, NOW)
    with pytest.raises(Unavailable):
        await PostgresRequests(gone).begin(pending(1))
