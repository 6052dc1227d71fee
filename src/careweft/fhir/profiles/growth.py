"""Snapshots grown from differentials: https://hl7.org/fhir/R4/profiling.html#snapshot

A copy of what the profile is based on, in which every line of the profile finds its element: what lies within a
datatype, a profile of one or a content reference is unfolded where a line goes into it, and a slice begins as a copy of
the element that it is a slice of.
"""

from dataclasses import dataclass, replace
from itertools import zip_longest

from .guides import Fact, Guide, Profile
from .model import Binding, Element, Invariant, Slicing, Snapshot, TypeRef

BACKBONE = (TypeRef("BackboneElement"),)
URLS = Slicing((("value", "url"),))
TYPES = Slicing((("type", "$this"),))
HL7 = "http://hl7.org/fhir/StructureDefinition/"


class Unfounded(ValueError):
    """A profile goes into an element that nothing of what it is based on has."""


@dataclass(slots=True)
class Draft:
    """An element while it grows."""

    element: Element
    origin: Element
    """As what the profile is based on has it: what a slice begins as."""
    children: list["Draft"]

    @classmethod
    def of(cls, element: Element) -> "Draft":
        """All of an element, to be changed."""
        return cls(element, element, [cls.of(one) for one in element.children])

    def done(self) -> Element:
        """As it has become."""
        return replace(self.element, children=tuple(one.done() for one in self.children))

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.element.path.rpartition(".")[2]


def grown(profile: Profile, guide: Guide) -> Snapshot:
    """The snapshot of a profile. Raises Unfounded."""
    above = guide.snapshot(profile.base)
    if above is None:
        raise Unfounded(f"{profile.url} is based on {profile.base}, which nobody defines")
    tree = Tree(Draft.of(above.elements[0]), guide)
    for fact, following in zip_longest(profile.facts, profile.facts[1:]):
        tree.apply(fact, deeper=following is not None and following.path[: len(fact.path)] == fact.path)
    return Snapshot(profile.url, guide.version, profile.type, above.kind, (tree.root.done(),))


class Tree:
    """The element tree of one profile."""

    def __init__(self, root: Draft, guide: Guide) -> None:
        self.root = root
        self._guide = guide

    def apply(self, fact: Fact, *, deeper: bool) -> None:
        """One line of the differential; `deeper` says that the next one goes into the same element."""
        above = here = self.root
        for segment in fact.path:
            name, _, slice_ = segment.partition(":")
            above, here = here, self._sliced(here, name, slice_) if slice_ else self._named(here, name)
        here.element = changed(here.element, fact, self._guide.rules)
        if fact.path and here.element.slice == fact.path[-1] and (fact.min is not None or fact.max is not None):
            self._only(above, here, deeper=deeper)

    def _named(self, parent: Draft, name: str) -> Draft:
        """The child of this name; `valueQuantity` where there is `value[x]` is the choice of that type."""
        found = self._child(parent, name)
        if found is not None:
            return found
        for one in parent.children:
            stem = one.name.removesuffix("[x]")
            if stem != one.name and name.startswith(stem):
                return self._chosen(parent, one, name)
        raise Unfounded(f"{parent.element.path} has no {name}")

    def _chosen(self, parent: Draft, whole: Draft, name: str) -> Draft:
        """One type of a choice: a slice of it, but within a slice all that there is (as the guides are published)."""
        if not parent.element.slice or whole.element.slicing or parent.element.types[0].code == "Extension":
            return self._sliced(parent, whole.name, name)
        whole.element = replace(whole.element, types=_narrowed(whole, name))
        return whole

    def _child(self, parent: Draft, name: str) -> Draft | None:
        if not parent.children:
            self._unfold(parent)
        return next((one for one in parent.children if one.name == name and not one.element.slice), None)

    def _only(self, parent: Draft, slice_: Draft, *, deeper: bool) -> None:
        """A profile that says how often one type of a choice occurs means that there is no other, unless it goes on to
        say what lies within it and left other types open.
        """
        whole = self._child(parent, slice_.name)
        if whole is not None and not (deeper and len(whole.element.types) > 1):
            closed = replace(whole.element.slicing or TYPES, rules="closed")
            least = max(whole.element.min, slice_.element.min)
            types = _narrowed(whole, slice_.element.slice)
            whole.element = replace(whole.element, types=types, slicing=closed, min=least)

    def _sliced(self, parent: Draft, name: str, slice_: str) -> Draft:
        whole = self._named(parent, name)
        own = [one for one in parent.children if one.name == name]
        for one in own:
            if one.element.slice == slice_:
                return one
        if whole.element.slicing is None:
            whole.element = replace(whole.element, slicing=TYPES if name.endswith("[x]") else URLS)
        made = Draft.of(replace(whole.origin, slice=slice_, slicing=None, min=0, types=_narrowed(whole, slice_)))
        parent.children.insert(parent.children.index(own[-1]) + 1, made)
        return made

    def _unfold(self, draft: Draft) -> None:
        """Give an element the children of its type, of its type's profile, or of what it refers to."""
        element = draft.element
        if element.content_reference:
            model = referred(self._type(self.root.element.path), element.content_reference)
            draft.element = replace(element, content_reference="", types=BACKBONE)
        elif len(element.types) == 1:
            model = self._typed(element.types[0])
        else:
            raise Unfounded(f"{element.path} has no type that a profile could go into")
        draft.children = [Draft.of(moved(one, model.path, element.path)) for one in model.children]

    def _typed(self, ref: TypeRef) -> Element:
        found = self._guide.snapshot(ref.profiles[0]) if ref.profiles else None
        return found.elements[0] if found else self._type(ref.code)

    def _type(self, name: str) -> Element:
        found = self._guide.snapshot(HL7 + name)
        if found is None:
            raise Unfounded(f"R4 has no type {name}")
        return found.elements[0]


def referred(root: Element, reference: str) -> Element:
    """The element that `#Observation.referenceRange` means. Raises Unfounded."""
    here = root
    for name in reference.partition("#")[2].split(".")[1:]:
        below = next((one for one in here.children if one.path.endswith(f".{name}") and not one.slice), None)
        if below is None:
            raise Unfounded(f"{root.path} has nothing at {reference}")
        here = below
    return here


def _narrowed(whole: Draft, slice_: str) -> tuple[TypeRef, ...]:
    """The types of a slice: of a choice the one that it is named after."""
    stem = whole.name.removesuffix("[x]")
    if stem == whole.name:
        return whole.origin.types
    return tuple(one for one in whole.origin.types if stem + one.code[:1].upper() + one.code[1:] == slice_)


def moved(element: Element, old: str, new: str) -> Element:
    """An element in another place."""
    path = new + element.path.removeprefix(old)
    return replace(element, path=path, children=tuple(moved(one, old, new) for one in element.children))


def changed(element: Element, fact: Fact, rules: dict[str, Invariant]) -> Element:
    """An element after a line of a profile."""
    had = {one.key for one in element.constraints}
    return replace(
        element,
        min=element.min if fact.min is None else fact.min,
        max=element.max if fact.max is None else None if fact.max == "*" else int(fact.max),
        types=element.types if fact.types is None else fact.types,
        fixed=element.fixed if fact.fixed is None else fact.fixed,
        pattern=element.pattern if fact.pattern is None else fact.pattern,
        binding=_bound(element.binding, fact.binding),
        slicing=element.slicing if fact.slicing is None else fact.slicing,
        must_support=element.must_support or fact.must_support,
        constraints=(*element.constraints, *(rules[key] for key in fact.rules if key not in had)),
    )


def _bound(had: Binding | None, said: Binding | None) -> Binding | None:
    return had if said is None else said
