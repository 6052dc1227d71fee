"""What FHIRPath expressions work on: collections as lists of JSON values, and what surrounds them."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from ... import json

Values = list[Any]
TRUE: Values = [True]
FALSE: Values = [False]
NONE: Values = []
"""These three are shared: no expression alters a collection."""

Codes = Callable[[str], frozenset[tuple[str, str]]]
Resolve = Callable[[str], dict[str, Any] | None]
BUDGET = 500_000
"""Values that the expressions of one resource may look at together: hostile records end, they do not wait."""
MANY = 16


class Unknown(Exception):
    """Whether this holds cannot be known here: a value set that is not at hand, a reference that leads elsewhere."""


class TooCostly(Exception):
    """The invariants of this resource would look at more than BUDGET values."""


class Env:
    """What surrounds an expression: `%resource` and its kind, value sets, and what references lead to."""

    __slots__ = ("codes", "context", "left", "resolve", "resource", "root")

    def __init__(self, root: dict[str, Any], codes: Codes, resolve: Resolve | None = None) -> None:
        self.root = self.resource = root
        self.context: Any = root
        self.codes, self.resolve = codes, resolve
        self.left = BUDGET

    def spend(self, many: int) -> None:
        """Count values that were looked at. Raises TooCostly."""
        self.left -= many
        if self.left < 0:
            raise TooCostly

    def target(self, reference: Any) -> dict[str, Any] | None:
        """What a Reference or a URL leads to, as far as it can be known; a stub with its type where that is told.

        Raises Unknown where it leads to something, and nobody here can say to what.
        """
        link = reference.get("reference") if isinstance(reference, dict) else reference
        if not isinstance(link, str):
            return None
        if link.startswith("#"):
            return self._contained(link[1:])
        if self.resolve is not None and (found := self.resolve(link)) is not None:
            return found
        type_ = leads_to(link) or (isinstance(reference, dict) and reference.get("type"))
        if not isinstance(type_, str) or not type_:
            raise Unknown
        return {"resourceType": type_}

    def _contained(self, id_: str) -> dict[str, Any] | None:
        if not id_:
            return self.root
        found = self.root.get("contained")
        self.spend(len(found) if isinstance(found, list) else 1)
        for one in found if isinstance(found, list) else ():
            if isinstance(one, dict) and one.get("id") == id_:
                return one
        return None


def leads_to(link: str) -> str:
    """The type that a literal reference names, else "".

    >>> leads_to("Patient/7"), leads_to("https://elsewhere.example/fhir/Patient/7/_history/2"), leads_to("urn:uuid:7")
    ('Patient', 'Patient', '')
    """
    steps = link.partition("/_history/")[0].split("/")
    return steps[-2] if len(steps) > 1 and steps[-2][:1].isupper() and steps[-2].isalpha() else ""


def truth(found: Values) -> bool | None:
    """A collection as a condition: empty is unknown, one value that is no boolean is true.

    https://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections
    """
    if not found:
        return None
    return found[0] if len(found) == 1 and type(found[0]) is bool else True


def said(answer: bool | None) -> Values:  # noqa: FBT001  the value itself
    """A condition as a collection."""
    return NONE if answer is None else TRUE if answer else FALSE


def one(found: Values) -> Any:
    """The only value, or None."""
    return found[0] if len(found) == 1 else None


def members(node: Any) -> Iterator[Any]:
    """The children of a value, whatever they are called."""
    if type(node) is dict:
        for key, value in node.items():
            if key == "resourceType" or (key[:1] == "_" and key[1:] in node):
                continue
            if type(value) is list:
                yield from (one for one in value if one is not None)
            elif value is not None:
                yield value


def below(nodes: Sequence[Any], env: Env) -> Iterator[Any]:
    """Every value below these."""
    waiting = [*nodes]
    while waiting:
        found = [*members(waiting.pop())]
        env.spend(len(found) + 1)
        yield from found
        waiting += [one for one in found if type(one) is dict]


def key(value: Any) -> Any:
    """What is equal of equal values, and can stand in a set; a boolean is no number."""
    if type(value) is str:
        return value
    if isinstance(value, dict | list):
        return ("{", json.encode(_sorted(value)))
    return type(value) is bool, value


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(part) for part in value] if isinstance(value, list) else value


def distinct(found: Values, env: Env) -> Values:
    """Each value once."""
    if len(found) < 2:
        return found
    env.spend(len(found))
    return list({key(value): value for value in found}.values())


def number(value: Any) -> bool:
    """Whether this is a number; true and false are none."""
    return isinstance(value, int | Decimal) and type(value) is not bool
