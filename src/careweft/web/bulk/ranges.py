"""Byte ranges: https://www.rfc-editor.org/rfc/rfc9110#section-14, at most ten of them (PARSE-08)."""

import re
from typing import ClassVar, NamedTuple

from ...fhir.outcomes import FhirRefusal

MOST = 10
_ONE = re.compile(rb"(\d{0,18})-(\d{0,18})")


class NotSatisfiable(FhirRefusal):
    """No byte of this file lies in the ranges that were asked for, or there are more than ten of them."""

    status: ClassVar[int] = 416
    code: ClassVar[str] = "value"


class Range(NamedTuple):
    """From `start` up to `end`, which is not in it."""

    start: int
    end: int


def ranges(header: bytes, size: int) -> list[Range] | None:
    """What a Range header asks of `size` bytes; None where it is no range that is understood: then all is sent.
    Raises NotSatisfiable.

    >>> ranges(b"bytes=0-9,-5", 100), ranges(b"bytes=90-", 100), ranges(b"lines=1-2", 100)
    ([Range(start=0, end=10), Range(start=95, end=100)], [Range(start=90, end=100)], None)
    """
    unit, equals, rest = header.partition(b"=")
    if unit.strip().lower() != b"bytes" or not equals:
        return None
    if rest.count(b",") >= MOST:
        raise NotSatisfiable
    found: list[Range] = []
    for text in rest.split(b","):
        one = _ONE.fullmatch(text.strip())
        if one is None or not (one[1] or one[2]):
            return None
        if not one[1]:
            low, high = max(size - int(one[2]), 0), size
        else:
            low, high = int(one[1]), min(int(one[2]) + 1, size) if one[2] else size
            if one[2] and int(one[2]) < low:
                return None
        if low < high:
            found.append(Range(low, high))
    if not found:
        raise NotSatisfiable
    return found
