"""Chains and `_has`: the store finds exactly what evaluate.holds says, through what the caller may see at every hop.

A tenth of the searches in make test, all of them in make drill.
"""

from dataclasses import replace
from random import Random

import pytest

from careweft.access.reach import REACH, How, Way
from careweft.access.sight import Lead, Sight
from careweft.fhir.json import decode
from careweft.fhir.labels import EVERY
from careweft.fhir.outcomes import Exceeding
from careweft.fhir.search.chain import hops
from careweft.fhir.search.evaluate import holds
from careweft.fhir.search.parse import parse
from careweft.fhir.search.query import Query
from tests.fhir.chains import LINKS, OFFERS, chained, linked
from tests.fhir.strategies import CONTEXT, IDS, ZONE, search
from tests.store import shelf
from tests.store.sight import visible
from tests.store.test_agree import Chance
from tests.world import count

TENANTS = 2
SEARCHES = count(120, 2000)
SEED = 20261124


SIGHTS = (
    Sight(frozenset({"1", "2"})),
    Sight(leads=tuple(Lead(one, code, ("Organization/1", "Organization/a"))
                      for one, code in (("Patient", "organization"), ("Encounter", "service-provider")))),
    Sight(frozenset({"a"}), tuple(Lead(one, "participant", ("Practitioner/1", "Practitioner/2"))
                                  for one in ("CareTeam", "Encounter"))),
)  # fmt: skip
"""As a parent's, and as practitioners have them by the rules of a tenant."""


@pytest.mark.parametrize("few", [2000, 1])
@pytest.mark.parametrize("sight", SIGHTS, ids=["listed", "organization", "care"])
async def test_store_and_evaluator_agree_within_a_sight(module_database, monkeypatch, sight, few):
    """Searches, with chains and without, through a sight whose patients are bound, or too many for that."""
    monkeypatch.setattr("careweft.store.within.FEW", few)
    random = Random(f"{SEED} {sight} {few}")
    async with shelf.process(module_database) as clinical:
        mine = await shelf.tenant(clinical, str(ZONE))
        await mine.put(*(linked(type_, id_, random) for type_ in LINKS for id_ in IDS))
        mine.records._searches._frequencies = Chance(random)
        stored = {type_: await _stored(mine, type_) for type_ in LINKS}
        reaches = {one: _seen(one, sight) for one in LINKS if REACH[one] is not How.NEVER}
        found = []
        for _ in range(count(60, 1500)):
            type_ = random.choice([*reaches])
            query = _query(type_, random) if random.random() < 0.5 else Query(type_, _filter(type_, random))
            shown = {
                one: [each for each in stored[one] if one in reaches and visible(each, reaches[one], stored)]
                for one in LINKS
            }
            wanted = [one["id"] for one in shown[type_] if holds(one, query.where, ZONE, shown.__getitem__)]
            came = await mine.ids(query, reaches[type_], sought=reaches)
            assert sorted(came) == sorted(wanted), (query, reaches[type_])
            found.append(came)
        assert sum(map(bool, found)) > len(found) / 20


def _seen(type_, sight):
    how = REACH[type_]
    return shelf.reach(type_, Way("user", how, sight=None if how is How.SHARED else sight))


@pytest.mark.parametrize("kind", ["open", "patient", "filtered", "partly"])
async def test_store_and_evaluator_agree_on_chains(module_database, kind):
    """With all to be seen; one patient's compartment; granular filters on every type; some types not at all; and
    without what is sensitive, but for the first.
    """
    async with shelf.process(module_database) as clinical:
        for n in range(TENANTS):
            random = Random(f"{SEED} {kind} {n}")
            mine = await shelf.tenant(clinical, str(ZONE))
            ids = IDS[:2] if kind == "patient" else IDS  # so that what one patient sees is not next to nothing
            await mine.put(*(linked(type_, id_, random, ids) for type_ in LINKS for id_ in IDS))
            mine.records._searches._frequencies = Chance(random)
            stored = {type_: await _stored(mine, type_) for type_ in LINKS}
            found = [await _agree(mine, stored, kind, random) for _ in range(SEARCHES // TENANTS)]
            assert sum(map(bool, found)) > len(found) / 40  # the test is worth something


async def _agree(mine, stored, kind, random):
    """One search."""
    type_ = random.choice([*LINKS])
    query = _query(type_, random)
    reaches = {one: _reach(one, kind, random, random.choice(IDS)) for one in LINKS}
    if kind == "patient":
        patient = random.choice(IDS[:2])
        reaches = {one: _reach(one, kind, random, patient) for one in LINKS}
    sought = {one: reach for one, reach in reaches.items() if kind != "partly" or random.random() < 0.8}
    shown = {
        one: [each for each in stored[one] if visible(each, reaches[one], stored)] if one in sought else []
        for one in LINKS
    }
    within = [each for each in stored[type_] if visible(each, reaches[type_], stored)]
    wanted = [one["id"] for one in within if holds(one, query.where, ZONE, shown.__getitem__)]
    found = await mine.ids(query, reaches[type_], sought=sought)
    assert sorted(found) == sorted(wanted), (query, reaches[type_], sought)
    return found


def _query(type_, random):
    """A search by one or two chains, sometimes with something plain beside them."""
    while True:
        pairs = [chained(type_, random) for _ in range(random.choice((1, 1, 2)))]
        pairs += search(type_, random) if random.random() < 0.2 else []
        try:
            query = parse(type_, OFFERS[type_], pairs, CONTEXT, others=OFFERS).query
        except Exceeding:
            continue
        if any(hops(query.where)):
            return replace(query, count=random.choice((1, 3, 100)))


def _reach(type_, kind, random, patient):
    match kind:
        case "open" | "partly":
            return shelf.everything(type_, withheld=EVERY if kind == "partly" else 0)
        case "patient":
            how = REACH[type_]
            where = _filter(type_, random) if random.random() < 0.1 else ()
            return shelf.reach(type_, Way("patient", how, None if how is How.SHARED else patient, where))
    return shelf.reach(type_, *(Way("system", How.SHARED, None, _filter(type_, random)) for _ in range(2)))


def _filter(type_, random):
    pairs = search(type_, random) if random.random() < 0.7 else []
    return parse(type_, OFFERS[type_], pairs, CONTEXT).query.where


async def _stored(mine, type_):
    found = [await mine.records.read(type_, id_, shelf.everything(type_)) for id_ in IDS]
    return [decode(one.body) for one in found]
