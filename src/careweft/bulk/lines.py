"""What becomes of a record's JSON on its way into a file: nothing, unless that was asked for."""

import re
from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import tzinfo
from functools import cache
from typing import Any

from ..fhir import json
from ..fhir.definitions import SEARCH
from ..fhir.outcomes import issue, outcome
from ..fhir.search.evaluate import holds
from ..fhir.search.query import AnyOf
from ..fhir.subset import View, subset
from ..values import dataclass

LARGEST = 64 * 1024 * 1024
ATTACHED = b'"url":"Binary/'
"""A text of a record cannot look like this: its quotes would be escaped."""
DELETIONS = 200
"""Entries of one Bundle of what was deleted."""
Change = Callable[[bytes], bytes | None]


@dataclass(frozen=True, slots=True)
class Text:
    """Lines with their ends, and how many."""

    text: bytes = field(repr=False)
    count: int

    @classmethod
    def of(cls, lines: Sequence[bytes]) -> "Text":
        """Of lines without ends."""
        return cls(b"\n".join((*lines, b"")), len(lines))

    @property
    def lines(self) -> list[bytes]:
        """Each without its end."""
        return self.text.split(b"\n")[:-1]


@dataclass(frozen=True, slots=True)
class Opened(Text):
    """What some records hold; beside their lines the ids of what was deleted, and of what cannot be read."""

    gone: Sequence[str] = ()
    broken: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """How the records of one type go out: those that answer one of `filters`, with these elements, and attachments that
    lie here by their whole URL (BULK-16).
    """

    type: str
    base: str
    filters: tuple[tuple[AnyOf, ...], ...] = ()
    elements: tuple[str, ...] = ()
    zone: tzinfo | None = None

    def shaped(self, text: Text) -> Text:
        """The lines that go out; the same text where nothing was asked for, without a look at any of them."""
        for change in self._changes():
            text = Text.of([made for line in text.lines if (made := change(line)) is not None])
        if "-attachment" in SEARCH[self.type] and ATTACHED in text.text:
            return Text(text.text.replace(ATTACHED, f'"url":"{self.base}/Binary/'.encode()), text.count)
        return text

    def _changes(self) -> Sequence[Change]:
        found: list[Change] = [self._filtered] if self.filters else []
        return [*found, self._cut] if self.elements else found

    def _filtered(self, line: bytes) -> bytes | None:
        assert self.zone is not None  # noqa: S101  whoever filters says in which zone
        record = json.decode(line, LARGEST)
        return line if any(holds(record, where, self.zone) for where in self.filters) else None

    def _cut(self, line: bytes) -> bytes:
        return subset(line, self.type, View("", self.elements))


def formed(text: Text, form: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Text:
    """The records in another form; those of which nothing is left are no lines."""
    made = (form(json.decode(line, LARGEST)) for line in text.lines)
    return Text.of([json.encode(one) for one in made if one is not None])


def of_type(elements: Sequence[str], type_: str) -> tuple[str, ...]:
    """What `_elements` names of one type."""
    parted = [one.rpartition(".") for one in elements]
    return tuple(name for of, _, name in parted if of in ("", type_))


def refs(text: bytes, types: frozenset[str]) -> set[str]:
    """The records of these types (`Type/id`) to which the lines refer.

    >>> sorted(refs(b'{"reference":"Location/a/_history/2"}, {"reference":"Location/b"}', frozenset({"Location"})))
    ['Location/a', 'Location/b']
    """
    return {one.decode() for one in set(_referring(types).findall(text))}


@cache
def _referring(types: frozenset[str]) -> re.Pattern[bytes]:
    return re.compile(rf'"reference":"((?:{"|".join(sorted(types))})/[A-Za-z0-9.\-]{{1,64}})(?=["/])'.encode())


def deletions(gone: Sequence[tuple[str, str]]) -> list[bytes]:
    """Bundles that delete these: https://hl7.org/fhir/uv/bulkdata/STU2/export.html#response---complete-status"""
    parts = [gone[at : at + DELETIONS] for at in range(0, len(gone), DELETIONS)]
    return [json.encode({"resourceType": "Bundle", "type": "transaction", "entry": _entries(part)}) for part in parts]


def _entries(gone: Sequence[tuple[str, str]]) -> list[dict[str, object]]:
    return [{"request": {"method": "DELETE", "url": f"{type_}/{id_}"}} for type_, id_ in gone]


def unreadable(broken: Sequence[tuple[str, str]]) -> list[bytes]:
    """What is said of records that could not be read (BULK-14)."""
    said = (f"{type_}/{id_} could not be read and is not in this export." for type_, id_ in broken)
    return [json.encode(outcome(issue("error", "exception", one))) for one in said]


def warned(warnings: Sequence[str]) -> list[bytes]:
    """What was left out of the order."""
    return [json.encode(outcome(issue("warning", "not-supported", one))) for one in warnings]


def header(patient: str) -> bytes:
    """What stands in front of a patient's records where they are organized by patient."""
    named = {"name": "header", "valueReference": {"reference": f"Patient/{patient}"}}
    return json.encode({"resourceType": "Parameters", "parameter": [named]})
