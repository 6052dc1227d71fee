"""From snapshots to closures (architecture decision 16): each profile and type becomes one check, made at first use."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from ..definitions import RESOURCES, TYPES
from ..profiles.model import Element, Invariant, Snapshot, TypeRef
from . import shapes
from .discriminators import HL7, Codes, Discriminators, Snapshots, name
from .issue import Run, Where, quoted
from .primitives import LEXICAL
from .resources import contained, narrated, within
from .rules import Check, all_of, rules, targeted
from .shapes import Field, Wanted
from .slices import Slice, any_of, extension, extensions, sliced

EXTENSIONS = frozenset(("extension", "modifierExtension"))
Group = tuple[Element, tuple[Element, ...]]
"""An element and its slices."""


About = Callable[[str, str], Check | None]
"""The check of the profile of this URL, if it is about this type of resource."""


class Compiler:
    """Makes checks of snapshots, each once. `snapshots` gives a snapshot by its canonical URL, `codes` a value set,
    `about` the profiles that resources within resources claim; extensions of the URLs `own` are held to them.
    """

    __slots__ = ("_about", "_checks", "_codes", "_own", "_snapshots", "_told")

    def __init__(self, snapshots: Snapshots, codes: Codes, own: frozenset[str], about: About) -> None:
        self._snapshots, self._codes, self._own, self._about = snapshots, codes, own, about
        self._told = Discriminators(snapshots, codes)
        self._checks: dict[str, Check] = {}

    def profile(self, url: str) -> Check | None:
        """The check of this profile or type; None where nobody knows it."""
        snapshot = self._snapshots(url)
        return self.of(snapshot) if snapshot is not None else None

    def of(self, snapshot: Snapshot) -> Check:
        """The check of a snapshot; kept by its own name, for a record may call it by as many as it likes."""
        key = f"{snapshot.url}|{snapshot.version}"
        return self._checks.get(key) or self._made(key, lambda: self._root(snapshot))

    def type(self, code: str) -> Check:
        """The check of a type of R4. Raises LookupError for what is none."""
        if code in ("Resource", "DomainResource"):
            return self.resource
        found = self.profile(HL7 + code)
        if found is None:
            raise LookupError(f"there is no snapshot of {code}")
        return found

    def extension(self, url: str) -> Check | None:
        """What an extension of this url has to be, where it is known."""
        snapshot = self._snapshots(url) if url in self._own else None
        return self.of(snapshot) if snapshot is not None and snapshot.type == "Extension" else None

    def resource(self, value: Any, where: Where, run: Run) -> None:
        """A resource within another: by what its type says, and by the profiles that it claims."""
        type_ = value.get("resourceType") if isinstance(value, dict) else None
        if not isinstance(type_, str) or type_ not in RESOURCES:
            run.error("structure", where, "wants a resource of FHIR R4, with its resourceType")
            return
        env = run.env
        kept = env.root, env.resource
        env.resource = value
        if where[1] != "contained":
            env.root = value
        try:
            for check in self.claimed(value, ()):
                check(value, where, run)
        finally:
            env.root, env.resource = kept

    def claimed(self, value: dict[str, Any], profiles: Iterable[str], *, claims: bool = True) -> list[Check]:
        """The checks of these profiles and of those that the resource claims, else of its type."""
        wanted = dict.fromkeys((*profiles, *(claims_of(value) if claims else ())))
        type_ = str(value["resourceType"])
        found = [check for url in wanted if (check := self._about(url, type_)) is not None]
        return found or [self.type(type_)]

    # Compiling ---------------------------------------------------------------------------------------------------

    def _made(self, url: str, make: Callable[[], Check]) -> Check:
        """What `make` makes, once; while it is being made, what leads there itself, as types within themselves do."""

        def later(value: Any, where: Where, run: Run) -> None:
            self._checks[url](value, where, run)

        self._checks[url] = later
        try:
            self._checks[url] = made = make()
        except BaseException:
            del self._checks[url]
            raise
        return made

    def _root(self, snapshot: Snapshot) -> Check:
        root = snapshot.elements[0]
        after = [*rules(root, snapshot.type, (), self._codes)]
        if snapshot.kind == "resource":
            after = [contained, narrated, *after] if self._narrated(snapshot) else after
            return Plan(self, snapshot).structure(root, snapshot.type, after, typed=snapshot.type)
        if snapshot.type == "Reference":
            after = [within, *after]
        check = Plan(self, snapshot).structure(root, snapshot.type, after)
        return extension(check) if snapshot.type == "Extension" else check

    @staticmethod
    def _narrated(snapshot: Snapshot) -> bool:
        return "text" in TYPES[snapshot.type].by_json

    def checks(self, path: str, make: Callable[[], Check]) -> Check:
        """What stands at a content reference, made once."""
        return self._checks.get(path) or self._made(path, make)

    def bare(self, of: str) -> Check:
        """What may stand beside a value of this primitive type: an id and, unless it is xhtml, extensions."""
        like = of if of == "xhtml" else "Element"
        return self.checks(f"_{like}", lambda: self._bare(like))

    def _bare(self, type_: str) -> Check:
        found = self._snapshots(HL7 + type_)
        if found is None:
            raise LookupError(f"there is no snapshot of {type_}")
        return Plan(self, found).structure(found.elements[0], "Element", (), beside_value=True)

    @property
    def told(self) -> Discriminators:
        """How slices are told apart."""
        return self._told

    def rules_of(self, element: Element, type_: str) -> Iterator[Check]:
        """What is asked of one value of an element beside its shape, with the invariants of its type if not its own."""
        more: tuple[Invariant, ...] = ()
        if element.children and TYPES[type_].kind == "complex" and (of := self._snapshots(HL7 + type_)) is not None:
            more = of.elements[0].constraints
        return rules(element, type_, more, self._codes)


MOST_CLAIMS = 8
"""Profiles that a resource is held to, of those it claims."""


def claims_of(value: dict[str, Any]) -> list[str]:
    """The profiles that a resource says it keeps to; of very many only some are looked at."""
    meta = value.get("meta")
    found = meta.get("profile") if isinstance(meta, dict) else None
    return [one for one in found[:MOST_CLAIMS] if isinstance(one, str)] if isinstance(found, list) else []


class Place(NamedTuple):
    """Where an element stands in JSON, and what it is called in FHIRPath: `valueString` and `value`."""

    key: str
    name: str


class Plan:
    """Makes the check of one snapshot."""

    __slots__ = ("_compiler", "_snapshot")

    def __init__(self, compiler: Compiler, snapshot: Snapshot) -> None:
        self._compiler, self._snapshot = compiler, snapshot

    def structure(
        self, element: Element, type_: str, after: Iterable[Check], typed: str = "", *, beside_value: bool = False
    ) -> Check:
        """The check of an object with the children of this element; `type_` is its type, `typed` a resource's own."""
        fields: dict[str, Field] = {}
        wanted: list[Wanted] = []
        for one, slices in groups(self._compiler.told.children(element)):
            made = dict(self._fields(one, slices, type_))
            fields |= made
            least = max(one.min, sum(slice_.min for slice_ in slices))
            if least:
                wanted.append(Wanted(name(one).removesuffix("[x]"), tuple(made), least))
        if typed:
            fields["resourceType"] = resource_type(typed)
        return shapes.structure(fields, tuple(wanted), tuple(after), beside_value=beside_value)

    def _fields(self, element: Element, slices: tuple[Element, ...], type_: str) -> Iterator[tuple[str, Field]]:
        """The members of JSON under which an element may stand."""
        stem = name(element).removesuffix("[x]")
        known = {key: of for key, (base, of) in TYPES[type_].by_json.items() if base.name == stem}
        choice = len(known) > 1 or name(element).endswith("[x]")
        keys = frozenset(known) | frozenset("_" + key for key in known)
        for key, of in known.items():
            base = TYPES[type_].by_json[key][0]
            made = self._member(element, slices, Place(key, stem), of, many=base.max != 1, choice=choice)
            for written, field in made:
                yield written, shapes.chosen(keys, stem, field) if choice and len(known) > 1 else field

    def _member(
        self, element: Element, slices: tuple[Element, ...], place: Place, of: str, *, many: bool, choice: bool
    ) -> Iterator[tuple[str, Field]]:
        """The members of one type: the value, and what stands beside a primitive value."""
        key, stem = place
        if element.max == 0:
            yield key, shapes.none(stem)
            yield "_" + key, shapes.none(stem)
            return
        if choice:
            slice_ = next((one for one in slices if any(matches(ref, of) for ref in one.types)), None)
            if not any(matches(ref, of) for ref in element.types) or (slice_ is None and closed(element, slices)):
                allowed = tuple(ref.code for one in (slices or (element,)) for ref in one.types)
                yield key, shapes.barred(stem, allowed)
                return
            element, slices = _under(slice_, element) if slice_ else element, ()
        yield key, self._valued(element, slices, stem, of, many=many)
        if of in LEXICAL:
            inner = self._bare(element, of)
            yield "_" + key, shapes.bare_several(key, inner) if many else shapes.bare_single(key, stem, inner)

    def _valued(self, element: Element, slices: tuple[Element, ...], key: str, of: str, *, many: bool) -> Field:
        if key in EXTENSIONS:
            return self._extensions(element, slices, key)
        if of in LEXICAL and not many:
            more = tuple(self._compiler.rules_of(element, of))
            return shapes.single(key, shapes.literal(LEXICAL[of], more)) if more else shapes.primitive(LEXICAL[of], key)
        check = self._value(element, of)
        if not many:
            return shapes.single(key, check)
        slicing = element.slicing
        if not slices or slicing is None:
            return shapes.several(key, check, element.max)
        told = tuple(self._slice(one, element, slicing.discriminators, of) for one in slices)
        return sliced(key, told, check, slicing.rules, element.max, ordered=slicing.ordered)

    def _slice(self, element: Element, base: Element, by: tuple[tuple[str, str], ...], of: str) -> Slice:
        check = self._value(_under(element, base), of)
        return Slice(element.slice, self._compiler.told.matches(element, by), check, element.min, element.max)

    def _extensions(self, element: Element, slices: tuple[Element, ...], key: str) -> Field:
        told: dict[str, Slice] = {}
        for one in slices:
            url = self._compiler.told.url(one)
            if url:
                told[url] = Slice(one.slice, None, self._value(one, "Extension"), one.min, one.max)
        rules_ = element.slicing.rules if element.slicing else "open"
        rest = self._compiler.type("Extension")
        return extensions(key, told, self._compiler.extension, rest, rules_, element.max)

    def _value(self, element: Element, of: str) -> Check:
        """The check of one value of an element, of the type `of`."""
        compiler = self._compiler
        if of in LEXICAL:
            return shapes.literal(LEXICAL[of], tuple(compiler.rules_of(element, of)))
        ref = next((one for one in element.types if matches(one, of)), TypeRef(of))
        more = [*compiler.rules_of(element, of)]
        if ref.code == "Reference":
            more += [one for one in (targeted(ref, compiler.told.type),) if one is not None]
        if element.content_reference:
            return all_of([self._referred(element.content_reference, of), *more])
        if element.children:
            if of == "Reference":
                more.append(within)
            check = self.structure(element, of, more)
            return extension(check) if of == "Extension" else check
        if of in TYPES and TYPES[of].kind == "backbone":
            return all_of([self._plain(of), *more])
        return all_of([self._profiled(ref, of), *more])

    def _profiled(self, ref: TypeRef, of: str) -> Check:
        """By the profiles of the type, where they are known, else by the type."""
        known = [(url, check) for url in ref.profiles if (check := self._compiler.profile(url)) is not None]
        if not known:
            return self._compiler.type(of)
        if len(known) == 1:
            return known[0][1]
        return any_of(tuple(check for _, check in known), tuple(url for url, _ in known))

    def _referred(self, path: str, of: str) -> Check:
        """An element that is as another of this snapshot: https://hl7.org/fhir/R4/elementdefinition.html#ElementDefinition.contentReference"""
        wanted = path.rpartition("#")[2]
        found = find(self._snapshot.elements, wanted)
        if found is None or not found.children:
            return self._plain(of)
        key = f"{self._snapshot.url}|{self._snapshot.version}#{wanted}"
        return self._compiler.checks(key, partial(self._value, found, of))

    def _plain(self, of: str) -> Check:
        """A backbone that the snapshot does not unfold: as the base type has it."""
        type_, _, _ = of.partition(".")
        base = self._compiler.told.snapshot(HL7 + type_)
        found = find(base.elements, of) if base is not None else None
        if base is None or found is None:
            raise LookupError(f"there is no snapshot of {of}")
        plan = Plan(self._compiler, base)
        return self._compiler.checks(f"{HL7}{type_}#{of}", lambda: plan.structure(found, of, ()))

    def _bare(self, element: Element, of: str) -> Check:
        """What may stand beside a primitive value: id and extensions."""
        kept = tuple(one for one in element.children if name(one) in ("id", "extension"))
        if not any(one.slice for one in kept):
            return self._compiler.bare(of)
        return self.structure(Element(element.path, children=kept), "Element", (), beside_value=True)


def _under(slice_: Element, base: Element) -> Element:
    """A slice with what holds of the whole element: its invariants, and its children where it unfolds none."""
    return replace(slice_, children=slice_.children or base.children, constraints=base.constraints + slice_.constraints)


def groups(children: Iterable[Element]) -> Iterator[Group]:
    """Each element with its slices, in order."""
    found: dict[str, list[Element]] = {}
    for one in children:
        found.setdefault(one.path, []).append(one)
    for ones in found.values():
        base = next((one for one in ones if not one.slice), ones[0])
        yield base, tuple(one for one in ones if one.slice and one is not base)


def closed(element: Element, slices: tuple[Element, ...]) -> bool:
    """Only what belongs to a slice may be there."""
    return bool(slices) and element.slicing is not None and element.slicing.rules == "closed"


def matches(ref: TypeRef, of: str) -> bool:
    """Is this TypeRef about the type `of`, as the definitions name it?"""
    return ref.code == of or ref.code.startswith("http://hl7.org/fhirpath/") or "." in of or not ref.code


def find(elements: Iterable[Element], path: str) -> Element | None:
    """The element at a path, itself no slice."""
    for one in elements:
        if one.path == path and not one.slice:
            return one
        if path.startswith(one.path + ".") and (found := find(one.children, path)) is not None:
            return found
    return None


def resource_type(wanted: str) -> Field:
    """`resourceType`: the type that the profile is about."""

    def field(member: Any, _: dict[str, Any], where: Where, run: Run) -> None:
        if member != wanted:
            run.error("structure", where, f"wants a {wanted}, not {quoted(member)}")

    return field
