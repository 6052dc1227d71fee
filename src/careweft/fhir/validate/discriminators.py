"""How slices are told apart: https://hl7.org/fhir/R4/profiling.html#discriminator

From the element of a slice and a discriminator to a question that a value answers with yes or no.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ..profiles.model import Element, Snapshot
from .fhirpath import Unknown
from .issue import Run
from .matching import at, fitting, same
from .rules import Allowed, among
from .slices import Matches

Snapshots = Callable[[str], Snapshot | None]
Codes = Callable[[str], Allowed]
HL7 = "http://hl7.org/fhir/StructureDefinition/"


class Discriminators:
    """Makes questions of slices; what a path leads to may lie in another snapshot."""

    __slots__ = ("_codes", "_snapshots")

    def __init__(self, snapshots: Snapshots, codes: Codes) -> None:
        self._snapshots, self._codes = snapshots, codes

    def snapshot(self, url: str) -> Snapshot | None:
        """The snapshot of this canonical URL."""
        return self._snapshots(url)

    def matches(self, element: Element, discriminators: tuple[tuple[str, str], ...]) -> Matches | None:
        """Does a value belong to the slice of this element? None where that cannot be told."""
        asked = [self._one(element, kind, path) for kind, path in discriminators]
        questions = [one for one in asked if one is not None]
        if not questions or len(questions) < len(asked):
            return None
        first = questions[0]
        if len(questions) == 1:
            return first
        return lambda value, run: all(one(value, run) for one in questions)

    def url(self, element: Element) -> str:
        """The url that the slice of an Extension wants, or ""."""
        found = next((one for one in self.children(element) if name(one) == "url"), None)
        if found is not None and isinstance(found.fixed, str):
            return found.fixed
        return next((profile for ref in element.types for profile in ref.profiles), "").partition("|")[0]

    def children(self, element: Element) -> tuple[Element, ...]:
        """What lies under an element: its own children, else those of its type."""
        if element.children or not element.types:
            return element.children
        ref = element.types[0]
        found = self._snapshots(ref.profiles[0] if ref.profiles else HL7 + ref.code)
        return found.elements[0].children if found is not None else ()

    def _one(self, element: Element, kind: str, path: str) -> Matches | None:
        if kind in ("value", "pattern"):
            return self._valued(element, names(path))
        if kind == "exists":
            return self._there(element, names(path))
        return self._typed(element, names(path)) if kind == "type" else None

    def _valued(self, element: Element, path: tuple[str, ...] | None) -> Matches | None:
        if path is None:
            return None
        way: list[str] = []
        at_ = element
        for step in path:
            if wanted := _told(at_, tuple(way)):
                return wanted
            found = next((one for one in self.children(at_) if name(one) == step and not one.slice), None)
            if found is None:
                return None
            at_ = found
            way.append(step)
        return _told(at_, tuple(way)) or self._bound(at_, tuple(way)) or self._within(at_, tuple(way))

    def _bound(self, element: Element, way: tuple[str, ...]) -> Matches | None:
        """By a required binding."""
        if element.binding is None or element.binding.strength != "required":
            return None
        allowed = self._codes(element.binding.value_set.partition("|")[0])
        if not allowed:
            return None
        plain = frozenset(code for _, code in allowed)

        def belongs(value: Any) -> bool:
            if isinstance(value, dict):
                codings = value.get("coding", [value])
                return isinstance(codings, list) and any(among(one, allowed) for one in codings)
            return isinstance(value, str) and value in plain

        return lambda value, _: any(belongs(one) for one in at(value, way))

    def _within(self, element: Element, way: tuple[str, ...]) -> Matches | None:
        """By fixed values and patterns further down."""
        found = [*self._below(element, way, 3)]
        if not found:
            return None
        return lambda value, run: all(one(value, run) for one in found)

    def _below(self, element: Element, way: tuple[str, ...], levels: int) -> Iterator[Matches]:
        for child in element.children:
            here = (*way, name(child))
            wanted = _told(child, here)
            if wanted:
                yield wanted
            elif levels:
                yield from self._below(child, here, levels - 1)

    def _there(self, element: Element, path: tuple[str, ...] | None) -> Matches | None:
        if not path:
            return None
        at_ = element
        for step in path:
            found = next((one for one in self.children(at_) if name(one) == step), None)
            if found is None:
                return None
            at_ = found
        wanted = at_.min > 0
        return lambda value, _: bool(at(value, path)) is wanted

    def _typed(self, element: Element, path: tuple[str, ...] | None) -> Matches | None:
        """By the type of a resource, or of what a reference leads to."""
        at_ = element
        for step in path or ():
            found = next((one for one in self.children(at_) if name(one) == step), None)
            if found is None:
                return None
            at_ = found
        types = {self.type(url) for ref in at_.types for url in (ref.targets or ref.profiles or (ref.code,))}
        if not types or "" in types:
            return None
        way = path or ()

        def belongs(value: Any, run: Run) -> bool:
            return any(_type(one, run) in types for one in at(value, way))

        return belongs

    def type(self, url: str) -> str:
        """The type that a profile, or a type's own definition, is about; "" where nobody knows."""
        plain = url.partition("|")[0]
        if "/" not in plain:
            return plain
        found = self._snapshots(url)
        if found is not None:
            return found.type
        rest = plain.removeprefix(HL7)
        return rest if rest != plain and "-" not in rest and rest[:1].isupper() else ""


def name(element: Element) -> str:
    """The last step of an element's path.

    >>> name(Element("Observation.value[x]"))
    'value[x]'
    """
    return element.path.rpartition(".")[2]


def names(path: str) -> tuple[str, ...] | None:
    """A discriminator's path as names; None for one that is more than names.

    >>> names("$this"), names("coding.code"), names("who.resolve()")
    ((), ('coding', 'code'), ('who',))
    """
    steps = path.removeprefix("$this").strip(".").removesuffix("resolve()").strip(".")
    if not steps:
        return ()
    return tuple(steps.split(".")) if all(step.isidentifier() for step in steps.split(".")) else None


def _told(element: Element, way: tuple[str, ...]) -> Matches | None:
    """By the fixed value or the pattern of this element."""
    if element.fixed is not None:
        fixed = element.fixed
        return lambda value, _: any(same(one, fixed) for one in at(value, way))
    if element.pattern is not None:
        holds = fitting(element.pattern)
        if not way:
            return lambda value, _: holds(value)
        return lambda value, _: any(map(holds, at(value, way)))
    return None


def _type(value: Any, run: Run) -> str:
    if isinstance(value, dict) and "resourceType" not in value and "reference" in value:
        try:
            value = run.env.target(value)
        except Unknown:
            return ""
    found = value.get("resourceType") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
