"""Composite parameters: https://hl7.org/fhir/R4/search.html#combining

`a$b`: one element has a value for `a` and, in the same place, one for `b`. Each part is asked as its own kind is,
prefix and unit included; docs/adr/0302-composite-search.md says how they are kept together.
"""

from collections.abc import Callable, Iterator
from datetime import tzinfo
from functools import cache
from itertools import islice, product
from types import ModuleType
from typing import Any

from ....values import dataclass
from ... import paths
from ...definitions import SEARCH, SearchParam
from ...expressions import Root, Union, UnreadableError
from ...expressions import read as expression
from ...outcomes import BadValue
from ..context import Context
from ..escapes import split
from ..index import Cell, Index, cells, value
from ..query import Amount, Each, Logical, Ref, Span, Test, Text, Token, Uri, Value, Whole
from . import date, quantity, reference, string, token, uri
from .reader import Reader

MODIFIERS = frozenset({""})
READERS: dict[str, Reader] = {}  # an element is read by its parts' kinds
MOST = 1000  # pairs of one element: no record has as many, and none may cost more
_KINDS: dict[str, ModuleType] = {"token": token, "reference": reference, "uri": uri, "string": string, "date": date,
                                 "quantity": quantity}  # fmt: skip
_FITS: tuple[tuple[type, Callable[[Value, Test], bool]], ...] = (
    (Token, token.fits), (Ref, reference.fits), (Logical, reference.fits), (Uri, uri.fits), (Text, string.fits),
    (Span, date.fits), (Amount, quantity.fits),
)  # fmt: skip
_HASHED = ("token", "reference", "uri")


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a composite: the parameter by which it is asked, and where its values lie in the element."""

    param: SearchParam
    path: str

    @property
    def readers(self) -> dict[str, Reader]:
        """How its kind reads values."""
        found: dict[str, Reader] = _KINDS[self.param.kind].READERS
        return found


@cache
def parts(param: SearchParam) -> tuple[Part, ...]:
    """Both parts of a composite; none where we do not keep it: with three parts, or led by what is not a code.

    >>> [part.path for part in parts(SEARCH["Observation"]["code-value-quantity"])]
    ['code', 'value.as(Quantity)']
    """
    found = tuple(Part(SEARCH[param.type][code], path) for code, path in param.components)
    if len(found) != 2 or not all(part.param.kind in _KINDS and _readable(part.path) for part in found):
        return ()
    first, second = (part.param.kind for part in found)
    if second in _HASHED:
        return found if first in _HASHED else ()
    alone = expression(param.expression) == Root(param.type)
    return found if first == "token" and (second != "string" or alone) else ()


def _readable(path: str) -> bool:
    try:
        expression(path)
    except UnreadableError:
        return False
    return True


@cache
def places(param: SearchParam) -> tuple[SearchParam, ...]:
    """The parameters under which its values are kept: itself, or those that have the same parts in one place each.

    >>> [one.code for one in places(SEARCH["Observation"]["combo-code-value-quantity"])]
    ['code-value-quantity', 'component-code-value-quantity']
    """
    elements = expression(param.expression)
    if not isinstance(elements, Union) or not parts(param):
        return (param,)
    alike = {
        expression(one.expression): one
        for one in SEARCH[param.type].values()
        if one.kind == "composite" and _ways(one) == _ways(param)
    }
    found = tuple(alike[element] for element in elements.parts if element in alike)
    return found if len(found) == len(elements.parts) else (param,)


def _ways(param: SearchParam) -> list[tuple[str, str]]:
    return [(part.path, part.param.kind) for part in parts(param)]


def values(resource: dict[str, Any], param: SearchParam, zone: tzinfo) -> Iterator[Whole]:
    """What a composite finds in this resource: the plain reading."""
    return (Whole((value(first), value(second))) for first, second in pairs(resource, param, zone))


def pairs(resource: dict[str, Any], param: SearchParam, zone: tzinfo) -> Iterator[tuple[Cell, Cell]]:
    """The same as parts of index rows."""
    root = paths.Node(resource, str(resource.get("resourceType")))
    for element in paths.values(resource, param.expression):
        found = [_read(part, root, element, zone) for part in parts(param)]
        if found:
            yield from joined(*found)


def _read(part: Part, root: paths.Node, element: paths.Node, zone: tzinfo) -> list[Cell]:
    into = Index(zone)
    for node in paths.walk(expression(part.path), root, element):
        if reader := part.readers.get(node.type):
            reader(node.value, (0,), into, node.system)
    return cells(into, 1)[0]


def joined(first: list[Cell], second: list[Cell]) -> Iterator[tuple[Cell, Cell]]:
    """Each of the first with each of the second."""
    return islice(product(first, second), MOST)


def read(param: SearchParam, _: str, text: str, context: Context) -> tuple[Test, ...]:
    r"""One alternative: `a$b`, with `\$` for the sign itself. Raises BadValue."""
    wanted, texts = parts(param), split(text, "$")
    if len(texts) != len(wanted) or not all(texts):
        raise BadValue(f"{param.code} wants {'$'.join(part.param.code for part in wanted)}, with \\$ for a dollar sign")
    both = zip(wanted, texts, strict=True)
    asked = [_KINDS[part.param.kind].read(part.param, "", one, context) for part, one in both]
    return tuple(Test(param.code, Each(tests), "is") for tests in product(*asked))


def fits(have: Value, test: Test) -> bool:
    """Does this value of a resource answer the test? Each part its own."""
    if not (isinstance(have, Whole) and isinstance(test.value, Each)):
        return False
    return all(_fits(one, asked) for one, asked in zip(have.parts, test.value.tests, strict=True))


def _fits(have: Value, test: Test) -> bool:
    return any(fits_(have, test) for type_, fits_ in _FITS if isinstance(test.value, type_))
