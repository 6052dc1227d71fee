"""What each primitive type takes: https://hl7.org/fhir/R4/datatypes.html#primitive"""

import time
from decimal import Decimal

import pytest

from careweft.fhir.validate.narrative import plain, safe
from careweft.fhir.validate.primitives import LEXICAL

ROWS = (
    # type, what it takes, what it does not
    ("string", ("a", "a\nb", " a", "é", "\u200b"), ("", 1, None, "a\x00", "a\x1b", "x" * (1024 * 1024 + 1))),
    ("code", ("a", "a b", "<=", "é"), ("", " a", "a ", "a  b", "a\n\nb", 1)),
    ("id", ("a", "A-1.2", "x" * 64), ("", "a_b", "x" * 65, "a b", "é")),
    ("uri", ("urn:x", "http://a/b?c", "é"), ("", "a b", "a\tb", 1)),
    ("oid", ("urn:oid:1.2.840",), ("1.2.840", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1")),
    ("uuid", ("urn:uuid:c757873d-ec9a-4326-a141-556f43239520",), ("c757873d-ec9a-4326-a141-556f43239520",)),
    ("base64Binary", ("QUJD", "QU JD", "QQ==", "QUJD\n"), ("", "QUJ", "QQ=", "Q===", "Q=QQ", "€€€€", 1)),
    ("boolean", (True, False), ("true", 1, 0, None)),
    ("decimal", (1, Decimal("1.50"), -3), ("1", True, None)),
    ("integer", (0, -5, 2**31 - 1, -(2**31)), (2**31, Decimal("1.0"), "1", True)),
    ("unsignedInt", (0, 7), (-1, 2**31)),
    ("positiveInt", (1,), (0, -1)),
    (
        "date",
        ("2024", "2024-02", "2024-02-29", "0001"),
        ("2023-02-29", "2024-13", "2024-00", "2024-1", "0000", "2024-05-17T08:00:00Z", 2024),
    ),
    (
        "dateTime",
        ("2024", "2024-05-17", "2024-05-17T08:30:00Z", "2015-02-07T13:28:17.239+02:00", "2016-12-31T23:59:60Z"),
        (
            "2024-05-17T08:30Z",
            "2024-05-17T08:30:00",
            "2024-05-17T24:00:00Z",
            "2024-04-31T08:30:00Z",
            "2024-05-17T08:30:00+14:30",
            "2024-05-17 08:30:00Z",
        ),
    ),
    ("instant", ("2024-05-17T08:30:00.000Z",), ("2024-05-17", "2023-02-30T00:00:00Z")),
    ("time", ("08:30:00", "23:59:60.5"), ("24:00:00", "08:30", "08:30:00Z")),
)


@pytest.mark.parametrize(("type_", "good", "bad"), ROWS)
def test_primitives(type_, good, bad):
    """Each row: a type, values it takes, values it does not."""
    assert [one for one in good if LEXICAL[type_](one) is not None] == []
    assert [one for one in bad if LEXICAL[type_](one) is None] == []


HOSTILE = (
    "a" * 500_000 + "\n",
    "a " * 250_000 + " ",
    "=" * 500_000,
    "1." * 250_000,
    "-" * 500_000,
    "urn:oid:1" + ".1" * 250_000 + "x",
)


@pytest.mark.parametrize("type_", LEXICAL)
def test_no_text_makes_a_pattern_slow(type_):
    """PARSE-06: half a megabyte is read in time that grows with the text; backtracking would take hours."""
    start = time.process_time()
    for text in HOSTILE:
        LEXICAL[type_](text)

    assert time.process_time() - start < 10


XHTML = '<div xmlns="http://www.w3.org/1999/xhtml"{}>{}</div>'


@pytest.mark.parametrize(
    ("attributes", "inside", "good"),
    [
        ("", "words", True),
        ("", '<p class="a">words <b>and</b> more<br/></p>', True),
        (' lang="en"', "&lt;words &amp; more&#160;&gt;", True),
        ("", '<img src="Binary/7"/>', True),
        ("", '<a href="https://a.example/?b">words</a>', True),
        ("", "<!-- a remark --><p>words</p>", True),
        ("", "", False),
        ("", "  <p/> ", False),
        ("", "<p>words", False),
        ("", "<p>words</b>", False),
        ("", "a < b", False),
        ("", "&nbsp;", False),
        ("", "a & b", False),
        ("", "<script>1</script>", False),
        ("", "<SCRIPT>1</SCRIPT>", False),
        ("", "<form><input/></form>", False),
        ("", '<p onclick="x">words</p>', False),
        ("", '<p class="a" class="b">words</p>', False),
        (' lang="a" lang="b"', "words", False),
        ("", '<a href="javascript:x">words</a>', False),
        ("", '<a href=" JavaScript:x">words</a>', False),
        ("", '<iframe src="a"></iframe>', False),
        ("", '<p xmlns="urn:x">words</p>', False),
        ("", "</div><div>words", False),
        ("", "words\x0b", False),
        ("", "]]>", False),
    ],
)
def test_a_narrative(attributes, inside, good):
    """Each row: what a div holds, and whether a narrative may; nothing bad is told without the parser."""
    div = XHTML.format(attributes, inside)

    assert (safe(div) is None) is good
    assert good or not plain(div)


@pytest.mark.parametrize("inside", ["<b>" * 5000, "<p a=" * 5000, "&" * 100_000, '<p class="' * 20_000])
def test_a_hostile_narrative_is_refused(inside):
    assert safe(XHTML.format("", inside)) is not None
