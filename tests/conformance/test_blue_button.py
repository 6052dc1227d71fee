"""CARIN Blue Button 2.0.0 on the two payer APIs, as its test kit asks: annex D."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from careweft import surfaces

from . import annex
from .annex import Find, Profile
from .asking import Pairs
from .cast import owner
from .conftest import Apis
from .kit import Api
from .must import Json

PAYER = [one.id for one in surfaces.ALL if one.side == "payer"]
KINDS = annex.blue_button()
each_api = pytest.mark.parametrize("surface", PAYER, ids=lambda one: one[9:-7])
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.type)
INCLUDES = [(one, name) for one in KINDS for name in one.includes]


def stored(api: Api, kind: Profile, limit: int = 1) -> Iterator[tuple[str, Json]]:
    """Records of this type as the server gives them, each with the patient who sees it."""
    for one in api.cast.by_type[kind.type][:limit]:
        patient = owner(one) or api.cast.patients[0]
        yield patient, api.read(f"{kind.type}/{one['id']}", patient)


def anchored(api: Api, kind: Profile, find: Find) -> Find:
    """System access asks for one patient's claims by each parameter: those of all would be many pages of much text."""
    many = kind.type == "ExplanationOfBenefit" and not {"_id", "identifier", "patient"} & set(find.params)
    return replace(find, params=("patient", *find.params)) if many and api.surface.audience == "system" else find


@each_api
@each_kind
def test_every_search_finds_what_it_should(apis: Apis, surface: str, kind: Profile) -> None:
    """By each parameter, with comparators where it is a date: what satisfies it, and _lastUpdated is a filter."""
    api = apis[surface]
    ((patient, record),) = stored(api, kind)
    finds = [api.spelled(kind, anchored(api, kind, one)) for one in kind.finds]
    wrong = [complaint for find in finds for complaint in api.tried(kind, find, [record], patient)]
    never: Pairs = [("_id", record["id"]), ("_lastUpdated", "lt2000-01-01T00:00:00Z")]

    assert wrong == []
    assert api.search(kind.type, never, patient).matches == ()


@each_api
@pytest.mark.parametrize(("kind", "name"), INCLUDES, ids=lambda one: one if isinstance(one, str) else one.type)
def test_includes_bring_what_is_referenced(apis: Apis, surface: str, kind: Profile, name: str) -> None:
    """Over all records of the type, `_id` with `_include` brings every type that the table names."""
    api = apis[surface]
    wanted, came = set(kind.includes[name]), set()
    for patient, record in stored(api, kind, limit=1000):
        pairs = [("_id", record["id"]), ("_include", f"{kind.type}:{name}")]
        came |= {one["resourceType"] for one in api.search(kind.type, pairs, patient).included}
        if wanted <= came:
            return

    assert sorted(wanted - came) == []


@each_api
def test_claims_say_what_the_kit_looks_for(apis: Apis, surface: str) -> None:
    """2.3.29 to 2.3.31: a type, a complete outcome, and the insurer of the focal coverage."""
    api = apis[surface]
    claims = Profile("", "ExplanationOfBenefit", finds=[Find(("patient",))])
    seen = [one for patient in api.cast.patients[:6]
            for one in api.search(claims.type, [("patient", patient)], patient).matches]  # fmt: skip

    assert seen
    for claim in seen:
        assert claim["outcome"] == "complete"
        assert all(coding.get("code") for coding in claim["type"]["coding"])
        for insurance in claim["insurance"]:
            coverage = api.read(insurance["coverage"]["reference"], owner(claim))
            same = coverage["payor"][0]["reference"] == claim["insurer"]["reference"]
            assert same is insurance["focal"]
