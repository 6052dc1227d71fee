"""The types of R4 as snapshots, made of the definitions: https://hl7.org/fhir/R4/resourcelist.html"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from ..definitions import TYPES
from ..definitions import Element as Defined
from ..definitions.invariants import invariants
from .model import Binding, Element, Invariant, Snapshot, TypeRef

HL7 = "http://hl7.org/fhir/StructureDefinition/"
VERSION = "4.0.1"
QUANTITIES = frozenset(("SimpleQuantity", "MoneyQuantity"))
"""R4's own profiles of Quantity: https://hl7.org/fhir/R4/datatypes.html#Quantity"""
WITHOUT: Mapping[str, str] = MappingProxyType({"SimpleQuantity": "comparator", "xhtml": "extension"})
"""What a type inherits and has not."""


@cache
def base(type_: str) -> Snapshot | None:
    """The snapshot of a resource or datatype, or of R4's profiles of Quantity; None for what is none.

    >>> [one.path for one in base("Period").elements[0].children]
    ['Period.id', 'Period.extension', 'Period.start', 'Period.end']
    """
    if type_ in QUANTITIES:
        quantity = _root("Quantity", type_, (*_invariants("Quantity"), *_invariants(type_)))
        return Snapshot(HL7 + type_, VERSION, "Quantity", "complex", (quantity,))
    if type_ not in TYPES or "." in type_:
        return None
    return Snapshot(HL7 + type_, VERSION, type_, TYPES[type_].kind, (_root(type_, type_, _invariants(type_)),))


def _root(type_: str, name: str, rules: tuple[Invariant, ...]) -> Element:
    """The root of a type under its own name, or that of a profile of it."""
    none = f"{type_}.{WITHOUT.get(name, '')}"
    children = tuple(replace(one, max=0) if one.path == none else one for one in _below(type_, type_))
    return Element(type_, constraints=rules, children=children)


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
        types=() if backbone and not unfolded else tuple(_type(one, of) for of in one.types),
        binding=Binding("required", one.binding) if one.binding else None,
        constraints=_invariants(path),
        content_reference=f"#{backbone}" if backbone and not unfolded else "",
        children=tuple(_below(backbone, path)) if unfolded else (),
    )


def _type(one: Defined, of: str) -> TypeRef:
    """One type of an element. A backbone of a datatype is an Element, one of a resource may be modified besides."""
    if "." in of:
        return TypeRef("BackboneElement" if "modifierExtension" in TYPES[of].by_json else "Element")
    targets = {"Reference": one.targets, "canonical": one.canonicals}.get(of, ())
    profiles = one.profiles if of == "Quantity" else ()
    return TypeRef(of, tuple(HL7 + profile for profile in profiles), targets)


def _invariants(path: str) -> tuple[Invariant, ...]:
    return tuple(Invariant(*one) for one in invariants().get(path, ()))
