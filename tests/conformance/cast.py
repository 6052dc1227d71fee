"""The sample people as plain records: whose each is, and which of them show all of a profile."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache, cached_property
from typing import Any

from careweft.fhir.json import encode
from careweft.intake.sample import people

from . import annex, must
from .annex import Profile
from .must import Json

SIZE = 20
OWNERS = ("patient", "subject", "beneficiary")


class Cast:
    """The first people of a seed, and all that is written about them."""

    def __init__(self, seed: int = 1) -> None:
        self.records: list[Json] = [json.loads(encode(one)) for one in people(SIZE, seed, today=date(2026, 1, 15))]

    @cached_property
    def patients(self) -> list[str]:
        return [one["id"] for one in self.records if one["resourceType"] == "Patient"]

    @cached_property
    def by_type(self) -> dict[str, list[Json]]:
        found: dict[str, list[Json]] = {}
        for one in self.records:
            found.setdefault(one["resourceType"], []).append(one)
        return found

    def seen(self, type_: str, patient: str | None) -> list[Json]:
        """The records of a type that a patient sees: their own and what is nobody's; None sees all."""
        return [one for whose, one in self._owned.get(type_, ()) if patient is None or whose in ("", patient)]

    @cached_property
    def _owned(self) -> dict[str, list[tuple[str, Json]]]:
        return {type_: [(owner(one), one) for one in records] for type_, records in self.by_type.items()}

    @cache  # noqa: B019  the cast lives as long as the tests
    def showing(self, name: str) -> list[str]:
        """Few patients who together show all of a profile that can be shown: whom a tester would name."""
        profile = next(one for one in annex.profiles() if one.name == name)
        of = {one: [r for r in self.seen(profile.type, one) if profile.url in r["meta"]["profile"]]
              for one in self.patients}  # fmt: skip
        chosen: list[str] = []
        held: list[Json] = []
        lacking = set(self.lacking(profile, []))
        while lacking:
            best = max(self.patients, key=lambda one: len(lacking - set(self.lacking(profile, held + of[one]))))
            left = set(self.lacking(profile, held + of[best]))
            if left == lacking:
                break
            chosen.append(best)
            held, lacking = held + of[best], left
        return chosen or self.patients[:1]

    def lacking(self, profile: Profile, records: Sequence[Json]) -> list[str]:
        """Must-support elements that these do not show, and references that they do not have."""

        def leads(path: str, target: str) -> bool:
            ways = (to["reference"] for one in records for to in must.at(profile, one, path))
            return any(target in self.by_reference[to].get("meta", {}).get("profile", ()) for to in ways)

        brought = {one for one in profile.finds[0].include.split() if not any(f"{one}Reference" in r for r in records)}
        return [*must.missing(profile, records), *must.unled(profile, leads), *brought]

    @cached_property
    def by_reference(self) -> dict[str, Json]:
        return {f"{one['resourceType']}/{one['id']}": one for one in self.records}


def owner(record: Json) -> str:
    """The id of the patient whom a record is about; empty where it is about nobody."""
    if record["resourceType"] == "Patient":
        return str(record["id"])
    found = next((record[one] for one in OWNERS if isinstance(record.get(one), dict)), {})
    return str(found.get("reference", "")).removeprefix("Patient/")


def references(node: Any) -> Iterator[str]:
    """Every reference in a record."""
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)
