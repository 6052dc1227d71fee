"""The tables themselves: whole, and the checks that read them can fail."""

from datetime import date

import pytest

from careweft import surfaces
from careweft.fhir.definitions import SEARCH
from careweft.intake.sample import people

from . import annex, must

OPTIONAL = {"us-core-location", "us-core-medication", "us-core-practitionerrole", "us-core-questionnaireresponse"}


def test_every_profile_that_the_statement_names_has_its_rows() -> None:
    """42 profiles are certified; the four optional ones need no must-support row."""
    offered = {url.rpartition("/")[2] for one in surfaces.ALL[0].offers for url in one.profiles}

    assert offered - OPTIONAL == {one.name for one in annex.profiles()} - OPTIONAL
    assert len(annex.profiles()) == 42


def test_every_parameter_is_one() -> None:
    """A name that R4 and US Core do not know would be a slip of the table."""
    named = {
        (one.type, param)
        for one in (*annex.us_core(), *annex.blue_button())
        for search in (*one.finds, *one.also)
        for param in (*search.params, *search.token, *search.ordered, *search.several)
    }
    assert [row for row in sorted(named) if row[1] not in SEARCH[row[0]]] == []


@pytest.mark.parametrize("profile", annex.profiles(), ids=lambda one: one.name)
def test_nothing_shows_nothing(profile: annex.Profile) -> None:
    """Each element, extension and slice is missed where there is no resource; data that is only a reason is no data."""
    assert len(must.missing(profile, [])) == len(profile.must) + len(profile.extensions) + len(profile.slices)
    assert must.missing(profile, [{"_status": {"extension": [{"url": "x"}]}}]) == must.missing(profile, [])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_cast_shows_every_must_support_element(seed: int) -> None:
    """The first twenty people of any seed show all that the table lists."""
    held: dict[str, list[must.Json]] = {}
    for one in people(20, seed, today=date(2026, 1, 15)):
        for url in one.get("meta", {}).get("profile", ()):
            held.setdefault(url.partition("|")[0], []).append(one)
    lacking = {one.name: must.missing(one, held.get(one.url, [])) for one in annex.profiles()}

    assert {name: paths for name, paths in lacking.items() if paths} == {}
