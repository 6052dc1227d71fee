"""How a test kit makes its searches: values taken from resources that were found before, in every way of asking.

conformance.md section 8 in our words: a day is asked as what lies after the day before, comparators a day to either
side, commas are escaped, a token is asked with and without its system.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from . import annex, checker
from .annex import Find
from .must import Json

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Try:
    """One search: `told` says which way of asking it is."""

    told: str
    pairs: Pairs


def firsts(find: Find, type_: str, patient: str) -> Iterator[Pairs]:
    """The first searches of a group: by the patient, once for each fixed value."""
    fixed = next(iter(find.fixed.items()), None)
    anchor = [("_id", patient)] if type_ == "Patient" else [("patient", patient)]
    if fixed is None:
        yield anchor
        return
    name, words = fixed
    for word in annex.of_type(type_).values.get(name, ()) or every(type_, name) if words == ("*",) else words:
        yield [*anchor, (name, word)]


def every(type_: str, name: str) -> tuple[str, ...]:
    """All values of a parameter, as the profile that lists them says."""
    return next((one.values[name] for one in annex.profiles() if one.type == type_ and name in one.values), ())


def ways(find: Find, type_: str, held: Sequence[Json], patient: str) -> Iterator[Try]:
    """A search in every way the table asks for, with the values of the first resource that has them all."""
    found = next((pairs for one in held if (pairs := plain(find, one, patient))), None)
    if found is None:
        return
    resource, pairs = found
    yield Try("plain", pairs)
    for name in find.token:
        yield Try(f"{name} with its system", swapped(pairs, name, token(resource, name, whole=True) or ""))
    for name in find.ordered:
        for prefix in ("gt", "lt", "ge", "le"):
            moved = a_day_from(resource, name, -1 if prefix[0] == "g" else 1)
            yield Try(f"{name} {prefix}", swapped(pairs, name, prefix + moved))
    for name in find.several:
        words = every(type_, name) or seen(held, name)
        yield Try(f"{name}, several", swapped(pairs, name, ",".join(map(escaped, words))))


def plain(find: Find, resource: Json, patient: str) -> tuple[Json, Pairs] | None:
    """The search by this resource's own values; None where it lacks one."""
    pairs: Pairs = []
    for name in find.params:
        value = patient if name == "patient" else asked(resource, name)
        if value is None:
            return None
        pairs.append((name, value))
    return resource, pairs


def asked(resource: Json, name: str) -> str | None:
    """A value of the resource as one asks for it."""
    found = next(iter(checker.values(resource, name)), None)
    if found is None:
        return None
    if name in checker.DATES:
        exact = isinstance(found, str) and "T" in found
        return found if exact else "gt" + a_day_from(resource, name, -1)
    if name in checker.REFERENCES:
        return checker.led(found)
    return escaped(str(found)) if name in checker.STRINGS else token(resource, name, whole=False)


def token(resource: Json, name: str, *, whole: bool) -> str | None:
    """The first code of the resource, with its system where `whole`; one that has a system goes before others."""
    pairs = [one for value in checker.values(resource, name) for one in checker.tokens(value) if one[1]]
    if not pairs:
        return None
    system, code = next((one for one in pairs if one[0]), pairs[0])
    return f"{system}|{escaped(code)}" if whole and system else escaped(code)


def seen(held: Sequence[Json], name: str) -> tuple[str, ...]:
    """All codes that were found before."""
    return tuple(dict.fromkeys(code for one in held for value in checker.values(one, name)
                               for _, code in checker.tokens(value) if code))  # fmt: skip


def a_day_from(resource: Json, name: str, days: int) -> str:
    """A day before or after, with time and offset."""
    low, high = checker.span(next(iter(checker.values(resource, name))))
    instant: datetime = low if low != checker.FIRST else high
    return (instant + timedelta(days=days)).replace(microsecond=0).isoformat()


def swapped(pairs: Pairs, name: str, value: str) -> Pairs:
    return [(one, value if one == name else was) for one, was in pairs]


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|").replace("$", "\\$")
