"""URI parameters: https://hl7.org/fhir/R4/search.html#uri

Compared as a whole, exactly. A canonical with a version is also found without it.
"""

from typing import Any

from ...definitions import SearchParam
from ..context import Context
from ..escapes import unescape
from ..index import Index
from ..query import Test, Uri, Value
from .reader import Numbers, Reader

MODIFIERS = frozenset({""})


def uri(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """A URI as it stands."""
    if isinstance(element, str) and element:
        for number in numbers:
            into.uris.append((number, element))


def canonical(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """A canonical: as it stands, and without its `|version`."""
    uri(element, numbers, into)
    if isinstance(element, str) and "|" in element:
        uri(element.partition("|")[0], numbers, into)


READERS: dict[str, Reader] = {**dict.fromkeys(("uri", "url", "oid", "uuid"), uri), "canonical": canonical}


def read(param: SearchParam, _: str, value: str, __: Context) -> tuple[Test, ...]:
    """One alternative: the URI. A bar needs no escape here, since nothing stands beside it."""
    return (Test(param.code, Uri(unescape(value)), "is"),)


def fits(have: Value, test: Test) -> bool:
    """Does this value of a resource answer the test?"""
    return isinstance(have, Uri) and have == test.value
