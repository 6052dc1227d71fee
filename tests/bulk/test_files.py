"""Where files lie: a disk, and S3 as moto plays it (CRASH-04, JOB-06)."""

import contextlib
import socket
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from careweft.adapters.buckets import BucketFiles
from careweft.adapters.files import WRITING, DiskFiles
from tests.bulk.test_export import group, organization, person, pulse
from tests.bulk.yard import yard
from tests.world import Database

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 of the tests' own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


def bucket(endpoint: str, prefix: str) -> BucketFiles:
    import http.client
    from urllib.parse import urlsplit

    with contextlib.closing(http.client.HTTPConnection(urlsplit(endpoint).netloc)) as asked:
        asked.request("PUT", "/exports")
        assert asked.getresponse().status == 200
    return BucketFiles(f"s3://exports/{prefix}", endpoint=endpoint, key_id="key", secret="secret")


@pytest.fixture(params=["disk", "s3"])
def files(request, tmp_path, endpoint):
    """Each place in turn."""
    return DiskFiles(tmp_path) if request.param == "disk" else bucket(endpoint, tmp_path.name)


async def put(files, name: str, data: bytes) -> None:
    sink = await files.create(name)
    for at in range(0, len(data), 1000):
        await sink.write(data[at : at + 1000])
    await sink.keep()


async def got(files, name: str, start: int, length: int) -> bytes:
    poured: list[bytes] = []
    try:
        found = b"".join([piece async for piece in files.read(name, start, length)])
    except OSError as failure:
        with pytest.raises(type(failure)):
            await files.pour(name, start, length, len)
        raise
    await files.pour(name, start, length, lambda piece: poured.append(bytes(piece)))
    assert b"".join(poured) == found
    return found


async def test_an_object_is_there_whole_or_not_at_all(files):
    data = bytes(range(256)) * 5000
    await put(files, "t/j/1", data)
    half = await files.create("t/j/2")
    await half.write(data)
    assert [one for one in await files.names("t") if not one.startswith(WRITING)] == ["t/j/1"]
    with pytest.raises(FileNotFoundError):
        await got(files, "t/j/2", 0, 1)
    await half.drop()
    assert await got(files, "t/j/1", 0, len(data)) == data
    assert await got(files, "t/j/1", 700_000, 12_345) == data[700_000:712_345]
    with pytest.raises(OSError, match=r"ends early|does not answer"):
        await got(files, "t/j/1", len(data) - 5, 10)


async def test_objects_are_listed_and_removed(files):
    for name in ("t/j/1", "t/j/2", "t/k/1"):
        await put(files, name, b"x")
    assert await files.names("") == ["t/j/1", "t/j/2", "t/k/1"]
    assert await files.names("t/j") == ["t/j/1", "t/j/2"]
    await files.remove(["t/j/1", "t/j/2"])
    await files.remove(["t/j/1"])
    assert await files.names("t") == ["t/k/1"]


async def test_nobody_else_reads_what_lies_on_the_disk(tmp_path):
    files = DiskFiles(tmp_path / "exports")
    await put(files, "t/j/1", b"x")
    assert (tmp_path / "exports").stat().st_mode & 0o077 == 0


async def test_an_export_on_s3(database: Database, tmp_path, endpoint):
    """Parts, files, ranges and the sweep, with a bucket in the place of the disk."""
    files = bucket(endpoint, tmp_path.name)
    async with yard(database, tmp_path, files=files) as made, made.exporter() as client:
        await made.put(*map(person, "ab"), *(pulse(f"p{n}", "ab"[n % 2]) for n in range(30)))
        await made.put(group("g", "a", "b"), organization("o", "Lab"))
        begun = await client.kick_off("/Group/g/$export")
        export = await client.finished(begun)
        assert len(export.names()) == 33
        assert not (tmp_path / "exports").exists()
        await client.delete(begun)
        await made.worker.sweep()
        assert await files.names("") == []


async def test_a_bucket_that_is_away_is_an_os_error(tmp_path):
    files = BucketFiles("s3://exports/x", endpoint="http://127.0.0.1:9", key_id="k", secret="s")
    sink = await files.create("t/j/1")
    await sink.write(b"x")
    with pytest.raises(OSError, match="does not answer") as told:
        await sink.keep()
    await sink.drop()
    assert "127.0.0.1" not in str(told.value)


async def test_orphans_are_swept_after_a_day(database: Database, tmp_path):
    """What lies there without a job that wants it, and what was left half written (JOB-06)."""
    async with yard(database, tmp_path, working=False) as made, made.exporter() as client:
        await made.put(person("a"))
        begun = await client.kick_off()
        await made.work()
        files = made.house.files
        await put(files, "nobody/s-job/1-1", b"x")
        left = await files.create("nobody/s-job/1-2")
        await left.write(b"x")
        left._file.close()
        kept = await files.names(made.tenant.id)
        seen: dict[str, float] = {}
        await made.worker.orphans(seen)
        assert len(await files.names("")) == len(kept) + 2
        await made.worker.orphans(seen, lost=0.0)
        assert await files.names("") == kept
        assert (await client.finished(begun)).names() == ["Patient/a"]


async def test_a_tenant_s_exports_have_a_quota(database: Database, tmp_path):
    """Beyond it a job fails and says why; what was there stays (JOB-06)."""
    from dataclasses import replace

    from tests.bulk.yard import SMALL

    async with yard(database, tmp_path, limits=replace(SMALL, quota=10)) as made, made.exporter() as client:
        await made.put(person("a"))
        begun = await client.kick_off()
        await made.settled()
        answer = await client.http.get(begun.headers["content-location"])
        assert answer.status_code == 500
        assert "space" in answer.text
