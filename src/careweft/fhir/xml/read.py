"""From XML to the tree that JSON gives: https://hl7.org/fhir/R4/xml.html"""

import re
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

from lxml import etree

from careweft.fhir.definitions import RESOURCES
from careweft.fhir.json import MOST_BYTES, number
from careweft.fhir.outcomes import Malformed, TooLarge

from .parser import MOST_DEPTH, deeper, elements, no_crowd, no_instruction, parse
from .plan import FHIR, WHOLE, XHTML, Step, by_tag, unknown

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
Found = tuple[Any, Any]  # the value, and what extends it (`_name` in JSON)
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,39})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")


def from_xml(raw: bytes, most: int = MOST_BYTES) -> dict[str, Any]:
    """The resource that this XML writes, as JSON would give it; Malformed or TooLarge (over `most` bytes) otherwise."""
    if len(raw) > most:
        raise TooLarge(f"the body has {len(raw)} bytes; at most {most} are read")
    no_crowd(raw, "the body")
    root = parse(raw, "the body")
    for beside in (*root.itersiblings(preceding=True), *root.itersiblings()):
        no_instruction(beside, "the body")
    for name in map(str, root.keys()):
        if name.startswith(XSI):
            del root.attrib[name]
    return _resource(root, "", 1)


def _resource(element: etree._Element, path: str, depth: int) -> dict[str, Any]:
    type_ = str(element.tag).removeprefix(FHIR)
    if type_ not in RESOURCES or element.tag == type_:
        raise Malformed(f"{path or 'the body'} wants a resource of FHIR R4 in the namespace {FHIR[1:-1]}")
    return {"resourceType": type_, **_members(element, type_, path or type_, depth)}


def _members(element: etree._Element, type_: str, path: str, depth: int, *, value: bool = False) -> dict[str, Any]:
    """The object that this element writes; `value` tells that it is a primitive, whose value is read elsewhere."""
    if depth > MOST_DEPTH:
        raise Malformed(f"elements lie deeper than {MOST_DEPTH} in each other")
    plan = by_tag(type_)
    found: dict[str, Any] = {}
    for name, text in element.items():
        step = plan.get(str(name))
        if step:
            found[step.key] = text
        elif not value or name != "value":
            raise Malformed(f"{path} has an attribute that FHIR R4 does not know")
    for child in elements(element, path):
        _member(found, child, plan.get(child.tag), path, depth + 1)
    return _aligned(found)


def _member(found: dict[str, Any], child: etree._Element, step: Step | None, path: str, depth: int) -> None:
    if step is None or step.shape == "attribute":
        raise Malformed(unknown(path, etree.QName(child).localname))
    path = f"{path}.{step.key}"
    value, extra = _READERS[step.shape](child, step, path, depth)
    if step.repeats:
        found.setdefault(step.key, []).append(value)
        if step.shape == "primitive":
            found.setdefault("_" + step.key, []).append(extra)
    elif step.key in found or "_" + step.key in found:
        raise Malformed(f"{path} stands twice")
    else:
        found.update((name, one) for name, one in ((step.key, value), ("_" + step.key, extra)) if one is not None)


def _aligned(found: dict[str, Any]) -> dict[str, Any]:
    """Without the lists that only hold places: https://hl7.org/fhir/R4/json.html#primitive"""
    empty = [key for key, value in found.items() if type(value) is list and all(one is None for one in value)]
    return {key: value for key, value in found.items() if key not in empty} if empty else found


def _primitive(element: etree._Element, step: Step, path: str, depth: int) -> Found:
    extra = _members(element, "Element", path, depth, value=True) or None
    text = element.get("value")
    if text is None and extra is None:
        raise Malformed(f"{path} wants a value or an extension")
    return (None if text is None else _value(text, step.type, path)), extra


def _value(text: str, type_: str, path: str) -> bool | int | Decimal | str:
    """The JSON value that the text of a primitive writes."""
    if type_ == "boolean" and text in ("true", "false"):
        return text == "true"
    if (type_ in WHOLE or type_ == "decimal") and _WHOLE.fullmatch(text):
        return int(text)
    if type_ == "decimal" and _DECIMAL.fullmatch(text):
        return number(text)
    if type_ in WHOLE or type_ in ("boolean", "decimal"):
        raise Malformed(f"{path} wants a value of type {type_}")
    return text


def _complex(element: etree._Element, step: Step, path: str, depth: int) -> Found:
    return _members(element, step.type, path, depth), None


def _inner(element: etree._Element, _: Step, path: str, depth: int) -> Found:
    resources = list(elements(element, path))
    if len(resources) != 1 or element.attrib:
        raise Malformed(f"{path} wants one resource")
    return _resource(resources[0], path, depth + 1), None


def _xhtml(element: etree._Element, _: Step, path: str, depth: int) -> Found:
    """The narrative as text, without the namespaces of what was around it."""
    for part in element.iter(etree.ProcessingInstruction, etree.Entity):
        no_instruction(part, path)
    if deeper(element, MOST_DEPTH - depth):
        raise Malformed(f"elements lie deeper than {MOST_DEPTH} in each other")
    return etree.tostring(_alone(element), encoding="unicode"), None


def _alone(element: etree._Element) -> etree._Element:
    """The same element as its own document, XHTML its unprefixed namespace."""
    alone = etree.Element(element.tag, nsmap={None: XHTML[1:-1]})  # type: ignore[dict-item]  # the stubs forget None
    alone.attrib.update(element.attrib)
    alone.text = element.text
    for child in element:
        alone.append(deepcopy(child))
    etree.cleanup_namespaces(alone)
    return alone


_READERS: dict[str, Callable[[etree._Element, Step, str, int], Found]] = {
    "primitive": _primitive,
    "complex": _complex,
    "resource": _inner,
    "xhtml": _xhtml,
}
