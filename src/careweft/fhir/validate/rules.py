"""What is asked of one value beside its shape: fixed values, patterns, bindings, targets, invariants."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..profiles.model import Binding, Element, Invariant, TypeRef
from .fhirpath import TooCostly, Unknown, compiled
from .fhirpath.values import leads_to
from .issue import Run, Where, came, quoted
from .matching import fitting, same

Check = Callable[[Any, Where, Run], None]
"""Looks at a value that stands there, and notes what is wrong."""
Allowed = frozenset[tuple[str, str]]
NATIVE = frozenset(("ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "ref-1", "txt-1", "txt-2"))
"""Invariants that are held by code of our own, because they are asked of everything: `shapes`, `resources`."""
SHOWN = 300
"""Characters of an expression that an issue shows."""
AWRY = (AttributeError, KeyError, TypeError, ValueError, ArithmeticError, RecursionError)
"""What an invariant may stumble over in a value that has been found wrong already."""


def rules(element: Element, type_: str, more: Iterable[Invariant], codes: Callable[[str], Allowed]) -> Iterator[Check]:
    """The checks of one value of this element; `more` are the invariants of its type."""
    if element.fixed is not None:
        yield fixed(element.fixed)
    if element.pattern is not None:
        yield patterned(element.pattern)
    if element.binding is not None and element.binding.strength == "required":
        allowed = codes(element.binding.value_set.partition("|")[0])
        if allowed:
            yield bound(element.binding, allowed, type_)
    known = {one.key: one for one in (*more, *element.constraints) if one.key not in NATIVE}
    if known:
        yield invariants(tuple(known.values()), type_)


def fixed(wanted: Any) -> Check:
    """https://hl7.org/fhir/R4/elementdefinition.html#ElementDefinition.fixed_x_"""

    def check(value: Any, where: Where, run: Run) -> None:
        if not same(value, wanted):
            run.error("value", where, f"wants exactly {_shown(wanted)}, not {quoted(value)}")

    return check


def patterned(wanted: Any) -> Check:
    """https://hl7.org/fhir/R4/elementdefinition.html#ElementDefinition.pattern_x_"""
    holds = fitting(wanted)

    def check(value: Any, where: Where, run: Run) -> None:
        if not holds(value):
            run.error("value", where, f"wants at least {_shown(wanted)}, which is not there")

    return check


def _shown(value: Any) -> str:
    """A fixed value or pattern, which a profile wrote, in short.

    >>> _shown({"coding": [{"system": "http://loinc.org", "code": "8302-2"}]})
    'coding.system http://loinc.org, coding.code 8302-2'
    """
    return ", ".join(f"{path} {text}".strip() for path, text in _leaves(value, ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(one, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one, path)
    else:
        yield path, value


def bound(binding: Binding, allowed: Allowed, type_: str) -> Check:
    """A required binding: https://hl7.org/fhir/R4/terminologies.html#required"""
    url = binding.value_set.partition("|")[0]
    words = f"wants a code of the value set {url}"
    plain = frozenset(code for _, code in allowed)

    def code(value: Any, where: Where, run: Run) -> None:
        if value not in plain:
            run.error("code-invalid", where, f"{words}, not {quoted(value)}")

    def coding(value: Any, where: Where, run: Run) -> None:
        if isinstance(value, dict) and "code" in value and not among(value, allowed):
            run.error("code-invalid", where, f"{words}, not {_coded(value)}")

    def concept(value: Any, where: Where, run: Run) -> None:
        codings = value.get("coding") if isinstance(value, dict) else None
        if isinstance(codings, list) and codings:
            if not any(among(one, allowed) for one in codings):
                run.error("code-invalid", where, f"{words}, not {', '.join(map(_coded, codings[:5]))}")
        elif isinstance(value, dict) and "extension" not in value:
            run.error("code-invalid", where, f"{words}, not text alone")

    return {"CodeableConcept": concept, "Coding": coding, "Quantity": coding}.get(type_, code)


def among(coding: Any, allowed: Allowed) -> bool:
    """Whether this Coding is one of these; a system has to be named."""
    if not isinstance(coding, dict):
        return False
    system, code = coding.get("system"), coding.get("code")
    return isinstance(system, str) and isinstance(code, str) and (system, code) in allowed


def _coded(coding: Any) -> str:
    if not isinstance(coding, dict):
        return came(coding)
    return (
        f"{quoted(coding.get('code'))} of {quoted(coding['system'])}"
        if "system" in coding
        else quoted(coding.get("code"))
    )


def invariants(known: tuple[Invariant, ...], type_: str) -> Check:
    """The invariants of an element: https://hl7.org/fhir/R4/conformance-rules.html#constraints"""
    programs = tuple((one, compiled(one.expression, type_)) for one in known)

    def check(value: Any, where: Where, run: Run) -> None:
        for rule, holds in programs:
            try:
                if holds(value, run.env):
                    continue
            except Unknown:
                continue
            except TooCostly:
                raise
            except AWRY:
                continue
            shown = " ".join(rule.expression.split())[:SHOWN]
            run.error("invariant", where, f"breaks the rule {rule.key}: {shown}", rule.severity)

    return check


def targeted(ref: TypeRef, type_of: Callable[[str], str]) -> Check | None:
    """What a Reference may lead to, or None where to anything; `type_of` gives the type of a profile, "" if unknown."""
    types = {type_of(url) for url in ref.targets}
    if not types or "" in types or types & {"Resource", "DomainResource"}:
        return None
    allowed, wanted = frozenset(types), ", ".join(sorted(types))

    def check(value: Any, where: Where, run: Run) -> None:
        link = value.get("reference") if isinstance(value, dict) else None
        if isinstance(link, str) and link[:1] != "#" and run.env.resolve is None:
            type_ = leads_to(link) or value.get("type")
        elif isinstance(link, str):
            type_ = _resolved(value, run)
        else:
            type_ = value.get("type") if isinstance(value, dict) else None
        if isinstance(type_, str) and type_ and type_ not in allowed:
            run.error("value", where, f"wants a reference to {wanted}, not to {quoted(type_)}")

    return check


def _resolved(value: dict[str, Any], run: Run) -> Any:
    try:
        target = run.env.target(value)
    except Unknown:
        return None
    return target.get("resourceType") if target else None


def all_of(checks: Iterable[Check | None]) -> Check:
    """These checks as one."""
    known = tuple(one for one in checks if one is not None)
    if len(known) == 1:
        return known[0]

    def check(value: Any, where: Where, run: Run) -> None:
        for one in known:
            one(value, where, run)

    return check
