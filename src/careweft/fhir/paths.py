"""What an expression finds in a resource: the plain reading of search parameters. https://hl7.org/fhirpath/N1/

`resolve()` never fetches anything: it answers by the type that the reference itself names.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from ..values import dataclass
from .definitions import TYPES, Element
from .expressions import (
    Both,
    Either,
    Equal,
    Exists,
    Is,
    Item,
    Literal,
    Member,
    Only,
    Path,
    Resolve,
    Root,
    This,
    Union,
    Where,
    read,
)


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a resource, its FHIR type, and the system that it implies when it is a `code`."""

    value: Any
    type: str
    system: str = ""


def values(resource: dict[str, Any], expression: str) -> list[Node]:
    """What the expression finds in this resource. Whatever in it is not as its type says is passed over.

    >>> values({"resourceType": "Patient", "name": [{"family": "Lovelace"}]}, "Patient.name.family")
    [Node(value='Lovelace', type='string', system='')]
    """
    root = Node(resource, str(resource.get("resourceType")))
    return walk(read(expression), root, root)


def walk(path: Path, root: Node, this: Node) -> list[Node]:  # noqa: C901, PLR0911, PLR0912 (one row for each kind of step)
    """The nodes that this tree finds from here."""
    match path:
        case Root(type_):
            return [root] if type_ in (root.type, "Resource", "DomainResource") else []
        case This():
            return [this]
        case Literal(value):
            return [Node(value, "")]
        case Union(parts):
            return [node for part in parts for node in walk(part, root, this)]
        case Member(of, name):
            return [found for node in walk(of, root, this) for found in members(node, name)]
        case Only(of, type_):
            return [node for node in walk(of, root, this) if node.type == type_]
        case Item(of, at):
            return walk(of, root, this)[at : at + 1]
        case Where(of, test):
            return [node for node in walk(of, root, this) if true(walk(test, root, node))]
        case Resolve(of):
            return [Node(None, leads_to(node.value)) for node in walk(of, root, this) if node.type == "Reference"]
        case Is(of, type_):
            return [Node(node.type == type_, "boolean") for node in walk(of, root, this)]
        case Exists(of):
            return [Node(bool(walk(of, root, this)), "boolean")]
        case Equal(left, right, negated):
            return equal(walk(left, root, this), walk(right, root, this), negated=negated)
        case Both(left, right):
            return [Node(true(walk(left, root, this)) and true(walk(right, root, this)), "boolean")]
        case Either(left, right):
            return [Node(true(walk(left, root, this)) or true(walk(right, root, this)), "boolean")]


@cache
def types(expression: str, type_: str) -> frozenset[str]:
    """The FHIR types of what the expression may find in a resource of this type.

    >>> sorted(types("Patient.identifier | Patient.telecom", "Patient"))
    ['ContactPoint', 'Identifier']
    """
    return frozenset(_types(read(expression), type_))


def _types(path: Path, type_: str) -> set[str]:
    match path:
        case Root(name):
            return {type_} if name in (type_, "Resource", "DomainResource") else set()
        case Union(parts):
            return {one for part in parts for one in _types(part, type_)}
        case Member(of, name):
            return {found for one in _types(of, type_) for _, _, found in keys(one, name)}
        case Only(of, wanted):
            return _types(of, type_) & {wanted}
        case Where(of, _) | Item(of, _):
            return _types(of, type_)
    return set()


def true(found: list[Node]) -> bool:
    """A condition holds when it comes to one `true`."""
    return [node.value for node in found] == [True]


def equal(left: list[Node], right: list[Node], *, negated: bool) -> list[Node]:
    """Equality of two collections; of an empty one nothing is said."""
    if not left or not right:
        return []
    same = [(type(node.value), node.value) for node in left] == [(type(node.value), node.value) for node in right]
    return [Node(same is not negated, "boolean")]


def members(node: Node, name: str) -> Iterator[Node]:
    """The elements of this name, whatever type was chosen for them."""
    if not isinstance(node.value, dict):
        return
    for key, element, type_ in keys(node.type, name):
        found = node.value.get(key)
        if found is not None and isinstance(found, list) is (element.max != 1):
            for one in found if isinstance(found, list) else (found,):
                yield Node(one, actual(one, type_), element.system)


@cache
def keys(type_: str, name: str) -> tuple[tuple[str, Element, str], ...]:
    """The JSON names under which a type has an element of this name, with the type that each says."""
    if type_ not in TYPES:
        return ()
    return tuple((key, element, of) for key, (element, of) in TYPES[type_].by_json.items() if element.name == name)


def actual(value: Any, type_: str) -> str:
    """The type of a value; of a resource within a resource, the one that it says."""
    return str(value.get("resourceType")) if type_ == "Resource" and isinstance(value, dict) else type_


def leads_to(reference: Any) -> str:
    """The type that a Reference leads to, as far as it says so itself, else "".

    >>> leads_to({"reference": "https://elsewhere.example/Patient/7/_history/2"}), leads_to({"type": "Patient"})
    ('Patient', 'Patient')
    """
    if not isinstance(reference, dict):
        return ""
    link = reference.get("reference")
    return _named(link) if isinstance(link, str) else str(reference.get("type") or "")


@lru_cache(maxsize=16384)  # a record names its patient and encounters again and again
def _named(link: str) -> str:
    """The type that this link names."""
    steps = link.partition("/_history/")[0].split("/")
    return steps[-2] if len(steps) > 1 else ""
