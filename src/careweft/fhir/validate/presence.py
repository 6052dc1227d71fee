"""Which must-support elements of a profile records hold: https://hl7.org/fhir/R4/profiling.html#mustsupport

An element that holds nothing but an extension, such as data-absent-reason, does not count (conformance.md section 8).
"""

from collections.abc import Iterable, Iterator
from typing import Any

from ..definitions import TYPES
from ..profiles.model import Element, Snapshot
from .discriminators import Codes, Discriminators, Snapshots, name
from .issue import Run
from .slices import Matches

EXTENSION = "extension"
EMPTY = frozenset(("id", EXTENSION))


class Sought:
    """A must-support element, or one on the way to some; `found` once a record held it."""

    __slots__ = ("below", "found", "keys", "label", "matches", "wanted")

    def __init__(
        self, label: str, keys: tuple[str, ...], matches: Matches | None, below: tuple["Sought", ...], *, wanted: bool
    ) -> None:
        self.label, self.keys, self.matches, self.below, self.wanted = label, keys, matches, below, wanted
        self.found = not wanted

    def look(self, values: Iterable[Any], run: Run) -> bool:
        """Look for it, and for what lies under it, in these values; true when nothing is sought any more."""
        held = [one for value in values for one in self._at(value) if self.matches is None or self.matches(one, run)]
        if not self.found:
            self.found = any(map(holds, held))
        if held:
            self.below = tuple(one for one in self.below if not one.look(held, run))
        return self.found and not self.below

    def missing(self) -> Iterator[str]:
        """The labels of what no record held."""
        if not self.found:
            yield self.label
        for one in self.below:
            yield from one.missing()

    def _at(self, value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            for key in self.keys:
                held = value.get(key)
                if isinstance(held, list):
                    yield from held
                elif held is not None:
                    yield held


def holds(value: Any) -> bool:
    """Whether this is more than an extension."""
    if isinstance(value, dict):
        return "url" in value or not value.keys() <= EMPTY
    return value is not None


class Presence:
    """The must-support elements of one profile that no record has held so far."""

    __slots__ = ("_codes", "_sought")

    def __init__(self, snapshot: Snapshot, snapshots: Snapshots, codes: Codes) -> None:
        self._codes = codes
        root = snapshot.elements[0]
        told = Discriminators(snapshots, codes)
        self._sought = tuple(sought(root.children, snapshot.type, snapshot.type, told))

    def look(self, resource: dict[str, Any]) -> None:
        """Take notice of what this record holds."""
        if self._sought:
            run = Run(resource, self._codes)
            self._sought = tuple(one for one in self._sought if not one.look((resource,), run))

    def missing(self) -> list[str]:
        """What no record held, such as `Patient.identifier.value` or `Patient.extension:race`."""
        return [label for one in self._sought for label in one.missing()]


def sought(children: Iterable[Element], label: str, type_: str, told: Discriminators) -> Iterator[Sought]:
    """What is must-support among these children and below them."""
    known = [*children]
    discriminators = {one.path: one.slicing.discriminators for one in known if one.slicing is not None}
    for one in known:
        here = f"{label}.{name(one)}" + (f":{one.slice}" if one.slice else "")
        keys, of = _keys(one, type_)
        below = tuple(sought(one.children, here, of, told)) if of in TYPES and one.max != 0 else ()
        if (one.must_support or below) and keys:
            matches = _matches(one, discriminators.get(one.path, ()), told)
            if not one.slice or matches is not None or name(one).endswith("[x]"):
                yield Sought(here, keys, matches, below, wanted=one.must_support)


def _keys(element: Element, type_: str) -> tuple[tuple[str, ...], str]:
    """The names in JSON of an element, and its type where there is one."""
    stem = name(element).removesuffix("[x]")
    known = {key: of for key, (base, of) in TYPES[type_].by_json.items() if base.name == stem}
    if len(known) > 1:
        codes = {ref.code for ref in element.types}
        known = {key: of for key, of in known.items() if of in codes}
    return tuple(known), next(iter(known.values()), "") if len(known) == 1 else ""


def _matches(element: Element, by: tuple[tuple[str, str], ...], told: Discriminators) -> Matches | None:
    if not element.slice or name(element).endswith("[x]"):
        return None
    if name(element) == EXTENSION:
        url = told.url(element)
        return lambda value, _: isinstance(value, dict) and value.get("url") == url
    return told.matches(element, by)
