"""One gzip file out of stretches that were deflated apart: https://www.rfc-editor.org/rfc/rfc1952

Each stretch ends at a byte (a full flush) and needs nothing before it, so that they can be put behind each other; the
checksum of the whole comes of theirs. Nothing is copied to merge small pieces into one file, and the file is one gzip
member, which every reader takes.
"""

import zlib
from functools import lru_cache

from isal import isal_zlib

HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""No name, no time: the same records give the same bytes."""
LAST = b"\x03\x00"
"""An empty last block."""
LEVEL = 1
POLYNOMIAL = 0xEDB88320


class Deflater:
    """Deflates one stretch."""

    __slots__ = ("_press", "crc")

    def __init__(self) -> None:
        self._press = isal_zlib.compressobj(LEVEL, wbits=-15)
        self.crc = 0

    def add(self, data: bytes) -> bytes:
        """What comes out when this goes in."""
        self.crc = isal_zlib.crc32(data, self.crc)
        return bytes(self._press.compress(data))

    def end(self) -> bytes:
        """The rest, up to a whole byte."""
        return bytes(self._press.flush(zlib.Z_FULL_FLUSH))


def tail(crc: int, size: int) -> bytes:
    """What stands behind the stretches: the end of the stream, checksum and length."""
    return LAST + crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")


def size(deflated: int) -> int:
    """Bytes of the file that holds so many deflated ones."""
    return len(HEAD) + deflated + len(LAST) + 8


def joined(first: int, second: int, length: int) -> int:
    """The CRC-32 of two texts behind each other, of theirs and the length of the second.

    >>> joined(zlib.crc32(b"ab"), zlib.crc32(b"cde"), 3) == zlib.crc32(b"abcde")
    True
    """
    return _times(_power(length), first) ^ second


@lru_cache(4096)
def _power(length: int) -> int:
    """X to the power of 8 * length, modulo the polynomial."""
    found, square, left = 1 << 31, 1 << 23, length
    while left:
        if left & 1:
            found = _times(square, found)
        square = _times(square, square)
        left >>= 1
    return found


def _times(one: int, other: int) -> int:
    """The product of two polynomials over GF(2), modulo the polynomial; the highest power is the lowest bit."""
    found = 0
    for bit in range(31, -1, -1):
        if one >> bit & 1:
            found ^= other
        other = other >> 1 ^ POLYNOMIAL if other & 1 else other >> 1
    return found
