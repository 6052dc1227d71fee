"""Invariants as trees: the grammar of FHIRPath, without dates and units of its own. https://hl7.org/fhirpath/N1/#grammar"""

import re
from collections.abc import Iterator
from decimal import Decimal

from ....values import dataclass

LONGEST = 4000
"""Characters of an expression; the longest invariant of R4 has below 1,000."""
DEEPEST = 40
"""Brackets in each other."""


class UnreadableError(ValueError):
    """An expression beyond the part of FHIRPath that is spoken here."""


@dataclass(frozen=True, slots=True)
class This:
    """`$this`, and what an expression begins at."""


@dataclass(frozen=True, slots=True)
class Const:
    """A literal; None is `{}`."""

    value: str | int | bool | Decimal | None


@dataclass(frozen=True, slots=True)
class Variable:
    """`%name`"""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """`of.name`"""

    of: "Tree"
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """`of[at]`"""

    of: "Tree"
    at: "Tree"


@dataclass(frozen=True, slots=True)
class Call:
    """`of.name(args)`"""

    of: "Tree"
    name: str
    args: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """`of is type`, `of as type`; `of.ofType(type)` is an `as`."""

    of: "Tree"
    sign: str
    type: str


@dataclass(frozen=True, slots=True)
class Binary:
    """`left sign right`"""

    sign: str
    left: "Tree"
    right: "Tree"


Tree = This | Const | Variable | Step | Item | Call | Typed | Binary

LEVELS: tuple[tuple[str, ...], ...] = (
    ("implies",),
    ("or", "xor"),
    ("and",),
    ("in", "contains"),
    ("=", "!=", "~", "!~"),
    ("<", "<=", ">", ">="),
    ("|",),
    ("is", "as"),
    ("+", "-", "&"),
    ("*", "/", "div", "mod"),
)
"""Loosest first: https://hl7.org/fhirpath/N1/#operator-precedence"""

_WORD = re.compile(
    r"""\s*(?:'(?P<text>(?:[^'\\]|\\.)*)'|`(?P<quoted>[^`\\]+)`|(?P<name>[$%]?[A-Za-z_]\w*)|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<sign>!=|!~|<=|>=|[.,()\[\]{}|=~<>+\-*/&]))""",
    re.ASCII,
)
_ESCAPE = re.compile(r"\\(.)")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Word:
    """One word: `kind` is text, name, number or sign; the end is a sign without text."""

    kind: str
    text: str


def words(expression: str) -> Iterator[Word]:
    """The words of an expression, and the end. Raises UnreadableError."""
    if len(expression) > LONGEST:
        raise UnreadableError("the expression is too long")
    at, expression = 0, expression.rstrip()
    while at < len(expression):
        found = _WORD.match(expression, at)
        if not found:
            raise UnreadableError(f"this is not understood at character {at} of the expression")
        kind = str(found.lastgroup)
        text = found[kind]
        if kind == "text":
            text = _ESCAPE.sub(lambda one: _CONTROL.get(one[1], one[1]), text)
        yield Word("name" if kind == "quoted" else kind, text)
        at = found.end()
    yield Word("sign", "")


def read(expression: str) -> Tree:
    """The tree of an expression. Raises UnreadableError.

    >>> read("name.exists()")
    Call(of=Step(of=This(), name='name'), name='exists', args=())
    """
    reader = _Reader(expression)
    tree = reader.level(0)
    if reader.word.text or reader.word.kind != "sign":
        raise UnreadableError(f"{reader.word.text!r} is not understood")
    return tree


class _Reader:
    """Reads by descent through the levels of precedence."""

    def __init__(self, expression: str) -> None:
        self.words = [*words(expression)]
        self.at = self.depth = 0

    @property
    def word(self) -> Word:
        return self.words[self.at]

    def took(self, *signs: str) -> str:
        """Take the next word if it is one of these, else ""."""
        word = self.word
        if word.kind in ("sign", "name") and word.text in signs:
            self.at += 1
            return word.text
        return ""

    def demand(self, sign: str) -> None:
        if not self.took(sign):
            raise UnreadableError(f"{sign} is missing before {self.word.text!r}")

    def name(self) -> str:
        word = self.word
        if word.kind != "name":
            raise UnreadableError(f"a name is missing before {word.text!r}")
        self.at += 1
        return word.text

    def level(self, at: int) -> Tree:
        if at == len(LEVELS):
            return self.steps()
        left = self.level(at + 1)
        while sign := self.took(*LEVELS[at]):
            left = Typed(left, sign, self.type()) if sign in ("is", "as") else Binary(sign, left, self.level(at + 1))
        return left

    def type(self) -> str:
        """A type's name, without the namespace."""
        name = self.name()
        while self.took("."):
            name = self.name()
        return name

    def steps(self) -> Tree:
        tree = self.start()
        while sign := self.took(".", "["):
            if sign == "[":
                tree = Item(tree, self.level(0))
                self.demand("]")
            else:
                tree = self.step(tree)
        return tree

    def start(self) -> Tree:
        word = self.word
        if word.kind in {"text", "number"} or word.text in ("true", "false"):
            self.at += 1
            return Const(_literal(word))
        if self.took("("):
            tree = self.nested()
            self.demand(")")
            return tree
        if self.took("{"):
            self.demand("}")
            return Const(None)
        if self.took("$this"):
            return This()
        if word.kind == "name" and word.text[0] == "%":
            self.at += 1
            return Variable(word.text[1:])
        return self.step(This())

    def nested(self) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST:
            raise UnreadableError(f"brackets lie deeper than {DEEPEST} in each other")
        tree = self.level(0)
        self.depth -= 1
        return tree

    def step(self, of: Tree) -> Tree:
        name = self.name()
        if not self.took("("):
            return Step(of, name)
        if name in ("ofType", "as", "is"):
            tree: Tree = Typed(of, "is" if name == "is" else "as", self.type())
        else:
            tree = Call(of, name, tuple(self.arguments()))
        self.demand(")")
        return tree

    def arguments(self) -> Iterator[Tree]:
        if self.word.text == ")" and self.word.kind == "sign":
            return
        yield self.nested()
        while self.took(","):
            yield self.nested()


def _literal(word: Word) -> str | int | bool | Decimal:
    if word.kind == "text":
        return word.text
    if word.kind == "number":
        return Decimal(word.text) if "." in word.text else int(word.text)
    return word.text == "true"
