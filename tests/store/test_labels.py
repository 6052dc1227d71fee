"""Sensitive records are withheld from every answer, however they came in and whatever leads to them.

REG-17, AUTHZ-07, AUTHZ-10, AUTHZ-15.
"""

import pytest

from careweft.access.reach import How, Narrowed, Way
from careweft.fhir.definitions import RESOURCES
from careweft.fhir.labels import BITS, EVERY
from careweft.fhir.labels.table import CONFIDENTIALITY, ICD
from careweft.fhir.search.query import AnyOf, Chain, Has, Include, Query
from careweft.fhir.search.query import Test as Asked
from careweft.store.registry import sync
from careweft.store.reindex import reindex
from tests.store import shelf
from tests.store.house import connected
from tests.store.shelf import about, code, entry, everything, observation, of, patient, reach, search

SUD, R = BITS["SUD"], BITS["R"]
NONE, ALL = EVERY, 0


@pytest.fixture
def database(module_database):
    """One for the module: each test has tenants of its own in it."""
    return module_database


def addiction(id_="s", who="1", **more):
    coding = {"coding": [{"system": ICD[0], "code": "F11.20"}]}
    return {"resourceType": "Condition", "id": id_, "subject": {"reference": f"Patient/{who}"}, "code": coding} | more


def plain(id_="p", who="1", **more):
    coding = {"coding": [{"system": ICD[0], "code": "I10"}]}
    return {"resourceType": "Condition", "id": id_, "subject": {"reference": f"Patient/{who}"}, "code": coding} | more


def restricted(resource):
    return resource | {"meta": {"security": [{"system": CONFIDENTIALITY, "code": "R"}]}}


def provenance(id_, *targets):
    return {"resourceType": "Provenance", "id": id_, "target": [{"reference": one} for one in targets]}


@pytest.fixture
async def mine(database):
    async with shelf.shelf(database) as made:
        yield made


def way(type_, withheld, patient_=None):
    """By system access, or the patient's own token."""
    how = {"Provenance": How.TARGET, "Binary": How.OWNER}.get(type_, How.COMPARTMENT)
    return reach(type_, Way("patient", how, "1") if patient_ else Way("system", How.SHARED), withheld=withheld)


BOTH = pytest.mark.parametrize("own", [False, True], ids=["system", "own"])


@BOTH
async def test_a_record_shows_to_who_may_see_all_its_labels(mine, own):
    """By id, by version, in its history, by search and in the total: all of its labels have to be open."""
    await mine.put(patient("1"), plain(), addiction(), restricted(addiction("both")))
    for withheld, ids in ((NONE, ["p"]), (EVERY & ~SUD, ["p", "s"]), (EVERY & ~R, ["p"]), (ALL, ["both", "p", "s"])):
        reached = way("Condition", withheld, own)
        assert sorted(await mine.ids(search("Condition", count=1), reached)) == ids
        for asked in (Query("Condition", total="accurate"), Query("Condition", total="estimate"), Query("Condition")):
            assert (await mine.records.search(Narrowed(asked, reached))).total == len(ids)
        for one in ("p", "s", "both"):
            read = await mine.records.read("Condition", one, reached)
            version = await mine.records.version("Condition", one, 1, reached)
            kept = await mine.records.history("Condition", one, reached, 9)
            assert {read is not None, version is not None, len(kept) == 1} == {one in ids}


@BOTH
async def test_what_is_sensitive_today_was_so_all_along(mine, own):
    """A version from before is withheld with the current one; one that became plain is shown again, its past is not."""
    await mine.put(patient("1"), plain("x"))
    await mine.put(addiction("x"))
    reached = way("Condition", NONE, own)
    assert await mine.records.version("Condition", "x", 1, reached) is None
    assert await mine.records.history("Condition", "x", reached, 9) == []
    await mine.put(plain("x"))
    assert [one.version for one in await mine.records.history("Condition", "x", reached, 9)] == [3, 1]


@BOTH
async def test_a_deleted_record_stays_withheld(mine, own):
    """Its tombstone would say that there was one."""
    await mine.put(patient("1"), addiction(), plain())
    await mine.delete("Condition", "s")
    await mine.delete("Condition", "p")
    assert await mine.records.read("Condition", "s", way("Condition", NONE, own)) is None
    assert (await mine.records.read("Condition", "p", way("Condition", NONE, own))).body is None
    assert (await mine.records.read("Condition", "s", way("Condition", ALL, own))).body is None


@BOTH
async def test_a_single_write_labels_as_a_load_does(mine, own):
    """Created, changed and left as it was."""
    await mine.put(patient("1"))
    for resource, there in ((plain("w"), True), (addiction("w"), False), (addiction("w"), False), (plain("w"), True)):
        await mine.records.write("Condition", "w", resource, entry(mine))
        found = await mine.records.read("Condition", "w", way("Condition", NONE, own))
        assert (found is not None) is there
        assert (await mine.ids(search("Condition"), way("Condition", NONE, own)) == ["w"]) is there


@BOTH
async def test_what_hangs_on_a_withheld_record_is_withheld(mine, own):
    """Provenance by its targets, a Binary by its context and by the documents that hold it."""
    document = {"resourceType": "DocumentReference", "subject": {"reference": "Patient/1"}, "status": "current"}
    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": "aGk="}
    await mine.put(
        patient("1"), addiction(), plain(), provenance("ps", "Condition/s"), provenance("pp", "Condition/p"),
        provenance("pb", "Condition/p", "Condition/s"),
        binary | {"id": "held"}, binary | {"id": "owned", "securityContext": {"reference": "Condition/s"}},
        binary | {"id": "kept", "securityContext": {"reference": "Patient/1"}}, binary | {"id": "free"},
        *(restricted(document | {"id": f"d-{one}", "content": [{"attachment": {"url": f"Binary/{one}"}}]})
          for one in ("held", "kept")),
        document | {"id": "d-free", "content": [{"attachment": {"url": "Binary/free"}}]},
    )  # fmt: skip
    for withheld, ids in ((NONE, ["pp"]), (ALL, ["pb", "pp", "ps"])):
        assert sorted(await mine.ids(search("Provenance"), way("Provenance", withheld, own))) == ids
        total = Narrowed(Query("Provenance", total="accurate"), way("Provenance", withheld, own))
        assert (await mine.records.search(total)).total == len(ids)
        for one in ("ps", "pp", "pb"):
            assert bool(await mine.records.read("Provenance", one, way("Provenance", withheld, own))) is (one in ids)
    shown = {
        one: await mine.records.read("Binary", one, way("Binary", NONE, own))
        for one in ("held", "owned", "kept", "free")
    }
    assert {one for one, found in shown.items() if found} == {"free"}
    assert await mine.records.read("Binary", "held", way("Binary", ALL, own))


@BOTH
async def test_includes_chains_and_has_are_no_way_around(mine, own):
    """AUTHZ-10: whoever may not see the far end learns nothing of it."""
    await mine.put(
        patient("1"), patient("2"), addiction(), plain("p", "2"),
        observation("o", focus=[{"reference": "Condition/s"}]),
    )  # fmt: skip
    reaches = {one: way(one, NONE, own) for one in ("Patient", "Condition", "Observation")}
    forward = Query("Observation", includes=(Include("Observation", "focus"),))
    backward = Query("Patient", includes=(Include("Condition", "patient", reverse=True),))
    (page,) = await mine.pages(forward, reaches["Observation"], forward=reaches)
    assert [one.id for one in page.included] == []
    (page,) = await mine.pages(backward, reaches["Patient"], backward=reaches)
    assert [one.id for one in page.included] == ([] if own else ["p"])
    opioid = (code("code", "F11.20"),)
    for query in (
        search("Observation", AnyOf((Asked("focus", Chain("Condition", opioid), "is"),))),
        search("Patient", AnyOf((Asked("_has", Has("Condition", "patient", opioid), "is"),))),
    ):
        assert await mine.ids(query, reaches[query.type], sought=reaches) == []
        every = {one: way(one, ALL, own) for one in reaches}
        assert len(await mine.ids(query, every[query.type], sought=every)) == 1


async def test_what_was_never_labelled_shows_to_nobody_until_it_is(mine, database):
    """An upgraded database: closed until `reindex` has looked at a record, its history and what was deleted."""
    await mine.put(patient("1"), plain("p"), plain("x"), addiction("s"))
    await mine.put(plain("p", note=[{"text": "again"}]))
    await mine.delete("Condition", "x")
    async with connected(database.admin_url) as admin:
        for table in ("body", "hist", "res"):
            await admin.execute(f"update {table} set lab = -1")
        await admin.execute("update param set digest = '\\x00' where code = '_security'")
    assert await mine.ids(search("Condition"), everything("Condition", NONE)) == []
    assert await mine.records.read("Condition", "p", everything("Condition", NONE)) is None
    async with connected(database.owner_url) as owner:
        assert "Condition" in await sync(owner)
    async with shelf.process(database) as later:
        async for _ in reindex(later, [mine.tenant]):
            pass
        records = await later.records(mine.tenant)
        found = await records.search(Narrowed(search("Condition"), everything("Condition", NONE)))
        assert [one.id for one in found.matches] == ["p"]
        assert len(await records.history("Condition", "p", everything("Condition", NONE), 9)) == 2
        assert (await records.read("Condition", "x", everything("Condition", NONE))).body is None
        assert await records.read("Condition", "s", everything("Condition", NONE)) is None


async def test_a_changed_table_labels_again_online(mine, database, monkeypatch):
    """What the table says from now on holds for a record, its versions and its tombstone, once indexed again."""
    await mine.put(patient("1"), plain("h"), plain("gone"))
    await mine.put(plain("h", note=[{"text": "again"}]))
    await mine.delete("Condition", "gone")
    monkeypatch.setattr("careweft.fhir.labels.VERSION", "another")
    for name in ("reindex.labels", "feed.labels_of_written", "writing.labels_of_written"):
        monkeypatch.setattr(f"careweft.store.{name}", lambda one, *_: SUD if one["resourceType"] == "Condition" else 0)
    async with connected(database.owner_url) as owner:
        await sync(owner)
    async with shelf.process(database) as later:
        async for _ in reindex(later, [mine.tenant]):
            pass
        records = await later.records(mine.tenant)
        for withheld, there in ((NONE, False), (EVERY & ~SUD, True)):
            shown = everything("Condition", withheld)
            assert bool((await records.search(Narrowed(search("Condition"), shown))).matches) is there
            assert len(await records.history("Condition", "h", shown, 9)) == (2 if there else 0)
            assert (await records.read("Condition", "gone", shown) is not None) is there


async def test_the_bits_that_a_row_carries_are_those_of_the_record(mine, database):
    """The same in the body and in its index row; zero for what is not sensitive."""
    await mine.put(patient("1"), plain(), addiction(), restricted(observation("o")))
    async with connected(database.admin_url) as admin:
        rows = await admin.fetch(
            "select b.id, b.lab, r.lab as again from body b join res r using (tenant, rid)"
            " where b.rt = any($1) and b.tenant = $2",
            [RESOURCES["Condition"], RESOURCES["Observation"]],
            mine.tenant.number,
        )
    assert {row["id"]: (row["lab"], row["again"]) for row in rows} == {"p": (0, 0), "s": (SUD, SUD), "o": (R, R)}


async def test_a_patient_asked_for_gives_no_count_away(mine):
    """A search of one patient's records by a system counts what is shown."""
    await mine.put(patient("1"), plain(), addiction())
    query = Query("Condition", (about("1"),), total="accurate")
    assert (await mine.records.search(Narrowed(query, of("1", "Condition")))).total == 1
    assert (await mine.records.search(Narrowed(query, everything("Condition", NONE)))).total == 1
