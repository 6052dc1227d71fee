"""Less of a resource than there is: `_summary` and `_elements`: https://hl7.org/fhir/R4/search.html#summary

What is left out is data, never meaning: mandatory and modifier elements stay, and a tag says that this is a subset.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from ..values import dataclass
from . import json
from .definitions import TYPES, Element, summary

SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
SUMMARIES = ("true", "text", "data", "count", "false")
ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules", "modifierExtension"})
_LARGEST = 1 << 30  # what was let in is let out again
Json = dict[str, Any]
Cut = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class View:
    """How much of a resource is shown: `summary` is one of SUMMARIES or "", `elements` the names of `_elements`."""

    summary: str = ""
    elements: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Everything is shown."""
        return not self.elements and self.summary in ("", "false", "count")

    @property
    def beside(self) -> "View":
        """The same for what comes along with a match: `_elements` names elements of the type that is searched."""
        return View(self.summary)


WHOLE = View()


def subset(body: bytes, type_: str, view: View) -> bytes:
    """The resource with what this view shows of it, tagged; the same bytes where that is everything.

    >>> subset(b'{"resourceType":"Patient","id":"1","gender":"female","photo":[]}', "Patient", View("", ("gender",)))
    b'{"resourceType":"Patient","id":"1","gender":"female","meta":{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}}'
    """
    if view.whole:
        return body
    return json.encode(tagged(cut(json.decode(body, _LARGEST), type_, view)))


def cut(resource: Json, type_: str, view: View) -> Json:
    """What this view shows of a resource, not yet tagged."""
    if view.summary == "true":
        return {"resourceType": type_} | _summarized(resource, type_)
    if view.summary == "data":
        return {key: value for key, value in resource.items() if key not in ("text", "_text")}
    keys = _keys(type_, ("text",) if view.summary == "text" else view.elements)
    return {key: value for key, value in resource.items() if key in keys}


def tagged(resource: Json) -> Json:
    """The same with the tag SUBSETTED, once."""
    meta = resource.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    tags = meta.get("tag")
    tags = [one for one in tags if one != SUBSETTED] if isinstance(tags, list) else []
    return resource | {"meta": meta | {"tag": [*tags, SUBSETTED]}}


@cache
def names(type_: str) -> frozenset[str]:
    """What `_elements` may name of a type: its elements, a choice without its `[x]`."""
    return frozenset(one.name for one in TYPES[type_].elements)


@cache
def _keys(type_: str, elements: tuple[str, ...]) -> frozenset[str]:
    """The JSON keys of these elements and of those that are always there."""
    kept = {
        key
        for key, (element, _) in TYPES[type_].by_json.items()
        if element.name in elements or element.name in ALWAYS or element.min
    }
    return frozenset({*kept, *(f"_{key}" for key in kept), "resourceType"})


def _summarized(value: Json, type_: str) -> Json:
    """The summary elements of an object, and of what they hold."""
    shown = _shown(type_)
    found: Json = {}
    for key, content in value.items():
        if key in shown:
            less = shown[key](content)
            if less not in ({}, []):
                found[key] = less
    return found


@cache
def _shown(type_: str) -> Mapping[str, Cut]:
    """The JSON keys that a summary shows of this type, each with what cuts its content."""
    return dict(_cuts(type_))


def _cuts(type_: str) -> Iterator[tuple[str, Cut]]:
    marked = summary(type_)
    for key, (element, kind) in TYPES[type_].by_json.items():
        if element.name in marked or _needed(element):
            yield key, _within(kind)
            yield f"_{key}", _same


def _needed(element: Element) -> bool:
    return bool(element.min) or element.name == "modifierExtension"


def _within(kind: str) -> Cut:
    """What cuts an element of this type; primitives, and the types that no summary speaks of, stay as they are."""
    known = kind in TYPES and TYPES[kind].kind in ("complex", "backbone")
    return partial(_each, kind) if known and kind not in ("Extension", "Narrative") else _same


def _each(kind: str, content: Any) -> Any:
    if isinstance(content, list):
        return [less for one in content if (less := _each(kind, one)) != {}]
    return _summarized(content, kind) if isinstance(content, dict) else content


def _same(content: Any) -> Any:
    return content
