"""Groups are defined, kept current and deleted, against the real database and with a clock that is handed in."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from careweft.fhir.json import decode
from careweft.fhir.membership import members
from careweft.insight.groups.job import Keeper
from careweft.insight.groups.keep import Actor, Counted, Groups, check
from careweft.insight.groups.record import MOST, moved
from careweft.insight.groups.refusal import DefinitionRefused, NoSuchGroup
from careweft.ports.groups import Defined
from careweft.store.definitions import PostgresDefinitions
from careweft.store.due import PostgresDue
from careweft.store.journal import PostgresJournal
from tests.insight import village
from tests.insight.village import A1C, ICD, LOINC, NOON
from tests.store import shelf

OWNER = Actor("command line", "r-1", user="owner")
UNMEASURED = f"include Condition?code={ICD}|E11.9\nexclude Observation?code={LOINC}|{A1C}&date=ge{{today-12m}}\n"
DAY = timedelta(days=1)


@dataclass
class Clock:
    """Stands until it is moved."""

    at: datetime = NOON

    def __call__(self):
        return self.at


@dataclass
class Office:
    """One tenant's owner at work."""

    shelf: shelf.Shelf
    groups: Groups
    clock: Clock = field(default_factory=Clock)

    async def define(self, text=UNMEASURED, **more):
        return await self.groups.create(Defined("", "No HbA1c", text, **more), OWNER)

    async def record(self, id_):
        found = await self.shelf.records.read("Group", id_, shelf.everything("Group"))
        return decode(found.body)

    async def who(self, id_):
        return sorted(members(await self.record(id_), self.clock.at, ZoneInfo(village.ZONE)))


@asynccontextmanager
async def office(database, *, records=village.RECORDS):
    """A tenant with the village's records."""
    async with shelf.process(database) as clinical:
        journal = PostgresJournal(clinical.pool.connect)
        try:
            yield await opened(clinical, journal, records)
        finally:
            await journal.close()


async def opened(clinical, journal, records=village.RECORDS, clock=None):
    """Another tenant's office."""
    made = await shelf.tenant(clinical, village.ZONE)
    await made.put(*records)
    clock = clock or Clock()
    numbers = count(1)
    groups = Groups(
        tenant=made.tenant,
        definitions=PostgresDefinitions(made.tenant.number, clinical.pool),
        people=await clinical.people(made.tenant),
        records=made.records,
        journal=journal,
        base_url="https://fhir.example",
        now=clock,
        identifier=lambda: f"g-{next(numbers)}",
    )
    return Office(made, groups, clock)


async def rows(database, tenant):
    """The audit rows of Groups, oldest first."""
    connection = await asyncpg.connect(database.owner_url)
    try:
        await connection.execute("select set_config('app.tenant', $1, false)", str(tenant.number))
        found = await connection.fetch(
            "select action, person, status, type, id from audit where tenant = $1 order by seq", tenant.number
        )
        return [tuple(one) for one in found]
    finally:
        await connection.close()


async def test_a_preview_counts_and_keeps_nothing(database):
    """Line by line, and what it comes to; audited, because it tells how many there are."""
    async with office(database) as mine:
        found = await mine.groups.preview(UNMEASURED + "include Patient/zoe", OWNER)

        assert (found.size, found.unknown) == (3, 1)
        assert found.lines == [
            Counted(f"include Condition?code={ICD}|E11.9", 5),
            Counted(f"exclude Observation?code={LOINC}|{A1C}&date=ge{{today-12m}}", 4),
        ]
        assert await mine.groups.definitions.all() == []
        assert await rows(database, mine.shelf.tenant) == [("group-preview", "owner", 200, "Group", None)]


async def test_a_group_is_a_record_like_any_other(database):
    """Everything that FHIR can say of the definition stands in it; it is found by code, type and member."""
    async with office(database) as mine:
        await mine.shelf.put({"resourceType": "Organization", "id": "nw", "name": "Northwind"})
        defined, made = await mine.define(code="urn:study|a1c", manager="Organization/nw")

        assert (made.outcome, made.version, made.size, made.came, made.went) == ("created", 1, 3, 3, 0)
        record = await mine.record(defined.id)
        assert record.pop("meta")["versionId"] == "1"
        since = {"period": {"start": "2026-11-27T12:00:00-05:00"}}
        types = "http://hl7.org/fhir/resource-types"
        assert record == {
            "resourceType": "Group",
            "id": "g-1",
            "identifier": [{"system": "urn:careweft:group", "value": "g-1"}],
            "active": True,
            "type": "person",
            "actual": True,
            "code": {"coding": [{"system": "urn:study", "code": "a1c"}], "text": "No HbA1c"},
            "name": "No HbA1c",
            "quantity": 3,
            "managingEntity": {"reference": "Organization/nw"},
            "characteristic": [
                {
                    "code": {"coding": [{"system": types, "code": "Condition"}]},
                    "valueCodeableConcept": {
                        "coding": [{"system": ICD, "code": "E11.9"}],
                        "text": f"Condition?code={ICD}|E11.9",
                    },
                    "exclude": False,
                },
                {
                    "code": {"coding": [{"system": types, "code": "Observation"}]},
                    "valueCodeableConcept": {
                        "coding": [{"system": LOINC, "code": A1C}],
                        "text": f"Observation?code={LOINC}|{A1C}&date=ge{{today-12m}}",
                    },
                    "exclude": True,
                },
            ],
            "member": [{"entity": {"reference": f"Patient/{one}"}} | since for one in ("ben", "eve", "fay")],
        }
        for search in (
            shelf.search("Group", shelf.code("code", "a1c", "urn:study"), shelf.code("type", "person")),
            shelf.search("Group", shelf.about("fay", "member")),
        ):
            assert await mine.shelf.ids(search) == ["g-1"]


async def test_membership_over_time(database):
    """Who goes out is dated and stays listed, who comes back begins again, and a day without news makes no version."""
    async with office(database) as mine:
        defined, _ = await mine.define()
        g = defined.id
        steps = [
            # records that come, days later, the outcome, who is in
            ((), 0, "unchanged", ["ben", "eve", "fay"]),
            ((village.measured("n1", "eve", A1C, "2026-11-27", 7.0),), 0, "updated", ["ben", "fay"]),
            ((village.condition("n2", "kim", "E11.9"),), 1, "updated", ["ben", "fay", "kim"]),
            ((), 3, "unchanged", ["ben", "fay", "kim"]),
            ((), 1, "updated", ["ben", "fay", "hal", "kim"]),
            ((), 370, "updated", ["ana", "ben", "eve", "fay", "hal", "kim"]),
            ((), 1, "unchanged", ["ana", "ben", "eve", "fay", "hal", "kim"]),
        ]
        for records, days, outcome, who in steps:
            await mine.shelf.put(*records)
            mine.clock.at += days * DAY
            made = await mine.groups.refresh(g, OWNER)

            assert (made.outcome, made.size, await mine.who(g)) == (outcome, len(who), who), (records, days)

        eve = [one for one in (await mine.record(g))["member"] if one["entity"]["reference"] == "Patient/eve"]
        assert eve == [
            {
                "entity": {"reference": "Patient/eve"},
                "period": {"start": "2026-11-27T12:00:00-05:00", "end": "2026-11-27T12:00:00-05:00"},
                "inactive": True,
            },
            {"entity": {"reference": "Patient/eve"}, "period": {"start": "2027-12-07T12:00:00-05:00"}},
        ]
        versions = await mine.shelf.records.history("Group", g, shelf.everything("Group"), 10)
        assert [one.version for one in versions] == [5, 4, 3, 2, 1]


RESTRICTED = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}


@pytest.mark.parametrize("line", [
    "include Condition?code=F32.1",
    "include Patient?_has:Condition:patient:code=F32.1",
    "include Condition?patient.gender=other&code=F32.1",
    "include Patient\nexclude Patient?_has:Condition:patient:code:missing=false&_id=kim\nexclude Patient?_id:not=kim",
])  # fmt: skip
async def test_membership_tells_nothing_of_what_is_withheld(database, line):
    """Kim has one record, which is restricted: it neither brings her in nor takes her out, be it found itself or by a
    chain, unless the owner says that such records count.
    """
    async with office(database) as mine:
        await mine.shelf.put(village.condition("s1", "kim", "F32.1") | {"meta": RESTRICTED})
        (plain, without), (open_, with_) = await mine.define(line), await mine.define(line, withheld=True)
        shown = (
            (await mine.groups.preview(line, OWNER)).size,
            (await mine.groups.preview(line, OWNER, withheld=True)).size,
        )

        include = "exclude" not in line
        assert (without.size, with_.size) == ((0, 1) if include else (1, 0))
        assert shown == (without.size, with_.size)
        assert (await mine.groups.refresh(plain.id, OWNER)).outcome == "unchanged"
        assert (await mine.groups.find(open_.id)).withheld


async def test_who_is_deleted_is_no_member(database):
    """The Patient is gone; the Group says until when she was in it."""
    async with office(database) as mine:
        defined, _ = await mine.define()
        await mine.shelf.delete("Patient", "eve")
        made = await mine.groups.refresh(defined.id, OWNER)

        assert (made.outcome, made.came, made.went) == ("updated", 0, 1)
        assert await mine.who(defined.id) == ["ben", "fay"]


async def test_every_act_is_audited(database):
    """Of the owner each; of the job only what changed something."""
    async with office(database) as mine:
        defined, _ = await mine.define()
        job = Actor("jobs", "r-2")
        await mine.groups.refresh(defined.id, job)
        await mine.groups.refresh(defined.id, OWNER)
        await mine.shelf.delete("Patient", "eve")
        await mine.groups.refresh(defined.id, job)
        await mine.groups.delete(defined.id, OWNER)

        assert await rows(database, mine.shelf.tenant) == [
            ("group-create", "owner", 200, "Group", "g-1"),
            ("group-refresh", "owner", 200, "Group", "g-1"),
            ("group-refresh", None, 200, "Group", "g-1"),
            ("group-delete", "owner", 200, "Group", "g-1"),
        ]


async def test_a_deleted_group_stays_deleted(database):
    """Its definition is forgotten, its record is a tombstone, and nothing is due."""
    async with office(database) as mine:
        defined, _ = await mine.define()
        await mine.groups.delete(defined.id, OWNER)
        due = PostgresDue(mine.shelf.pool)

        assert (await mine.shelf.records.read("Group", "g-1", shelf.everything("Group"))).body is None
        assert await due.take("group", mine.clock.at + 40_000 * DAY, mine.clock.at) is None
        with pytest.raises(NoSuchGroup):
            await mine.groups.refresh("g-1", OWNER)


async def test_the_job_keeps_groups_current(database):
    """Each is taken once when its time has come, by one of several processes, and again an interval later."""
    async with office(database) as mine:
        defined, _ = await mine.define(every=600)
        await mine.shelf.put(village.measured("n1", "eve", A1C, "2026-11-27", 7.0))

        async def groups(number):
            return mine.groups if number == mine.shelf.tenant.number else None

        keepers = [Keeper(PostgresDue(mine.shelf.pool), groups, mine.clock, lambda: "r-9") for _ in range(4)]

        async def turns():
            return sorted(await asyncio.gather(*(one.turn() for one in keepers)))

        assert await turns() == [False] * 4
        mine.clock.at += timedelta(seconds=600)
        assert await turns() == [False] * 3 + [True]
        assert await mine.who(defined.id) == ["ben", "fay"]
        assert await turns() == [False] * 4
        mine.clock.at += timedelta(seconds=600)
        assert await turns() == [False] * 3 + [True]
        assert (await mine.groups.find(defined.id)).evaluated == mine.clock.at


async def test_whoever_dies_over_a_group_leaves_it_due(database):
    """A taken definition that nobody settles comes again when its lease is over."""
    async with office(database) as mine:
        await mine.define(every=600)
        due = PostgresDue(mine.shelf.pool)
        at = mine.clock.at + timedelta(seconds=600)
        lease = at + timedelta(minutes=10)

        assert await due.take("group", at, lease) == (mine.shelf.tenant.number, "g-1")
        assert await due.take("group", at, lease) is None
        assert await due.take("group", lease, lease + DAY) == (mine.shelf.tenant.number, "g-1")


async def test_what_cannot_be_evaluated_says_why_and_changes_nothing(database):
    """A definition that a later program no longer reads: its Group stays as it is, and the owner is told."""
    async with office(database) as mine:
        defined, _ = await mine.define()
        broken = Defined(defined.id, defined.name, "include Condition?illness=E11.9")
        await mine.groups.definitions.keep(broken, mine.clock.at)
        with pytest.raises(DefinitionRefused):
            await mine.groups.refresh(defined.id, OWNER)

        assert "illness" in (await mine.groups.find(defined.id)).failure
        assert await mine.who(defined.id) == ["ben", "eve", "fay"]


async def test_tenants_define_for_themselves(database):
    """One tenant's definitions, people and Groups are nobody else's, also where ids are the same; nor are they seen by
    a statement that names another tenant's number or none.
    """
    async with office(database) as mine:
        clinical = mine.shelf.clinical
        other = await opened(clinical, mine.groups.journal, village.PEOPLE)
        defined, made = await mine.define()
        theirs, nobody = await other.define()

        assert (defined.id, theirs.id, made.size, nobody.size) == ("g-1", "g-1", 3, 0)
        await other.groups.delete("g-1", OWNER)
        assert [one.id for one in await mine.groups.definitions.all()] == ["g-1"]
        assert await mine.who("g-1") == ["ben", "eve", "fay"]
        assert await clinical.pool.fetch("select * from group_definition") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"name": " "},
        {"name": "x" * 201},
        {"name": "a\nb"},
        {"every": 59},
        {"every": 604801},
        {"code": "a1c"},
        {"code": "urn:x|"},
        {"manager": "Patient/ana"},
        {"manager": "Organization/"},
    ],
)
def test_what_stands_beside_a_definition(changes):
    """Each row: what is wrong with it."""
    with pytest.raises(DefinitionRefused):
        check(Defined(**{"id": "", "name": "No HbA1c", "text": "include Patient"} | changes))


def test_a_group_does_not_grow_for_ever():
    """Who left longest ago is dropped first; members never are."""
    left = [
        {"entity": {"reference": f"Patient/{n}"}, "period": {"end": f"20{n % 20 + 10}-01-01"}, "inactive": True}
        for n in range(MOST)
    ]
    entries = moved(left, frozenset({"ana", "ben"}), datetime(2026, 11, 27, tzinfo=UTC))

    assert len(entries) == MOST
    assert entries[:2] == left[1:20] + left[21:22] or left[0] not in entries
    assert left[20] not in entries
    assert [one["entity"]["reference"] for one in entries[-2:]] == ["Patient/ana", "Patient/ben"]
