"""The types of R4 as snapshots, made of the definitions: https://hl7.org/fhir/R4/resourcelist.html"""

from collections.abc import Iterator
from functools import cache

from ..definitions import TYPES
from ..definitions import Element as Defined
from ..definitions.invariants import invariants
from .model import Binding, Element, Invariant, Snapshot, TypeRef

HL7 = "http://hl7.org/fhir/StructureDefinition/"
VERSION = "4.0.1"


@cache
def base(type_: str) -> Snapshot | None:
    """The snapshot of a resource or datatype; None for what is none.

    >>> [one.path for one in base("Period").elements[0].children]
    ['Period.id', 'Period.extension', 'Period.start', 'Period.end']
    """
    if type_ not in TYPES or "." in type_:
        return None
    root = Element(type_, constraints=_invariants(type_), children=tuple(_below(type_, type_)))
    return Snapshot(HL7 + type_, VERSION, type_, TYPES[type_].kind, (root,))


def _below(type_: str, path: str) -> Iterator[Element]:
    for one in TYPES[type_].elements:
        yield _element(one, f"{path}.{one.name}" + ("[x]" if one.choice else ""))


def _element(one: Defined, path: str) -> Element:
    backbone = one.types[0] if "." in one.types[0] else ""
    unfolded = backbone == path
    return Element(
        path,
        min=one.min,
        max=one.max,
        types=tuple(TypeRef(_code(of), (), one.targets if of == "Reference" else ()) for of in one.types),
        binding=Binding("required", one.binding) if one.binding else None,
        constraints=_invariants(path),
        content_reference=f"#{backbone}" if backbone and not unfolded else "",
        children=tuple(_below(backbone, path)) if unfolded else (),
    )


def _code(of: str) -> str:
    return "BackboneElement" if "." in of else of


def _invariants(path: str) -> tuple[Invariant, ...]:
    return tuple(Invariant(*one) for one in invariants().get(path, ()))
