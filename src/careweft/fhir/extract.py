"""The search parameters of a type compiled to one straight function that indexes a resource (architecture decision 7).

At first use every expression is unfolded into routes: JSON keys to follow, conditions to pass, and the kind's reader at
the end. Routes that begin alike share their way, so that each part of a resource is visited once. The few expressions
that cannot be unfolded are walked by `paths`. Either way the same readers write the rows: the meaning is in the kinds.
"""

from collections.abc import Callable, Iterator
from dataclasses import field
from datetime import tzinfo
from functools import cache
from typing import Any

from ..values import dataclass
from . import paths
from .definitions import SEARCH, SearchParam
from .expressions import Equal, Is, Literal, Member, Only, Path, Resolve, Root, This, Union, Where, read
from .search.index import Index, cells
from .search.kinds import KINDS, composite
from .search.kinds.reader import Reader

__all__ = ["Extract", "Index", "extractor", "indexed"]

Extract = Callable[[dict[str, Any], tzinfo], Index]
APART = frozenset({"_id", "_lastUpdated"})  # the store has columns for them


class NoRouteError(Exception):
    """This expression is not a plain way through the resource."""


# Routes --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Get:
    """Follow a key of a JSON object, into each item where the element repeats."""

    key: str
    many: bool


@dataclass(frozen=True, slots=True)
class If:
    """Go on where a member is this string, or with member "" where the reference leads to this type."""

    member: str
    wanted: str


Step = Get | If


@dataclass(frozen=True, slots=True)
class Route:
    """Steps from the resource to elements of one FHIR type; `system` is what a `code` there implies."""

    type: str
    steps: tuple[Step, ...] = ()
    system: str = ""

    def to(self, name: str) -> "Iterator[Route]":
        """On to the elements of this name, one route for each type that may be chosen."""
        for key, element, type_ in paths.keys(self.type, name):
            if type_ == "Resource":
                raise NoRouteError(name)
            yield Route(type_, (*self.steps, Get(key, element.max != 1)), element.system)


def routes(path: Path, type_: str) -> list[Route]:
    """All ways that an expression goes through a resource or element of this type. Raises NoRouteError."""
    match path:
        case This():
            return [Route(type_)]
        case Root(name):
            return [Route(type_)] if name in (type_, "Resource", "DomainResource") else []
        case Union(parts):
            return [route for part in parts for route in routes(part, type_)]
        case Member(of, name):
            return [after for route in routes(of, type_) for after in route.to(name)]
        case Only(of, wanted):
            return [route for route in routes(of, type_) if route.type == wanted]
        case Where(of, test):
            condition = condition_of(test)
            return [Route(one.type, (*one.steps, condition), one.system) for one in routes(of, type_)]
    raise NoRouteError(type(path).__name__)


def condition_of(test: Path) -> If:
    """`where(member = 'text')` and `where(resolve() is Type)`."""
    match test:
        case Equal(Member(This(), member), Literal(str(wanted)), False):
            return If(member, wanted)
        case Is(Resolve(This()), wanted):
            return If("", wanted)
    raise NoRouteError("where")


# Routes laid together ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Branch:
    """A place that routes pass: which readers end here and for which parameters, and where it goes on."""

    readers: dict[tuple[Reader, str], list[int]] = field(default_factory=dict)
    further: dict[Step, "Branch"] = field(default_factory=dict)

    def lay(self, route: Route, reader: Reader, number: int) -> None:
        """Add one route."""
        here = self
        for step in route.steps:
            here = here.further.setdefault(step, Branch())
        numbers = here.readers.setdefault((reader, route.system), [])
        if number not in numbers:
            numbers.append(number)


def indexed(type_: str) -> list[SearchParam]:
    """The parameters of a type that have rows of their own."""
    found = (param for param in SEARCH[type_].values() if param.kind in KINDS and param.code not in APART)
    return [param for param in found if param.kind != "composite" or kept(param)]


def kept(param: SearchParam) -> bool:
    """Has this composite rows of its own, or is it answered by others'?"""
    return bool(composite.parts(param)) and composite.places(param) == (param,)


def plan(type_: str) -> tuple[Branch, list[SearchParam]]:
    """All routes of a type laid together, and the parameters that have to be walked."""
    trunk, walked = Branch(), []
    joined: dict[Route, list[SearchParam]] = {}
    for param in indexed(type_):
        try:
            ways = routes(read(param.expression), type_)
            for part in composite.parts(param):
                for way in ways:
                    routes(read(part.path), way.type)
        except NoRouteError:
            walked.append(param)
            continue
        readers = KINDS[param.kind].readers
        for way in ways:
            if param.kind == "composite":
                joined.setdefault(way, []).append(param)
            elif reader := readers.get(way.type):
                trunk.lay(way, reader, param.number)
    for way, params in joined.items():
        trunk.lay(way, joiner(way.type, params), 0)
    return trunk, walked


def joiner(type_: str, params: list[SearchParam]) -> Reader:
    """Reads the composites of an element of this type: every part once, then each of a first with each of a second."""
    trunk, slots = Branch(), dict[tuple[str, str], int]()
    for part in (part for param in params for part in composite.parts(param)):
        slot = slots.setdefault((part.path, part.param.kind), len(slots))
        for way in routes(read(part.path), type_):
            if reader := part.readers.get(way.type):
                trunk.lay(way, reader, slot)
    fill, most = compiled(trunk, [], type_), len(slots)
    pairs = [(one.number, *(slots[part.path, part.param.kind] for part in composite.parts(one))) for one in params]

    def join(element: Any, _: tuple[int, ...], into: Index, __: str) -> None:
        apart = Index(into.zone)
        fill(element, apart)
        found = cells(apart, most)
        for number, first, second in pairs:
            if found[first] and found[second]:
                into.wholes += [(number, *pair) for pair in composite.joined(found[first], found[second])]

    return join


# Python --------------------------------------------------------------------------------------------------------------


class _Writer:
    """Writes the source of one type's function; what it needs by name is in `names`."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, object] = {"leads_to": paths.leads_to}
        self.variables = 0

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def variable(self) -> str:
        self.variables += 1
        return f"v{self.variables}"

    def constant(self, value: object) -> str:
        """A name for this value in the function's globals."""
        for name, known in self.names.items():
            if known is value or (isinstance(value, tuple) and known == value):
                return name
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def branch(self, branch: Branch, at: str, depth: int) -> None:
        """Everything that is to be done with the value in the variable `at`."""
        for (reader, system), numbers in branch.readers.items():
            self.line(depth, f"{self.constant(reader)}({at}, {self.constant(tuple(numbers))}, into, {system!r})")
        if not branch.further:
            return
        self.line(depth, f"if type({at}) is dict:")
        for step, after in branch.further.items():
            if isinstance(step, If):
                self.line(depth + 1, f"if {condition(step, at)}:")
                self.branch(after, at, depth + 2)
            else:
                self.get(step, after, at, depth + 1)

    def get(self, step: Get, after: Branch, at: str, depth: int) -> None:
        found = self.variable()
        self.line(depth, f"{found} = {at}.get({step.key!r})")
        if not step.many:
            self.line(depth, f"if {found} is not None and type({found}) is not list:")
            self.branch(after, found, depth + 1)
            return
        one = self.variable()
        self.line(depth, f"if type({found}) is list:")
        self.line(depth + 1, f"for {one} in {found}:")
        self.branch(after, one, depth + 2)


def condition(step: If, at: str) -> str:
    """The Python of a condition on the value in this variable."""
    return f"{at}.get({step.member!r}) == {step.wanted!r}" if step.member else f"leads_to({at}) == {step.wanted!r}"


@cache
def extractor(type_: str) -> Extract:
    """The function that indexes a resource of this type; it never raises on what JSON can hold. Raises KeyError.

    >>> from datetime import UTC
    >>> extractor("Observation")({"resourceType": "Observation", "status": "final"}, UTC).tokens
    [(6182, 'http://hl7.org/fhir/observation-status', 'final')]
    """
    fill = compiled(*plan(type_), type_)

    def extract(resource: dict[str, Any], zone: tzinfo) -> Index:
        into = Index(zone)
        fill(resource, into)
        return into.close()

    return extract


def compiled(trunk: Branch, walked: list[SearchParam], type_: str) -> Callable[[Any, Index], None]:
    """The function that goes through a resource, or an element, as these branches say, and fills an index."""
    writer = _Writer()
    writer.line(0, "def fill(resource, into):")
    writer.line(1, "pass")
    writer.branch(trunk, "resource", 1)
    for param in walked:
        writer.line(1, f"{writer.constant(walk)}(resource, {writer.constant(param)}, into)")
    # The source is made of our own tables alone: keys, codes and type names, each written by repr.
    exec(compile("\n".join(writer.lines), f"<index of {type_}>", "exec"), writer.names)  # noqa: S102
    made: Callable[[Any, Index], None] = writer.names["fill"]  # type: ignore[assignment]
    return made


def walk(resource: dict[str, Any], param: SearchParam, into: Index) -> None:
    """Index one parameter by walking its expression."""
    if param.kind == "composite":
        into.wholes += [(param.number, *pair) for pair in composite.pairs(resource, param, into.zone)]
    readers = KINDS[param.kind].readers
    for node in paths.values(resource, param.expression):
        if reader := readers.get(node.type):
            reader(node.value, (param.number,), into, node.system)
