"""Who is in: the sets of a definition's lines put together, and the plain meaning of a line.

`found` is how a line is meant, person by person and record by record; the store finds the same in sets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any

from ...fhir.definitions import SEARCH
from ...fhir.search.context import Context
from ...fhir.search.evaluate import Look, holds, values
from ...fhir.search.query import Query, Ref
from ...values import dataclass
from .asked import about
from .definition import Definition


@dataclass(frozen=True, slots=True)
class Population:
    """What a definition came to: whom each search found, whom it names and the records know, and who is in."""

    found: Sequence[frozenset[str]] = field(repr=False)
    members: frozenset[str] = field(repr=False)
    unknown: frozenset[str] = field(default=frozenset(), repr=False)
    """Named to be included, but no patient here."""


def population(definition: Definition, found: Sequence[frozenset[str]], known: frozenset[str]) -> Population:
    """`found` are the patients of each search in its order, `known` those of the named who are patients here."""
    including = [ids for line, ids in zip(definition.searches, found, strict=True) if not line.excludes]
    excluding = [ids for line, ids in zip(definition.searches, found, strict=True) if line.excludes]
    named = definition.included & known
    members = frozenset().union(named, *including).difference(definition.excluded, *excluding)
    return Population(found, members, definition.included - known)


def plainly(query: Query, context: Context, look: Look) -> frozenset[str]:
    """The patients whom a search finds: for it each record of the type is looked at. `look` gives all of a type."""
    there = frozenset(one["id"] for one in look("Patient"))
    matches = (one for one in look(query.type) if holds(one, query.where, context.zone, look))
    return there & frozenset(id_ for one in matches for id_ in _about(one, context))


def _about(resource: dict[str, Any], context: Context) -> Iterator[str]:
    """The patients whom a record is about."""
    type_ = resource["resourceType"]
    if type_ == "Patient":
        yield resource["id"]
    elif code := about(type_):
        refs = values(resource, SEARCH[type_][code], context.zone)
        yield from (one.id for one in refs if isinstance(one, Ref) and one.type == "Patient")
