"""Parameters that change are indexed again while the server runs, and never answer from an old index meanwhile."""

import asyncio

import asyncpg
import pytest

from careweft.access.reach import Narrowed
from careweft.fhir.outcomes import Unavailable
from careweft.fhir.search.query import Include
from careweft.store import registry
from careweft.store.clinical import Clinical
from careweft.store.pool import Pool
from careweft.store.reindex import reindex
from tests.store import shelf
from tests.store.house import connected
from tests.store.shelf import code, everything, observation, of, patient, search


@pytest.fixture
async def mine(database):
    async with shelf.shelf(database) as made:
        yield made


async def raised(database, monkeypatch, kind="token"):
    """A later program, which indexes this kind differently, has started on the database."""
    monkeypatch.setitem(registry.FORMS, kind, registry.FORMS[kind] + 1)
    async with connected(database.owner_url) as owner:
        return await registry.sync(owner)


async def later(mine, database):
    """A process that was started after that."""
    clinical = Clinical(Pool(database.server_url))
    return clinical, shelf.Shelf(
        mine.tenant, clinical, clinical.pool, await clinical.records(mine.tenant), await clinical.feed(mine.tenant)
    )


async def run(clinical, *tenants):
    return [step.done async for step in reindex(clinical, tenants)]


async def test_types_without_records_are_ready_at_once(mine, database, monkeypatch):
    await mine.put(observation("o"))
    assert await raised(database, monkeypatch) == ["Observation"]
    clinical, new = await later(mine, database)
    assert await new.ids(search("Condition", code("code", "x"))) == []
    await clinical.pool.close()


async def test_a_program_leaves_its_mark_and_another_one_is_told_from_it(database, monkeypatch, tmp_path):
    """The mark moves with a file that decides; whoever does not find its own compares, and leaves that."""
    async with connected(database.owner_url) as owner:
        ours = registry.program()
        assert await owner.fetchval("select program from told") == ours

        (tmp_path / "more.tsv").write_text("another parameter")
        monkeypatch.setattr(registry, "DECIDES", (*registry.DECIDES, tmp_path))
        assert registry.program() != ours
        assert await registry.sync(owner) == []
        assert await owner.fetchval("select program from told") == registry.program()


async def test_a_parameter_that_was_changed_behind_the_mark_is_found(mine, database):
    """A database whose parameters are not those of its mark is compared."""
    await mine.put(observation("o"))
    async with connected(database.owner_url) as owner:
        await owner.execute("update param set digest = 'x' where type = 'Observation' and code = 'code'")
        assert await registry.sync(owner) == ["Observation"]
        assert await registry.sync(owner) == []


async def test_the_server_cannot_leave_a_mark(database):
    async with connected(database.server_url) as server:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await server.execute("update told set program = ''")


async def test_a_stale_parameter_is_named_and_the_others_answer(mine, database, monkeypatch):
    """In the search, in a granular scope and behind a _revinclude."""
    await mine.put(patient("1"), observation("o"))
    await raised(database, monkeypatch)
    clinical, new = await later(mine, database)
    by_code = search("Observation", code("code", "8867-4"))
    with pytest.raises(Unavailable, match="search parameter code of Observation is being indexed"):
        await new.ids(by_code)
    with pytest.raises(Unavailable, match="category of Observation"):
        await new.ids(search("Observation"), of("1", "Observation", where=[code("category", "x")]))
    with pytest.raises(Unavailable, match="_tag of Observation"):
        await new.ids(search("Observation", code("_tag", "x")))
    assert await new.ids(search("Observation", shelf.about("1"))) == ["o"]
    assert await new.records.read("Observation", "o", everything("Observation"))
    assert await run(clinical, mine.tenant) == [2]
    assert await new.ids(by_code) == ["o"]
    await clinical.pool.close()


async def test_what_was_indexed_wrongly_is_found_after_it(mine, database, monkeypatch):
    """The rows themselves are made anew; bodies keep their version; what is not stale is left alone."""
    await mine.put(patient("1"), *(observation(f"o{n}", performer=[{"reference": "Patient/2"}]) for n in range(7)))
    async with connected(database.admin_url) as admin:
        await admin.execute("update res set tok = '{}'; delete from res_pat; update body set others = null")
    await raised(database, monkeypatch)
    monkeypatch.setattr("careweft.store.reindex.BATCH", 3)
    clinical, new = await later(mine, database)
    assert await run(clinical, mine.tenant) == [3, 6, 8]
    assert len(await new.ids(search("Observation", code("code", "8867-4")))) == 7
    assert len(await new.ids(search("Observation"), of("2", "Observation"))) == 7
    assert (await new.records.read("Observation", "o1", everything("Observation"))).version == 1
    assert await run(clinical, mine.tenant) == []
    await clinical.pool.close()


async def test_another_tenant_left_to_do_keeps_it_unready(mine, database, monkeypatch):
    other = await shelf.tenant(mine.clinical)
    await mine.put(observation("o"))
    await other.put(observation("o"))
    await raised(database, monkeypatch)
    clinical, new = await later(mine, database)
    await run(clinical, mine.tenant)
    with pytest.raises(Unavailable):
        await new.ids(search("Observation", code("code", "8867-4")))
    await run(clinical, other.tenant)
    assert await new.ids(search("Observation", code("code", "8867-4"))) == ["o"]
    await clinical.pool.close()


async def test_a_process_from_before_neither_writes_nor_searches_by_the_old_index(mine, database, monkeypatch):
    """It has to be restarted; what it would write is refused by the database itself."""
    await mine.put(observation("o"))
    await raised(database, monkeypatch)
    with pytest.raises(Unavailable):
        await mine.put(observation("p"))
    with pytest.raises(Unavailable):
        await mine.records.write("Observation", "p", observation("p"), shelf.entry(mine))
    await mine.clinical.registries.refresh(at_once=True)
    with pytest.raises(Unavailable, match="Observation is indexed by a later version"):
        await mine.ids(search("Observation", code("code", "8867-4")))
    assert await mine.records.read("Observation", "o", everything("Observation"))


async def test_records_come_and_change_while_it_runs(mine, database, monkeypatch):
    """Nothing is lost and nothing stands twice in the index."""
    await mine.put(*(observation(f"o{n}") for n in range(40)))
    await raised(database, monkeypatch)
    monkeypatch.setattr("careweft.store.reindex.BATCH", 5)
    clinical, new = await later(mine, database)

    async def write():
        for n in range(0, 60, 3):
            await new.put(observation(f"o{n}", status="amended"))
            await new.delete("Observation", f"o{n + 1}")

    await asyncio.gather(run(clinical, mine.tenant), write())
    there = {f"o{n}" for n in range(40) if n % 3 != 1} | {f"o{n}" for n in range(0, 60, 3)}
    assert sorted(await new.ids(search("Observation", code("code", "8867-4")))) == sorted(there)
    assert set(await new.ids(search("Observation", code("status", "amended")))) == {f"o{n}" for n in range(0, 60, 3)}
    await clinical.pool.close()


async def test_a_revinclude_by_a_stale_parameter_is_refused(mine, database, monkeypatch):
    await mine.put(
        observation("o"), {"resourceType": "Provenance", "id": "v", "target": [{"reference": "Observation/o"}]}
    )
    await raised(database, monkeypatch, "reference")
    clinical, new = await later(mine, database)
    query = search("Observation", includes=(Include("Provenance", "target", reverse=True),))
    with pytest.raises(Unavailable, match="target of Provenance"):
        await new.records.search(
            Narrowed(query, everything("Observation"), backward={"Provenance": everything("Provenance")})
        )
    await clinical.pool.close()


async def test_a_sealed_tenant_is_read_by_every_process(database):
    """Bodies from before the seal and after it; a process that did not know the key learns it."""
    from careweft.store.master import Master

    master = Master(b"m" * 32)
    async with shelf.shelf(database, master=master) as mine:
        await mine.put(patient("1"))
        old = Clinical(mine.pool, master)
        assert await (await old.records(mine.tenant)).read("Patient", "1", everything("Patient"))
        assert await mine.clinical.seal(mine.tenant) == 1
        feed = await mine.clinical.feed(mine.tenant)
        await feed.put([shelf.Arrival("Patient", "2", patient("2", gender="female"))])
        with pytest.raises(Unavailable):
            await (await old.records(mine.tenant)).read("Patient", "2", everything("Patient"))
        for id_ in ("1", "2"):
            assert await (await old.records(mine.tenant)).read("Patient", id_, everything("Patient"))
        async with connected(database.admin_url) as admin:
            assert [row["kid"] for row in await admin.fetch("select kid from body order by id")] == [0, 1]
        with pytest.raises(ValueError, match="the master key is needed"):
            await Clinical(mine.pool).records(mine.tenant)
