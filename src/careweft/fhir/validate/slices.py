"""Slices of a repeating element: https://hl7.org/fhir/R4/profiling.html#slicing"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .issue import Run, Where, quoted
from .rules import Check
from .shapes import Field, a_list, beside

Matches = Callable[[Any, Run], bool]


class Slice(NamedTuple):
    """One slice: whether a value belongs to it, and what is asked of those that do.

    `matches` None: nothing at hand tells its members apart, so nothing is asked.
    """

    name: str
    matches: Matches | None
    check: Check
    least: int
    most: int | None


def sliced(key: str, slices: tuple[Slice, ...], rest: Check, rules: str, most: int | None, *, ordered: bool) -> Field:
    """A list whose values belong to slices; `rest` looks at those that belong to none."""
    known = tuple((at, one.matches, one.check) for at, one in enumerate(slices) if one.matches is not None)
    sure = len(known) == len(slices)
    bounded = tuple((at, one) for at, one in enumerate(slices) if one.matches and (one.least or one.most is not None))

    def field(member: Any, parent: dict[str, Any], where: Where, run: Run) -> None:
        if not a_list(member, key, where, run, most):
            return
        counts, last = [0] * len(slices), -1
        for place, value in enumerate(member):
            if value is None and beside(parent, key, place):
                continue
            here = (where, key, place)
            for at, matches, check in known:
                if matches(value, run):
                    counts[at] += 1
                    if ordered and at < last:
                        run.error(
                            "structure", here, f"the slice {slices[at].name} wants to stand before {slices[last].name}"
                        )
                    last = at
                    check(value, here, run)
                    break
            else:
                if rules == "closed" and sure:
                    run.error("structure", here, f"belongs to none of the slices {_names(slices)}, and no other may be")
                rest(value, here, run)
        for at, one in bounded:
            counted(one, counts[at], (where, key, None), run)

    return field


def _names(slices: tuple[Slice, ...]) -> str:
    return ", ".join(one.name for one in slices)


def counted(one: Slice, many: int, where: Where, run: Run) -> None:
    """How many values a slice has."""
    if many < one.least:
        run.error("required", where, f"wants at least {one.least} of the slice {one.name}, not {many}")
    elif one.most is not None and many > one.most:
        run.error("structure", where, f"wants at most {one.most} of the slice {one.name}, not {many}")


def extensions(
    key: str,
    by_url: Mapping[str, Slice],
    known: Callable[[str], Check | None],
    rest: Check,
    rules: str,
    most: int | None,
) -> Field:
    """Extensions: told apart by url, each by what its url defines, where that is known.

    https://hl7.org/fhir/R4/extensibility.html
    """
    bounded = tuple((url, one) for url, one in by_url.items() if one.least or one.most is not None)

    def field(member: Any, _: dict[str, Any], where: Where, run: Run) -> None:
        if not a_list(member, key, where, run, most):
            return
        counts = dict.fromkeys(by_url, 0)
        for place, value in enumerate(member):
            url, here = value.get("url") if type(value) is dict else None, (where, key, place)
            if type(url) is not str:
                rest(value, here, run)
                continue
            one = by_url.get(url)
            if one is not None:
                counts[url] += 1
                one.check(value, here, run)
            else:
                if rules == "closed":
                    run.error("structure", here, f"the extension {quoted(url)} is none of those that may be here")
                (known(url) or rest)(value, here, run)
        for url, one in bounded:
            counted(one, counts[url], (where, key, None), run)

    return field


def extension(members: Check) -> Check:
    """An Extension has a value or extensions, not both (ext-1): https://hl7.org/fhir/R4/extensibility.html#Extension"""

    def check(value: Any, where: Where, run: Run) -> None:
        members(value, where, run)
        if type(value) is dict:
            valued = any(name.startswith(("value", "_value")) for name in value)
            if valued is ("extension" in value):
                run.error("invariant", where, "breaks the rule ext-1: wants either a value or extensions")

    return check


def quietly(check: Check, value: Any, where: Where, run: Run) -> bool:
    """Whether nothing is wrong with this value; what is found is forgotten."""
    kept, run.issues = run.issues, []
    try:
        check(value, where, run)
        return not any(one.severity == "error" for one in run.issues)
    finally:
        run.issues = kept


def any_of(checks: tuple[Check, ...], names: tuple[str, ...]) -> Check:
    """A value that fits one of several profiles."""

    def check(value: Any, where: Where, run: Run) -> None:
        if not any(quietly(one, value, where, run) for one in checks):
            run.error("value", where, f"fits none of the profiles {', '.join(names)}")

    return check
