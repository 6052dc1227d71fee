"""Signing keys: OAUTH-25."""

import json

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from careweft.oauth.keys import AHEAD, KEEP, MAX_AGE, REREAD, make

from .world import A, B, World, opened


@pytest.fixture
def world():
    return World()


async def kid(world):
    return opened((await world.token())["access_token"])[0]["kid"]


async def test_the_document_has_public_members_only(world):
    """Nothing that could sign; a kid of its own for each key."""
    await world.keyring.rotate(A.number)
    keys = (await world.keyring.jwks(A))["keys"]
    assert len({one["kid"] for one in keys}) == len(keys) == 4
    for one in keys:
        own = {"EC": {"crv", "x", "y"}, "RSA": {"n", "e"}}[one["kty"]]
        assert set(one) == {"kty", "kid", "alg", "use"} | own
    assert sorted(one["alg"] for one in keys) == ["ES256", "ES256", "RS256", "RS256"]
    private = [key.private.decode() for key in world.signing.kept.values()]
    assert all("PRIVATE KEY" in one for one in private)
    assert "PRIVATE" not in json.dumps(keys)


async def test_tokens_are_verified_by_the_document(world):
    """Somebody else's library, with nothing but what is published."""
    token = (await world.token())["access_token"]
    keys = KeySet.import_key_set(await world.keyring.jwks(A))
    assert json.loads(jws.deserialize_compact(token, keys, algorithms=["ES256"]).payload)["tenant"] == A.id


async def test_the_first_key_is_made_when_it_is_wanted(world):
    assert not world.signing.kept
    keys = {one["alg"]: one["kid"] for one in (await world.keyring.jwks(A))["keys"]}
    assert await kid(world) == keys["ES256"]
    assert set(world.signing.kept) == set(keys.values())


async def test_tenants_do_not_share_keys(world):
    mine, theirs = (await world.keyring.jwks(A), await world.keyring.jwks(B))
    assert mine["keys"][0]["kid"] != theirs["keys"][0]["kid"]


async def test_a_successor_is_published_before_it_signs(world):
    """Longer than anyone may cache the document; until then the old key signs."""
    old = await kid(world)
    successor, _ = await world.keyring.rotate(A.number)
    assert successor.kid in {one["kid"] for one in (await world.keyring.jwks(A))["keys"]}
    assert AHEAD > MAX_AGE
    for seconds, expected in ((0, old), (AHEAD.total_seconds() - 1, old), (1, successor.kid), (86_400, successor.kid)):
        world.clock.pass_(seconds=seconds)
        world.watch.at += REREAD + 1
        assert await kid(world) == expected


async def test_an_old_key_is_forgotten_in_time(world):
    """Published twelve hours and one max-age after its last signature, then no more."""
    old = await kid(world)
    await world.keyring.rotate(A.number)
    world.clock.at += AHEAD + KEEP
    world.clock.pass_(seconds=-1)
    assert old in {one["kid"] for one in (await world.keyring.jwks(A))["keys"]}
    world.clock.pass_(seconds=1)
    assert old not in {one["kid"] for one in (await world.keyring.jwks(A))["keys"]}
    assert await world.keyring.find(A.number, old) is None


async def test_rotating_twice_leaves_one_key_that_signs(world):
    """A successor that never began to sign is ended too."""
    await kid(world)
    first, _ = await world.keyring.rotate(A.number)
    last, _ = await world.keyring.rotate(A.number)
    world.clock.at += AHEAD
    world.watch.at += REREAD + 1
    assert await kid(world) == last.kid
    assert world.signing.kept[first.kid].until is not None


async def test_rotation_under_load_fails_no_verification(world):
    """Tokens minted every minute through a rotation are good for their whole life."""
    tokens = []
    await kid(world)
    await world.keyring.rotate(A.number)
    for _ in range(30):
        tokens.append((await world.token())["access_token"])
        world.clock.pass_(minutes=1)
        world.watch.at += 60
        for token in tokens:
            await world.verifier.verify(token, A, world_surface())
    assert len({opened(token)[0]["kid"] for token in tokens}) == 2


def world_surface():
    from .world import SYSTEM

    return SYSTEM


async def test_keys_are_read_now_and_then(world):
    """Minting costs no query for some seconds; what another process rotated is seen after them."""
    await kid(world)
    await kid(world)
    before = world.signing.reads
    for _ in range(10):
        await kid(world)
    assert world.signing.reads == before
    world.watch.at += REREAD + 1
    await kid(world)
    assert world.signing.reads == before + 1


async def test_a_key_of_another_process_is_found(world):
    """A token that another process signed with a key that this one has not seen."""
    await kid(world)
    other = make(A.number, world.clock.at)
    await world.signing.add(other)
    world.watch.at += 2
    assert await world.keyring.find(A.number, other.kid) == other


def test_a_kid_is_the_key_s_thumbprint(world):
    """RFC 7638: no two keys share one."""
    one, other = make(1, world.clock.at), make(1, world.clock.at)
    assert one.kid != other.kid
    assert len(one.kid) == 43
    assert repr(one.private) not in repr(one)
