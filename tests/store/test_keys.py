"""Signing keys at rest, and the master key that seals them."""

import os
import stat
from datetime import UTC, datetime, timedelta

import pytest

from careweft.ports.keys import SigningKey
from careweft.store import master
from careweft.store.keys import PostgresSigningKeys
from careweft.store.master import KeyFileError, Master
from tests.store.house import connected, process, tenant

NOW = datetime.now(UTC).replace(microsecond=0)
PEM = b"-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"


def key(tenant_, kid="k1", **changes):
    return SigningKey(**{"kid": kid, "tenant": tenant_, "alg": "ES256", "public": {"kty": "EC", "x": "x"},
                         "private": PEM, "since": NOW, "until": None, "forget": None} | changes)  # fmt: skip


def keys(one, with_=Master(b"m" * 32)):
    return PostgresSigningKeys(one.pool, one.listener, with_, one.now)


async def test_a_key_comes_back_whole_and_is_sealed_at_rest(database):
    async with process(database) as one, connected(database.owner_url) as owner:
        number = (await tenant(one)).number
        mine, kept = key(number), keys(one)
        await kept.add(mine)

        assert await kept.of(number) == [mine]
        assert await kept.of(number + 1) == []
        assert b"PRIVATE" not in await owner.fetchval("select sealed from signing_key")
        assert "MIGH" not in repr(mine)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("update signing_key set kid = 'k2'", "altered"),  # moved to another row
        ("update signing_key set sealed = overlay(sealed placing '\\x00' from 20)", "altered"),
        ("update signing_key set sealed = substr(sealed, 1, 10)", "altered"),
        ("update signing_key set sealed = '\\x02' || substr(sealed, 2)", "version"),
        ("update signing_key set sealed = ''", "version"),
    ],
)
async def test_a_touched_key_does_not_open(database, change, said):
    async with process(database) as one, connected(database.owner_url) as owner:
        number = (await tenant(one)).number
        await keys(one).add(key(number))
        await owner.execute(change)

        with pytest.raises(ValueError, match=said):
            await keys(one).of(number)


async def test_another_master_key_opens_nothing(database):
    async with process(database) as one:
        number = (await tenant(one)).number
        await keys(one).add(key(number))

        with pytest.raises(ValueError, match="another master key"):
            await keys(one, Master(b"n" * 32)).of(number)


async def test_a_key_is_forgotten_when_its_time_is_up(database):
    """What `end` sets is seen by the process that set it and, at once, by others."""
    async with process(database) as one, process(database) as other:
        number = (await tenant(one)).number
        mine, theirs = keys(one), keys(other)
        await mine.add(key(number, "old"))
        await mine.add(key(number, "new", since=NOW + timedelta(seconds=1)))
        assert [one.kid for one in await theirs.of(number)] == ["old", "new"]

        await mine.end("old", NOW, NOW + timedelta(hours=12))
        assert [(one.kid, one.until) for one in await mine.of(number)] == [("old", NOW), ("new", None)]
        await mine.end("old", NOW, NOW - timedelta(seconds=1))
        assert [one.kid for one in await mine.of(number)] == ["new"]
        with pytest.raises(LookupError):
            await mine.end("nobody", NOW, NOW)


def test_a_master_key_is_made_once(tmp_path):
    """The first start makes it, readable by its owner alone; the next ones read it."""
    file = tmp_path / "master.key"
    sealed = master.load(file).seal(b"plain", "here")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_size == 32
    assert master.load(file).open(sealed, "here") == b"plain"
    assert [one.name for one in tmp_path.iterdir()] == ["master.key"]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda file: (file.write_bytes(b"k" * 32), file.chmod(0o640)), "open to others"),
        (lambda file: (file.write_bytes(b"k" * 31), file.chmod(0o600)), "has 31"),
        (lambda file: (file.write_bytes(b""), file.chmod(0o600)), "has 0"),
        (lambda file: (file.write_bytes(b"k" * 99), file.chmod(0o600)), "has 33"),
        (lambda file: file.symlink_to(file.parent / "elsewhere"), "cannot be read"),
        (lambda file: file.mkdir(), "cannot be read"),
        (lambda file: os.mkfifo(file, 0o600), "has 0"),
    ],
)
def test_what_is_no_good_master_key_is_refused(tmp_path, prepare, said):
    file = tmp_path / "master.key"
    prepare(file)

    with pytest.raises(KeyFileError, match=said):
        master.load(file)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(KeyFileError, match="cannot be made: No such file"):
        master.load(tmp_path / "none" / "master.key")


def test_what_is_sealed_twice_differs():
    one = Master(b"m" * 32)

    assert one.seal(b"x", "c") != one.seal(b"x", "c")
    assert one.derive("a") != one.derive("b")
    assert "mmm" not in repr(one)
    with pytest.raises(ValueError, match="altered"):
        one.open(one.seal(b"x", "c"), "d")
