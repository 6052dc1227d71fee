"""The types of FHIR R4, resources, datatypes and backbones, and their elements: https://hl7.org/fhir/R4/elementdefinition.html"""

from collections.abc import Iterator, Mapping
from functools import cache

from ...values import dataclass
from .table import Lazy, rows, sections


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type, with what the base specification demands of it."""

    name: str  # without the choice: "effective" for effective[x]
    types: tuple[str, ...]  # a backbone is its own type: ("Observation.component",); a content reference likewise
    min: int
    max: int | None  # None is *
    choice: bool
    targets: tuple[str, ...]  # the types that a Reference may point to; () is any
    binding: str  # the value set of a required binding, else ""
    system: str  # of a `code` with a required binding from exactly one code system: that system, else ""
    canonicals: tuple[str, ...] = ()  # the types that a canonical may lead to; () is any
    profiles: tuple[str, ...] = ()  # R4's own profile that the type has here: ("SimpleQuantity",)


@dataclass(frozen=True, slots=True)
class Type:
    """One type and its elements in the order of the specification, inherited ones first."""

    name: str
    kind: str  # "resource" | "complex" | "backbone" | "primitive"
    elements: tuple[Element, ...]
    by_json: Mapping[str, tuple[Element, str]]  # "effectiveDateTime" -> (effective, "dateTime"); no "_..." keys


@cache
def _heads() -> dict[str, tuple[str, str, str, str]]:
    """Of each type: kind, parent, number ("" when it is no resource), and the lines of its own elements."""
    found = {}
    for head, lines in sections("types.tsv").items():
        kind, name, parent, number, *_ = [*head.split("\t"), "", ""]
        found[name] = (kind, parent, number, lines)
    return found


def _type(name: str) -> Type:
    kind, parent, _, lines = _heads()[name]
    inherited = TYPES[parent].elements if parent else ()
    elements = inherited + tuple(_element(line) for line in lines.splitlines())
    return Type(name, kind, elements, {key: (one, type_) for one in elements for key, type_ in json_names(one)})


def _element(line: str) -> Element:
    name, cardinality, types, targets, binding, system, leads, profiles, *_ = [*line.split("\t"), *[""] * 6]
    low, _, high = cardinality.partition("..")
    return Element(
        name.removesuffix("[x]"),
        tuple(types.split(",")),
        int(low),
        None if high == "*" else int(high),
        name.endswith("[x]"),
        _list(targets),
        binding,
        system,
        _list(leads),
        _list(profiles),
    )


def _list(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(",")) if cell else ()


def json_names(element: Element) -> Iterator[tuple[str, str]]:
    """Every JSON name of this element and the type it says: https://hl7.org/fhir/R4/formats.html#choice"""
    for type_ in element.types:
        yield (element.name + type_[0].upper() + type_[1:] if element.choice else element.name), type_


TYPES: Mapping[str, Type] = Lazy(_heads, _type)
RESOURCES: Mapping[str, int] = {name: int(number) for name, (_, _, number, _) in _heads().items() if number}


@cache
def _shown() -> dict[str, str]:
    return {cells[0]: cells[1] for cells in rows("summary.tsv")}


def summary(type_: str) -> frozenset[str]:
    """The elements of this type that `_summary=true` shows: https://hl7.org/fhir/R4/elementdefinition.html#isSummary"""
    return frozenset(_shown().get(type_, "").split(","))
