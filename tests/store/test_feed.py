"""The feed: a batch is one transaction, and the same content twice is nothing new."""

import asyncio
from collections import Counter

import asyncpg
import pytest

from careweft.fhir.json import decode
from careweft.fhir.search.query import Display, Text
from careweft.ports.feed import Arrival
from careweft.store import feed as feed_
from careweft.store.indexing import TOGETHER
from tests.store import shelf
from tests.store.house import connected
from tests.store.shelf import about, code, everything, observation, of, one, patient, search

TABLES = ("res", "res_pat", "ix_date", "ix_num", "ix_str", "ix_pair")


@pytest.fixture
async def mine(database):
    async with shelf.shelf(database) as made:
        yield made


async def rows(database, tenant):
    """How many rows each index table holds for a tenant, and bodies and history."""
    async with connected(database.admin_url) as admin:
        return {
            table: await admin.fetchval(f"select count(*) from {table} where tenant = $1", tenant)
            for table in (*TABLES, "body", "hist", "term")
        }


async def test_the_same_again_is_unchanged(mine, database):
    """Created, unchanged, updated, deleted, absent: one word for what became of each."""
    assert await mine.put(patient("1"), observation("o")) == ["created", "created"]
    before = await rows(database, mine.tenant.number)
    assert await mine.put(observation("o"), patient("1")) == ["unchanged", "unchanged"]
    assert await mine.put(observation("o", meta={"versionId": "5", "lastUpdated": "2001-01-01T00:00:00Z"})) == [
        "unchanged"
    ]
    assert await rows(database, mine.tenant.number) == before
    assert await mine.put(observation("o", status="amended")) == ["updated"]
    assert await mine.delete("Observation", "o") == ["deleted"]
    assert await mine.delete("Observation", "o") == ["absent"]
    assert await mine.delete("Observation", "never") == ["absent"]
    assert await mine.put(observation("o")) == ["created"]
    found = await mine.records.history("Observation", "o", everything("Observation"), 10)
    assert [(row.version, row.body is not None) for row in found] == [(4, True), (3, False), (2, True), (1, True)]


async def test_an_id_that_comes_twice_in_a_batch_makes_both_versions_in_order(mine):
    outcomes = await mine.put(
        observation("o"),
        patient("1"),
        observation("o", status="amended"),
        observation("o", status="amended"),
        observation("o"),
    )
    assert outcomes == ["created", "created", "updated", "unchanged", "updated"]
    found = await mine.records.history("Observation", "o", everything("Observation"), 10)
    assert [decode(row.body)["status"] for row in found] == ["final", "amended", "final"]


@pytest.mark.parametrize("count", [TOGETHER - 1, TOGETHER, TOGETHER + 1, 2 * TOGETHER + 1])
async def test_each_of_many_is_found_by_its_own(mine, count):
    """However many rows are made together, none is left out, and none gets what belongs to its neighbour."""
    ids = [f"o{n}" for n in range(count)]
    assert set(await mine.put(patient("1"), *(observation(id_, status=id_) for id_ in ids))) == {"created"}
    for id_ in ids:
        assert await mine.ids(search("Observation", code("status", id_))) == [id_]


async def test_a_deletion_takes_every_index_row_and_a_change_replaces_them(mine, database):
    """What was found by the old content is found no more."""
    rich = observation(
        "o", valueQuantity={"value": 5}, performer=[{"reference": "Patient/2"}], issued="2024-05-17T10:00:00Z"
    )
    await mine.put(patient("1", name=[{"family": "Ordóñez"}]), rich)
    await mine.put(patient("1", name=[{"family": "Lee"}]), rich | {"status": "amended"})
    assert await mine.ids(search("Patient", one("name", Text("ordonez"), "starts"))) == []
    assert await mine.ids(search("Patient", one("name", Text("lee"), "starts"))) == ["1"]
    assert await mine.ids(search("Observation", code("status", "final"))) == []
    assert await mine.ids(search("Observation", about("2", "performer"))) == ["o"]
    await mine.delete("Patient", "1")
    await mine.delete("Observation", "o")
    left = await rows(database, mine.tenant.number)
    assert all(left[table] == 0 for table in TABLES)
    assert (left["body"], left["hist"]) == (2, 4)


async def test_an_id_that_belongs_to_another_patient_is_refused_and_the_rest_is_taken(mine):
    await mine.put(observation("o", "1"))
    receipts = await mine.feed.put(
        [Arrival("Observation", "o", observation("o", "2")), Arrival("Observation", "p", observation("p", "2"))]
    )
    assert [receipt.outcome for receipt in receipts] == ["refused", "created"]
    assert receipts[0].reason == "Observation/o exists and belongs to another patient"
    assert await mine.ids(search("Observation"), of("2", "Observation")) == ["p"]


async def test_a_batch_that_fails_leaves_nothing(mine, database):
    """The second table cannot be written: neither bodies nor index rows remain."""
    async with connected(database.owner_url) as owner:
        await owner.execute("revoke insert on ix_str from careweft_server")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await mine.put(observation("o"), patient("1", name=[{"family": "Lee"}]))
    assert set((await rows(database, mine.tenant.number)).values()) == {0}


async def test_two_loaders_at_once_double_and_lose_nothing(mine):
    """The same records from both sides, in opposite order: each is created by exactly one."""
    made = [observation(f"o{n}", code={"text": f"text {n}"}) for n in range(60)]
    batches = [made[:30], made[30:], made[::-1][:30], made[::-1][30:]]
    feeds = [await mine.clinical.feed(mine.tenant) for _ in batches]
    receipts = await asyncio.gather(
        *(
            feed.put([Arrival("Observation", row["id"], row) for row in batch])
            for feed, batch in zip(feeds, batches, strict=True)
        )
    )
    assert Counter(receipt.outcome for some in receipts for receipt in some) == {"created": 60, "unchanged": 60}
    assert sorted(await mine.ids(search("Observation"))) == sorted(row["id"] for row in made)


async def test_words_beside_codes_are_kept_once(mine, database):
    """Many resources share a display text; also when a batch that stored it was rolled back."""
    await mine.put(*(observation(f"o{n}") for n in range(5)))
    await mine.put(*(observation(f"p{n}") for n in range(5)))
    assert len(await mine.ids(search("Observation", one("code", Display("heart"), "text")))) == 10
    async with connected(database.admin_url) as admin:
        assert await admin.fetchval("select count(*) from term where head = 'heart rate'") == 2  # code and combo-code


async def test_a_snapshot_deletes_what_is_no_longer_there(mine, monkeypatch):
    monkeypatch.setattr(feed_, "DELETES", 3)
    await mine.put(patient("1"), *(observation(f"o{n}") for n in range(8)))
    assert await mine.feed.absent(["Observation"], {("Observation", "o1"), ("Observation", "o5")}) == 6
    assert await mine.feed.absent(["Observation"], {("Observation", "o1"), ("Observation", "o5")}) == 0
    assert sorted(await mine.ids(search("Observation"))) == ["o1", "o5"]
    assert await mine.ids(search("Patient")) == ["1"]


async def test_very_long_values_are_found_by_their_beginning_and_end(mine):
    """Beyond what a btree row takes, compared to the last letter."""
    long = "x" * 5000
    await mine.put(patient("1", name=[{"family": long + "a"}]), patient("2", name=[{"family": long + "b"}]))
    assert await mine.ids(search("Patient", one("family", Text(long + "a"), "starts"))) == ["1"]
    assert await mine.ids(search("Patient", one("family", Text("xb"), "contains"))) == ["2"]
    assert await mine.ids(search("Patient", one("family", Text(long + "b"), "exact"))) == ["2"]


async def test_a_change_is_later_than_what_it_changes(mine, database):
    """`updated` never stands still or goes back, whatever the clock did between (architecture decision 23)."""
    await mine.put(observation("o"))
    async with connected(database.admin_url) as admin:
        await admin.execute("update body set updated = '2999-01-01T00:00:00Z'")
    await mine.put(observation("o", status="amended"))
    found = await mine.records.read("Observation", "o", everything("Observation"))
    assert found.updated.isoformat() == "2999-01-01T00:00:00.000001+00:00"
    async with connected(database.admin_url) as admin:
        assert await admin.fetchval("select updated from res") == found.updated
