"""Anchors of the audit chains, kept in a file."""

import stat
from datetime import UTC, datetime

import pytest

from careweft.adapters.anchors import AnchorFile
from careweft.audit.chain import Head

ONE, TWO, NONE = Head(1, 5, b"\x01" * 32), Head(2, 9, b"\x02" * 32), Head(None, 1, b"\x03" * 32)


def anchors(path):
    return AnchorFile(path / "anchors.ndjson", lambda: datetime(2026, 11, 22, 12, tzinfo=UTC))


async def test_the_last_head_of_each_tenant_is_found(tmp_path):
    """Only what moved is written; another process reads the same."""
    file = anchors(tmp_path)
    await file.note([ONE, TWO, NONE])
    await file.note([ONE, TWO, NONE])
    await file.note([later := Head(1, 6, b"\x04" * 32), TWO])

    assert anchors(tmp_path).last() == {1: later, 2: TWO, None: NONE}
    assert len(file.path.read_text().splitlines()) == 4
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_no_file_no_anchor(tmp_path):
    assert anchors(tmp_path).last() == {}


@pytest.mark.parametrize(
    "torn", ['{"at": "2026', "", "null", "[]", '{"tenant": 1, "n": 7}', '{"tenant": 1, "n": 7, "hash": "xy"}']
)
async def test_a_torn_line_counts_for_nothing(tmp_path, torn):
    """A crash in the middle of a line leaves what was there before."""
    file = anchors(tmp_path)
    await file.note([ONE])
    with file.path.open("a") as opened:
        opened.write(torn)

    assert anchors(tmp_path).last() == {1: ONE}
    await anchors(tmp_path).note([TWO])
    assert anchors(tmp_path).last() == {1: ONE, 2: TWO}


async def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "anchors.ndjson").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        await anchors(tmp_path).note([ONE])
