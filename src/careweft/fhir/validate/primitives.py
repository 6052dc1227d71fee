"""What each primitive type takes: https://hl7.org/fhir/R4/datatypes.html#primitive

Every pattern here is read in time that grows with the text and no faster (PARSE-06); dates have to be days that were.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from .narrative import safe

Lexical = Callable[[Any], str | None]
"""What is wanted instead, or None where the value is one."""

LONGEST_STRING = 1024 * 1024
INT_32 = 1 << 31
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SPACE = re.compile(r"\s")
_CODE = re.compile(r"\S++(?:\s\S++)*+")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*+))++")
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*+={0,2}")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]++)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_TIME = re.compile(_CLOCK)
_MONTH = r"[0-9]{4}-(?:0[1-9]|1[0-2])"
_DATE = re.compile(rf"[0-9]{{4}}|{_MONTH}(?:-[0-9]{{2}})?")
_DATE_TIME = re.compile(rf"[0-9]{{4}}|{_MONTH}|{_MONTH}-[0-9]{{2}}(?:T{_CLOCK}{_ZONE})?")
_INSTANT = re.compile(rf"{_MONTH}-[0-9]{{2}}T{_CLOCK}{_ZONE}")


def text(value: Any) -> str | None:
    """A string or markdown."""
    if type(value) is not str:
        return "a string"
    if value and value.isprintable() and len(value) <= LONGEST_STRING:
        return None
    if not value:
        return "a string that is not empty"
    if len(value) > LONGEST_STRING:
        return "a string of at most 1 MB"
    return "a string without control characters" if _CONTROL.search(value) else None


def link(value: Any) -> str | None:
    """A uri, url or canonical."""
    if type(value) is str and value and not _SPACE.search(value):
        return None
    return "a URI: a string that is not empty and has no spaces"


def shaped(pattern: re.Pattern[str], wanted: str) -> Lexical:
    """A string of this shape."""

    def check(value: Any) -> str | None:
        return None if type(value) is str and pattern.fullmatch(value) else wanted

    return check


def moment(pattern: re.Pattern[str], wanted: str) -> Lexical:
    """A date of this shape, on a day that the calendar has."""

    @lru_cache(8192)
    def good(value: str) -> bool:
        return pattern.fullmatch(value) is not None and real(value[:10])

    def check(value: Any) -> str | None:
        return None if type(value) is str and good(value) else wanted

    return check


def real(day: str) -> bool:
    """Whether the calendar has this year, month or day.

    >>> real("2024-02-29"), real("2023-02-29"), real("0000")
    (True, False, False)
    """
    try:
        dt.date(int(day[:4]), int(day[5:7] or 1), int(day[8:10] or 1))
    except ValueError:
        return False
    return True


def whole(low: int, wanted: str) -> Lexical:
    """A whole number from `low` on."""

    def check(value: Any) -> str | None:
        return None if type(value) is int and low <= value < INT_32 else wanted

    return check


def decimal(value: Any) -> str | None:
    """A number; its digits are kept as they were written."""
    return None if isinstance(value, Decimal) or type(value) is int else "a number"


def boolean(value: Any) -> str | None:
    """True or false."""
    return None if type(value) is bool else "true or false"


def base64(value: Any) -> str | None:
    """base64Binary; white space may stand between."""
    if type(value) is str:
        plain = value if value.isascii() and value.isalnum() else "".join(value.split())
        if plain and len(plain) % 4 == 0 and _BASE64.fullmatch(plain):
            return None
    return "base64"


def xhtml(value: Any) -> str | None:
    """The div of a narrative."""
    if type(value) is not str:
        return "a string with XHTML"
    wrong = safe(value)
    return wrong and f"safe XHTML ({wrong})"


LEXICAL: Mapping[str, Lexical] = {
    "string": text,
    "markdown": text,
    "code": shaped(_CODE, "a code: a string without space at its ends or twice within"),
    "id": shaped(_ID, "an id: 1 to 64 letters, digits, - and ."),
    "uri": link,
    "url": link,
    "canonical": link,
    "oid": shaped(_OID, "an OID such as urn:oid:1.2.3"),
    "uuid": shaped(_UUID, "a UUID such as urn:uuid: and 36 lower-case characters"),
    "base64Binary": base64,
    "boolean": boolean,
    "decimal": decimal,
    "integer": whole(-INT_32, "a whole number of 32 bits"),
    "unsignedInt": whole(0, "a whole number from 0 on"),
    "positiveInt": whole(1, "a whole number from 1 on"),
    "date": moment(_DATE, "a date of the calendar such as 2024, 2024-05 or 2024-05-17"),
    "dateTime": moment(_DATE_TIME, "a date of the calendar, or with a time such as 2024-05-17T08:30:00Z"),
    "instant": moment(_INSTANT, "an instant such as 2024-05-17T08:30:00.000Z"),
    "time": shaped(_TIME, "a time such as 08:30:00"),
    "xhtml": xhtml,
}
