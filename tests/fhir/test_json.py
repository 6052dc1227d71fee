"""JSON is read strictly, fast checks agree with a plain slow reading, and no text costs more than its size allows."""

import copy
import json
import os
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careweft.fhir.json import MOST_DEPTH, decode, decode_encoded, encode, pretty
from careweft.fhir.outcomes import FhirRefusal, Malformed, TooLarge
from tests.fhir.speed import MIB, costs_less

EXAMPLES = 20_000 if os.environ.get("CAREWEFT_DRILL") else 200


@pytest.mark.parametrize(
    "text",
    [
        '{"value":72.50}',
        '{"value":0.0000001}',
        '{"value":1e5}',
        '{"value":1.0E-10}',
        '{"value":-0.0}',
        '{"value":100}',
        '{"value":1234567890123456789012345678901234567890}',
        '{"value":1e64}',
        '{"text":"\\u0001é😀\\\\u0000 : \\":"}',
        '{"a":null,"_a":[null,{"id":"x"}]}',
        "{}",
    ],
)
def test_what_is_read_is_written_again_byte_for_byte(text):
    """Compact JSON comes out as it came in: digits, nulls and text."""
    value, compact = decode_encoded(text.encode())

    assert compact == encode(value) == text.encode()


def test_decimals_are_numbers_with_every_digit():
    """A decimal is a Decimal, whatever its spelling, and a copy keeps the spelling."""
    value = decode(b'{"a":72.50,"b":1e2,"c":0.0000001,"d":7}')

    assert value == {"a": Decimal("72.50"), "b": 100, "c": Decimal("1E-7"), "d": 7}
    assert [type(one) is int for one in value.values()] == [False, False, False, True]
    assert encode(copy.deepcopy(value)) == b'{"a":72.50,"b":1e2,"c":0.0000001,"d":7}'


def test_pretty_keeps_every_digit():
    """Indented for people, the numbers are the same."""
    assert pretty(b'{"a":[72.50,1e5]}') == b'{\n  "a": [\n    72.50,\n    1e5\n  ]\n}'


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "truncated"),
        (b'{"a":', "truncated"),
        (b"[1]", "Expected `object`, got `array`"),
        (b'"x"', "Expected `object`"),
        (b'{"a":1} x', "trailing"),
        (b'{"a":1,}', "trailing comma"),
        (b'{"a":01}', "invalid number"),
        (b'{"a":NaN}', "byte 5"),
        (b'{"a":Infinity}', "byte 5"),
        (b'{"a":-Infinity}', "byte 6"),
        (b"{'a':1}", "byte 1"),
        (b'/* */{"a":1}', "byte 0"),
        (b'\xef\xbb\xbf{"a":1}', "byte 0"),
        ('{"a":1}'.encode("utf-16"), "byte 0"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b'{"a":"\xc0\xaf"}', "not UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a":"\\ud800"}', "truncated"),
        (b'{"a":"\\ud800x"}', "truncated"),
        (b'{"a":"\\udc00\\ud800"}', "surrogate"),
        (b'{"a":"\x00"}', "byte 6"),
        (b'{"a":"\x1f"}', "byte 6"),
        (b'{"a":"\\u0000"}', "U+0000"),
        (b'{"\\u0000":1}', "U+0000"),
        (b'{"a":"\\\\\\u0000"}', "U+0000"),
        (b'{"status":1,"status":1}', "'status' stands twice"),
        (b'{"a":1,"\\u0061":2}', "'a' stands twice"),
        (b'{"x":[{"a":1,"b":2,"a":3}]}', "'a' stands twice"),
        (b'{"a":1,"a":2,"b" :3}', "'a' stands twice"),
        (b'{"a":1,"a":2,"b"\n:3}', "'a' stands twice"),
        (b'{"a":1,"a":2,"b"\t\r :3}', "'a' stands twice"),
        (b'{"a":1,"a":2,"b":"\\u0022:"}', "'a' stands twice"),
        (b'{"a":1,"a":2,"b":"\\"\\u003a"}', "'a' stands twice"),
        (b'{"a":" :","a":1,"b" :"\\u0020:"}', "'a' stands twice"),
        (b'{"Anna Perez":1,"Anna Perez":1}', "a key stands twice"),
        (b'{"a":1234567890123456789012345678901234567890.1}', "more than 40 characters"),
        (b'{"a":12345678901234567890123456789012345678901}', "more than 40 characters"),
        (b'{"a":' + b"9" * 5000 + b"}", "out of range"),
        (b'{"a":1e65}', "exponent beyond 64"),
        (b'{"a":1E-65}', "exponent beyond 64"),
        (b'{"a":1e131071}', "exponent beyond 64"),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "deeper than 64"),
        (b'{"a":' + b'{"a":' * 64 + b"1" + b"}" * 65, "deeper than 64"),
        (b'{"a":' + b"[" * 60_000, "deeper than 64"),
    ],
)
def test_refusals_say_why(raw, why):
    """Each row: a body that is refused, and a part of the message."""
    with pytest.raises(Malformed, match=why.replace("+", r"\+")) as refused:
        decode(raw)

    assert "Perez" not in str(refused.value)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"12345678901234567890123456789012345678901"}',
        b'{"a":' + b"[" * 63 + b"]" * 63 + b"}",
        b'{"a":"' + b"[{" * 200 + b'"}',
        b'{"a":"\\\\u0000"}',
        b'{ "a" : "x : y\\": z" , "b"\t:\r\n1 }',
        b'{"a":{"a":1},"b":[{"a":1},{"a":1}]}',
        b'{"a":"caf\\u00e9 \\u0022\\u003a"}',
    ],
)
def test_only_what_is_wrong_is_refused(raw):
    """Each row looks like something refused, and is read."""
    assert decode(raw) == json.loads(raw)


def test_larger_than_wanted_is_too_large():
    """The caller says how many bytes are read."""
    assert decode(b'{"a":1}', most=7) == {"a": 1}
    with pytest.raises(TooLarge, match="8 bytes; at most 7"):
        decode(b'{"a":12}', most=7)


# The fast checks and a plain slow reading --------------------------------------------------------------------------


def plainly(raw: bytes) -> Any:
    """The same rules, written as a walk: what `decode` must agree with."""

    def unique(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError
        return dict(pairs)

    def constant(_):
        raise ValueError

    def decimal(text):
        if len(text) > 40 or abs(int(text.lower().partition("e")[2] or 0)) > 64:
            raise ValueError
        return Decimal(text)

    def whole(text):
        if len(text) > 40:
            raise ValueError
        return int(text)

    value = json.loads(
        raw.decode(), object_pairs_hook=unique, parse_constant=constant, parse_float=decimal, parse_int=whole
    )
    walk(value, 1)
    if not isinstance(value, dict):
        raise TypeError
    return value


def walk(value, depth):
    if isinstance(value, str) and ("\0" in value or value.encode() is None):
        raise ValueError
    if isinstance(value, dict | list):
        if depth > MOST_DEPTH:
            raise ValueError
        for one in [*value, *value.values()] if isinstance(value, dict) else value:
            walk(one, depth + 1)


def agrees(raw: bytes) -> None:
    try:
        wanted = plainly(raw)
    except (ValueError, TypeError, RecursionError):
        with pytest.raises(FhirRefusal):
            decode(raw)
        return
    value, compact = decode_encoded(raw)

    assert value == wanted
    assert plainly(compact) == wanted


SIGNS = st.sampled_from(
    [
        *'ab":\\{}[], /\t\n\r\0é😀\ud800',
        "\\u0061",
        "\\u0022",
        "\\u003A",
        "\\u0020",
        "\\u0000",
        "\\\\",
        '\\"',
        "\\ud83d\\ude00",
        "\\ud83d",
        " :",
    ]
)
BLANKS = st.sampled_from(["", "", "", "", " ", "\n", "\t", "\r\n  "])
NUMBERS = st.sampled_from(
    [
        "0",
        "-0",
        "1.50",
        "1e64",
        "1e65",
        "0.0000001",
        "9" * 40,
        "9" * 41,
        "0." + "3" * 38,
        "0." + "3" * 39,
        "-1E-64",
        "12",
        "NaN",
        "01",
        "true",
        "null",
    ]
)
# Text escaped as JSON wants it, or mostly so.
TEXTS = st.one_of(
    st.text(max_size=6).map(json.dumps),
    st.sampled_from(['"a"', '"b"', '"\\u0061"']),
    st.lists(SIGNS, max_size=5).map(lambda made: f'"{"".join(made)}"'),
)


@st.composite
def objects(draw, values):
    members = [
        f"{draw(BLANKS)}{draw(TEXTS)}{draw(BLANKS)}:{draw(BLANKS)}{draw(values)}{draw(BLANKS)}"
        for _ in range(draw(st.integers(0, 3)))
    ]
    return "{" + ",".join(members) + "}"


VALUES = st.recursive(
    NUMBERS | TEXTS,
    lambda inner: objects(inner) | st.lists(inner, max_size=3).map(lambda made: "[" + " ,".join(made) + "]"),
    max_leaves=12,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(objects(VALUES))
def test_fast_and_plain_reading_agree(text):
    """For any text made of JSON's parts, both refuse it, or both read the same value."""
    agrees(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=EXAMPLES, deadline=None)
@given(objects(VALUES), st.integers(0, 200), st.binary(max_size=3))
def test_any_bytes_are_read_or_refused(text, at, noise):
    """Damaged anywhere, a text is still read alike or refused: never another error."""
    raw = text.encode("utf-8", "replace")
    agrees(raw[:at] + noise + raw[at + 1 :])


@settings(max_examples=EXAMPLES // 8, deadline=None)
@given(st.integers(55, 75), objects(VALUES), st.lists(st.sampled_from(['"["', '"]"', '"{}"']), min_size=2, max_size=2))
def test_depth_is_counted_exactly(depth, inner, decoys):
    """Brackets in texts neither add to the depth nor hide it."""
    agrees(('{"a":' + f"[{decoys[0]}," * depth + inner + f",{decoys[1]}]" * depth + "}").encode("utf-8", "replace"))


# Bombs ---------------------------------------------------------------------------------------------------------------

# The slowest of these take 50 to 80 ms for each MiB.
BOMBS = [
    ("empty arrays", b'{"a":[' + b"[]," * 650_000 + b"[]]}"),
    ("empty objects", b'{"a":[' + b"{}," * 650_000 + b"{}]}"),
    ("small objects", b'{"a":[' + b'{"abcd":1},' * 190_000 + b"1]}"),
    ("ones", b'{"a":[' + b"1," * 1_000_000 + b"1]}"),
    ("a quarter million ones", b'{"a":[' + b"1," * 249_995 + b"1]}"),
    ("decimals", b'{"a":[' + b"1.5," * 165_000 + b"1]}"),
    ("longer decimals", b'{"a":[' + b"1.5555678," * 165_000 + b"1]}"),
    ("spelled decimals", b'{"a":[' + b"1000000e5," * 165_000 + b"1]}"),
    ("decimals of full length", b'{"a":[' + b"0.00000000000000000000000000000000000001," * 50_000 + b"1]}"),
    (
        "decimals with keys",
        b'{"a":[' + b'{"value":0.0000000000000000000000000001,"unit":"mg","code":"g"},' * 60_000 + b"1]}",
    ),
    ("wholes", b'{"a":[' + b"1234567890," * 190_000 + b"1]}"),
    ("keys", b"{" + b",".join(b'"k%d":1' % at for at in range(165_000)) + b"}"),
    ("keys twice", b"{" + b",".join(b'"k%d":1' % (at % 150_000) for at in range(165_000)) + b"}"),
    ("open brackets", b'{"a":' + b"[" * 2_000_000),
    ("open quote", b'{"a":"' + b"x" * 2_000_000),
    ("backslashes", b'{"a":"' + b"\\\\" * 950_000 + b'"}'),
    ("escaped quotes", b'{"a" :"' + b'\\":' * 650_000 + b'"}'),
    ("backslashes before NUL", b'{"a":"' + b"\\\\" * 950_000 + b'\\u0000"}'),
    ("empty texts", b'{"a" :[' + b'"" ,        ' * 150_000 + b'""]}'),
    ("nearly NUL", b'{"a":"' + b"\\\\u0000" * 290_000 + b'"}'),
    ("digits", b'{"a":"' + b"1" * 2_000_000 + b'"}'),
    ("one number", b'{"a":' + b"1" * 2_000_000 + b"}"),
    ("blanks", b'{"a"' + b" " * 2_000_000 + b":1}"),
    ("brackets in a text", b'{"a":"' + b"[{" * 1_000_000 + b'"}'),
]


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in BOMBS])
def test_no_text_costs_much_time(raw):
    """Reading or refusing takes at most 100 ms of processor time for each MiB."""
    assert costs_less(lambda: outcome(raw), 0.1 * (len(raw) / MIB + 1))


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in BOMBS])
def test_no_text_costs_much_memory(raw):
    """Reading or refusing takes at most a small multiple of the text's own size."""
    tracemalloc.start()
    try:
        outcome(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20 * len(raw)


def test_a_large_group_is_read():
    """What many members weigh is no bomb: 60,000 patients in one Group."""
    members = b",".join(b'{"entity":{"reference":"Patient/%d"}}' % at for at in range(60_000))

    assert len(decode(b'{"resourceType":"Group","member":[' + members + b"]}")["member"]) == 60_000


def outcome(raw: bytes) -> Any:
    try:
        return decode(raw)
    except FhirRefusal as refusal:
        return refusal.message
