"""Rows in PostgreSQL's binary COPY format: https://www.postgresql.org/docs/15/sql-copy.html

The driver writes any row, a value at a time; these write the rows of two tables, each with one struct.
"""

import struct
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = struct.pack(">h", -1)
CHUNK = 64 * 1024

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
DAY = 86_400_000_000
INT8 = 20  # the type's number in pg_type

_RES = struct.Struct(">hiiihihihiqiqiqiqiqiqiqiB")
_DATE = struct.Struct(">hiiihiqiqiq")


def moment(at: datetime) -> int:
    """A timestamptz: microseconds since 2000; the ends of the calendar are infinite, as they are for the driver."""
    if at == FIRST:
        return -(1 << 63)
    if at == LAST:
        return (1 << 63) - 1
    since: timedelta = at - EPOCH
    return since.days * DAY + since.seconds * 1_000_000 + since.microseconds


def res(
    tenant: int,
    rt: int,
    ixv: int,
    numbers: tuple[int, int, int, int],
    dates: tuple[int, int, int],
    tok: list[int],
    *,
    many: bool,
    lab: int,
) -> bytes:
    """A row of `res`; `numbers` are rid, pat, own, have, and `dates` d, dz, updated as `moment` writes them."""
    (rid, pat, own, have), (d, dz, updated) = numbers, dates
    row = _RES.pack(
        13, 4, tenant, 2, rt, 2, ixv, 2, lab, 8, rid, 8, pat, 8, own, 8, have, 8, d, 8, dz, 8, updated, 1, many
    )
    return row + array(tok)


def date(tenant: int, p: int, low: int, high: int, rid: int) -> bytes:
    """A row of `ix_date`."""
    return _DATE.pack(5, 4, tenant, 2, p, 8, low, 8, high, 8, rid)


def array(values: list[int]) -> bytes:
    """An int8[] with its length in front."""
    if not values:
        return struct.pack(">iiii", 12, 0, 0, INT8)
    count = len(values)
    filled = [8] * (2 * count)
    filled[1::2] = values
    return _array(count).pack(20 + 12 * count, 1, 0, INT8, count, 1, *filled)


@cache
def _array(count: int) -> struct.Struct:
    return struct.Struct(">6i" + "iq" * count)


async def stream(rows: Iterable[bytes]) -> AsyncIterator[bytes]:
    """What COPY takes: the rows in large pieces, made as they are sent."""
    for piece in _pieces(rows):
        yield piece


def _pieces(rows: Iterable[bytes]) -> Iterator[bytes]:
    waiting, size = [HEAD], 0
    for row in rows:
        waiting.append(row)
        size += len(row)
        if size > CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join([*waiting, TAIL])
