"""A record as it goes out de-identified: the rows walked over the record, and nothing else of it looked at.

Pure: the same record, key and day give the same bytes, so that a part that is made twice is the same twice.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

from ...fhir.compartments import subject as about
from ...fhir.definitions import TYPES, Element, codes
from ...fhir.definitions.types import json_names
from ...values import dataclass
from .rows import TABLE
from .secret import Secret
from .shapes import SHAPES, Around, Shape
from .subject import Dates, Subject

Json = dict[str, Any]

MARK = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "PSEUDED"}
"""What every record says of itself: https://terminology.hl7.org/CodeSystem-v3-ObservationValue.html"""


@dataclass(frozen=True, slots=True)
class Node:
    """What goes out of an object: each part by its shape or as an object of its own; without all of `wanted` (the
    names of one element each, by its choices) the object would say something else than it does, and stays.
    """

    parts: Mapping[str, "Node | Shape"]
    wanted: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """The de-identified form of one export."""

    secret: Secret
    today: date
    dates: Dates = "shifted"

    def __call__(self, record: Json) -> Json | None:
        """The record as it goes out; None where it does not."""
        type_, id_ = record.get("resourceType"), record.get("id")
        if not (isinstance(type_, str) and isinstance(id_, str)):
            return None
        subject = Subject(self.secret, about(record), self.today, self.dates)
        around = Around(subject, f"{type_}/{id_}", types(), record.get("deceasedDateTime"))
        made = _record(record, around)
        if made is None:
            return None
        inner = [one for one in (_contained(one, around) for one in _listed(record.get("contained"))) if one]
        head = {"resourceType": type_, "id": self.secret.pseudonym(around.own), "meta": {"security": [MARK]}}
        return head | ({"contained": inner} if inner else {}) | made


def _contained(record: Any, around: Around) -> Json | None:
    """A record within the record, by its own type's rows; its dates are those of the record around it."""
    if not isinstance(record, dict) or not isinstance(id_ := record.get("id"), str):
        return None
    made = _record(record, around)
    if made is None:
        return None
    return {"resourceType": record["resourceType"], "id": around.subject.secret.pseudonym(f"{around.own}#{id_}")} | made


def _record(record: Json, around: Around) -> Json | None:
    """The parts of a record; None for a type without rows, and where a part that it needs is gone."""
    node = nodes().get(str(record.get("resourceType")))
    return None if node is None else _walked(record, node, around)


def _walked(value: Any, node: Node, around: Around) -> Json | None:
    if not isinstance(value, dict):
        return None
    made = {name: out for name, part in node.parts.items() if (out := _out(value.get(name), part, around)) is not None}
    return made if all(not one.isdisjoint(made) for one in node.wanted) else None


def _out(value: Any, part: Node | Shape, around: Around) -> Any:
    """What goes out of a part; of a list what goes out of each, None where nothing does."""
    if isinstance(value, list):
        return [out for one in value if (out := _one(one, part, around)) is not None] or None
    return None if value is None else _one(value, part, around)


def _one(value: Any, part: Node | Shape, around: Around) -> Any:
    if isinstance(part, Node):
        return _walked(value, part, around) or None
    return part(value, around)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# The rows as nodes --------------------------------------------------------------------------------------------------


@cache
def rows() -> Mapping[str, Mapping[str, str]]:
    """Of each type: the paths that go out, and the word of each."""
    parts = (part.splitlines() for part in TABLE.strip().split("\n\n"))
    return {type_: dict(_row(line) for line in lines) for type_, *lines in parts}


def _row(line: str) -> tuple[str, str]:
    path, word = line.split()
    return path, word


def types() -> frozenset[str]:
    """The types of which anything goes out."""
    return frozenset(rows())


@cache
def nodes() -> Mapping[str, Node]:
    """The rows of each type as one node. Raises ValueError for a row that says what cannot be."""
    return {type_: _node(type_, type_, paths) for type_, paths in rows().items()}


def _node(where: str, type_: str, paths: Mapping[str, str]) -> Node:
    """The node of a type or backbone, of the paths within it."""
    names = dict.fromkeys(path.partition(".")[0] for path in paths)
    parts = {name: _part(f"{where}.{name}", type_, name, dict(_within(paths, name))) for name in names}
    elements = TYPES[type_].elements
    wanted = tuple(frozenset(name for name, _ in json_names(one)) for one in elements if one.min and one.name != "id")
    lost = [one for one in wanted if one.isdisjoint(parts)]
    if lost:
        raise ValueError(f"{where} cannot be without one of {', '.join(sorted(lost[0]))}")
    return Node(parts, wanted)


def _within(paths: Mapping[str, str], name: str) -> Iterator[tuple[str, str]]:
    """The rest of the paths that begin with this name, with their words; "" where the name is all."""
    for path, word in paths.items():
        head, _, rest = path.partition(".")
        if head == name:
            yield rest, word


def _part(where: str, type_: str, name: str, paths: Mapping[str, str]) -> Node | Shape:
    try:
        element, datatype = TYPES[type_].by_json[name]
    except KeyError:
        raise ValueError(f"there is no {where}") from None
    if "" not in paths:
        return _node(where, datatype, paths)
    word = paths[""]
    if word == "code":
        return _code(where, element)
    shape, fits = SHAPES[word]
    if datatype not in fits:
        raise ValueError(f"{where} is a {datatype}, of which {word} is not said")
    return shape


def _code(where: str, element: Element) -> Shape:
    """A code of the element's required binding."""
    known = frozenset(code for _, code in codes(element.binding))
    if not known:
        raise ValueError(f"{where} has no binding whose codes are known")
    return lambda value, _: value if isinstance(value, str) and value in known else None
