"""One tenant's records: read, version, history, search, include, write, each within a reach."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from random import Random

import asyncpg
import pytest

from careweft.access.reach import How, Narrowed, Way
from careweft.fhir.json import decode
from careweft.fhir.outcomes import PreconditionFailed, Unavailable, Unprocessable
from careweft.fhir.search.query import Include, Sort
from careweft.store.pool import Pool, TooCostly
from tests.store import shelf
from tests.store.house import connected, kill_server_connections
from tests.store.shelf import about, code, entry, everything, observation, of, patient, reach, search

PROVENANCE = Include("Provenance", "target", reverse=True)


@pytest.fixture
def database(module_database):
    """One for the module: each test has tenants of its own in it."""
    return module_database


@pytest.fixture
async def mine(database):
    async with shelf.shelf(database) as made:
        yield made


def provenance(id_, *targets):
    return {
        "resourceType": "Provenance",
        "id": id_,
        "recorded": "2024-05-17T09:30:00Z",
        "target": [{"reference": target} for target in targets],
    }


# Read ----------------------------------------------------------------------------------------------------------------


async def test_a_read_is_the_final_json(mine):
    await mine.put(patient("1", gender="female", meta={"versionId": "7", "lastUpdated": "1999-01-01T00:00:00Z"}))
    found = await mine.records.read("Patient", "1", everything("Patient"))
    body = decode(found.body)
    assert body["meta"] == {"versionId": "1", "lastUpdated": found.updated.isoformat(timespec="microseconds")}
    assert (body["id"], body["gender"], found.patients) == ("1", "female", ("1",))


async def test_what_never_was_is_none(mine):
    await mine.put(patient("1"))
    assert await mine.records.read("Patient", "2", everything("Patient")) is None
    assert await mine.records.read("Observation", "1", everything("Observation")) is None


@pytest.mark.parametrize(
    ("resource", "reached", "seen"),
    [
        (patient("1"), of("1", "Patient"), True),
        (patient("1"), of("2", "Patient"), False),
        (patient("2", link=[{"other": {"reference": "Patient/1"}}]), of("1", "Patient"), False),
        (observation("o"), of("1", "Observation"), True),
        (observation("o"), of("2", "Observation"), False),
        (observation("o", performer=[{"reference": "Patient/2"}]), of("2", "Observation"), True),
        (observation("o"), reach("Observation", Way("patient", How.NEVER, "1")), False),
        (observation("o"), reach("Observation"), False),
        (observation("o"), of("1", "Observation", where=[code("category", "laboratory")]), True),
        (observation("o"), of("1", "Observation", where=[code("category", "vital-signs")]), False),
        (observation("o"), reach("Observation", Way("system", How.SHARED, None, (code("status", "final"),))), True),
        (observation("o"), reach("Observation", Way("system", How.SHARED, None, (code("status", "entered"),))), False),
        (
            {"resourceType": "Device", "id": "d", "patient": {"reference": "Patient/1"}},
            of("1", "Device", How.OWN),
            True,
        ),
        (
            {"resourceType": "Device", "id": "d", "patient": {"reference": "Patient/1"}},
            of("2", "Device", How.OWN),
            False,
        ),
        ({"resourceType": "Device", "id": "d"}, of("1", "Device", How.OWN), False),
    ],
)
async def test_a_reach_shows_or_does_not(mine, resource, reached, seen):
    """The same answer by id and by search, and by history."""
    type_, id_ = resource["resourceType"], resource["id"]
    await mine.put(resource)
    assert (await mine.records.read(type_, id_, reached) is not None) is seen
    assert (await mine.records.version(type_, id_, 1, reached) is not None) is seen
    assert bool(await mine.records.history(type_, id_, reached, 10)) is seen
    assert await mine.ids(search(type_), reached) == ([id_] if seen else [])


async def test_ways_are_a_union_and_never_merged(mine):
    """Vital signs of patient 1 by one scope, finals of anyone by another, and nothing that mixes the two."""
    signs = [{"coding": [{"code": "vital-signs"}]}]
    await mine.put(
        observation("a", "1", category=signs, status="amended"),
        observation("b", "2", category=signs, status="amended"),
        observation("c", "2"),
        observation("d", "1", status="amended"),
    )
    both = reach(
        "Observation",
        Way("patient", How.COMPARTMENT, "1", (code("category", "vital-signs"),)),
        Way("user", How.SHARED, None, (code("status", "final"),)),
    )
    assert sorted(await mine.ids(search("Observation"), both)) == ["a", "c"]


@pytest.mark.parametrize(
    ("targets", "seen"),
    [
        (("Observation/mine",), True),
        (("Patient/1", "Observation/mine"), True),
        (("Observation/mine", "Organization/any"), True),
        (("Observation/mine", "Observation/theirs"), False),
        (("Observation/theirs",), False),
        (("Observation/mine", "Observation/nowhere"), False),
        (("Observation/mine", "Group/g"), False),
        (("Observation/mine", "https://elsewhere.example/Observation/1"), False),
        ((), False),
    ],
)
async def test_a_provenance_is_seen_by_its_targets(mine, targets, seen):
    """Every target that belongs to a patient has to be this one's; one that cannot be followed hides it."""
    await mine.put(
        patient("1"),
        observation("mine", "1"),
        observation("theirs", "2"),
        {"resourceType": "Group", "id": "g", "member": [{"entity": {"reference": "Patient/1"}}]},
        provenance("v", *targets),
    )
    by_target = of("1", "Provenance", How.TARGET)
    assert (await mine.records.read("Provenance", "v", by_target) is not None) is seen
    assert await mine.ids(search("Provenance"), by_target) == (["v"] if seen else [])
    found = await mine.pages(
        search("Observation", includes=(PROVENANCE,)), of("1", "Observation"), backward={"Provenance": by_target}
    )
    aimed = seen and "Observation/mine" in targets
    assert [one.id for one in found[0].included] == (["v"] if aimed else [])


@pytest.mark.parametrize(
    ("binary", "seen"),
    [
        ({"securityContext": {"reference": "Observation/mine"}}, True),
        ({"securityContext": {"reference": "Patient/1"}}, True),
        ({"securityContext": {"reference": "Patient/2"}}, False),
        ({"securityContext": {"reference": "Observation/theirs"}, "id": "held"}, False),
        ({"id": "held"}, True),
        ({"id": "photo"}, True),
        ({"id": "report"}, False),
        ({"id": "loose"}, False),
    ],
)
async def test_a_binary_is_seen_by_its_owner(mine, binary, seen):
    """Its securityContext decides alone; without one, a document of the patient that holds it."""
    resource = {"resourceType": "Binary", "id": "x", "contentType": "text/plain"} | binary
    await mine.put(
        patient("1", photo=[{"url": "Binary/photo"}]),
        observation("mine", "1"),
        observation("theirs", "2"),
        resource,
        {
            "resourceType": "DocumentReference",
            "id": "d",
            "status": "current",
            "subject": {"reference": "Patient/1"},
            "content": [{"attachment": {"url": "Binary/held"}}],
        },
        {
            "resourceType": "DiagnosticReport",
            "id": "r",
            "status": "final",
            "subject": {"reference": "Patient/2"},
            "presentedForm": [{"url": "Binary/report"}],
        },
    )
    found = await mine.records.read("Binary", resource["id"], of("1", "Binary", How.OWNER))
    assert (found is not None) is seen


# History -------------------------------------------------------------------------------------------------------------


async def test_versions_are_kept_and_each_is_judged_by_itself(mine):
    """A version that was somebody else's stays theirs: here a performer who is one no more."""
    await mine.put(observation("o", "1", performer=[{"reference": "Patient/2"}]))
    await mine.put(observation("o", "1", status="amended"))
    await mine.delete("Observation", "o")
    await mine.put(observation("o", "1", status="corrected"))

    async def seen(reached):
        return [(one.version, one.body is None) for one in await mine.records.history("Observation", "o", reached, 10)]

    assert await seen(everything("Observation")) == [(4, False), (3, True), (2, False), (1, False)]
    assert await seen(of("1", "Observation")) == [(4, False), (3, True), (2, False), (1, False)]
    assert await seen(of("2", "Observation")) == [(1, False)]
    page = await mine.records.history("Observation", "o", everything("Observation"), 2, before=4)
    assert [one.version for one in page] == [3, 2]
    assert await mine.records.version("Observation", "o", 9, everything("Observation")) is None


async def test_a_tombstone_is_seen_by_those_who_saw_the_last_version(mine):
    await mine.put(observation("o", "1"))
    await mine.delete("Observation", "o")
    for reached, seen in (
        (everything("Observation"), True),
        (of("1", "Observation"), True),
        (of("2", "Observation"), False),
        (of("1", "Observation", where=[code("category", "vital-signs")]), False),
    ):
        found = await mine.records.read("Observation", "o", reached)
        assert (found is not None and found.body is None) is seen
        assert await mine.ids(search("Observation"), reached) == []


# Search --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sort",
    [
        (),
        (Sort("date"),),
        (Sort("date", descending=True),),
        (Sort("_id"),),
        (Sort("_id", descending=True),),
        (Sort("_lastUpdated"),),
    ],
)
@pytest.mark.parametrize("reached", [everything("Observation"), of("1", "Observation")])
async def test_pages_join_without_gap_or_overlap(mine, sort, reached):
    """Equal dates, missing dates, and patients beside the subject, page by page."""
    made = [
        observation(
            f"o{n:02}",
            "1" if n % 4 else "2",
            performer=[{"reference": "Patient/1"}],
            effectiveDateTime=f"2024-05-{n % 5 + 1:02}",
        )
        for n in range(17)
    ]
    for one in made[::6]:
        del one["effectiveDateTime"]
    await mine.put(*made)
    whole = await mine.ids(search("Observation", sort=sort), reached)
    pages = await mine.pages(search("Observation", sort=sort, count=4), reached)
    assert [len(page.matches) for page in pages] == [4, 4, 4, 4, 1]
    assert [one.id for page in pages for one in page.matches] == whole
    assert sorted(whole) == sorted(one["id"] for one in made)


@pytest.mark.parametrize(
    "sort", [(), (Sort("date"),), (Sort("_lastUpdated"),), (Sort("value-quantity"), Sort("_id", True))]
)
async def test_what_moves_behind_a_pager_is_not_lost(mine, sort):
    """Decision 22: on its way from page to page each record jumps to the other end; it may come twice."""
    await mine.put(patient("1"), *(dated(n, n) for n in range(12)))
    query = search("Observation", sort=sort, count=3)
    narrowed = Narrowed(query, everything("Observation"))
    page, seen = await mine.records.search(narrowed), []
    for turn in range(12):
        seen += [one.id for one in page.matches]
        if page.following is None:
            break
        if turn < 3:  # what is still to come, to where the pager has been
            await mine.put(*(dated(n, 50 - n if sort else n + 50) for n in (turn, 11 - turn, 5)))
        page = await mine.records.search(narrowed, page.following)
    else:
        pytest.fail("it goes on for ever")
    assert set(seen) == {f"o{n}" for n in range(12)}


WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


def dated(number, day):
    at = f"2024-{day // 28 + 1:02}-{day % 28 + 1:02}"
    return observation(f"o{number}", "1", effectiveDateTime=at, valueQuantity={"value": day})


async def test_nothing_comes_twice_where_nothing_changes(mine):
    """Also where records were stored just before, by a transaction that the first page saw."""
    await mine.put(patient("1"), *(dated(n, n) for n in range(7)))
    found = await mine.ids(search("Observation", count=2))
    assert (len(found), len(set(found))) == (7, 7)


async def test_a_change_under_way_as_the_pager_begins_is_not_lost(mine, database):
    """Its transaction began before the first page and ends after it."""
    await mine.put(patient("1"), *(dated(n, n) for n in range(6)))
    query = search("Observation", count=2)
    narrowed = Narrowed(query, everything("Observation"))
    async with connected(database.admin_url) as admin:
        await admin.execute("begin")
        await admin.execute("lock table hist in exclusive mode")
        writing = asyncio.create_task(mine.put(dated(0, 40)))
        await _until(admin, WAITING, 1)
        page = await mine.records.search(narrowed)
        await admin.execute("commit")
    assert await writing == ["updated"]
    seen = [one.id for one in page.matches]
    while page.following is not None:
        page = await mine.records.search(narrowed, page.following)
        seen += [one.id for one in page.matches]
    assert set(seen) == {f"o{n}" for n in range(6)}


async def test_what_came_after_the_first_page_is_not_on_later_ones(mine):
    """The highest row at page 1 bounds the pages that follow."""
    await mine.put(*(observation(f"a{n}") for n in range(4)))
    query = search("Observation", count=2)
    first = await mine.records.search(Narrowed(query, everything("Observation")))
    await mine.put(*(observation(f"b{n}", effectiveDateTime="1990") for n in range(4)))
    second = await mine.records.search(Narrowed(query, everything("Observation")), first.following)
    assert {one.id for page in (first, second) for one in page.matches} == {"a0", "a1", "a2", "a3"}
    assert second.following is None


async def test_a_hash_that_lets_a_stranger_in_shows_nothing(mine, database):
    """Rows whose index says patient 1 but whose body does not: left out, and the page is filled up with others."""
    await mine.put(
        *(observation(f"theirs{n}", "2") for n in range(5)),
        *(observation(f"mine{n}", "1") for n in range(5)),
        patient("1"),
    )
    async with connected(database.owner_url) as owner:
        await owner.execute(
            "update res set pat = (select pat from res where rid = (select max(rid) from res)) where tenant = $1",
            mine.tenant.number,
        )
    for query in (search("Observation", count=3), search("Observation", about("1"), count=3)):
        pages = await mine.pages(query, of("1", "Observation"))
        assert [len(page.matches) for page in pages] == [3, 2]
        assert {one.id[:4] for page in pages for one in page.matches} == {"mine"}


@pytest.mark.parametrize("total", ["accurate", "estimate"])
async def test_a_total_counts_what_the_exact_check_shows(mine, total):
    """A stranger whose hash collides is not in Ana's total; of no way nothing is counted."""
    await mine.put(patient("1"), patient("2"), *(observation(f"a{n}", "1") for n in range(5)), observation("b", "2"))
    query = search("Observation", count=0, total=total)
    counted = [
        (await mine.records.search(Narrowed(query, reached))).total
        for reached in (
            everything("Observation"),
            of("1", "Observation"),
            of("1", "Observation", where=(code("status", "amended"),)),
            reach("Observation"),
        )
    ]
    assert counted == [6, 5, 0, 0]


async def test_an_estimate_counts_to_its_bound_and_the_whole_type_is_then_guessed(mine, monkeypatch):
    """Beyond the bound the planner is asked only for a caller who sees every row (GEN-02)."""
    monkeypatch.setattr("careweft.store.searches.COUNTED", 3)
    await mine.put(patient("1"), *(observation(f"a{n}", "1") for n in range(5)))
    query = search("Observation", count=0, total="estimate")
    assert (await mine.records.search(Narrowed(query, of("1", "Observation")))).total == 3
    assert (await mine.records.search(Narrowed(query, everything("Observation")))).total >= 3
    accurate = replace(query, total="accurate")
    assert (await mine.records.search(Narrowed(accurate, of("1", "Observation")))).total == 5


async def test_no_entries_asked_none_given(mine):
    await mine.put(observation("o"))
    page = await mine.records.search(Narrowed(search("Observation", count=0), everything("Observation")))
    assert (list(page.matches), page.following) == ([], None)


async def test_includes_bring_what_may_be_shown_and_nothing_else(mine):
    """Forward by letter r, backward by letter s, each type by its own reach; what is absent there is not brought."""
    await mine.put(
        patient("1"),
        patient("2"),
        observation("a", "1"),
        observation("b", "2"),
        provenance("v", "Observation/a"),
        provenance("w", "Observation/b"),
    )
    query = search("Observation", includes=(Include("Observation", "patient"), PROVENANCE))

    async def brought(**reaches):
        return {f"{one.type}/{one.id}" for one in (await mine.pages(query, **reaches))[0].included}

    assert await brought() == set()
    assert await brought(forward={"Patient": everything("Patient")}) == {"Patient/1", "Patient/2"}
    assert await brought(forward={"Patient": of("1", "Patient")}) == {"Patient/1"}
    assert await brought(backward={"Provenance": everything("Provenance")}) == {"Provenance/v", "Provenance/w"}
    assert await brought(backward={"Provenance": of("1", "Provenance", How.TARGET)}) == {"Provenance/v"}


async def test_includes_are_cut_at_their_limit(mine, monkeypatch):
    monkeypatch.setattr("careweft.store.searches.MOST_INCLUDED", 5)
    await mine.put(observation("a"), *(provenance(f"v{n}", "Observation/a") for n in range(9)))
    (page,) = await mine.pages(
        search("Observation", includes=(PROVENANCE,)), backward={"Provenance": everything("Provenance")}
    )
    assert (len(page.included), page.cut) == (5, True)


MEMBERS = Include("Observation", "has-member", iterate=True)
HOLDERS = Include("Observation", "has-member", reverse=True, iterate=True)


def linked(id_, *members_, about_="1"):
    return observation(id_, about_, hasMember=[{"reference": f"Observation/{one}"} for one in members_])


async def _brought(mine, start, includes, reached):
    """The ids that come along with one Observation, in order, and whether that was cut."""
    query = search("Observation", code("_id", start), includes=includes)
    reaches = {"forward": {"Observation": reached}, "backward": {"Observation": reached}}
    (page,) = await mine.pages(query, everything("Observation"), **reaches)
    return [one.id for one in page.included], page.cut


async def test_includes_iterate_until_nothing_is_new(mine, monkeypatch):
    """Round a circle once, not through what is not shown, and no further than allowed."""
    await mine.put(patient("1"), patient("2"), linked("a", "b"), linked("b", "c"), linked("c", "d", about_="2"))
    await mine.put(linked("d", "a"))
    all_, anas = everything("Observation"), of("1", "Observation")
    assert await _brought(mine, "a", (replace(MEMBERS, iterate=False),), all_) == (["b"], False)
    assert await _brought(mine, "a", (MEMBERS,), all_) == (["b", "c", "d"], False)
    assert await _brought(mine, "a", (MEMBERS,), anas) == (["b"], False)
    assert await _brought(mine, "a", (HOLDERS,), all_) == (["d", "c", "b"], False)
    assert await _brought(mine, "a", (HOLDERS,), anas) == (["d"], False)
    monkeypatch.setattr("careweft.store.searches.DEEPEST", 3)
    assert await _brought(mine, "a", (MEMBERS,), all_) == (["b", "c", "d"], False)
    monkeypatch.setattr("careweft.store.searches.DEEPEST", 2)
    assert await _brought(mine, "a", (MEMBERS,), all_) == (["b", "c"], True)
    monkeypatch.setattr("careweft.store.searches.MOST_INCLUDED", 1)
    assert await _brought(mine, "a", (MEMBERS,), all_) == (["b"], True)


async def test_iterated_includes_bring_what_can_be_reached_over_what_is_shown(mine):
    """Over random links and owners: the same as walking them one by one."""
    random = Random(7)
    names = [f"o{n}" for n in range(24)]
    links = {one: random.sample(names, random.choice((0, 1, 1, 2))) for one in names}
    owners = {one: random.choice("112") for one in names}
    await mine.put(patient("1"), patient("2"), *(linked(one, *links[one], about_=owners[one]) for one in names))
    for start in names:
        for include, steps in (
            (MEMBERS, links),
            (HOLDERS, {one: [by for by in names if one in links[by]] for one in names}),
        ):
            reached, last = set(), {start}
            while last:
                last = {to for one in last for to in steps[one] if owners[to] == "1"} - reached - {start}
                reached |= last
            found, _ = await _brought(mine, start, (include,), of("1", "Observation"))
            assert sorted(found) == sorted(reached)


# Write ---------------------------------------------------------------------------------------------------------------


async def test_a_write_makes_a_version_and_its_audit_entry(mine, database):
    """Same content makes no version, but is recorded all the same."""
    written = [
        await mine.records.write("Patient", "1", one, entry(mine))
        for one in (patient("1"), patient("1"), patient("1", gender="other"), None, None, patient("1"))
    ]
    assert [(one.outcome, one.version) for one in written] == [
        ("created", 1),
        ("unchanged", 1),
        ("updated", 2),
        ("deleted", 3),
        ("absent", 3),
        ("created", 4),
    ]
    times = [one.updated for one in written]
    assert times == sorted(times)
    async with connected(database.admin_url) as admin:
        assert await admin.fetchval("select count(*) from audit where tenant = $1", mine.tenant.number) == 6


async def test_what_is_written_is_found_and_what_it_was_is_not(mine):
    await mine.records.write("Patient", "1", patient("1", gender="male"), entry(mine))
    await mine.records.write("Patient", "1", patient("1", gender="female"), entry(mine))
    assert await mine.ids(search("Patient", code("gender", "male"))) == []
    assert await mine.ids(search("Patient", code("gender", "female"))) == ["1"]


@pytest.mark.parametrize(("expected", "fits"), [(None, True), (1, True), (2, False), (0, False)])
async def test_if_match_names_the_version_that_is_replaced(mine, expected, fits):
    await mine.put(patient("1"))
    write = mine.records.write("Patient", "1", patient("1", gender="other"), entry(mine), expected)
    if fits:
        assert (await write).version == 2
    else:
        with pytest.raises(PreconditionFailed, match="the resource is at 1"):
            await write


async def test_an_id_of_another_patient_is_refused_and_nothing_is_recorded_as_written(mine):
    """Also once it is deleted, and also by leaving the patient out."""
    await mine.put(observation("o", "1"))
    for deleted in (False, True):
        if deleted:
            await mine.delete("Observation", "o")
        for other in (observation("o", "2"), {k: v for k, v in observation("o").items() if k != "subject"}):
            with pytest.raises(Unprocessable, match="Observation/o exists and belongs to another patient"):
                await mine.records.write("Observation", "o", other, entry(mine))


async def test_of_many_writers_at_once_each_makes_its_own_version(mine):
    """Eight at the same moment: one creates, seven change, none is lost."""
    written = await asyncio.gather(
        *(mine.records.write("Patient", "1", patient("1", multipleBirthInteger=n), entry(mine)) for n in range(8))
    )
    assert sorted(one.version for one in written) == list(range(1, 9))
    assert len(await mine.records.history("Patient", "1", everything("Patient"), 20)) == 8


async def test_without_its_audit_entry_nothing_is_written(mine, database):
    async with connected(database.owner_url) as owner:
        await owner.execute("revoke insert on audit from careweft_server")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await mine.records.write("Patient", "1", patient("1"), entry(mine))
    assert await mine.records.read("Patient", "1", everything("Patient")) is None


# The database --------------------------------------------------------------------------------------------------------


async def test_reads_at_once_share_queries_and_a_caller_who_leaves_takes_none_along(mine):
    await mine.put(*(patient(str(n)) for n in range(50)))
    reads = mine.records._reads
    before = reads.queries
    tasks = [asyncio.create_task(mine.records.read("Patient", str(n % 50), everything("Patient"))) for n in range(200)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) == (n % 3 == 0) for n, one in enumerate(found))
    assert {one.id for n, one in enumerate(found) if n % 3} == {str(n) for n in range(50)}
    assert reads.queries - before <= 4


async def test_a_database_that_went_away_heals(mine, database):
    """503 while it is gone, and the next request after its return is answered."""
    await mine.put(patient("1"))
    await kill_server_connections(database)
    for _ in range(20):
        with suppress(Unavailable):
            assert await mine.records.read("Patient", "1", everything("Patient"))
            return
    pytest.fail("it did not heal")


async def test_a_statement_without_end_is_too_costly(database):
    pool = Pool(database.server_url, settings={"statement_timeout": "50"})
    with pytest.raises(TooCostly) as refused:
        await pool.fetch("select pg_sleep(5)")
    assert (refused.value.status, refused.value.outcome()["issue"][0]["code"]) == (503, "too-costly")
    assert await pool.fetch("select 1")
    await pool.close()


RUNNING = "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and datname = current_database()"


async def test_a_statement_whose_caller_left_is_cancelled_at_the_database(database):
    """FATK-03: within moments, and its place in the pool is free at once."""
    pool = Pool(database.server_url, size=1)
    async with connected(database.admin_url) as admin:
        leaving = asyncio.create_task(pool.fetch("select pg_sleep(60)"))
        await _until(admin, RUNNING + " and state = 'active'", 1)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert await pool.fetch("select 1")
        await _until(admin, RUNNING, 0)
    await pool.close()


async def _until(admin, sql, number):
    """Ask until the answer is this number; twenty seconds are far more than it takes."""
    for _ in range(400):
        if await admin.fetchval(sql) == number:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"not {number}: {sql}")


async def test_no_connection_within_a_second_is_unavailable(database):
    pool = Pool(database.server_url, size=1, wait=0.05)
    async with pool.connection():
        with pytest.raises(Unavailable, match="busy"):
            await pool.fetch("select 1")
    assert await pool.fetch("select 1")
    await pool.close()


async def test_a_pool_without_a_database_is_unavailable():
    with pytest.raises(Unavailable):
        await Pool("postgresql://nobody@/none?host=/nonexistent").fetch("select 1")
