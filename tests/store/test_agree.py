"""The store finds exactly what evaluate.holds says, on random resources and random searches.

A tenth of the pairs in make test, all 100,000 in make drill (CAREWEFT_DRILL=1), with the coverage printed.
"""

from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest

from careweft.access.reach import REACH, How, Way
from careweft.fhir.compartments import members, subject
from careweft.fhir.definitions import SEARCH
from careweft.fhir.json import decode
from careweft.fhir.search.evaluate import holds
from careweft.fhir.search.kinds import KINDS
from careweft.fhir.search.kinds.prefix import PREFIXES
from careweft.fhir.search.parse import Offers, modifiers, parse
from careweft.fhir.search.query import Sort
from careweft.fhir.search.sort import key, sortable
from tests.fhir.strategies import CONTEXT, IDS, TYPICAL, WORDS, ZONE, Coverage, Maker, held, resource, search, write
from tests.store import shelf
from tests.world import DRILL, count

RESOURCES = 18
SEARCHES = count(50, 500)
SEED = 20261122


@dataclass
class Chance:
    """Estimates by chance, so that every access path is taken, also where another would be better."""

    random: Random
    rows: float = 1e6

    async def refresh(self):
        """Nothing to read."""

    def of(self, _):
        return self.random.choice((1.0, 1e6))

    def common(self, _):
        return ()

    @property
    def start(self):
        return self.random.choice((1, 5, 1000))


async def test_store_and_evaluator_agree(database, capsys):
    """Whatever page size, order and reach: a search finds the resources for which it holds, each once.

    In the drill every kind x modifier x prefix came up and found something.
    """
    coverage = Coverage()
    async with shelf.process(database) as clinical:
        for type_ in TYPICAL:
            await _agree(await shelf.tenant(clinical, str(ZONE)), type_, Random(f"{SEED} {type_}"), coverage)
    if DRILL:
        with capsys.disabled():
            print(f"\n{RESOURCES * SEARCHES * len(TYPICAL)} pairs\n{coverage}")  # noqa: T201 (asked for)
        assert not coverage.missing()


def dense(random):
    """Observations, documents and patients that hold what random ones seldom do, from a handful of values."""
    make = Maker(random, "Observation")

    def measured():
        key, value = random.choice((
            ("valueQuantity", make.amount()), ("valueCodeableConcept", make.concept()), ("valueDateTime", make.when()),
            ("valuePeriod", make.period()), ("valueString", random.choice(WORDS)),
        ))  # fmt: skip
        return {"code": make.concept(), key: value}

    kind = {"coding": [{"system": "urn:types", "code": random.choice("ab")}]}
    related = {"code": random.choice(("appends", "replaces")), "target": make.reference(("DocumentReference",))}
    yield {"resourceType": "Observation", **measured(), "component": [measured(), measured()]}
    yield {"resourceType": "DocumentReference", "relatesTo": [related, {"code": "signs"}]}
    yield {"resourceType": "Patient", "identifier": [make.identifier() | {"type": kind}, {"value": "1", "type": kind}]}


async def test_store_and_evaluator_agree_on_what_is_rare(module_database):
    """Composites of every form and prefix, and identifiers by their type; in the drill each has found something."""
    random, coverage = Random(SEED), Coverage()
    made = [one | {"id": str(n)} for n in range(30) for one in dense(random)]
    async with shelf.shelf(module_database, str(ZONE)) as mine:
        await mine.put(*made)
        for _ in range(count(150, 4000)):
            type_ = random.choice(("Observation", "Observation", "Observation", "DocumentReference", "Patient"))
            mine_ = [one for one in made if one["resourceType"] == type_]
            found = [one for one in SEARCH[type_].values() if one.kind == "composite" and modifiers(one)]
            param = random.choice(found or [SEARCH["Patient"]["identifier"]])
            modifier = "" if found else "of-type"
            values = [one for of in random.sample(mine_, 5) for one in held(param, of, ZONE)]
            texts = [text for one in values if (text := write(one, param, modifier, random))]
            if texts:
                pairs = [(f"{param.code}:{modifier}".rstrip(":"), random.choice(texts))]
                query = parse(type_, Offers([param.code]), pairs, CONTEXT).query
                wanted = [one["id"] for one in mine_ if holds(one, query.where, ZONE)]
                assert sorted(await mine.ids(query)) == sorted(wanted), pairs
                coverage.add(type_, pairs, bool(wanted))
    if DRILL:
        assert all(coverage.found[row] for row in Coverage.RARE), coverage.found


DATES = ("2024", "2024-05", "2024-05-17", "2024-05-17T09:30:00Z", "2024-05-17T09:30:00.5Z", "2023-12-31", "2025")
NUMBERS = ("5", "5.0", "5.4", "5.45", "5.40", "-5", "0")


def coded(code):
    return {"code": {"coding": [{"code": code}]}}


EDGES = [
    # parameter, the values asked, resources that hold the same and their neighbours
    ("Observation", "date", DATES, [{"effectiveDateTime": at} for at in DATES]),
    ("Observation", "date", DATES, [{"effectivePeriod": {"start": at}} for at in DATES]),
    ("Observation", "date", DATES, [{"effectivePeriod": {"start": "2023", "end": at}} for at in DATES]),
    ("Observation", "date", DATES, [{"effectiveDateTime": "1990", "effectiveInstant": at} for at in DATES]),
    ("Provenance", "when", DATES, [{"occurredDateTime": at} for at in DATES]),
    ("Observation", "value-quantity", NUMBERS, [{"valueQuantity": {"value": Decimal(one)}} for one in NUMBERS]),
    ("Observation", "value-quantity", NUMBERS,
     [{"valueQuantity": {"value": Decimal(one), "comparator": sign}} for one in NUMBERS for sign in ("<", ">=")]),
    ("RiskAssessment", "probability", NUMBERS,
     [{"prediction": [{"probabilityDecimal": Decimal(one)}]} for one in NUMBERS]),
    ("Observation", "code-value-date=a$", DATES, [coded("a") | {"valueDateTime": at} for at in DATES]),
    ("Observation", "code-value-date=a$", DATES, [coded("a") | {"valuePeriod": {"start": at}} for at in DATES]),
    ("Observation", "combo-code-value-quantity=a$", NUMBERS,
     [coded(top) | {"valueQuantity": {"value": Decimal(one)}, "component": [
         coded("a") | {"valueQuantity": {"value": Decimal(other)}}, coded("b") | {"valueQuantity": {"value": 5}}]}
      for one, other in pairwise(NUMBERS) for top in "ab"]),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "code", "values", "members_"), EDGES)
async def test_every_prefix_agrees_at_the_edges(module_database, type_, code, values, members_):
    """Each prefix with each value, over resources that hold that value, one just beside it, or none."""
    made = [{"resourceType": type_, "id": str(n)} | one for n, one in enumerate([*members_, {}])]
    name, _, first = code.partition("=")
    async with shelf.shelf(module_database) as mine:
        await mine.put(*made)
        for prefix in ("", *PREFIXES):
            for value in values:
                pair = (name, first + prefix + value)
                query = parse(type_, Offers([name]), [pair], replace(CONTEXT, zone=UTC)).query
                wanted = [one["id"] for one in made if holds(one, query.where, UTC)]
                assert sorted(await mine.ids(query)) == sorted(wanted), (prefix, value)


async def test_a_combined_composite_is_missing_where_both_its_places_are(database):
    """A code here and a value there make no pair: `:missing` looks at each place by itself."""
    apart = {
        "resourceType": "Observation",
        "id": "apart",
        "encounter": {"reference": "Encounter/e"},
        "valueCodeableConcept": {"coding": [{"system": "urn:v", "code": "v"}]},
        "component": [{"code": {"coding": [{"system": "urn:c", "code": "c"}]}}],
    }
    together = {**apart, "id": "together", "code": {"coding": [{"system": "urn:c", "code": "c"}]}}
    offered = Offers(["combo-code-value-concept"])
    async with shelf.shelf(database) as mine:
        await mine.put(apart, together)
        for wanted, id_ in (("true", "apart"), ("false", "together")):
            pairs = [("combo-code-value-concept:missing", wanted)]
            assert await mine.ids(parse("Observation", offered, pairs, CONTEXT).query) == [id_]


async def _agree(mine, type_, random, coverage):
    """All searches of one type, over the same resources."""
    offered = Offers([param.code for param in SEARCH[type_].values() if param.kind in KINDS])
    made = [resource(type_, random, odd=random.choice((0, 0, 5))) | {"id": f"{n}.{n % 3}"} for n in range(RESOURCES)]
    await mine.put(*made)
    stored = await _stored(mine, type_, made)
    mine.records._searches._frequencies = Chance(random)
    for _ in range(SEARCHES):
        pairs = search(type_, random)
        query = parse(type_, offered, pairs, CONTEXT).query
        total = random.choice(("", "none", "estimate", "accurate"))
        query = replace(query, count=random.choice((3, 100)), sort=_sort(type_, random), total=total)
        reached, patient = _reach(type_, random, parse(type_, offered, search(type_, random), CONTEXT).query.where)
        asked = (*query.where, *(group for way in reached.ways for group in way.where))
        within = {id_ for id_, one in stored.items() if patient is None or patient in _patients(type_, one)}
        wanted = {id_ for id_ in within if holds(stored[id_], asked, ZONE)}
        pages = await mine.pages(query, reached)
        found = [one.id for page in pages for one in page.matches]
        known = total in ("estimate", "accurate") or (len(pages) == 1 and not total)
        assert pages[0].total == (len(wanted) if known else None), (pairs, query, reached)
        assert sorted(found) == sorted(wanted), (pairs, query, reached)
        _check_order(query, found, stored)
        coverage.add(type_, pairs, bool(wanted))


def _reach(type_, random, where):
    """Everything, or one patient's, or by a granular scope, or both; and the patient."""
    confined = REACH.get(type_) in (How.COMPARTMENT, How.OWN) and random.random() < 0.2
    patient = random.choice(IDS) if confined else None
    where = where if random.random() < 0.1 else ()
    if patient is None:
        return shelf.reach(type_, Way("user", How.SHARED, None, where)), None
    return shelf.of(patient, type_, REACH[type_], where), patient


def _patients(type_, resource_):
    return members(resource_) if REACH[type_] is How.COMPARTMENT else (subject(resource_),)


async def _stored(mine, type_, made):
    found = [await mine.records.read(type_, one["id"], shelf.everything(type_)) for one in made]
    return {one.id: decode(one.body) for one in found}


def _sort(type_, random):
    """No key, one, two or three; the main date, `_lastUpdated` and `_id` as often as all others together."""
    known = sortable(type_)
    few = (*known[:1], "_lastUpdated", "_id")
    keys = dict.fromkeys(random.choice((*few, *random.choices(known, k=3))) for _ in range(random.choice((0, 1, 2, 3))))
    return tuple(Sort(one, random.random() < 0.5) for one in keys)


def _check_order(query, found, stored):
    """They come as the plain meaning of the keys has it."""
    places = [[key(stored[id_], by, ZONE) for by in query.sort] for id_ in found]
    for before, after in pairwise(places):
        assert not _later(query.sort, before, after), (query.sort, before, after)


def _later(sort, one, other):
    """Does `one` belong behind `other`?"""
    for by, mine, yours in zip(sort, one, other, strict=True):
        if mine != yours:
            if mine is None or yours is None:
                return mine is None
            return (mine < yours) is by.descending
    return False
