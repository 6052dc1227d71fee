"""Token parameters: https://hl7.org/fhir/R4/search.html#token

Codes and identifiers compare without case, systems exactly, `_id` exactly (docs/adr/0101-search-meaning.md).
"""

from typing import Any

from ...definitions import SearchParam
from ...outcomes import BadValue
from ..context import Context
from ..escapes import split, unescape
from ..index import Index
from ..query import Display, Test, Token, Value
from . import string
from .reader import Numbers, items, part

MODIFIERS = frozenset({"", "not", "text"})
BOOLEANS = "http://terminology.hl7.org/CodeSystem/special-values"


def fold(code: str) -> str:
    """The form in which two codes are compared."""
    return code.casefold()


def concept(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """CodeableConcept: each coding; its text for `:text`."""
    if type(element) is dict:
        for one in items(element.get("coding")):
            coding(one, numbers, into)
        beside(element.get("text"), numbers, into)


def coding(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Coding: system and code; its display for `:text`."""
    if type(element) is dict:
        pair(element.get("system"), element.get("code"), numbers, into)
        beside(element.get("display"), numbers, into)


def identifier(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Identifier: system and value; the text of its type for `:text`."""
    pair(part(element, "system"), part(element, "value"), numbers, into)
    beside(part(part(element, "type"), "text"), numbers, into)


def contact(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """ContactPoint: the value; its `system` says what it is, not whose."""
    pair("", part(element, "value"), numbers, into)


def code(element: Any, numbers: Numbers, into: Index, system: str = "") -> None:
    """A primitive: the value, in the system that its binding implies."""
    if isinstance(element, str) and element:
        pair(system, element, numbers, into)


def boolean(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Boolean: `true` or `false`."""
    if isinstance(element, bool):
        pair(BOOLEANS, "true" if element else "false", numbers, into)


def pair(system: Any, value: Any, numbers: Numbers, into: Index) -> None:
    """One row for each parameter, where there is anything to find."""
    if type(system) is not str:
        system = ""
    if type(value) is not str:
        value = ""
    if system or value:
        for number in numbers:
            into.tokens.append((number, system, value))


def beside(display: Any, numbers: Numbers, into: Index) -> None:
    """Text that stands with a coded value."""
    if display and type(display) is str:
        for number in numbers:
            into.displays.append((number, display))


READERS = {
    "CodeableConcept": concept,
    "Coding": coding,
    "Identifier": identifier,
    "ContactPoint": contact,
    "boolean": boolean,
    **dict.fromkeys(("code", "id", "string", "markdown", "uri", "url", "canonical", "oid", "uuid"), code),
}


def read(param: SearchParam, modifier: str, value: str, _: Context) -> tuple[Test, ...]:
    """One alternative of a value: `code`, `system|code`, `system|`, `|code`; with `:text` words. Raises BadValue."""
    if modifier == "text":
        return (Test(param.code, Display(string.words(param.code, unescape(value))), "text"),)
    if param.code == "_id":
        return (Test("_id", Token(None, unescape(value)), "is"),)
    return (Test(param.code, Token(*places(param.code, value)), "is"),)


def places(name: str, value: str) -> tuple[str | None, str | None]:
    """System and code of `system|code`; None for a place left open.

    >>> places("code", "http://loinc.org|8867-4"), places("code", "8867-4")
    (('http://loinc.org', '8867-4'), (None, '8867-4'))
    >>> places("code", "http://loinc.org|"), places("code", "|8867-4")
    (('http://loinc.org', None), ('', '8867-4'))
    """
    parts = [unescape(part) for part in split(value, "|")]
    if not any(parts) or len(parts) > 2:
        raise BadValue(f"{name} wants code, system|code, system| or |code, with \\| for a bar inside one of them")
    if len(parts) == 1:
        return None, parts[0]
    return parts[0], parts[1] or None


def fits(have: Value, test: Test) -> bool:
    """Does this value of a resource answer the test?"""
    match have, test.value:
        case Token(system, code), Token(system_wanted, code_wanted):
            same_code = code_wanted is None or same(test.param, code or "", code_wanted)
            return system_wanted in (None, system) and same_code
        case Display(found), Display(wanted):
            return string.fold(found).startswith(string.fold(wanted))
    return False


def same(param: str, code: str, wanted: str) -> bool:
    """Ids compare exactly, all else without case."""
    return code == wanted if param == "_id" else fold(code) == fold(wanted)
