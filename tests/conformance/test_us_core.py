"""US Core 6.1.0 on all four APIs, profile by profile, as a certification run asks for it: annexes A and B."""

import pytest

from careweft import surfaces

from . import annex, gaps
from .annex import Profile
from .conftest import Apis
from .kit import lacking

each_api = pytest.mark.parametrize("surface", [one.id for one in surfaces.ALL], ids=lambda one: one[9:-7])
SEARCHED = [one for one in annex.profiles() if not one.by_reference]
READ = [one for one in annex.profiles() if one.by_reference]
MORE = [one for one in annex.us_core() if not one.name and (one.also or one.finds)]


@each_api
@pytest.mark.parametrize("profile", SEARCHED, ids=lambda one: one.name)
def test_every_search_finds_what_it_should(apis: Apis, surface: str, profile: Profile) -> None:
    """Each search, asked in every way: exactly the resources that satisfy it, of whoever asks."""
    api = apis[surface]
    wrong = [
        complaint
        for patient, pairs, found in api.firsts(profile)
        for complaint in api.wrong(profile.type, pairs, found, patient)
    ]
    patient = next(whose for whose, _, found in api.firsts(profile) if found.matches)
    held = api.held(profile, patient)
    for find in profile.finds:
        wrong += api.tried(profile, find, held, patient)

    assert wrong == []


@each_api
@pytest.mark.parametrize("profile", SEARCHED, ids=lambda one: one.name)
def test_the_first_search_by_other_ways(apis: Apis, surface: str, profile: Profile) -> None:
    """By POST _search and with Patient/id as many; Provenance and Medication come along where they are asked for."""
    api = apis[surface]
    patient, pairs, found = next(one for one in api.firsts(profile) if one[2].matches)
    whole = [(name, f"Patient/{value}" if name == "patient" else value) for name, value in pairs]

    assert api.search(profile.type, pairs, patient, post=True).ids == found.ids
    assert api.search(profile.type, whole, patient).ids == found.ids
    origins = api.origins(profile, patient, pairs)
    assert origins.ids == found.ids
    assert {one["resourceType"] for one in origins.included} == {"Provenance"}
    matches = {f"{profile.type}/{id_}" for id_ in found.ids}
    assert all(matches & {to["reference"] for to in one["target"]} for one in origins.included)


@each_api
@pytest.mark.parametrize("profile", [one for one in SEARCHED if one.finds[0].include], ids=lambda one: one.name)
def test_medications_come_along(apis: Apis, surface: str, profile: Profile) -> None:
    """Every Medication that a match refers to comes with it, and no other."""
    api = apis[surface]
    brought = 0
    for patient, pairs, found in api.firsts(profile):
        wanted = {one["medicationReference"]["reference"] for one in found.matches if "medicationReference" in one}
        came = api.search(profile.type, [*pairs, ("_include", f"{profile.type}:medication")], patient).included
        assert {f"{one['resourceType']}/{one['id']}" for one in came} == wanted
        brought += len(came)

    assert brought > 0


@each_api
@pytest.mark.parametrize("profile", [gaps.row("references", one.name, one) for one in SEARCHED])
def test_must_support_is_shown_and_references_resolve(apis: Apis, surface: str, profile: Profile) -> None:
    """The first searches show every must-support element; each reference leads where the profile says."""
    api = apis[surface]
    assert lacking(profile, api.held(profile)) == []
    assert api.unled(profile) == []
    one = api.held(profile)[0]
    patient = next(whose for whose, _, found in api.firsts(profile) if one in found.matches)
    assert api.read(f"{profile.type}/{one['id']}", patient) == one


@each_api
@pytest.mark.parametrize("profile", READ, ids=lambda one: one.name)
def test_what_is_only_referenced_is_read(apis: Apis, surface: str, profile: Profile) -> None:
    """Every Organization, Practitioner, Provenance, RelatedPerson and Specimen that was named can be read."""
    api = apis[surface]
    records = api.named[profile.type]

    assert records
    assert lacking(profile, records) == []


@each_api
@pytest.mark.parametrize("kind", [gaps.row("more", one.type, one) for one in MORE])
def test_searches_that_need_not_work_work(apis: Apis, surface: str, kind: Profile) -> None:
    """The SHOULD searches of annex B, and those of types whose profiles are optional."""
    api = apis[surface]
    wrong = []
    for find in (api.spelled(kind, one) for one in (*kind.finds, *kind.also)):
        patient, held = api.holding(kind.type, find)
        wrong += api.tried(kind, find, held, patient)

    assert wrong == []
