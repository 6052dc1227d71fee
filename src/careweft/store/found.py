"""A version of a resource as it came out of a row, opened and decoded no further than somebody asks."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from functools import cached_property

from ..fhir.definitions import RESOURCES
from ..fhir.json import decode
from ..fhir.labels import EVERY
from ..ports.records import Resource, Shown, Version
from ..values import dataclass
from .bodies import Bodies, entry, whole
from .pool import Row

TYPES: Mapping[int, str] = {number: name for name, number in RESOURCES.items()}
LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class Found:
    """One version; `sealed` is its body at rest, None for a tombstone; `patients` those whose compartment it is in;
    `labels` say how it is sensitive, as bits.
    """

    type: str
    id: str
    version: int
    updated: datetime
    patients: tuple[str, ...]
    bodies: Bodies = field(repr=False)
    sealed: bytes | None = field(repr=False)
    dic: int = 0
    kid: int = 0
    labels: int = EVERY

    @classmethod
    def of(cls, row: Row, type_: str, id_: str, bodies: Bodies) -> "Found":
        """From a row of `read_many`, `bodies_by_rid` or `versions`."""
        subject, others = row["subject"], row["others"]
        patients = () if subject is None else (subject, *(others or ()))
        held = patients, bodies, row["body"], row["dic"], row["kid"], row["lab"]
        return cls(type_, id_, row["ver"], row["updated"], *held)

    @cached_property
    def body(self) -> bytes | None:
        """Final JSON, None for a tombstone."""
        if self.sealed is None:
            return None
        rest = self.bodies.unpack(self.type, self.id, self.sealed, self.dic, self.kid)
        return whole(self.type, self.id, self.version, self.updated, rest)

    @cached_property
    def resource(self) -> Resource | None:
        """The body decoded."""
        return None if self.body is None else decode(self.body, LARGEST)

    def version_of(self) -> Version:
        """As it leaves the store."""
        return Version(self.type, self.id, self.version, self.updated, self.body, self.patients)

    def shown(self) -> Shown:
        """As a search shows it; a tombstone is not found."""
        rest = self.bodies.unpack(self.type, self.id, self.sealed or b"", self.dic, self.kid)
        made = entry(self.type, self.id, self.version, self.updated, rest)
        return Shown(self.type, self.id, self.patients, made)


def opened(row: Row, type_: str, id_: str, bodies: Bodies) -> Version:
    """The same as `Found.of(...).version_of()`, at once: for who sees this row."""
    subject, sealed, version, updated = row["subject"], row["body"], row["ver"], row["updated"]
    patients = () if subject is None else (subject, *(row["others"] or ()))
    if sealed is None:
        return Version(type_, id_, version, updated, None, patients)
    body = whole(type_, id_, version, updated, bodies.unpack(type_, id_, sealed, row["dic"], row["kid"]))
    return Version(type_, id_, version, updated, body, patients)


def each(row: Row, bodies: Bodies) -> Found:
    """A row that says itself which resource it is."""
    return Found.of(row, TYPES[row["rt"]], row["id"], bodies)
