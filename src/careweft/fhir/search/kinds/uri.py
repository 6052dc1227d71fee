"""URI parameters: https://hl7.org/fhir/R4/search.html#uri

Compared as a whole, exactly. A canonical with a version is also found without it. `:below` is what lies on the path
under a URL, `:above` what that lies under; of both, the URL itself. A URN has no path.
"""

import re
from collections.abc import Iterator
from typing import Any

from ...definitions import SearchParam
from ...outcomes import BadValue
from ..context import Context
from ..escapes import unescape
from ..index import Index
from ..query import Test, Uri, Value
from .reader import Numbers, Reader

MODIFIERS = frozenset({"", "above", "below"})
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/\s]+(/\S*)?")


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


def read(param: SearchParam, modifier: str, value: str, _: Context) -> tuple[Test, ...]:
    """One alternative: the URI. A bar needs no escape here, since nothing stands beside it. Raises BadValue."""
    asked = unescape(value)
    if modifier and not _URL.fullmatch(asked):
        raise BadValue(f"{param.code}:{modifier} wants a URL with a path, such as http://hl7.org/fhir/")
    if modifier == "above":
        return tuple(Test(param.code, Uri(one), "is") for one in over(asked))
    if modifier == "below":
        folder = asked.rstrip("/")
        return (Test(param.code, Uri(folder), "is"), Test(param.code, Uri(folder + "/"), "below"))
    return (Test(param.code, Uri(asked), "is"),)


def over(url: str) -> Iterator[str]:
    """A URL and those on whose path it lies, each with and without its last slash.

    >>> list(over("http://a.example/b/c"))[1:]
    ['http://a.example/b/c/', 'http://a.example/b', 'http://a.example/b/', 'http://a.example', 'http://a.example/']
    """
    start = url.index("://") + 3
    one = url.rstrip("/")
    while len(one) > start:
        yield one
        yield one + "/"
        one = one[:start] + one[start:].rpartition("/")[0].rstrip("/")


def fits(have: Value, test: Test) -> bool:
    """Does this value of a resource answer the test?"""
    if not (isinstance(have, Uri) and isinstance(test.value, Uri)):
        return False
    return have.text.startswith(test.value.text) if test.how == "below" else have == test.value
