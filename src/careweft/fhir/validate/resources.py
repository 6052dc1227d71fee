"""What is asked of every resource: https://hl7.org/fhir/R4/domainresource.html#invs"""

from collections.abc import Iterator
from typing import Any

from .issue import Run, Where


def contained(value: dict[str, Any], where: Where, run: Run) -> None:
    """dom-2 to dom-5: contained resources hold none themselves, are referred to, and have no life of their own."""
    inside = value.get("contained")
    if not isinstance(inside, list):
        return
    named = local(value)
    for at, one in enumerate(inside):
        if isinstance(one, dict):
            here: Where = (where, "contained", at)
            for words in _wrong(one, named):
                run.error("invariant", here, f"breaks the rule {words}")


def _wrong(one: dict[str, Any], named: frozenset[str]) -> Iterator[str]:
    meta = one.get("meta")
    if "contained" in one:
        yield "dom-2: a contained resource contains none"
    if isinstance(meta, dict) and ("versionId" in meta or "lastUpdated" in meta):
        yield "dom-4: a contained resource has no version of its own"
    if isinstance(meta, dict) and "security" in meta:
        yield "dom-5: a contained resource has no security label of its own"
    id_ = one.get("id")
    if not (isinstance(id_, str) and f"#{id_}" in named) and "#" not in local(one):
        yield "dom-3: a contained resource is referred to from where it is, or refers to that"


def local(value: Any) -> frozenset[str]:
    """Every link within the resource, such as `#p1`, that stands in this."""
    found, waiting = [], [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and one[:1] == "#":
            found.append(one)
    return frozenset(found)


def narrated(value: dict[str, Any], where: Where, run: Run) -> None:
    """dom-6: a resource should have a narrative; a matter of good practice."""
    text = value.get("text")
    if not (isinstance(text, dict) and "div" in text):
        run.error("invariant", where, "breaks the rule dom-6: a resource should have a narrative", "warning")


def within(value: Any, where: Where, run: Run) -> None:
    """ref-1: a Reference to `#id` leads to a contained resource."""
    link = value.get("reference") if type(value) is dict else None
    if type(link) is str and link[:1] == "#" and len(link) > 1 and run.env.target(link) is None:
        run.error("invariant", where, "breaks the rule ref-1: no contained resource has this id")
