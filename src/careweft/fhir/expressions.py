"""Search parameters' expressions as trees, in the part of FHIRPath they use: https://hl7.org/fhirpath/N1/

Members, choices, union, `as`, `is`, `where`, `exists`, `first`, `extension`, `resolve`, `=`, `!=`, `and`, `or`.
`paths` walks a resource with a tree, `extract` compiles many of them into one function.
"""

import re
from collections.abc import Iterator
from functools import cache

from ..values import dataclass

LONGEST = 4000  # characters of an expression; ours stay below 2,700


# The tree ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Root:
    """The resource, if it is of this type."""

    type: str


@dataclass(frozen=True, slots=True)
class This:
    """The item that `where` asks about."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number or boolean of the expression itself."""

    value: str | int | bool


@dataclass(frozen=True, slots=True)
class Member:
    """`of.name`"""

    of: "Path"
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """`of[n]`, `of.first()`"""

    of: "Path"
    at: int


@dataclass(frozen=True, slots=True)
class Only:
    """`of as T`, `of.as(T)`, `of.ofType(T)`"""

    of: "Path"
    type: str


@dataclass(frozen=True, slots=True)
class Where:
    """`of.where(test)`"""

    of: "Path"
    test: "Path"


@dataclass(frozen=True, slots=True)
class Resolve:
    """`of.resolve()`: known by its type alone."""

    of: "Path"


@dataclass(frozen=True, slots=True)
class Is:
    """`of is T`"""

    of: "Path"
    type: str


@dataclass(frozen=True, slots=True)
class Exists:
    """`of.exists()`"""

    of: "Path"


@dataclass(frozen=True, slots=True)
class Equal:
    """`left = right`, or `!=`"""

    left: "Path"
    right: "Path"
    negated: bool


@dataclass(frozen=True, slots=True)
class Both:
    """`left and right`"""

    left: "Path"
    right: "Path"


@dataclass(frozen=True, slots=True)
class Either:
    """`left or right`"""

    left: "Path"
    right: "Path"


@dataclass(frozen=True, slots=True)
class Union:
    """`a | b | c`"""

    parts: tuple["Path", ...]


Path = Root | This | Literal | Member | Item | Only | Where | Resolve | Is | Exists | Equal | Both | Either | Union


class UnreadableError(ValueError):
    """An expression beyond the part of FHIRPath that is spoken here."""


# Reading -------------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"\s*(?:'([^'\\]*)'|([A-Za-z_]\w*)|(\d+)|(!=|[.()\[\]|=]))", re.ASCII)


@cache
def read(expression: str) -> Path:
    """The tree of an expression. Raises UnreadableError.

    >>> read("Patient.name.family")
    Member(of=Member(of=Root(type='Patient'), name='name'), name='family')
    """
    reader = _Reader(expression)
    path = reader.any_of()
    reader.end()
    return path


def words(expression: str) -> Iterator[str]:
    """The words of an expression; a string keeps its opening quote."""
    if len(expression) > LONGEST:
        raise UnreadableError("the expression is too long")
    at, expression = 0, expression.strip()
    while at < len(expression):
        if not (found := _WORD.match(expression, at)):
            raise UnreadableError(f"this is not understood at character {at} of the expression")
        yield found[0].strip() if found[1] is None else "'" + found[1]
        at = found.end()


class _Reader:
    """Reads by descent, one method for each level of precedence, loosest first."""

    def __init__(self, expression: str) -> None:
        self.words = [*words(expression), ""]
        self.at = 0

    def next(self, *wanted: str) -> str:
        """Take the next word if it is one of these, else ""."""
        word = self.words[self.at]
        if word and word in wanted:
            self.at += 1
            return word
        return ""

    def demand(self, wanted: str) -> None:
        if not self.next(wanted):
            raise UnreadableError(f"{wanted} is missing before {self.words[self.at]!r}")

    def end(self) -> None:
        if self.words[self.at]:
            raise UnreadableError(f"{self.words[self.at]!r} is not understood")

    def name(self) -> str:
        word = self.words[self.at]
        if not word.isidentifier():
            raise UnreadableError(f"a name is missing before {word!r}")
        self.at += 1
        return word

    def number(self) -> int:
        word = self.words[self.at]
        if not word.isdecimal():
            raise UnreadableError(f"a number is missing before {word!r}")
        self.at += 1
        return int(word)

    def any_of(self) -> Path:
        left = self.all_of()
        while self.next("or"):
            left = Either(left, self.all_of())
        return left

    def all_of(self) -> Path:
        left = self.equality()
        while self.next("and"):
            left = Both(left, self.equality())
        return left

    def equality(self) -> Path:
        left = self.union()
        if sign := self.next("=", "!="):
            return Equal(left, self.union(), sign == "!=")
        return left

    def union(self) -> Path:
        parts = [self.typed()]
        while self.next("|"):
            parts.append(self.typed())
        return Union(tuple(parts)) if len(parts) > 1 else parts[0]

    def typed(self) -> Path:
        path = self.steps()
        while word := self.next("as", "is"):
            path = Only(path, self.name()) if word == "as" else Is(path, self.name())
        return path

    def steps(self) -> Path:
        path = self.start()
        while sign := self.next(".", "["):
            if sign == "[":
                path = Item(path, self.number())
                self.demand("]")
            else:
                path = self.step(path)
        return path

    def start(self) -> Path:
        word = self.words[self.at]
        if self.next("("):
            path = self.any_of()
            self.demand(")")
            return path
        if word.startswith("'") or word.isdecimal() or word in ("true", "false"):
            self.at += 1
            return Literal(word[1:] if word[0] == "'" else int(word) if word.isdecimal() else word == "true")
        return Root(self.name()) if word[:1].isupper() else self.step(This())

    def step(self, of: Path) -> Path:
        name = self.name()
        if not self.next("("):
            return Member(of, name)
        path = self.call(of, name)
        self.demand(")")
        return path

    def call(self, of: Path, name: str) -> Path:
        match name:
            case "as" | "ofType":
                return Only(of, self.name())
            case "is":
                return Is(of, self.name())
            case "where":
                return Where(of, self.any_of())
            case "exists":
                return Exists(of if self.words[self.at] == ")" else Where(of, self.any_of()))
            case "extension":
                return Where(Member(of, "extension"), Equal(Member(This(), "url"), self.start(), negated=False))
            case "first":
                return Item(of, 0)
            case "resolve":
                return Resolve(of)
        raise UnreadableError(f"the function {name}() is not spoken here")
