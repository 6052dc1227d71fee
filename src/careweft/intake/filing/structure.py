"""Does a resource have the shape that R4 gives its type? Elements that exist, lists where lists belong, no more.

What else a base resource and its profiles demand is the validator's; this is what the store and the other checks rely
on.
"""

from collections.abc import Iterator
from typing import Any

from ...fhir.definitions import RESOURCES, TYPES, Element
from .issues import Issue, wrong

BESIDE = ("resourceType", "fhir_comments")


def misshapen(resource: dict[str, Any]) -> Iterator[Issue]:
    """Whatever has no place in a resource of this type."""
    type_ = str(resource.get("resourceType"))
    yield from _object(resource, type_, type_)


def _object(value: dict[str, Any], type_: str, path: str) -> Iterator[Issue]:
    known = TYPES[type_].by_json
    if not value:
        yield wrong(path, "structure", "an object may not be empty")
    for key, member in value.items():
        if key in known:
            yield from _member(member, *known[key], f"{path}.{key}")
        elif key[:1] == "_" and key[1:] in known and TYPES[known[key[1:]][1]].kind == "primitive":
            yield from _extended(member, known[key[1:]][0], f"{path}.{key[1:]}")
        elif key != "resourceType" or (path.count(".") and type_ not in RESOURCES):
            yield wrong(path, "structure", f"R4 has no element '{printable(key)}' here")


def _member(member: Any, element: Element, type_: str, path: str) -> Iterator[Issue]:
    if not isinstance(member, list):
        if element.max != 1:
            yield wrong(path, "structure", "wants a list")
            return
        yield from _one(member, type_, path)
        return
    if element.max == 1:
        yield wrong(path, "structure", "wants one value, not a list")
        return
    if not member:
        yield wrong(path, "structure", "a list may not be empty")
    for at, one in enumerate(member):
        if one is not None or TYPES[type_].kind != "primitive":
            yield from _one(one, type_, f"{path}[{at}]")


def _one(one: Any, type_: str, path: str) -> Iterator[Issue]:
    if TYPES[type_].kind == "primitive":
        if isinstance(one, dict | list) or one is None or one == "":
            yield wrong(path, "structure", f"wants a {type_}")
    elif not isinstance(one, dict):
        yield wrong(path, "structure", f"wants a {type_}")
    elif type_ == "Resource" or type_ in RESOURCES:
        named = one.get("resourceType")
        if isinstance(named, str) and named in RESOURCES:
            yield from _object(one, named, path)
        else:
            yield wrong(path, "structure", "wants a resource of R4")
    else:
        yield from _object(one, type_, path)


def _extended(member: Any, element: Element, path: str) -> Iterator[Issue]:
    """What stands beside a primitive value: its id and extensions."""
    listed = member if element.max != 1 and isinstance(member, list) else [member]
    for one in listed:
        if isinstance(one, dict):
            yield from _object(one, "Element", path)
        elif one is not None:
            yield wrong(path, "structure", "wants an id or extensions beside a primitive value")


def printable(name: str) -> str:
    """What may be quoted of a name that a caller made up.

    >>> printable("colour"), printable("<b>")
    ('colour', 'b')
    """
    return "".join(one for one in name if one.isascii() and (one.isalnum() or one in "-_."))[:40]
