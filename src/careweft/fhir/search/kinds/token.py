"""Token parameters: https://hl7.org/fhir/R4/search.html#token

Codes and identifiers compare without case, systems exactly, `_id` exactly (docs/adr/0101-search-meaning.md).
"""

from typing import Any

from ...definitions import SearchParam
from ...outcomes import BadValue
from ..context import Context
from ..escapes import split, unescape
from ..index import Index
from ..query import Display, Test, Token, Typed, Value
from . import string, terminology
from .reader import Numbers, items, part, text

MODIFIERS = frozenset({"", "not", "text", "of-type", "above", "below", "in", "not-in"})
BOOLEANS = "http://terminology.hl7.org/CodeSystem/special-values"


def fold(code: str) -> str:
    """The form in which two codes are compared."""
    return code.casefold()


def concept(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """CodeableConcept: each coding; its text for `:text`."""
    if type(element) is dict:
        codings, words = element.get("coding"), element.get("text")
        if type(codings) is list:
            for one in codings:
                coding(one, numbers, into)
        if words:
            beside(words, numbers, into)


def coding(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Coding: system and code; its display for `:text`."""
    if type(element) is dict:
        pair(element.get("system"), element.get("code"), numbers, into)
        if "display" in element:
            beside(element["display"], numbers, into)


def identifier(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Identifier: system and value; its type for `:of-type`, the text of that for `:text`."""
    value, type_ = part(element, "value"), part(element, "type")
    pair(part(element, "system"), value, numbers, into)
    beside(part(type_, "text"), numbers, into)
    for one in items(part(type_, "coding")) if value and type(value) is str else ():
        if kind := text(part(one, "code")):
            into.typed.extend((number, text(part(one, "system")), kind, value) for number in numbers)


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
    """One alternative: `code`, `system|code`, `system|`, `|code`; with a modifier what that wants. Raises BadValue."""
    match modifier:
        case "text":
            return (Test(param.code, Display(string.words(param.code, unescape(value))), "text"),)
        case "of-type":
            return (Test(param.code, of_type(param.code, value), "of-type"),)
        case "in" | "not-in":
            return tuple(Test(param.code, Token(*one), "is") for one in terminology.members(param.code, value))
        case "above" | "below":
            found = terminology.related(param.code, modifier, *places(param.code, value))
            return tuple(Test(param.code, Token(*one), "is") for one in found)
    if param.code == "_id":
        return (Test("_id", Token(None, unescape(value)), "is"),)
    return (Test(param.code, Token(*places(param.code, value)), "is"),)


def of_type(name: str, value: str) -> Typed:
    """The three places of `system|code|value`, all of which have to be there."""
    parts = [unescape(part) for part in split(value, "|")]
    if len(parts) != 3 or not all(parts):
        raise BadValue(f"{name}:of-type wants system|code|value: of the identifier's type, and its value")
    return Typed(*parts)


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
        case Typed(system, kind, value), Typed(system_wanted, kind_wanted, value_wanted):
            return system == system_wanted and fold(kind) == fold(kind_wanted) and fold(value) == fold(value_wanted)
        case Display(found), Display(wanted):
            return string.fold(found).startswith(string.fold(wanted))
    return False


def same(param: str, code: str, wanted: str) -> bool:
    """Ids compare exactly, all else without case."""
    return code == wanted if param == "_id" else fold(code) == fold(wanted)
