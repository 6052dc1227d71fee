"""Lines, pieces, files: NDJSON deflated apart and served as one gzip (RFC 1952); a record on its way into them."""

import gzip
import itertools
import json
import zlib
from decimal import Decimal
from random import Random

import pytest

from careweft.bulk import gzip as members
from careweft.bulk import lines
from careweft.bulk.manifest import content, packed
from careweft.bulk.ndjson import Writer
from careweft.bulk.order import split
from careweft.ports.jobs import File, Piece
from tests.bulk.test_export import person, pulse
from tests.bulk.yard import yard
from tests.world import Database

pytestmark = pytest.mark.anyio


class Memory:
    """A sink and its files, in memory."""

    def __init__(self) -> None:
        self.data = b""

    async def write(self, data: bytes) -> None:
        self.data += data

    async def read(self, _: str, start: int, length: int):
        for at in range(start, start + length, 7):
            yield self.data[at : min(at + 7, start + length)]


async def written(lines_: list[bytes], most: int, batch: int = 3) -> tuple[Memory, list[Piece]]:
    sink = Memory()
    writer = Writer(sink, most)
    for at in range(0, len(lines_), batch):
        await writer.add("output", "Patient", lines_[at : at + batch])
    pieces = list(await writer.end())
    assert writer.stored == len(sink.data) == sum(one.length for one in pieces)
    return sink, pieces


def made(pieces: list[Piece], draft) -> File:
    size = members.size(sum(one.length for one in draft.stretches))
    return File("f", "output", "Patient", 0, draft.bytes, size, draft.crc, "", draft.stretches)


async def test_pieces_deflated_apart_are_one_gzip_member():
    """Whatever the lines and however they are cut, one inflater without any memory of members gives them back."""
    chance = Random(5)
    for _ in range(40):
        texts = [b'{"n":"%s"}' % (b"x\xe2\x80\xa8" * chance.randrange(60)) for _ in range(chance.randrange(1, 60))]
        sink, pieces = await written(texts, chance.choice((40, 300, 5000)), chance.randrange(1, 9))
        (draft,) = packed([("o", one) for one in pieces], 1 << 30)
        file = made(pieces, draft)
        whole = b"".join([data async for data in content(file, sink)])
        inflate = zlib.decompressobj(wbits=31)
        assert inflate.decompress(whole) == b"".join(one + b"\n" for one in texts) == gzip.decompress(whole)
        assert (inflate.eof, inflate.unused_data, len(whole)) == (True, b"", file.size)
        start, end = sorted(chance.randrange(file.size + 1) for _ in range(2))
        assert b"".join([data async for data in content(file, sink, start, end)]) == whole[start:end]


async def test_files_are_bounded_by_bytes_and_tails_are_merged():
    """No file holds more than it may unless it is one line; no two neighbours would fit into one."""
    chance = Random(6)
    sizes = [chance.randrange(1, 400) for _ in range(300)] + [2000]
    pieces = [(f"o{n}", Piece("output", "A", 0, 5, size, 1, 0)) for n, size in enumerate(sizes)]
    files = list(packed(pieces, 1000))

    assert [one for file in files for one in file.pieces] == pieces
    assert all(file.bytes <= 1000 or len(file.pieces) == 1 for file in files)
    assert all(one.bytes + other.pieces[0][1].bytes > 1000 for one, other in itertools.pairwise(files))


async def test_a_line_longer_than_a_file_is_a_file():
    _sink, pieces = await written([b"a" * 10, b"b" * 500, b"c" * 10], 100)
    assert [one.lines for one in pieces] == [1, 1, 1]


async def test_what_belongs_together_stays_together():
    sink = Memory()
    writer = Writer(sink, 100)
    await writer.add("output", "", [b"a" * 60], together=True)
    await writer.add("output", "", [b"b" * 60, b"c" * 60], together=True)
    assert [one.lines for one in await writer.end()] == [1, 2]


def test_references_are_found_in_lines():
    """Of the types asked for, versions aside; a text that looks like one is none."""
    text = json.dumps({"a": {"reference": "Organization/1"}, "b": [{"reference": "Location/x/_history/2"}],
                       "c": '"reference":"Organization/no"', "d": {"reference": "Patient/9"},
                       "e": {"reference": "https://x/Organization/7"}}, separators=(",", ":"))  # fmt: skip
    assert lines.refs(text.encode(), frozenset({"Organization", "Location"})) == {"Organization/1", "Location/x"}


def test_deletions_are_bundles():
    made_ = [json.loads(one) for one in lines.deletions([("Patient", str(n)) for n in range(450)])]
    assert [len(one["entry"]) for one in made_] == [200, 200, 50]
    assert made_[0]["entry"][0] == {"request": {"method": "DELETE", "url": "Patient/0"}}


def test_values_with_commas_are_as_many():
    assert split(["a,b", "c", " d ,"]) == ["a", "b", "c", "d"]


TEXTS = [
    "a\nb",
    "\r\n",
    "a\u2028b\u2029c",
    "\u0085",
    "\t",
    "tab\\n",
    '"',
    "\x0b\x0c\x1e",
    "\ufeff",
    "\U0001f600",
    "é e\u0301",
]
NUMBERS = ["1.00", "0.10", "100", "1.0e2", "0.000000100", "-0.50", "12345678901234567.8"]


async def test_lines_hold_any_text_and_every_digit(database: Database, tmp_path):
    """One object a line, whatever its texts hold; numbers with the digits that were sent (BULK-18)."""
    async with yard(database, tmp_path) as made, made.exporter() as client:
        records = [pulse(f"t{n}", "a") | {"note": [{"text": one}]} for n, one in enumerate(TEXTS)]
        records += [pulse(f"n{n}", "a", value=Decimal(one)) for n, one in enumerate(NUMBERS)]
        await made.put(person("a"), *records)
        export = await client.export(params=[("_type", "Observation")])
        bare = client.http.headers["authorization"]
        got = {json.loads(line)["id"]: line for line in export.lines()}
        read = {
            id_: (await client.http.get(f"/Observation/{id_}", headers={"authorization": bare})).content for id_ in got
        }

    assert got == read
    for item in export.manifest["output"]:
        text = export.files[item["url"]]
        assert text.decode("utf-8", "strict").split("\n")[:-1] == [line.decode() for line in text.split(b"\n")[:-1]]
        assert b"\r" not in text
    assert [json.loads(got[f"t{n}"])["note"][0]["text"] for n in range(len(TEXTS))] == TEXTS
    for n, one in enumerate(NUMBERS):
        assert f'"value":{one},'.encode() in got[f"n{n}"] or Decimal(one) == json.loads(
            got[f"n{n}"], parse_float=Decimal, parse_int=Decimal)["valueQuantity"]["value"], one  # fmt: skip
