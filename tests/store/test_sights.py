"""Whom people see, from the records of a tenant, its rule, relations and emergencies; AUTHZ-18, AUTHZ-19."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from careweft.access.caller import Caller
from careweft.access.emergency import opened
from careweft.access.narrow import reach
from careweft.access.reach import How
from careweft.access.scopes import read_all
from careweft.access.sight import EVERYBODY
from careweft.fhir.labels import EVERY
from careweft.store.emergencies import PostgresEmergencies
from careweft.store.sights import PostgresSights
from careweft.surfaces import find
from tests.store import shelf
from tests.store.house import connected
from tests.store.shelf import entry, observation, patient, search, seen

NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)
PATIENT = find("provider", "patient")
EAST, WEST = ({"reference": f"Organization/{one}"} for one in ("east", "west"))
YVES = {"reference": "Practitioner/yves"}


@dataclass
class Charge:
    patient: str
    types: tuple[str, ...] | None = None
    sensitive: bool = True


@dataclass
class Relations:
    """ports.sights.Charges, as a test says."""

    known: dict[str, list[str | Charge]] = field(default_factory=dict)

    async def charges(self, tenant, account):  # noqa: ARG002
        return [one if isinstance(one, Charge) else Charge(one) for one in self.known.get(account, ())]


def role(id_, by, to, **more):
    return {"resourceType": "PractitionerRole", "id": id_, "practitioner": by, "organization": to} | more


def about(type_, id_, who, **more):
    return {"resourceType": type_, "id": id_, "subject": {"reference": f"Patient/{who}"}} | more


RECORDS = (
    *({"resourceType": "Organization", "id": one} for one in ("east", "west")),
    *({"resourceType": "Practitioner", "id": one} for one in ("yves", "zoe")),
    role("r1", YVES, EAST),
    role("r2", YVES, WEST, active=False),
    role("r3", {"reference": "Practitioner/zoe"}, WEST),
    patient("managed", managingOrganization=EAST),
    patient("treated", managingOrganization=WEST),
    patient("elsewhere", managingOrganization=WEST),
    patient("teamed"),
    patient("met"),
    patient("linked", link=[{"other": {"reference": "Patient/managed"}, "type": "seealso"}]),
    about("Encounter", "e1", "treated", serviceProvider=EAST),
    about("Encounter", "e2", "elsewhere", serviceProvider=WEST),
    about("CareTeam", "c1", "teamed", participant=[{"member": YVES}]),
    about("Encounter", "e3", "met", participant=[{"individual": {"reference": "PractitionerRole/r1"}}]),
    *(observation(f"o-{one}", one) for one in ("managed", "treated", "elsewhere", "teamed", "met", "linked")),
)
ALL = {"managed", "treated", "elsewhere", "teamed", "met", "linked"}
SEES = [
    # the tenant's rule, the user, whom they see
    ("tenant", "Practitioner/yves", ALL),
    ("organization", "Practitioner/yves", {"managed", "treated"}),
    ("organization", "PractitionerRole/r1", {"managed", "treated"}),
    ("organization", "PractitionerRole/r2", set()),
    ("organization", "Practitioner/zoe", {"treated", "elsewhere"}),
    ("organization", "Practitioner/nobody", set()),
    ("care", "Practitioner/yves", {"teamed", "met"}),
    ("care", "PractitionerRole/r1", {"teamed", "met"}),
    ("care", "Practitioner/zoe", set()),
    ("no rule", "Practitioner/yves", set()),
    ("tenant", "Patient/managed", {"managed", "teamed"}),
    ("organization", "RelatedPerson/q", {"teamed"}),
    ("tenant", "Person/q", {"teamed"}),
    ("tenant", "Group/g", set()),
    ("tenant", "", set()),
]


@pytest.fixture(scope="module")
async def clinic(module_database):
    async with shelf.shelf(module_database) as mine:
        await mine.put(*RECORDS)
        yield mine


def sights(mine, now=lambda: NOON):
    return PostgresSights(mine.clinical, Relations({"sub": ["teamed"]}), now)


async def found(mine, sight, type_="Observation"):
    """Whom a search through this sight shows."""
    return {one.removeprefix("o-") for one in await mine.ids(search(type_, count=2), seen(sight, type_))}


@pytest.mark.parametrize(("rule", "user", "whom"), SEES)
async def test_people_see_whom_the_rows_say(clinic, rule, user, whom):
    """By search and by id, of every type; the same is told of each patient alone. `Patient.link` shows nobody more."""
    tenant = replace(clinic.tenant, practitioners_see=rule)
    mine = sights(clinic)
    sight = await mine.of(tenant, "sub", user)
    if not sight.whole:
        assert await found(clinic, sight) == whom
        assert await found(clinic, sight, "Patient") == whom
    for one in ALL:
        assert await mine.sees(tenant, "sub", user, one) is (one in whom)
        if not sight.whole:
            read = await clinic.records.read("Observation", f"o-{one}", seen(sight, "Observation"))
            assert (read is not None) is (one in whom)
    assert await mine.of(tenant, "sub", user) is sight  # what is remembered of a caller goes by the object


CARER = [Charge("teamed"), Charge("met", ("Observation",), False), Charge("treated", None, False)]
SENSITIVE = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
LIMITED = [
    # the type, the labels that were granted, what is found
    ("Observation", 0, {"o-teamed", "o-met", "o-treated"}),
    ("Observation", EVERY, {"o-teamed", "o-met", "o-treated", "r-teamed"}),
    ("Encounter", 0, {"e1"}),
    ("Patient", EVERY, {"teamed", "treated"}),
    ("Provenance", 0, {"pv-o-treated"}),
    ("Provenance", EVERY, {"pv-o-treated", "pv-r-teamed"}),
]


async def test_a_caregiver_sees_as_far_as_each_patient_allows(clinic):
    """AUTHZ-19, by search and by id: the types that the patient named, and what is labelled only where it may be."""
    marked = [observation(f"r-{one}", one, meta={"security": [SENSITIVE]}) for one in ("teamed", "met", "treated")]
    about_ = [
        {"resourceType": "Provenance", "id": f"pv-{one}", "target": [{"reference": f"Observation/{one}"}]}
        for one in ("o-met", "o-treated", "r-teamed", "r-met", "r-treated")
    ]
    await clinic.put(*marked, *about_)
    kept = PostgresSights(clinic.clinical, Relations({"sub": CARER}), lambda: NOON)
    sight = await kept.of(clinic.tenant, "sub", "RelatedPerson/r")
    caller = Caller("app", clinic.tenant.id, "", read_all("user/*.rs"), user="RelatedPerson/r", account="sub")
    for type_, labels, expected in LIMITED:
        reached = reach(replace(caller, sight=sight, labels=labels), PATIENT, type_, "s")
        assert set(await clinic.ids(search(type_, count=2), reached)) == expected
        for one in {*expected, "r-met", "r-treated", "o-met", "e3", "met", "pv-o-met", "pv-r-met", "pv-r-treated"}:
            read = await clinic.records.read(type_, one, reached)
            assert (read is not None) is (one in expected), (type_, one)
    for one in (*marked, *about_):
        await clinic.delete(one["resourceType"], one["id"])


async def test_a_reference_that_only_hashes_alike_shows_nobody(clinic, monkeypatch):
    """What a lead finds is decided on the record: rows that another organization's hash finds show nobody."""
    tenant = replace(clinic.tenant, practitioners_see="organization")
    sight = await sights(clinic).of(tenant, "sub", "Practitioner/yves")
    bound = await clinic.clinical.bound(clinic.tenant)
    hashed = type(bound.hashes).reference
    monkeypatch.setattr(type(bound.hashes), "reference", lambda self, p, type_, _: hashed(self, p, type_, "west"))
    for one in ("elsewhere", "treated"):  # the rows of the western organization are found, and are not believed
        assert await clinic.records.read("Observation", f"o-{one}", seen(sight, "Observation")) is None


async def test_provenance_needs_every_target_within_the_sight(clinic):
    """Targets of two patients who are both seen are shown; one that is not seen hides it."""
    both = {"target": [{"reference": "Observation/o-managed"}, {"reference": "Observation/o-treated"}]}
    mixed = {"target": [{"reference": "Observation/o-managed"}, {"reference": "Observation/o-elsewhere"}]}
    await clinic.put(*({"resourceType": "Provenance", "id": id_} | one for id_, one in (("pb", both), ("pm", mixed))))
    tenant = replace(clinic.tenant, practitioners_see="organization")
    sight = await sights(clinic).of(tenant, "sub", "Practitioner/yves")
    reached = seen(sight, "Provenance", How.TARGET)
    assert await clinic.ids(search("Provenance"), reached) == ["pb"]
    shown = [await clinic.records.read("Provenance", one, reached) for one in ("pb", "pm")]
    assert [one is not None for one in shown] == [True, False]


async def test_a_change_is_felt_at_once_or_in_two_seconds(clinic):
    """A record that ends what a lead rests on hides the patient at the next read, whatever is remembered."""
    tenant = replace(clinic.tenant, practitioners_see="care")
    sight = await sights(clinic).of(tenant, "sub", "Practitioner/yves")
    await clinic.put(
        patient("new"), observation("o-new", "new"), about("CareTeam", "c2", "new", participant=[{"member": YVES}])
    )
    reached = seen(sight, "Observation")
    assert await clinic.records.read("Observation", "o-new", reached)
    await clinic.delete("CareTeam", "c2")
    assert await clinic.records.read("Observation", "o-new", reached) is None
    assert "new" not in await found(clinic, sight)
    await clinic.delete("Patient", "new")
    await clinic.delete("Observation", "o-new")


def emergency(mine, id_="x", **more):
    return opened(id_, mine.tenant.number, "sub", "Practitioner/zoe", "unconscious, no history known", NOON, **more)


async def test_an_emergency_widens_the_sight_until_it_ends(clinic, module_database):
    """To the tenant or to one patient, for that account alone; by its time or by hand; each with its audit entry."""
    tenant = replace(clinic.tenant, practitioners_see="care")
    kept, user = PostgresEmergencies(clinic.pool), "Practitioner/zoe"
    clock = [NOON]

    async def now(account="sub"):
        return await sights(clinic, lambda: clock[0]).of(tenant, account, user)

    without = await now()
    assert without.patients == frozenset()
    await kept.begin(emergency(clinic, "one", patient="met", minutes=30), entry(clinic, action="emergency-access"))
    assert (await now()).patients == {"met"}
    await kept.begin(emergency(clinic, "all", minutes=20), entry(clinic, action="emergency-access"))
    assert await now() == EVERYBODY
    assert await now("other") == without
    clock[0] = NOON + timedelta(minutes=20)
    assert (await now()).patients == {"met"}
    assert await kept.end(tenant.number, "one", clock[0], entry(clinic, action="emergency-end"))
    assert not await kept.end(tenant.number, "one", clock[0], entry(clinic, action="emergency-end"))
    assert await now() == without
    listed = await kept.listed(tenant.number, NOON)
    assert {(one.id, one.ended is None) for one in listed} == {("one", False), ("all", True)}
    assert await kept.listed(tenant.number, NOON + timedelta(seconds=1)) == []
    async with connected(module_database.admin_url) as admin:
        rows = await admin.fetch("select action from audit where tenant = $1 order by seq", tenant.number)
    assert [row["action"] for row in rows] == ["emergency-access", "emergency-access", "emergency-end"]


async def test_nobody_lengthens_or_moves_an_emergency(clinic, module_database):
    """The database holds the hour, its wall the tenant, and the server's role may only end one."""
    long = replace(emergency(clinic, "long"), ends=NOON + timedelta(minutes=61))
    with pytest.raises(asyncpg.CheckViolationError):
        await PostgresEmergencies(clinic.pool).begin(long, entry(clinic))
    async with connected(module_database.server_url) as server:
        assert await server.fetchval("select count(*) from emergency") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await server.execute("update emergency set ends = ends + interval '1 hour'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await server.execute("delete from emergency")
