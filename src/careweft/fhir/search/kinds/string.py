"""String parameters: https://hl7.org/fhir/R4/search.html#string

Without modifier the value begins with what is asked, without regard to case and accents.
"""

import unicodedata
from typing import Any

from ...definitions import SearchParam
from ...outcomes import BadValue
from ..context import Context
from ..escapes import unescape
from ..index import Index
from ..query import Test, Text, Value
from .reader import Numbers, Reader, items, part

MODIFIERS = frozenset({"", "exact", "contains"})
HOW = {"": "starts", "exact": "exact", "contains": "contains"}
NAME = (("text", "family"), ("given", "prefix", "suffix"))
ADDRESS = (("text", "city", "district", "state", "postalCode", "country"), ("line",))


def fold(text: str) -> str:
    """The form in which strings are compared: no case, no accents, single spaces.

    >>> fold("  Ordóñez   STRASSE") == fold("ordonez straße")
    True
    """
    if text.isascii():
        return " ".join(text.lower().split())
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join("".join(one for one in apart if not unicodedata.combining(one)).split())


def string(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """A string as it stands."""
    if isinstance(element, str) and element:
        for number in numbers:
            into.strings.append((number, element))


def parts(names: tuple[tuple[str, ...], tuple[str, ...]]) -> Reader:
    """Each part of a HumanName or an Address is a value; the second group repeats."""
    once, repeating = names

    def read_parts(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
        for name in once:
            string(part(element, name), numbers, into)
        for name in repeating:
            for one in items(part(element, name)):
                string(one, numbers, into)

    return read_parts


READERS: dict[str, Reader] = {
    "HumanName": parts(NAME),
    "Address": parts(ADDRESS),
    **dict.fromkeys(("string", "markdown", "code", "uri", "url", "canonical"), string),
}


def read(param: SearchParam, modifier: str, value: str, _: Context) -> tuple[Test, ...]:
    """One alternative: the text, escapes undone. Raises BadValue."""
    return (Test(param.code, Text(words(param.code, unescape(value))), HOW[modifier]),)


def words(name: str, text: str) -> str:
    """The text, if anything of it is left to compare: else every resource would do."""
    if not fold(text):
        raise BadValue(f"{name} wants at least one letter or digit")
    return text


def fits(have: Value, test: Test) -> bool:
    """Does this value of a resource answer the test?"""
    match have, test.value, test.how:
        case Text(found), Text(wanted), "exact":
            return found == wanted
        case Text(found), Text(wanted), "contains":
            return fold(wanted) in fold(found)
        case Text(found), Text(wanted), "starts":
            return fold(found).startswith(fold(wanted))
    return False
