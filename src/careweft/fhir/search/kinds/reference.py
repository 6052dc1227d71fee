"""Reference parameters: https://hl7.org/fhir/R4/search.html#reference"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ...definitions import RESOURCES, SearchParam
from ...outcomes import BadValue
from ..context import Context
from ..escapes import unescape
from ..index import Index
from ..query import Logical, Ref, Test, Uri, Value
from . import token, uri
from .reader import Numbers, Reader, part, text

MODIFIERS = frozenset({"", "identifier"})
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_RELATIVE = re.compile(r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,31}:\S+")


@lru_cache(maxsize=16384)  # a record names its patient and encounters again and again
def literal(link: str) -> Ref | Uri | None:
    """What a literal reference leads to; a version is left out, and what lies within the resource is nothing.

    >>> literal("Patient/7/_history/2")
    Ref(type='Patient', id='7')
    >>> literal("https://elsewhere.example/fhir/Patient/7")
    Uri(text='https://elsewhere.example/fhir/Patient/7')
    >>> literal("#contained")
    """
    if (found := _RELATIVE.fullmatch(link)) and found[1] in RESOURCES:
        return Ref(found[1], found[2])
    if _ABSOLUTE.fullmatch(link):
        return Uri(link.partition("/_history/")[0])
    return None


def reference(element: Any, numbers: Numbers, into: Index, _: str = "") -> None:
    """Reference: what it leads to, and its identifier."""
    if type(element) is not dict:
        return
    link = element.get("reference")
    found = literal(link) if type(link) is str else None
    if type(found) is Ref:
        for number in numbers:
            into.refs.append((number, found.type, found.id))
    elif type(found) is Uri:
        for number in numbers:
            into.uris.append((number, found.text))
    if "identifier" in element:
        _logical(element["identifier"], numbers, into)


def _logical(identifier: Any, numbers: Numbers, into: Index) -> None:
    system, value = text(part(identifier, "system")), text(part(identifier, "value"))
    if system or value:
        into.logicals.extend((number, system, value) for number in numbers)


READERS: dict[str, Reader] = {"Reference": reference, **uri.READERS}


def read(param: SearchParam, modifier: str, value: str, context: Context) -> tuple[Test, ...]:
    """One alternative: `Type/id`, `id` (of each type it may lead to), a URL, or an identifier. Raises BadValue."""
    if modifier == "identifier":
        return (Test(param.code, Logical(*token.places(param.code, value)), "identifier"),)
    link = unescape(value)
    link = link.removeprefix(context.base.rstrip("/") + "/")
    return tuple(Test(param.code, one, "is") for one in wanted(param, modifier, link))


def wanted(param: SearchParam, type_: str, link: str) -> Iterator[Ref | Uri]:
    """What this link may mean for this parameter, confined to `type_` unless that is ""."""
    found = literal(link)
    if found and (not type_ or (isinstance(found, Ref) and found.type == type_)):
        yield found
    elif found is None and _ID.fullmatch(link) and (type_ or param.targets):
        yield from (Ref(target, link) for target in ((type_,) if type_ else param.targets))
    else:
        raise BadValue(f"{param.code} wants a reference such as {type_ or (*param.targets, 'Patient')[0]}/123")


def fits(have: Value, test: Test) -> bool:
    """Does this value of a resource answer the test?"""
    match have, test.value:
        case Logical(system, code), Logical(system_wanted, code_wanted):
            same = code_wanted is None or token.fold(code or "") == token.fold(code_wanted)
            return system_wanted in (None, system) and same
        case ((Ref() | Uri()), (Ref() | Uri())):
            return have == test.value
    return False
