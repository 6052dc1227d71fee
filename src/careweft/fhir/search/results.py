"""The parameters about the result rather than the records: https://hl7.org/fhir/R4/search.html#return"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from ..outcomes import BadValue
from ..subset import SUMMARIES, View, names
from .kinds.prefix import shown
from .offered import Offered
from .query import Query
from .sort import sort

COUNT, MOST = 100, 500
TOTALS = ("none", "estimate", "accurate")


def count(text: str) -> int:
    """`_count`: as many as asked, at most 500; 0 asks for none. Raises BadValue.

    >>> count("20"), count("2147483648"), count("0")
    (20, 500, 0)
    """
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise BadValue(f"_count wants a whole number from 0 to {MOST}, not {shown(text)}")
    return min(int(text), MOST)


def total(text: str) -> str:
    """`_total`: none, estimate or accurate. Raises BadValue."""
    if text not in TOTALS:
        raise BadValue(f"_total wants one of {', '.join(TOTALS)}, not {shown(text)}")
    return text


def summary(view: View, text: str) -> View:
    """The view with `_summary` in it. Raises BadValue."""
    if text not in SUMMARIES:
        raise BadValue(f"_summary wants one of {', '.join(SUMMARIES)}, not {shown(text)}")
    return replace(view, summary=text)


def elements(view: View, type_: str, text: str) -> View:
    """The view with `_elements` in it: the type's own elements, a choice without its type. Raises BadValue.

    >>> elements(View(), "Observation", "status,value").elements
    ('status', 'value')
    """
    named = tuple(one.strip().removesuffix("[x]") for one in text.split(","))
    for one in named:
        if one not in names(type_):
            raise BadValue(f"_elements wants elements of {type_} such as {_such(type_)}, not {shown(one)}")
    return replace(view, elements=tuple(sorted({*view.elements, *named})))


def _such(type_: str) -> str:
    return ", ".join(sorted(names(type_) - names("DomainResource"))[:3]) or "id"


Take = Callable[[Query, str, Offered], Query]
TAKEN: Mapping[str, Take] = {
    "_count": lambda query, text, _: replace(query, count=count(text)),
    "_total": lambda query, text, _: replace(query, total=total(text)),
    "_sort": lambda query, text, offered: replace(query, sort=sort(query.type, text, offered.params)),
    "_summary": lambda query, text, _: replace(query, view=summary(query.view, text)),
    "_elements": lambda query, text, _: replace(query, view=elements(query.view, query.type, text)),
}
"""Each parameter about the result, with what it makes of a query; includes are `include`'s."""


def taken(query: Query, name: str, text: str, offered: Offered) -> Query:
    """The query with one more of TAKEN in it. Raises BadValue."""
    return TAKEN[name](query, text, offered)


def agreeing(query: Query) -> Query:
    """The query once its result parameters go together: `_summary=count` and `_count=0` ask for the total alone.

    Raises BadValue for what R4 forbids (`_summary=text` with includes) or leaves undefined.
    """
    view = one_of_two(query.view)
    if view.summary == "text" and query.includes:
        raise BadValue("_summary=text goes with neither _include nor _revinclude")
    if view.summary == "count" or not query.count:
        return replace(query, count=0, total="estimate" if query.total == "estimate" else "accurate")
    return query


def one_of_two(view: View) -> View:
    """The view, where not both of `_elements` and `_summary` shorten. Raises BadValue."""
    if view.elements and not View(view.summary).whole:
        raise BadValue("_elements and _summary each say what is shown; give one of them")
    return view


def of_one(view: View) -> View:
    """The view of a single resource, which there is nothing to count of. Raises BadValue."""
    if view.summary == "count":
        raise BadValue("_summary=count is for searches")
    return one_of_two(view)
