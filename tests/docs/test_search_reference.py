"""The table of search features: complete, and each example runs and finds what it should over the real database."""

from collections.abc import AsyncIterator
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from careweft import surfaces
from careweft.fhir.definitions import SEARCH
from careweft.fhir.outcomes import UnknownParameter
from careweft.fhir.search import features
from careweft.fhir.search.context import Context
from careweft.fhir.search.evaluate import holds
from careweft.fhir.search.kinds import KINDS
from careweft.fhir.search.parse import Offers, modifiers, parse
from tests.docs.ana import RECORDS
from tests.store import shelf
from tests.web.twins import BASE, NOON, World, base, world

pytestmark = pytest.mark.anyio
SYSTEM = base()
OFFERED = surfaces.find("provider", "system").by_type
EXAMPLES = [(one, example) for one in features.ALL for example in one.examples]


@pytest.fixture(scope="module")
async def served(module_database: Any) -> AsyncIterator[tuple[World, shelf.Shelf]]:
    """The doors over a real database that holds Ana's records."""
    async with shelf.shelf(module_database) as mine:
        await mine.put(*RECORDS)
        yield world(records=lambda _: mine.records), mine


@pytest.mark.parametrize(("feature", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
async def test_every_example_runs(served, feature, example):
    """It is answered, used in full, and finds some records; a filter leaves some out."""
    doors, mine = served
    type_, _, query = example.partition("?")
    all_ = [one for one in RECORDS if one["resourceType"] == type_]
    if type_ not in OFFERED:  # a kind of parameter that no API has yet
        found = parse(type_, Offers(SEARCH[type_]), parse_qsl(query), Context(NOON, UTC, BASE)).query
        number = len(await mine.ids(found))
        assert number == sum(holds(one, found.where) for one in all_)
    else:
        typed = quote(query, safe="=&?:/|,$-._\\*+")
        async with doors.client(headers=await doors.bearer("system/*.rs")) as client:
            answer = await client.get(f"{SYSTEM}/{type_}?{typed}")
        assert answer.status_code == 200, answer.text
        bundle = answer.json()
        own = next(one["url"] for one in bundle["link"] if one["relation"] == "self")
        assert dict(parse_qsl(urlsplit(own).query)) == dict(parse_qsl(typed))
        number = sum(one["search"]["mode"] == "match" for one in bundle.get("entry", ())) or bundle["total"]
    assert number > 0
    assert number < len(all_) or feature not in features.FILTERS


def named(rows: tuple[features.Feature, ...]) -> set[tuple[str, str]]:
    return {(on, one.name) for one in rows for on in one.on.split()}


def test_every_modifier_and_prefix_has_a_row():
    """And each row is one of them."""
    modifiers = {(kind, f":{one}") for kind, of in KINDS.items() for one in {*of.modifiers, "missing"} - {""}}

    assert named(features.MODIFIERS) == modifiers | {("reference", ":[type]")}
    assert named(features.PREFIXES) == {(kind, prefix) for kind, of in KINDS.items() for prefix in of.prefixes}
    assert {kind for kind, _ in named(features.VALUES)} == set(KINDS)


def test_every_kind_has_an_example_of_every_row():
    """A row on three kinds shows three parameters."""
    for one in features.MODIFIERS + features.PREFIXES:
        shown = {SEARCH[type_][_code(query)].kind for type_, _, query in (e.partition("?") for e in one.examples)}
        assert shown == set(one.on.split()), one


def _code(query: str) -> str:
    return query.partition("=")[0].partition(":")[0]


UNKNOWN = [
    (kind, modifier)
    for kind in KINDS
    for modifier in {*(name for k in KINDS.values() for name in k.modifiers), "of-type", "above", "below", "in",
                     "not-in", "type", "Patient", "iterate", "x"} - KINDS[kind].modifiers
    if kind != "reference" or modifier != "Patient"
]  # fmt: skip


@pytest.mark.parametrize(("kind", "modifier"), sorted(UNKNOWN))
def test_any_other_modifier_is_refused_by_name(kind, modifier):
    """400, naming the parameter, what was asked and all that this kind takes."""
    type_, param = next((t, p) for t in ("Observation", "RiskAssessment", "Device") for p in SEARCH[t].values()
                        if p.kind == kind and not p.code.startswith("_"))  # fmt: skip
    here = Context(NOON, UTC, BASE)
    with pytest.raises(UnknownParameter) as refused:
        parse(type_, Offers(SEARCH[type_]), [(f"{param.code}:{modifier}", "1")], here)

    assert refused.value.status == 400
    assert f"{param.code}:{modifier}" in refused.value.message
    assert all(f":{one}" in refused.value.message for one in {*modifiers(param)} - {""})
