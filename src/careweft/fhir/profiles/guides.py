"""Implementation guides: their profiles in our notation, and the snapshots that grow from them.

A guide's table is lines of cells with a tab between:

    guide    canonical URL    version
    rule     key    severity    FHIRPath expression        (key~2 where a guide uses the key twice)
    codes    value set    code system    code    code    ...
    profile  canonical URL    type    what it is based on
             path    fact    fact    ...

The lines under `profile` say what it asks of an element, `.` being the resource itself and `name:slice` a slice. A
fact is `min..max` (either side may be left out), `S` (must support), `type A B(profile|profile) Reference(target)`,
`required URL` (or another strength), `slices open ordered value:path`, `rules key key`, `fixed JSON`, `pattern JSON`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from ...values import dataclass
from ..definitions import codes as base_codes
from .base import HL7, base
from .model import Binding, Element, Invariant, Slicing, Snapshot, TypeRef

R4, US_CORE_3, US_CORE_6, CARIN_BB = "r4-4.0.1", "core-3.1.1", "core-6.1.0", "carin-bb-2.0.0"
NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {R4: (), US_CORE_3: (R4,), US_CORE_6: (R4,), CARIN_BB: (US_CORE_3,)}
)
"""Each guide and those that its profiles build on; R4's are its own extensions."""
STRENGTHS = frozenset(("required", "extensible", "preferred", "example"))


@dataclass(frozen=True, slots=True)
class Fact:
    """What one line asks of an element; None where it says nothing of the matter."""

    path: tuple[str, ...]
    min: int | None = None
    max: str | None = None
    must_support: bool = False
    types: tuple[TypeRef, ...] | None = None
    binding: Binding | None = None
    slicing: Slicing | None = None
    rules: tuple[str, ...] = ()
    fixed: Any = None
    pattern: Any = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile as its authors wrote it: the difference to what it is based on."""

    url: str
    type: str
    base: str
    facts: tuple[Fact, ...]


@dataclass(slots=True)
class Guide:
    """One guide of one version; its profiles may build on those of other guides."""

    name: str
    canonical: str = ""
    version: str = ""
    profiles: dict[str, Profile] = field(default_factory=dict)
    rules: dict[str, Invariant] = field(default_factory=dict)
    value_sets: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    _grown: dict[str, Snapshot] = field(default_factory=dict, repr=False)

    @property
    def own(self) -> tuple[str, ...]:
        """The URLs of the profiles that this guide itself defines, extensions included."""
        return tuple(url for url in self.profiles if url.startswith(self.canonical + "/"))

    def snapshot(self, url: str) -> Snapshot | None:
        """The snapshot of a profile or type by its canonical URL; None for what neither R4 nor this guide defines."""
        plain = url.partition("|")[0]
        found = self._grown.get(plain)
        if found is None and (found := self._found(plain)) is not None:  # what is not known is not kept: records may
            self._grown[plain] = found  # name as many profiles as they like
        return found

    def codes(self, url: str) -> frozenset[tuple[str, str]]:
        """The (system, code) pairs of a value set; empty where they are not all known."""
        plain = url.partition("|")[0]
        found = base_codes(plain) or self.value_sets.get(plain)
        return found or next((some for one in NEEDS[self.name] if (some := guide(one).codes(plain))), frozenset())

    def _found(self, url: str) -> Snapshot | None:
        from .growth import grown  # noqa: PLC0415 - it asks here for what a profile is based on

        if url in self.profiles:
            return grown(self.profiles[url], self)
        for one in NEEDS[self.name]:
            if (found := guide(one).snapshot(url)) is not None:
                return found
        return base(url.removeprefix(HL7)) if url.startswith(HL7) else None


@cache
def guide(name: str) -> Guide:
    """The guide of this name, one of NEEDS. Read once."""
    found, url = Guide(name), ""
    lines: dict[str, list[Fact]] = {}
    heads: dict[str, tuple[str, str]] = {}
    text = resources.files(__package__).joinpath("guides", f"{name}.tsv").read_text("utf-8")
    for kind, *cells in (line.split("\t") for line in text.splitlines()):
        if kind == "":
            lines[url].append(_fact(cells))
        elif kind == "profile":
            url, type_, above = cells
            lines[url], heads[url] = [], (type_, above)
        elif kind == "rule":
            found.rules[cells[0]] = Invariant(cells[0].partition("~")[0], *cells[1:])
        elif kind == "codes":
            some = frozenset((cells[1], code) for code in cells[2:])
            found.value_sets[cells[0]] = found.value_sets.get(cells[0], frozenset()) | some
        elif kind == "guide":
            found.canonical, found.version = cells
    found.profiles |= {one: Profile(one, *heads[one], tuple(facts)) for one, facts in lines.items()}
    return found


def _fact(cells: list[str]) -> Fact:
    path = () if cells[0] == "." else tuple(cells[0].split("."))
    told: dict[str, Any] = {}
    for cell in cells[1:]:
        word, _, rest = cell.partition(" ")
        told |= _told(word, rest)
    return Fact(path, **told)


def _told(word: str, rest: str) -> dict[str, Any]:
    if word in STRENGTHS:
        return {"binding": Binding(word, rest)}
    match word:
        case "S":
            return {"must_support": True}
        case "type":
            return {"types": tuple(_types(rest))}
        case "slices":
            return {"slicing": _slicing(rest.split(" "))}
        case "rules":
            return {"rules": tuple(rest.split(" "))}
        case "fixed" | "pattern":
            return {word: json.loads(rest)}
    low, dots, high = word.partition("..")
    if not dots:
        raise ValueError(f"no fact of a profile begins with {word}")
    return {"min": int(low) if low else None, "max": high or None}


def _types(text: str) -> Iterator[TypeRef]:
    for one in text.split(" "):
        code, bracket, named = one.partition("(")
        urls = tuple(named.rstrip(")").split("|")) if bracket else ()
        leads = code in ("Reference", "canonical")
        yield TypeRef(code, () if leads else urls, urls if leads else ())


def _slicing(words: list[str]) -> Slicing:
    rules, *rest = words
    told = [one.partition(":") for one in rest if one != "ordered"]
    return Slicing(tuple((kind, path) for kind, _, path in told), "ordered" in rest, rules)


def elements(snapshot: Snapshot) -> Iterator[tuple[str, Element]]:
    """Every element of a snapshot with its id, in order: `Patient.extension:race`."""
    yield from _below("", snapshot.elements)


def _below(prefix: str, some: tuple[Element, ...]) -> Iterator[tuple[str, Element]]:
    for one in some:
        id_ = prefix + one.path.rpartition(".")[2] + (f":{one.slice}" if one.slice else "")
        yield id_, one
        yield from _below(id_ + ".", one.children)
