"""The shape of objects and their members: https://hl7.org/fhir/R4/json.html

A Field looks at one member of an object: how many values there are, and each of them.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .issue import Run, Where, came, quoted
from .primitives import Lexical
from .rules import Check

Field = Callable[[Any, dict[str, Any], Where, Run], None]
"""Looks at a member, given the object that holds it and where that stands."""


class Wanted(NamedTuple):
    """An element that has to be there: under one of these keys, so many times."""

    name: str
    keys: tuple[str, ...]
    least: int


def structure(
    fields: Mapping[str, Field], wanted: tuple[Wanted, ...], after: tuple[Check, ...], *, beside_value: bool = False
) -> Check:
    """An object with these members and no others; `after` are checks of the whole.

    `beside_value`: it stands beside a primitive value, so that an id alone is enough.
    """

    def check(value: Any, where: Where, run: Run) -> None:
        if type(value) is not dict:
            run.error("structure", where, f"wants an object, not {came(value)}")
            return
        if len(value) < 2 and not beside_value and (not value or "id" in value) and where[0] is not None:
            run.error("invariant", where, HOLLOW)
        for key, member in value.items():
            field = fields.get(key)
            if field is None:
                unknown(key, where, run)
            else:
                field(member, value, where, run)
        complete(value, wanted, where, run)
        for rule in after:
            rule(value, where, run)

    return check


def complete(value: dict[str, Any], wanted: tuple[Wanted, ...], where: Where, run: Run) -> None:
    """What has to be there is there."""
    for one in wanted:
        if one.least == 1:
            for key in one.keys:
                if key in value:
                    break
            else:
                missing(one, where, run)
        elif max(_many(value.get(key)) for key in one.keys) < one.least:
            missing(one, where, run)


HOLLOW = "breaks the rule ele-1: wants a value or elements in it"


def _many(member: Any) -> int:
    return len(member) if isinstance(member, list) else int(member is not None)


def unknown(key: str, where: Where, run: Run) -> None:
    """An element that the type does not have."""
    shown = quoted(key) if key.lstrip("_").isalnum() else "a name that is none"
    run.error("structure", where, f"has no element {shown}")


def missing(one: Wanted, where: Where, run: Run) -> None:
    """An element that has to be there."""
    run.error("required", (where, one.name, None), f"wants at least {one.least}")


def single(key: str, check: Check) -> Field:
    """One value."""

    def field(member: Any, _: dict[str, Any], where: Where, run: Run) -> None:
        check(member, (where, key, None), run)

    return field


def several(key: str, check: Check, most: int | None) -> Field:
    """A list of values."""

    def field(member: Any, parent: dict[str, Any], where: Where, run: Run) -> None:
        if not a_list(member, key, where, run, most):
            return
        for at, one in enumerate(member):
            if one is None and beside(parent, key, at):
                continue
            check(one, (where, key, at), run)

    return field


def a_list(member: Any, key: str, where: Where, run: Run, most: int | None) -> bool:
    """Whether the member is a list that is not empty; notes where it is not, or is too long."""
    if type(member) is not list:
        run.error("structure", (where, key, None), f"wants a list, not {came(member)}")
        return False
    if not member:
        run.error("structure", (where, key, None), "wants a list that is not empty")
    if most is not None and len(member) > most:
        run.error("structure", (where, key, None), f"wants at most {most}, not {len(member)}")
    return True


def beside(parent: dict[str, Any], key: str, at: int) -> bool:
    """Whether extensions stand in place of the value that is null: https://hl7.org/fhir/R4/json.html#primitive"""
    bare = parent.get("_" + key)
    return isinstance(bare, list) and at < len(bare) and isinstance(bare[at], dict)


def primitive(lexical: Lexical, key: str) -> Field:
    """One value of a primitive type of which nothing more is asked."""

    def field(member: Any, _: dict[str, Any], where: Where, run: Run) -> None:
        wrong = lexical(member)
        if wrong is not None:
            run.error("value", (where, key, None), f"wants {wrong}, not {came(member)}")

    return field


def literal(lexical: Lexical, rules: tuple[Check, ...]) -> Check:
    """A value of a primitive type, and what more is asked of it."""

    def check(value: Any, where: Where, run: Run) -> None:
        wrong = lexical(value)
        if wrong is not None:
            run.error("value", where, f"wants {wrong}, not {came(value)}")
            return
        for rule in rules:
            rule(value, where, run)

    return check


def bare_single(key: str, name: str, element: Check) -> Field:
    """`_key` of one primitive: id and extensions."""

    def field(member: Any, parent: dict[str, Any], where: Where, run: Run) -> None:
        element(member, (where, name, None), run)
        if parent.get(key) is None and isinstance(member, dict) and "extension" not in member:
            run.error("invariant", (where, name, None), HOLLOW)

    return field


def bare_several(key: str, element: Check) -> Field:
    """`_key` of a list of primitives: as long as the list where there is one."""

    def field(member: Any, parent: dict[str, Any], where: Where, run: Run) -> None:
        if not a_list(member, "_" + key, where, run, None):
            return
        values = parent.get(key)
        if isinstance(values, list) and len(values) != len(member):
            run.error("structure", (where, "_" + key, None), f"wants {len(values)}, one for each value")
        for at, one in enumerate(member):
            if one is not None:
                element(one, (where, key, at), run)
                if not (isinstance(one, dict) and "extension" in one) and _at(values, at) is None:
                    run.error("invariant", (where, key, at), HOLLOW)
            elif _at(values, at) is None:
                run.error("structure", (where, key, at), "wants a value, not null")

    return field


def _at(values: Any, at: int) -> Any:
    return values[at] if isinstance(values, list) and at < len(values) else None


def chosen(keys: frozenset[str], name: str, of: Field) -> Field:
    """One of a choice: only one may be there. https://hl7.org/fhir/R4/formats.html#choice"""

    def field(member: Any, parent: dict[str, Any], where: Where, run: Run) -> None:
        there = keys & parent.keys()
        if len(there) > 1 and len({one.lstrip("_") for one in there}) > 1:
            run.error("structure", (where, name, None), f"wants one of {', '.join(sorted(there))}, not all of them")
        of(member, parent, where, run)

    return field


def none(key: str) -> Field:
    """An element that a profile rules out."""

    def field(_: Any, __: dict[str, Any], where: Where, run: Run) -> None:
        run.error("structure", (where, key, None), "wants none, not one")

    return field


def barred(name: str, types: tuple[str, ...]) -> Field:
    """A type of a choice that the base has and the profile has not."""

    def field(_: Any, __: dict[str, Any], where: Where, run: Run) -> None:
        run.error("structure", (where, name, None), f"wants one of the types {', '.join(types)}")

    return field
