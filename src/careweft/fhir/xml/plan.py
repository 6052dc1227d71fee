"""How each element of each type stands in XML: https://hl7.org/fhir/R4/xml.html#xml"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from careweft.fhir.definitions import TYPES

from ...values import dataclass

FHIR = "{http://hl7.org/fhir}"
XHTML = "{http://www.w3.org/1999/xhtml}"
WHOLE = frozenset({"integer", "positiveInt", "unsignedInt"})
Shape = Literal["attribute", "primitive", "complex", "resource", "xhtml"]
_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}")


@dataclass(frozen=True, slots=True)
class Step:
    """One JSON name of a type, in XML."""

    at: int  # its place in the order of the specification
    key: str
    tag: str
    type: str
    repeats: bool
    shape: Shape


@lru_cache(1024)
def by_key(type_: str) -> Mapping[str, Step]:
    """The elements of this type by their JSON names, in the order of the specification."""
    found: dict[str, Step] = {}
    for at, (key, (element, of)) in enumerate(TYPES[type_].by_json.items()):
        shape = _shape(type_, key, of)
        namespace = XHTML if shape == "xhtml" else "" if shape == "attribute" else FHIR
        found[key] = Step(at, key, namespace + key, of, element.max != 1, shape)
    return found


@lru_cache(1024)
def by_tag(type_: str) -> Mapping[str, Step]:
    """The same by XML tag, or by the bare name of an attribute."""
    return {step.tag: step for step in by_key(type_).values()}


def _shape(type_: str, key: str, of: str) -> Shape:
    if (key == "id" and TYPES[type_].kind != "resource") or (type_, key) == ("Extension", "url"):
        return "attribute"
    if of == "Resource":
        return "resource"
    if of == "xhtml":
        return "xhtml"
    return "primitive" if TYPES[of].kind == "primitive" else "complex"


def unknown(path: str, name: str) -> str:
    """What to say of an element that its type lacks; by its name only if that looks like one."""
    return f"{path}.{name} is no element of FHIR R4" if _NAME.fullmatch(name) else f"{path} has an unknown element"
