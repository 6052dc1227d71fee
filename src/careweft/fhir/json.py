"""FHIR JSON read strictly and written exactly: https://hl7.org/fhir/R4/json.html, RFC 8259

One parser decides what a resource says: what it would have to guess (a key twice, a number beyond measure, text that is
no Unicode) is refused, so that validator, index and store see the same tree. Decimals keep every digit as written.

The rules are checked without walking the tree in Python. msgspec silently keeps the last of two equal keys; but it then
writes fewer members than it read. So a text that equals its own compact form has no key twice, and of any other the
colons outside its strings are counted in both forms.
"""

import json
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, Self

import msgspec

from .outcomes import Malformed, TooLarge

MOST_BYTES = 4 * 1024 * 1024
MOST_DEPTH = 64
MOST_TOKENS = 1_000_000
MOST_DIGITS = 40
MOST_EXPONENT = 64
# A small text cannot hold many values; a larger one must not be mostly brackets, commas and decimals, for what they
# stand for takes many times their place. Groups of thousands and long code lists stay well below.
SMALL = 64 * 1024
BYTES_PER_OBJECT = 12
BYTES_PER_VALUE = 10
BYTES_PER_DECIMAL = 64

_DIGITS = bytes(ord("0") if chr(at).isdigit() else at for at in range(128)) + bytes(range(128, 256))
_BRACKETS = bytes.maketrans(b"[]", b"{}")
_NOT_OPENING = bytes(set(range(256)) - set(b"[{"))
_NO_BRACKETS_OR_QUOTES = bytes(set(range(256)) - set(b'[]{}"'))
_LONG = b"0" * (MOST_DIGITS + 1)
_STRIDE = 5
_SOME = b"0" * (len(_LONG) // _STRIDE)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
_PLAIN_KEY = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}")


class Written(Decimal):
    """A decimal that Decimal would write otherwise (0.0000001, 1e5), with the text it came in."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: object) -> Self:
        """The value and the text itself; takes another of its kind too, as copies do."""
        written = str(text)
        self = Decimal.__new__(cls, written)
        self.text = written
        return self

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=4096)  # prices and measurements repeat
def number(text: str) -> Decimal:
    """The decimal that this JSON number literal writes; Malformed beyond 40 characters or an exponent of 64."""
    if len(text) > MOST_DIGITS:
        raise Malformed(f"a number has more than {MOST_DIGITS} characters")
    if "e" in text or "E" in text:
        if abs(int(text.lower().partition("e")[2])) > MOST_EXPONENT:
            raise Malformed(f"a number has an exponent beyond {MOST_EXPONENT}")
        return Written(text)
    value = Decimal(text)
    return value if str(value) == text else Written(text)


def _written(value: object) -> msgspec.Raw:
    if isinstance(value, Written):
        return msgspec.Raw(value.text.encode())
    raise TypeError(f"{type(value).__name__} cannot stand in FHIR JSON")


_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=number)
_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_written)


def decode(raw: bytes, most: int = MOST_BYTES) -> dict[str, Any]:
    """The object that these bytes write, decimals as Decimal; Malformed or TooLarge (over `most` bytes) otherwise."""
    return decode_encoded(raw, most)[0]


def decode_encoded(raw: bytes, most: int = MOST_BYTES) -> tuple[dict[str, Any], bytes]:
    """As `decode`, with the compact form of the same object, which the check has made anyway."""
    if len(raw) > most:
        raise TooLarge(f"the body has {len(raw)} bytes; at most {most} are read")
    if len(raw) > SMALL:
        _refuse_crowds(raw)
    value = _parse(raw)
    if len(raw.translate(None, _NOT_OPENING)) > MOST_DEPTH:
        _refuse_depth(raw)
    compact = _encoder.encode(value)
    if b"\\" in raw and b"\\u0000" in raw and _NUL.search(raw):
        raise Malformed("a text holds the character U+0000, which FHIR does not allow")
    if _long(raw) and _long(_bare(raw)):
        raise Malformed(f"a number has more than {MOST_DIGITS} characters")
    if raw != compact and _bare(raw).count(b":") != _bare(compact).count(b":"):
        raise Malformed(f"{_twin(raw)} stands twice in one object")
    return value, compact


def encode(value: Any) -> bytes:
    """The compact JSON of a value that `decode` made or our own code built, every decimal as it was written."""
    return _encoder.encode(value)


def pretty(raw: bytes) -> bytes:
    """The same JSON, indented for people."""
    return msgspec.json.format(raw, indent=2)


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        return _decoder.decode(raw)
    except UnicodeDecodeError:
        raise Malformed("the body is not UTF-8") from None
    except RecursionError:
        raise Malformed(f"objects and arrays lie deeper than {MOST_DEPTH} in each other") from None
    except msgspec.MsgspecError as error:  # its messages give a byte or a kind of value, never the value
        raise Malformed(f"the body wants one JSON object in UTF-8: {error}") from None


def _unescaped(raw: bytes) -> bytes:
    """The same JSON without the quotes that stand within its strings."""
    return raw.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in raw else raw


def _bare(raw: bytes) -> bytes:
    """The same JSON without its strings, in pieces so that many strings take little memory."""
    plain = _unescaped(raw)
    found, inside = [], 0
    for at in range(0, len(plain), SMALL):
        pieces = plain[at : at + SMALL].split(b'"')
        found.append(b"".join(pieces[inside::2]))
        inside = (inside + len(pieces) - 1) % 2
    return b"".join(found)


def _long(raw: bytes) -> bool:
    """Do more digits stand together than a number may have? Among every fifth byte eight of them still do."""
    return _SOME in raw[::_STRIDE].translate(_DIGITS) and _LONG in raw.translate(_DIGITS)


def _refuse_depth(raw: bytes) -> None:
    """Malformed when containers lie more than 64 deep: each round takes the innermost ones away.

    First all but brackets and quotes goes, then quotes that have come to stand together: whatever is left stands as
    before between an even number of quotes or an odd one, and of most texts nothing but brackets is left.
    """
    left = _unescaped(raw).translate(_BRACKETS, _NO_BRACKETS_OR_QUOTES).replace(b'""', b"")
    if b'"' in left:
        left = _bare(left)
    for _ in range(MOST_DEPTH):
        left = left.replace(b"{}", b"")
        if not left:
            return
    raise Malformed(f"objects and arrays lie deeper than {MOST_DEPTH} in each other")


def _refuse_crowds(raw: bytes) -> None:
    """TooLarge when there are too many values, in all or for the size; looked at before anything is built."""
    if _crowded(raw, len(raw)) and _crowded(_bare(raw), len(raw)):
        raise TooLarge(f"the body has more than {MOST_TOKENS} values, or far too many for its size")


def _crowded(raw: bytes, size: int) -> bool:
    objects, values = raw.count(b"{") + raw.count(b"["), raw.count(b",")
    digits = raw.translate(_DIGITS)
    decimals = digits.count(b"0.") + digits.count(b"0e") + digits.count(b"0E")
    weight = max(objects * BYTES_PER_OBJECT, values * BYTES_PER_VALUE, decimals * BYTES_PER_DECIMAL)
    return weight > size + SMALL or objects + values + raw.count(b":") > MOST_TOKENS


def _twin(raw: bytes) -> str:
    """How to call the first key that stands twice in an object; by its name only if that looks like FHIR's."""
    seen: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        keys = [key for key, _ in pairs]
        seen.extend(key for at, key in enumerate(keys) if len(keys) < MOST_DEPTH and key in keys[:at])

    if len(raw) <= SMALL:
        json.loads(raw, object_pairs_hook=look)
    return f"'{seen[0]}'" if seen and _PLAIN_KEY.fullmatch(seen[0]) else "a key"
