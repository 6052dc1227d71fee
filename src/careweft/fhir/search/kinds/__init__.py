"""The kinds of search parameters: https://hl7.org/fhir/R4/search.html#ptypes

Each has one file that says how it is indexed (`READERS`), how it is asked (`read`) and what the answer means (`fits`).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, tzinfo
from typing import Any

from ....values import dataclass
from ...definitions import SearchParam
from ..context import Context
from ..index import Index
from ..query import Test, Value
from . import composite, date, number, quantity, reference, string, token, uri
from .prefix import PREFIXES
from .reader import Reader


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` raises BadValue; `modifiers` are those of this kind, "" for none, `missing` going with all."""

    readers: Mapping[str, Reader]
    read: Callable[[SearchParam, str, str, Context], tuple[Test, ...]]
    fits: Callable[[Value, Test], bool]
    modifiers: frozenset[str]
    prefixes: tuple[str, ...] = ()

    def index(self, element: Any, type_: str, zone: tzinfo = UTC, system: str = "") -> Iterator[Value]:
        """What an element of this FHIR type is found by; nothing, when this kind does not read such elements.

        >>> list(KINDS["token"].index({"system": "http://loinc.org", "code": "8867-4"}, "Coding"))
        [Token(system='http://loinc.org', code='8867-4')]
        """
        into = Index(zone)
        if reader := self.readers.get(type_):
            reader(element, (0,), into, system)
        return into.of(0)


KINDS: Mapping[str, Kind] = {
    "token": Kind(token.READERS, token.read, token.fits, token.MODIFIERS),
    "reference": Kind(reference.READERS, reference.read, reference.fits, reference.MODIFIERS),
    "date": Kind(date.READERS, date.read, date.fits, date.MODIFIERS, PREFIXES),
    "string": Kind(string.READERS, string.read, string.fits, string.MODIFIERS),
    "number": Kind(number.READERS, number.read, number.fits, number.MODIFIERS, PREFIXES),
    "quantity": Kind(quantity.READERS, quantity.read, quantity.fits, quantity.MODIFIERS, PREFIXES),
    "uri": Kind(uri.READERS, uri.read, uri.fits, uri.MODIFIERS),
    "composite": Kind(composite.READERS, composite.read, composite.fits, composite.MODIFIERS),
}
