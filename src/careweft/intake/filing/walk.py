"""Every typed value of a resource with its path, contained resources and extensions included.

The types are those of the R4 definitions; what they do not know is not walked, and refused elsewhere.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from ...fhir.definitions import RESOURCES, TYPES


class Value(NamedTuple):
    """One complex value: where it stands, of which type it is, and the value itself."""

    path: str
    type: str
    value: dict[str, Any]


def values(resource: dict[str, Any]) -> Iterator[Value]:
    """The values of this resource, outermost first.

    >>> [one.path for one in values({"resourceType": "Basic", "subject": {"reference": "Patient/ana"}})]
    ['Basic.subject']
    """
    type_ = resource.get("resourceType")
    if isinstance(type_, str) and type_ in RESOURCES:
        yield from _members(resource, type_, type_)


def _members(value: dict[str, Any], type_: str, path: str) -> Iterator[Value]:
    known = TYPES[type_].by_json
    for key, member in value.items():
        if key in known:
            yield from _each(member, known[key][1], f"{path}.{key}")
        elif key[:1] == "_":  # what extends a primitive
            yield from _each(member, "Element", f"{path}.{key[1:]}")


def _each(member: Any, type_: str, path: str) -> Iterator[Value]:
    if isinstance(member, list):
        for at, one in enumerate(member):
            yield from _each(one, type_, f"{path}[{at}]")
    elif isinstance(member, dict):
        if type_ == "Resource" or type_ in RESOURCES:
            named = member.get("resourceType")
            if isinstance(named, str) and named in RESOURCES:
                yield from _members(member, named, path)
        else:
            yield Value(path, type_, member)
            yield from _members(member, type_, path)
