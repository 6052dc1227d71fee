"""From the tree that JSON gives to XML: https://hl7.org/fhir/R4/xml.html"""

import html.entities
import re
from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any

from lxml import etree

from careweft.fhir.definitions import RESOURCES
from careweft.fhir.outcomes import Malformed

from .parser import parse
from .plan import FHIR, WHOLE, XHTML, Step, by_key, unknown

_BARE_DIV = re.compile(r"\A\s*<div(?![^>]*\sxmlns=)")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,31};)")
_PLACE = attrgetter("at")


def to_xml(resource: dict[str, Any], pretty: bool = False) -> bytes:  # noqa: FBT001, FBT002 (_pretty is a flag)
    """The XML of this resource, indented if `pretty`; Malformed names what is not as FHIR R4 wants it."""
    root = _resource(resource, "")
    if pretty:
        _indent(root, "\n")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _resource(resource: Any, path: str) -> etree._Element:
    type_ = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(type_, str) or type_ not in RESOURCES:
        raise Malformed(f"{path or 'the body'} wants a resource with a resourceType of FHIR R4")
    root = etree.Element(FHIR + type_, nsmap={None: FHIR[1:-1]})  # type: ignore[dict-item]  # the stubs forget None
    _members(root, {key: value for key, value in resource.items() if key != "resourceType"}, type_, path or type_)
    return root


def _members(parent: etree._Element, value: Any, type_: str, path: str) -> None:
    """Put the members of this object under `parent`, in the order of the specification."""
    if not isinstance(value, dict):
        raise Malformed(f"{path} wants an object")
    plan = by_key(type_)
    steps = [plan[key] if key in plan else _extended(plan, key, path, value) for key in value]
    for step in sorted(filter(None, steps), key=_PLACE):
        _WRITERS[step.shape](parent, value, step, f"{path}.{step.key}")


def _extended(plan: Any, key: str, path: str, value: dict[str, Any]) -> Step | None:
    """What `_birthDate` extends: the primitive `birthDate`, or None if that has its own turn."""
    step: Step | None = plan.get(key[1:]) if key.startswith("_") else None
    if step is None or step.shape != "primitive":
        raise Malformed(unknown(path, key))
    return None if step.key in value else step


def _each(value: Any, step: Step, path: str) -> list[Any]:
    """The values of an element as a list, whether it repeats or not."""
    if step.repeats is not isinstance(value, list) or value == []:
        raise Malformed(f"{path} wants {'a list of values' if step.repeats else 'one value'}")
    return value if step.repeats else [value]


def _attribute(parent: etree._Element, value: dict[str, Any], step: Step, path: str) -> None:
    _set(parent, step.key, _text(value[step.key], step.type, path), path)


def _primitive(parent: etree._Element, value: dict[str, Any], step: Step, path: str) -> None:
    values = _each(value[step.key], step, path) if step.key in value else []
    extras = _each(value["_" + step.key], step, path) if "_" + step.key in value else []
    for at in range(max(len(values), len(extras))):
        one = values[at] if at < len(values) else None
        extra = extras[at] if at < len(extras) else None
        if one is None and extra is None:
            raise Malformed(f"{path} wants a value or an extension in each place")
        child = etree.SubElement(parent, step.tag)
        if one is not None:
            _set(child, "value", _text(one, step.type, path), path)
        if extra is not None:
            _members(child, extra, "Element", path)


def _set(element: etree._Element, name: str, text: str, path: str) -> None:
    try:
        element.set(name, text)
    except ValueError:
        raise Malformed(f"{path} has a character that XML cannot write") from None


def _text(value: Any, type_: str, path: str) -> str:
    """The XML text of a primitive value, whose JSON kind must be the one that its type wants."""
    if isinstance(value, bool):
        fits, text = type_ == "boolean", "true" if value else "false"
    elif isinstance(value, int):
        fits, text = type_ in WHOLE or type_ == "decimal", str(value)
    elif isinstance(value, Decimal | float):
        fits, text = type_ == "decimal", str(value)
    else:
        fits, text = isinstance(value, str) and type_ not in WHOLE | {"boolean", "decimal"}, value
    if not fits:
        raise Malformed(f"{path} wants a value of type {type_}")
    return text


def _complex(parent: etree._Element, value: dict[str, Any], step: Step, path: str) -> None:
    for one in _each(value[step.key], step, path):
        _members(etree.SubElement(parent, step.tag), one, step.type, path)


def _inner(parent: etree._Element, value: dict[str, Any], step: Step, path: str) -> None:
    for one in _each(value[step.key], step, path):
        etree.SubElement(parent, step.tag).append(_resource(one, path))


def _xhtml(parent: etree._Element, value: dict[str, Any], step: Step, path: str) -> None:
    """Narrative comes as text; the entities of HTML, which XML lacks, become their characters."""
    text = value[step.key]
    if not isinstance(text, str):
        raise Malformed(f"{path} wants XHTML text")
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.entities.html5.get(found[1], found[0]), text)
    div = parse(_BARE_DIV.sub(f'<div xmlns="{XHTML[1:-1]}"', text).encode(), path)
    if div.tag != step.tag:
        raise Malformed(f"{path} wants a div of XHTML")
    parent.append(div)


_WRITERS: dict[str, Callable[[etree._Element, dict[str, Any], Step, str], None]] = {
    "attribute": _attribute,
    "primitive": _primitive,
    "complex": _complex,
    "resource": _inner,
    "xhtml": _xhtml,
}


def _indent(element: etree._Element, newline: str) -> None:
    """Indent FHIR's own elements; the white space of a narrative is its author's."""
    if not len(element):
        return
    element.text = newline + "  "
    for child in element:
        child.tail = newline + "  "
        if child.tag != XHTML + "div":
            _indent(child, newline + "  ")
    element[-1].tail = newline
