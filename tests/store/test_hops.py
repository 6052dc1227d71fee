"""Chains and `_has` over the real database: rows of facts about who finds what through which record."""

import pytest

from careweft.access.reach import How, Narrowed, Way
from careweft.fhir.search.parse import parse
from careweft.fhir.search.query import Query, Sort
from careweft.surfaces import find
from tests.fhir.strategies import CONTEXT
from tests.store import shelf

pytestmark = pytest.mark.anyio
OFFERS = find("payer", "system").by_type


def ref(target):
    return {"reference": target}


def record(place, **more):
    type_, id_ = place.split("/")
    return {"resourceType": type_, "id": id_} | more


def provenance(id_, *targets):
    return record(f"Provenance/{id_}", target=[ref(one) for one in targets], recorded="2024-05-17T09:00:00Z")


RECORDS = (
    record("Organization/north", name="North Clinic"),
    record("Organization/trust", name="The Trust"),
    record("Organization/ward", name="Ward", partOf=ref("Organization/north")),
    record("Practitioner/dee", name=[{"family": "Dee"}], active=True),
    record("Patient/ana", name=[{"family": "Lee", "given": ["Ana"]}], gender="female",
           managingOrganization=ref("Organization/ward")),
    record("Patient/ben", name=[{"family": "Lee", "given": ["Ben"]}], gender="male",
           managingOrganization=ref("Organization/trust"), generalPractitioner=[ref("Practitioner/dee")]),
    record("Patient/cleo", gender="female"),
    record("Location/lee", name="Lee House"),
    shelf.observation("pulse", "ana", performer=[ref("Practitioner/dee")]),
    shelf.observation("shared", "ana", performer=[ref("Patient/ben")]),
    shelf.observation("of-ben", "ben", status="amended"),
    shelf.observation("of-house", "x", subject=ref("Location/lee")),
    shelf.observation("elsewhere", "x", subject=ref("https://other.example/Patient/ana")),
    shelf.observation("of-nobody", "never-was"),
    record("Encounter/visit", status="finished", subject=ref("Patient/ana")),
    record("Encounter/call", status="planned", subject=ref("Patient/ben")),
    provenance("one", "Observation/pulse"),
    provenance("both", "Observation/shared", "Observation/of-ben"),
    provenance("by-ben", "Observation/shared"),
    record("Group/both", type="person", actual=True, member=[
        {"entity": ref("Patient/ana")}, {"entity": ref("Patient/ben")}]),
)  # fmt: skip


@pytest.fixture(scope="module")
async def village(module_database):
    async with shelf.shelf(module_database) as mine:
        await mine.put(*RECORDS)
        yield mine


def query(text):
    type_, _, rest = text.partition("?")
    pairs = [tuple(one.split("=", 1)) for one in rest.split("&")]
    return parse(type_, OFFERS[type_], pairs, CONTEXT, others=OFFERS).query


FINDS = [
    # search, what it finds with all to be seen
    ("Observation?subject:Patient.family=lee", "of-ben pulse shared"),
    ("Observation?subject.name=lee", "of-ben of-house pulse shared"),
    ("Observation?subject:Location.name=lee", "of-house"),
    ("Observation?patient.given=ana,ben", "of-ben pulse shared"),
    ("Observation?patient.given=ana&patient.gender=male", ""),
    ("Observation?performer:Patient.given=ben&patient.given=ana", "shared"),
    ("Observation?patient.gender:not=male", "pulse shared"),
    ("Observation?patient.general-practitioner:missing=true", "pulse shared"),
    ("Observation?patient.organization.name=ward", "pulse shared"),
    ("Observation?patient.organization.partof.name=north", "pulse shared"),
    ("Observation?patient._id=ana,ben", "of-ben pulse shared"),
    ("Observation?patient._id=never-was", ""),
    ("Observation?subject:Patient._lastUpdated=gt2000", "of-ben pulse shared"),
    ("Patient?_has:Observation:patient:code=8867-4", "ana ben"),
    ("Patient?_has:Observation:subject:status=amended,final", "ana ben"),
    ("Patient?_has:Observation:patient:status=final", "ana"),
    ("Patient?_has:Observation:performer:status=final", "ben"),
    ("Patient?_has:Observation:patient:status=final&_has:Encounter:patient:status=planned", ""),
    ("Patient?_has:Observation:patient:performer:Practitioner.active=true", "ana"),
    ("Patient?_has:Observation:patient:_has:Provenance:target:_id=both", "ana ben"),
    ("Patient?_has:Group:member:_id=both&gender=male", "ben"),
    ("Encounter?patient._has:Observation:patient:status=amended", "call"),
    ("Practitioner?_has:Observation:performer:patient.family=lee", "dee"),
    ("Organization?_has:Patient:organization:gender=female,male", "trust ward"),
    ("Organization?_has:Organization:partof:name=ward", "north"),
    ("Provenance?target.status=amended", "both"),
]  # fmt: skip


@pytest.mark.parametrize("start", [0, 1000])
@pytest.mark.parametrize(("text", "found"), FINDS)
async def test_what_a_chain_finds(village, text, found, start):
    """From the far end as well as by a walk, in any order, and so many."""
    village.records._searches._frequencies.start = start
    asked = query(text)
    sought = {one: shelf.everything(one) for one in OFFERS}

    assert sorted(await village.ids(asked, sought=sought)) == found.split()
    for descending in (False, True):
        by_id = Query(asked.type, asked.where, (Sort("_id", descending),), count=1)
        assert await village.ids(by_id, sought=sought) == sorted(found.split(), reverse=descending)
    counted = parse(asked.type, OFFERS[asked.type], [("_total", "accurate"), ("_count", "0")], CONTEXT).query
    whole = Query(asked.type, asked.where, count=counted.count, total=counted.total)
    page = await village.records.search(Narrowed(whole, shelf.everything(asked.type), sought=sought))
    assert page.total == len(found.split())


def confined(patient):
    """What a token of this patient's may find, type by type."""
    hows = {"Provenance": How.TARGET, "Group": How.NEVER}
    shared = {one: shelf.reach(one, Way("patient", How.SHARED)) for one in ("Organization", "Practitioner", "Location")}
    own = {one: shelf.of(patient, one, hows.get(one, How.COMPARTMENT)) for one in OFFERS if one not in shared}
    return own | shared


CONFINED = [
    # search by ana's token, what it finds: nothing through what is not hers
    ("Observation?performer:Patient.given=ben", ""),
    ("Observation?performer:Patient._id=ben", ""),
    ("Observation?performer:Practitioner.family=dee", "pulse"),
    ("Observation?patient.family=lee", "pulse shared"),
    ("Observation?patient.organization.partof.name=north", "pulse shared"),
    ("Observation?_has:Provenance:target:recorded=2024", "pulse shared"),
    ("Observation?_has:Provenance:target:_id=both", ""),
    ("Patient?_has:Observation:patient:_has:Provenance:target:_id=both", ""),
    ("Patient?_has:Observation:patient:_has:Provenance:target:_id=one", "ana"),
    ("Practitioner?_has:Patient:general-practitioner:given=ben", ""),
    ("Practitioner?_has:Observation:performer:status=final", "dee"),
    ("Organization?_has:Patient:organization:_id:not=x", "ward"),
    ("Organization?_has:Patient:organization:family=lee", "ward"),
    ("Patient?_has:Group:member:actual=true", ""),
]  # fmt: skip


@pytest.mark.parametrize("start", [0, 1000])
@pytest.mark.parametrize(("text", "found"), CONFINED)
async def test_a_chain_leads_through_nothing_that_is_hidden(village, text, found, start):
    """AUTHZ-10; a Provenance that is also about somebody else is no way either."""
    village.records._searches._frequencies.start = start
    asked, reaches = query(text), confined("ana")

    assert sorted(await village.ids(asked, reaches[asked.type], sought=reaches)) == found.split()


async def test_a_provenance_is_found_by_whoever_is_named_in_its_target(village):
    """Of an observation of Ana's that Ben made, both find the origin, as both find the observation."""
    for who, found in (("ana", ["by-ben", "one"]), ("ben", ["both", "by-ben"])):
        reaches = confined(who)
        asked = query("Provenance?recorded=2024")
        assert sorted(await village.ids(asked, reaches["Provenance"])) == found


@pytest.mark.parametrize("text", [text for text, _ in FINDS])
async def test_without_a_reach_for_the_far_end_nothing_is_found(village, text):
    """Closed by default: the store was told nothing of those types."""
    assert await village.ids(query(text)) == []


async def test_a_granular_filter_holds_at_every_step(village):
    """SCOPE-05: who may see amended observations only learns nothing of the final ones."""
    amended = shelf.reach("Observation", Way("system", How.SHARED, None, query("Observation?status=amended").where))
    sought = {one: shelf.everything(one) for one in OFFERS} | {"Observation": amended}

    assert await village.ids(query("Patient?_has:Observation:patient:code=8867-4"), sought=sought) == ["ben"]
    assert await village.ids(query("Provenance?target:Observation.code=8867-4"), sought=sought) == ["both"]
