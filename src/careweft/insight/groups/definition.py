"""A definition as its owner writes it: one line for each search that brings people in or takes them out.

    # diabetes, no HbA1c in 12 months
    include Condition?code=http://hl7.org/fhir/sid/icd-10-cm|E11.9
    exclude Observation?code=http://loinc.org|4548-4&date=ge{today-12m}
    exclude Patient/ben

A line names a search of this server or one patient. Who is in any `include` and in no `exclude` is a member.
"""

import re
from collections.abc import Iterator
from dataclasses import field

from ...values import dataclass
from .refusal import DefinitionRefused

SEARCHES, LINES, LONGEST = 32, 50_000, 4000
_LINE = re.compile(r"(include|exclude)\s+(\S+)")
_SEARCH = re.compile(r"([A-Z][A-Za-z]+)(?:\?(.*))?")
_PERSON = re.compile(r"Patient/([A-Za-z0-9.-]{1,64})")


@dataclass(frozen=True, slots=True)
class Line:
    """One search: `text` is what stands behind `?`, moving dates and percent signs as they were written."""

    excludes: bool
    type: str
    text: str
    number: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{'exclude' if self.excludes else 'include'} {self.search}"

    @property
    def search(self) -> str:
        """The search alone."""
        return f"{self.type}?{self.text}" if self.text else self.type


@dataclass(frozen=True, slots=True)
class Definition:
    """What makes somebody a member: searches, and the ids of patients named one by one."""

    searches: tuple[Line, ...] = ()
    included: frozenset[str] = field(default=frozenset(), repr=False)
    excluded: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def read(cls, text: str) -> "Definition":
        """The definition that `text` spells, whatever its searches mean. Raises DefinitionRefused.

        >>> str(Definition.read("include Patient?gender=female").searches[0])
        'include Patient?gender=female'
        """
        found: list[Line] = []
        named: dict[bool, set[str]] = {False: set(), True: set()}
        for number, line in _lines(text):
            excludes, target = _split(number, line)
            if person := _PERSON.fullmatch(target):
                named[excludes].add(person[1])
            else:
                found.append(_search(number, excludes, target))
        if len(found) > SEARCHES:
            raise DefinitionRefused(f"a definition wants at most {SEARCHES} searches")
        if not named[False] and all(one.excludes for one in found):
            raise DefinitionRefused("a definition wants a line that includes somebody: include Patient?...")
        return cls(tuple(found), frozenset(named[False]), frozenset(named[True]))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    lines = text.removeprefix("\ufeff").splitlines()
    if len(lines) > LINES:
        raise DefinitionRefused(f"a definition wants at most {LINES} lines")
    for number, line in enumerate(lines, 1):
        if (said := line.strip()) and not said.startswith("#"):
            yield number, said


def _split(number: int, line: str) -> tuple[bool, str]:
    shape = _LINE.fullmatch(line) if len(line) <= LONGEST else None
    if shape is None:
        raise DefinitionRefused(
            f"line {number}: a line is include or exclude, a space, and a search such as Condition?code=E11.9"
            " (a space within it is written %20) or a patient such as Patient/123"
        )
    return shape[1] == "exclude", shape[2]


def _search(number: int, excludes: bool, target: str) -> Line:  # noqa: FBT001  (what the line said)
    shape = _SEARCH.fullmatch(target)
    if shape is None:
        raise DefinitionRefused(f"line {number}: a search begins with a resource type, as in Condition?code=E11.9")
    return Line(excludes, shape[1], shape[2] or "", number)
