"""The first twenty people of any seed, on any day, show what a certification run looks for in the data."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

import pytest

from careweft.fhir.validate.known import accepts
from careweft.intake.sample import people
from tests import world
from tests.conformance import annex, must
from tests.conformance.annex import Profile

Json = dict[str, Any]
CAST = 20
DAYS = ((1, date(2026, 1, 15)), (6, date(2026, 7, 4)), (7, date(2027, 2, 28)))
"""Seeds and the days on which they are asked for; 6 and 7 were once short of a reading and of a refused claim."""
BY_SERVER = {"lastUpdated": "2026-01-15T00:00:00Z"}

each_cast = pytest.mark.parametrize(("seed", "today"), DAYS)


class Cast:
    """The records of one seed, by the profile that they claim, and by reference."""

    def __init__(self, seed: int, today: date) -> None:
        self.records = list(people(CAST, seed, today=today))
        self.known = {f"{one['resourceType']}/{one['id']}": one for one in self.records}
        self.claiming: dict[str, list[Json]] = defaultdict(list)
        for one in self.records:
            for name in claimed(one):
                self.claiming[name].append(one)
            if one["resourceType"] == "ExplanationOfBenefit":
                self.claiming["C4BB-ExplanationOfBenefit"].append(one)


def claimed(resource: Json) -> list[str]:
    """The names of the profiles that a resource claims."""
    return [url.partition("|")[0].rpartition("/")[2] for url in resource.get("meta", {}).get("profile", ())]


@cache
def cast(seed: int, today: date) -> Cast:
    return Cast(seed, today)


@each_cast
def test_every_must_support_element_is_shown(seed: int, today: date) -> None:
    """US Core 6.1.0 and CARIN Blue Button 2.0.0: elements, slices, extensions and one of each choice."""
    shown = cast(seed, today).claiming
    lacking = {one.name: must.missing(one, shown[one.name]) for one in (*annex.profiles(), *annex.claims())}

    assert {name: paths for name, paths in lacking.items() if paths} == {}


def astray(profile: Profile, shown: Cast) -> Iterator[str]:
    """References of a profile that lead to no resource of a wanted profile; of a choice one is enough."""
    for path, wanted in profile.leads.items():
        found = [value for one in shown.claiming[profile.name] for value in must.at(profile, one, path)]
        reached = {name for value in found for name in claimed(shown.known[value["reference"]])}
        for name in set(wanted) - reached:
            if not any(name in choice and reached & set(choice) for choice in profile.either):
                yield f"{profile.name} {path} to {name}"


@each_cast
def test_references_lead_to_every_wanted_profile(seed: int, today: date) -> None:
    shown = cast(seed, today)

    assert [one for profile in annex.profiles() for one in astray(profile, shown)] == []


@pytest.mark.parametrize("profile", annex.claims(), ids=lambda one: one.name)
def test_nothing_shows_nothing(profile: Profile) -> None:
    """The check above can fail: where there is no claim, each element is missed."""
    assert len(must.missing(profile, [])) == len(profile.must) + len(profile.extensions) + len(profile.slices)


@pytest.mark.parametrize("seed", range(world.count(1, 5)))
def test_the_validator_accepts_everybody(seed: int) -> None:
    """Against R4 and every profile claimed; what the server writes into meta is added."""
    found = [
        f"{one['resourceType']}/{one['id']} {issue.expression}: {issue.text}"
        for one in people(world.count(30, 300), seed, today=DAYS[0][1])
        for issue in accepts(one | {"meta": one.get("meta", {}) | BY_SERVER})
    ]

    assert found == []
