"""Files as pieces: what each kind gives, and what a damaged one says."""

import gzip

import pytest

from careweft.intake import pieces as room
from careweft.intake.pieces import Piece, Unreadable, files, pieces

A, B = b'{"resourceType":"Patient","id":"a"}', b'{"resourceType":"Patient","id":"b"}'


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("p.ndjson", A + b"\n" + B + b"\n", [(1, A), (2, B)]),
        ("p.ndjson", A + b"\r\n\r\n" + B, [(1, A), (3, B)]),
        ("p.ndjson", b"", []),
        ("p.ndjson.gz", gzip.compress(A + b"\n" + B, mtime=0), [(1, A), (2, B)]),
        ("p.json", b"\n" + A + b"\n", [(1, A)]),
        ("p.json.gz", gzip.compress(A, mtime=0), [(1, A)]),
    ],
)
def test_a_file_gives(tmp_path, name, content, expected):
    """Each row: a file, and the (line, text) of its pieces."""
    (tmp_path / name).write_bytes(content)

    found = list(pieces(tmp_path / name))

    assert expected == [(p.line, p.raw) for p in found if isinstance(p, Piece)]
    assert len(expected) == len(found)


def test_a_broken_gzip_gives_what_it_held_and_says_so(tmp_path):
    """The lines before the break are taken; the break is named."""
    whole = gzip.compress(b"\n".join([A] * 20_000))
    (tmp_path / "p.ndjson.gz").write_bytes(whole[: len(whole) // 2])

    *_, last = pieces(tmp_path / "p.ndjson.gz")

    assert isinstance(last, Unreadable)
    assert "breaks off" in last.reason


def test_a_gzip_bomb_is_left_off_early(tmp_path):
    """Not more than a hundred times the file's size, and the first megabyte, is opened."""
    (tmp_path / "p.ndjson.gz").write_bytes(gzip.compress((b" " * 1000 + b"\n") * 50_000))

    (only,) = pieces(tmp_path / "p.ndjson.gz")

    assert isinstance(only, Unreadable)
    assert "100 times" in only.reason


def test_an_endless_line_is_skipped_and_the_next_one_is_read(tmp_path, monkeypatch):
    """A line above the limit is refused by number; the file goes on after it."""
    monkeypatch.setattr(room, "LINE", 100)
    (tmp_path / "p.ndjson").write_bytes(b"x" * 1000 + b"\n" + A)

    first, second = pieces(tmp_path / "p.ndjson")

    assert isinstance(first, Unreadable)
    assert first.line == 1
    assert isinstance(second, Piece)
    assert (second.line, second.raw) == (2, A)


def test_a_folder_is_opened_in_order_of_names(tmp_path):
    """Only files that hold records are read; a path that is not there is an error."""
    for name in ("b.ndjson", "a.json", "readme.txt", "c.ndjson.gz"):
        (tmp_path / name).touch()

    assert [p.name for p in files([tmp_path])] == ["a.json", "b.ndjson", "c.ndjson.gz"]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list(files([tmp_path / "nowhere"]))
