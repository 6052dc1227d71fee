"""The store finds in sets whom the plain meaning finds one by one, for random records and random searches.

A part of the searches in make test, all of them in make drill.
"""

from dataclasses import replace
from random import Random

from careweft.access.reach import Narrowed
from careweft.fhir.json import decode
from careweft.fhir.outcomes import Exceeding
from careweft.fhir.search.parse import parse
from careweft.insight.groups.algebra import plainly
from careweft.insight.groups.asked import about
from careweft.store.population import PostgresPeople
from tests.fhir.chains import LINKS, OFFERS, chained, linked
from tests.fhir.strategies import CONTEXT, IDS, ZONE, search
from tests.store import shelf
from tests.store.test_agree import Chance
from tests.store.test_agree_chains import _stored
from tests.world import count

SEARCHES = count(150, 3000)
TENANTS = 2
SEED = 20261127
TYPES = [one for one in LINKS if one == "Patient" or about(one)]


async def test_sets_and_the_plain_meaning_agree(module_database):
    """Plain searches, chains and `_has` of every type that is about patients, over every access path."""
    async with shelf.process(module_database) as clinical:
        for n in range(TENANTS):
            random = Random(f"{SEED} {n}")
            mine = await shelf.tenant(clinical, str(ZONE))
            await mine.put(
                *(linked(type_, id_, random) for type_ in LINKS for id_ in IDS[: -1 if type_ == "Patient" else 5])
            )
            stored = {type_: await _there(mine, type_) for type_ in LINKS}
            bound = await clinical.bound(mine.tenant)
            people = PostgresPeople(bound, clinical.pool, Chance(random), clinical.registries)
            found = [await _agree(people, stored, random) for _ in range(SEARCHES // TENANTS)]
            assert sum(map(bool, found)) > len(found) / 10  # the test is worth something


async def _agree(people, stored, random):
    """One search."""
    type_ = random.choice(TYPES)
    query = _query(type_, random)
    sought = {one: shelf.everything(one) for one in LINKS}
    (found,) = await people.found([Narrowed(query, shelf.everything(type_), sought=sought)])
    assert found == plainly(query, replace(CONTEXT, zone=ZONE), stored.__getitem__), query
    return found


def _query(type_, random):
    while True:
        pairs = [chained(type_, random)] if random.random() < 0.5 else []
        pairs += search(type_, random) if random.random() < 0.6 else []
        try:
            return parse(type_, OFFERS[type_], pairs, CONTEXT, others=OFFERS).query
        except Exceeding:
            continue


async def _there(mine, type_):
    """What is there of a type: of the patients one is missing, to whom records refer all the same."""
    if type_ != "Patient":
        return await _stored(mine, type_)
    found = await mine.records.search(Narrowed(shelf.search("Patient"), shelf.everything("Patient")))
    return [decode(one.body) for one in found.matches]
