"""Chains and reverse chains: https://hl7.org/fhir/R4/search.html#chaining, https://hl7.org/fhir/R4/search.html#has

`subject:Patient.name=x` and `_has:Observation:patient:code=x`, each within the other, over at most three references.
Where a chain names no type and the reference may lead to several, it goes to each that has the parameter. Two chains
are two questions: each may be answered by another resource.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from ..definitions import SEARCH, SearchParam
from ..outcomes import BadValue, Exceeding, UnknownParameter
from .kinds.prefix import shown
from .query import AnyOf, Chain, Has, Hop, Test

HAS = "_has"
DEEPEST = 3  # references from what is searched to what is asked (security.md FATK-02)
MOST = 32  # ways that one search goes, each type that a reference may lead to being one


class Searched(Protocol):
    """By what an API lets a type be searched."""

    @property
    def params(self) -> Collection[str]:
        """Codes of search parameters."""
        ...


Offers = Mapping[str, Searched]
"""The types of an API."""
End = Callable[[str, str], AnyOf]
"""Reads the end of a chain, a parameter with its modifier, for this type. Raises UnknownParameter and BadValue."""


def is_chain(name: str) -> bool:
    """Does this name of a parameter lead through other resources?

    >>> is_chain("subject:Patient.name"), is_chain("_has:Observation:patient:code"), is_chain("subject:Patient")
    (True, True, False)
    """
    return name.startswith(f"{HAS}:") or "." in name


def group(type_: str, name: str, offers: Offers, end: End, left: int = DEEPEST) -> AnyOf:
    """What `name`, said of this type, asks, with all the types it may mean as alternatives.

    Raises UnknownParameter, BadValue, and Exceeding for more than `left` references or too many types.
    """
    if not is_chain(name):
        return end(type_, name)
    if not left:
        raise Exceeding(f"A chain wants at most {DEEPEST} references")
    if name.startswith(f"{HAS}:"):
        source, by, rest = _has(type_, name, offers)
        return AnyOf((Test(HAS, Has(source, by, (group(source, rest, offers, end, left - 1),)), "has"),))
    head, _, rest = name.partition(".")
    code, _, named = head.partition(":")
    types = _targets(type_, code, named, offers)
    tests = _alternatives(name, types, lambda one: group(one, rest, offers, end, left - 1))
    return AnyOf(tuple(tests))


def hops(where: Iterable[AnyOf]) -> Iterator[Hop]:
    """Every reference that these groups follow, the outer ones first."""
    for one in where:
        for test in one.tests:
            if isinstance(test.value, Chain | Has):
                yield test.value
                yield from hops(test.value.where)


def weight(where: Iterable[AnyOf]) -> int:
    """How many values are compared with, those at the ends of chains among them."""
    tests = [test for one in where for test in one.tests]
    return sum(weight(test.value.where) if isinstance(test.value, Chain | Has) else 1 for test in tests)


def _has(type_: str, name: str, offers: Offers) -> tuple[str, str, str]:
    """The type, its reference parameter, and what is asked of it."""
    _, source, by, rest = [*name.split(":", 3), "", "", ""][:4]
    if not (source and by and rest):
        raise UnknownParameter(f"{HAS} is written _has:Type:reference:parameter, not {shown(name, 60)}")
    if not _searched(source, offers):
        raise UnknownParameter(f"Invalid search parameter: {shown(name, 60)}; this API does not search {shown(source)}")
    param = _reference(source, by, offers)
    if param.targets and type_ not in param.targets:
        raise UnknownParameter(f"{by} of {source} leads to {', '.join(param.targets)}, not to {type_}")
    return source, by, rest


def _targets(type_: str, code: str, named: str, offers: Offers) -> list[str]:
    """The types that this step of a chain may lead to, as far as the API has them."""
    param = _reference(type_, code, offers)
    leads = param.targets or tuple(one for one in offers if _searched(one, offers))
    if named and named not in leads:
        raise UnknownParameter(f"{code} of {type_} leads to {', '.join(leads)}, not to {shown(named)}")
    found = [one for one in ((named,) if named else leads) if _searched(one, offers)]
    if not found:
        raise UnknownParameter(
            f"{code} of {type_} leads to {named or ', '.join(leads)}, which this API does not search"
        )
    return found


def _searched(type_: str, offers: Offers) -> bool:
    return type_ in offers and bool(offers[type_].params)


def _reference(type_: str, code: str, offers: Offers) -> SearchParam:
    param = SEARCH[type_].get(code)
    if param is None or param.kind != "reference" or code not in offers[type_].params:
        known = [one for one in offers[type_].params if SEARCH[type_][one].kind == "reference"]
        told = f"by {', '.join(known)}" if known else "nowhere"
        raise UnknownParameter(f"Invalid search parameter: {shown(code)}; {type_} leads on {told}")
    return param


def _alternatives(name: str, types: Sequence[str], follow: Callable[[str], AnyOf]) -> Iterator[Test]:
    """One test for each of these types that can answer. A type that has no such parameter, or none that takes this
    value, cannot be meant; where that leaves none, there is nothing to search by.
    """
    code, _, rest = name.partition(".")
    code = code.partition(":")[0]
    refused: list[UnknownParameter | BadValue] = []
    ways = 0
    for type_ in types:
        try:
            end = follow(type_)
        except (UnknownParameter, BadValue) as why:
            refused.append(why)
            continue
        ways += 1 + sum(1 for _ in hops((end,)))
        if ways > MOST:
            raise Exceeding(f"{code} may lead to too many types; name the one that is meant, as in {code}:{type_}")
        yield Test(code, Chain(type_, (end,)), "chain")
    if not ways:
        raise _why(rest, types, refused)


def _why(rest: str, types: Sequence[str], refused: list[UnknownParameter | BadValue]) -> UnknownParameter | BadValue:
    """The one refusal for all these types: a value that cannot be read says more than a parameter that is not there."""
    unread = next((one for one in refused if isinstance(one, BadValue)), None)
    if unread or len(refused) == 1:
        return unread or refused[0]
    known = ", ".join(types)
    return UnknownParameter(f"Invalid search parameter: {shown(rest, 60)}; this API offers it for none of {known}")
