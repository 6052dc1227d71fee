"""What a searchset says about itself: parameters passed over, includes without a right, includes cut short.

One entry of mode `outcome` (https://hl7.org/fhir/R4/search.html#errors). What is said about rights rests on scopes
alone, never on data.
"""

from collections.abc import Iterator
from typing import Any

from ...access.reach import Narrowed
from ...fhir.outcomes import issue, outcome
from ...fhir.search.chain import hops
from ...fhir.search.include import parameters
from ...fhir.search.parse import Search
from ...fhir.search.query import Include
from ...ports.records import Page
from ...surfaces.model import Surface


def made(found: Search, narrowed: Narrowed, page: Page, surface: Surface) -> list[dict[str, Any]]:
    """One OperationOutcome, or nothing where there is nothing to remark."""
    issues = [*_ignored(found), *_left_out(found, narrowed), *_without_right(narrowed, surface), *_cut(page)]
    return [outcome(*issues)] if issues else []


def _ignored(found: Search) -> Iterator[dict[str, Any]]:
    for name in found.ignored:
        told = f"The parameter '{quotable(name)}' was ignored, as Prefer: handling=lenient asks."
        yield issue("warning", "not-supported", told)


def quotable(name: str) -> str:
    """What may be quoted of a name that a caller made up.

    >>> quotable("colour"), quotable("<b>")
    ('colour', 'b')
    """
    return "".join(one for one in name if one.isascii() and (one.isalnum() or one in "-_.:"))[:60]


def _left_out(found: Search, narrowed: Narrowed) -> Iterator[dict[str, Any]]:
    """Of a chain that names no type: the types that the caller may not search."""
    hidden = dict.fromkeys(hop.type for hop in hops(found.query.where) if hop.type not in narrowed.sought)
    if hidden:
        told = f"A chain was not followed to {', '.join(hidden)}, which this token may not search."
        yield issue("warning", "suppressed", told)


def _without_right(narrowed: Narrowed, surface: Surface) -> Iterator[dict[str, Any]]:
    for include in narrowed.query.includes:
        shown = narrowed.backward if include.reverse else narrowed.forward
        hidden = [type_ for type_ in brought(include, surface) if type_ not in shown]
        if hidden:
            word = "_revinclude" if include.reverse else "_include"
            told = f"{word} of {', '.join(hidden)} wants a scope that this token does not have."
            yield issue("warning", "suppressed", told)


def brought(include: Include, surface: Surface) -> list[str]:
    """The types that this include could bring, as far as this API offers them, in the order of its rows."""
    if include.reverse:
        wanted = {include.source}
    elif include.target:
        wanted = {include.target}
    else:
        leads = [param.targets for param in parameters(include.source, include.param)]
        wanted = set(surface.by_type) if () in leads else {type_ for targets in leads for type_ in targets}
    return [type_ for type_ in surface.by_type if type_ in wanted]


def _cut(page: Page) -> Iterator[dict[str, Any]]:
    if page.cut:
        told = "More could be included than this page holds, or from further away; ask for fewer matches at once."
        yield issue("warning", "incomplete", told)
