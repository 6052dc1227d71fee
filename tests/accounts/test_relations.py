"""Family and caregivers: who acts for whom, how far, until when, and that it ends (AUTHZ-19, AUTHZ-17)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from careweft.accounts.charges import comes_of_age
from careweft.accounts.relations import Terms
from tests.accounts.asking import key
from tests.accounts.test_recovery import letters, link
from tests.accounts.world import GOOD
from tests.store.house import connected


async def patient_signed_in(here):
    """(record's id, account, session) of a patient who is signed in."""
    record = await here.patient()
    account = await here.person(fhir_user=f"Patient/{record}", name="Ana Li")
    _, session = await here.signed_in(account)
    return record, account, session


async def caregiver(here, record, **terms):
    """An account that acts for this patient, made by the organization."""
    account = await here.person(role="representative", fhir_user=None, name="Bo Wong")
    await here.desk.relations.relate(here.tenant, account, record, Terms(**terms), here.visit())
    return account


async def charges(here, account):
    return {one.patient: one for one in await here.desk.charges(here.tenant, account.id)}


PERMIT = """insert into permit (tenant, id, account, patient, client, surface, scopes, asked, redirect_uri, auth_time,
created, expires) values ($1, $2, $3, $4, 'app', 's', '{}', '{}', 'https://app.example.org/', now(), now(), now())"""


async def permit(here, account, record, id_):
    """A permit, as far as its end goes."""
    async with connected(here.database.owner_url) as owner:
        await owner.execute(PERMIT, here.tenant.number, id_, account.id, record)


async def ended(here, id_):
    """Has this permit ended, with its revocation?"""
    row = (await here.rows("select ended from permit where id = $1", id_))[0]
    revocation = await here.rows("select 1 from revocation where key = $1", f"grant:{id_}")
    assert (row["ended"] is not None) == bool(revocation)
    return row["ended"] is not None


async def test_a_patient_invites_somebody_by_mail(here):
    record, ana, session = await patient_signed_in(here)
    until = here.clock() + timedelta(days=30)
    await here.desk.relations.invite(
        here.tenant, session, "Bo Wong", "bo@mail.example.org", Terms(until=until), here.visit()
    )
    sent = (await letters(here))[0]
    listed = await here.desk.relations.of(here.tenant, session)

    assert (sent.to, listed[0].name, listed[0].activated) == ("bo@mail.example.org", "Bo Wong", False)
    assert "Ana" not in sent.body  # the letter does not say for whom
    code = link(here, sent, "join")
    joining = await here.desk.invitations.open(here.tenant, code, None, here.visit())
    opened = await here.desk.invitations.activate(here.tenant, joining.ticket, "bo.wong", GOOD, here.visit())
    mine = await charges(here, opened.account)
    assert set(mine) == {record}
    assert (mine[record].relation, mine[record].until, mine[record].sensitive) == ("caregiver", until, False)
    assert mine[record].name == "Ana Li"
    assert (await here.desk.relations.of(here.tenant, session))[0].activated
    entry = (await here.entries("invitation"))[-1]
    assert (entry["person"], entry["patients"]) == (ana.fhir_user, [record])


async def test_who_has_an_account_takes_it_over_there(here):
    record, _, session = await patient_signed_in(here)
    await here.desk.relations.invite(here.tenant, session, "Bo", "bo@mail.example.org", Terms(), here.visit())
    code = link(here, (await letters(here))[0], "join")
    bo = await here.person(role="representative", fhir_user=None)
    _, his = await here.signed_in(bo)
    await here.desk.invitations.accept(here.tenant, his, code, None, here.visit())

    assert set(await charges(here, bo)) == {record}
    assert [one.account for one in await here.desk.relations.of(here.tenant, session)] == [bo.id]
    assert await key(here.desk.invitations.accept(here.tenant, his, code, None, here.visit())) == "invitation"
    assert await key(here.desk.invitations.open(here.tenant, code, None, here.visit())) == "invitation"


async def test_ending_a_relation_ends_what_was_granted_under_it(here):
    record, _, session = await patient_signed_in(here)
    other = await here.patient(name="Cy Fox")
    bo = await caregiver(here, record)
    await here.desk.relations.relate(here.tenant, bo, other, Terms("parent"), here.visit())
    await permit(here, bo, record, f"p1-{record}")
    await permit(here, bo, other, f"p2-{record}")
    one = (await here.desk.relations.of(here.tenant, session))[0]
    await here.desk.relations.end(here.tenant, session, one.id, here.visit())

    assert set(await charges(here, bo)) == {other}
    assert await ended(here, f"p1-{record}")
    assert not await ended(here, f"p2-{record}")
    entry = (await here.entries("relation"))[-1]
    assert (entry["reason"], entry["patients"]) == ("ended", [record])
    assert await key(here.desk.relations.end(here.tenant, session, one.id, here.visit())) == "relation.unknown"


async def test_nobody_touches_the_relations_of_others(here):
    """Another patient, or a caregiver themselves, can neither end, limit nor see them."""
    record, _, session = await patient_signed_in(here)
    _, _, eve = await patient_signed_in(here)
    bo = await caregiver(here, record)
    _, his = await here.signed_in(bo)
    one = (await here.desk.relations.of(here.tenant, session))[0]

    assert await here.desk.relations.of(here.tenant, eve) == []
    assert await here.desk.relations.of(here.tenant, his) == []
    for whose in (eve, his):
        assert await key(here.desk.relations.end(here.tenant, whose, one.id, here.visit())) == "relation.unknown"
        assert (
            await key(here.desk.relations.limit(here.tenant, whose, one.id, Terms(), here.visit()))
            == "relation.unknown"
        )
    mail = here.desk.relations.invite(here.tenant, his, "X", "x@mail.example.org", Terms(), here.visit())
    assert await key(mail) == "relation.unknown"
    assert set(await charges(here, bo)) == {record}


async def test_limits_hold_from_now_on(here):
    record, _, session = await patient_signed_in(here)
    bo = await caregiver(here, record, sensitive=True)
    await permit(here, bo, record, f"p-{record}")
    one = (await here.desk.relations.of(here.tenant, session))[0]
    terms = Terms(until=here.clock() + timedelta(days=1), types=("Observation", "Condition"))
    await here.desk.relations.limit(here.tenant, session, one.id, terms, here.visit())
    mine = (await charges(here, bo))[record]

    assert (mine.sensitive, mine.types, mine.until) == (False, ("Observation", "Condition"), terms.until)
    assert await ended(here, f"p-{record}")
    for bad, said in [
        (Terms(until=here.clock()), "relation.until"),
        (Terms(types=()), "relation.types"),
        (Terms(types=("Spaceship",)), "relation.types"),
    ]:
        assert await key(here.desk.relations.limit(here.tenant, session, one.id, bad, here.visit())) == said


async def test_a_relation_runs_out_by_the_clock(here):
    """Nobody has to do anything: at that moment it gives nothing any more, and its permits end."""
    record = await here.patient()
    bo = await caregiver(here, record, until=here.clock() + timedelta(hours=1))
    await permit(here, bo, record, f"p-{record}")
    here.clock.on(minutes=59, seconds=59)
    assert set(await charges(here, bo)) == {record}
    assert here.tenant.number not in await here.people.due(here.clock(), minors=False)
    here.clock.on(seconds=1)

    assert await charges(here, bo) == {}
    assert here.tenant.number in await here.people.due(here.clock(), minors=False)
    assert await here.desk.relations.expire(here.tenant) >= 1
    assert await ended(here, f"p-{record}")
    assert (await here.entries("relation"))[-1]["reason"] == "ran out"
    assert await here.desk.relations.expire(here.tenant) == 0


async def test_a_proxy_for_a_child_ends_when_the_child_is_of_age(here):
    """Eighteen here, at the beginning of the birthday where the tenant is, whatever was agreed."""
    birth = date(2008, 11, 28)
    child = await here.patient(birth=birth, name="Kit Li")
    ana = await here.person(fhir_user=f"Patient/{await here.patient()}")
    await here.desk.relations.relate(here.tenant, ana, child, Terms("child"), here.visit())
    await permit(here, ana, child, f"p-{child}")
    mine = await charges(here, ana)

    assert [one.relation for one in mine.values()] == ["self", "child"]
    assert mine[child].until == datetime(2026, 11, 28, 5, tzinfo=UTC)
    here.clock.at = datetime(2026, 11, 28, 4, 59, 59, tzinfo=UTC)
    assert child in await charges(here, ana)
    here.clock.on(seconds=1)
    assert child not in await charges(here, ana)
    assert here.tenant.number in await here.people.due(here.clock(), minors=True)
    await here.desk.relations.expire(here.tenant)
    assert await ended(here, f"p-{child}")
    late = here.desk.relations.relate(here.tenant, ana, child, Terms("child"), here.visit())
    assert await key(late) == "relation.until"


async def test_the_age_is_the_tenants(here):
    child = await here.patient(birth=date(2006, 1, 1), name="Kit Li")
    ana = await here.person(role="representative", fhir_user=None)
    assert (
        await key(here.desk.relations.relate(here.tenant, ana, child, Terms("child"), here.visit())) == "relation.until"
    )
    await here.people.set_majority(here.tenant.number, 21)
    await here.desk.relations.relate(here.tenant, ana, child, Terms("child"), here.visit())
    assert child in await charges(here, ana)
    await here.people.set_majority(here.tenant.number, 18)

    assert child not in await charges(here, ana)


async def test_a_birth_date_that_is_corrected_counts_at_once(here):
    child = await here.patient(birth=date(2012, 1, 1), name="Kit Li")
    ana = await here.person(role="representative", fhir_user=None)
    await here.desk.relations.relate(here.tenant, ana, child, Terms("child"), here.visit())
    assert child in await charges(here, ana)
    await here.patient(child, birth=date(2002, 1, 1), name="Kit Li")

    assert child not in await charges(here, ana)


async def test_relations_are_to_patients_who_are_there(here):
    ana = await here.person(fhir_user=f"Patient/{await here.patient()}")
    own = ana.fhir_user.removeprefix("Patient/")
    unborn = await here.patient(name="Kit Li", birth=date(2020, 1, 1))
    await here.patient(unborn, name="Kit Li", birthDate="2020")

    for patient, terms, said in [
        ("nobody", Terms(), "record.unknown"),
        (own, Terms(), "relation.self"),
        (unborn, Terms("child"), "record.unknown"),  # of a year alone no age can be told
        (own, Terms("self"), "relation.types"),
    ]:
        assert await key(here.desk.relations.relate(here.tenant, ana, patient, terms, here.visit())) == said


async def test_charges_are_of_ones_own_tenant_and_account(here):
    record = await here.patient()
    bo = await caregiver(here, record)
    await here.records(
        {"resourceType": "Patient", "id": record, "name": [{"family": "Other"}], "gender": "male"}, tenant=here.other
    )

    assert await here.desk.charges(here.other, bo.id) == []
    assert await here.desk.charges(here.tenant, "nobody") == []


async def test_a_caregiver_gives_up(here):
    record, _, session = await patient_signed_in(here)
    bo = await caregiver(here, record)
    _, his = await here.signed_in(bo)
    await here.desk.relations.leave(here.tenant, his, record, here.visit())

    assert await charges(here, bo) == {}
    assert await here.desk.relations.of(here.tenant, session) == []
    assert await key(here.desk.relations.leave(here.tenant, his, record, here.visit())) == "relation.unknown"


async def test_ending_an_invitation_makes_its_code_worthless(here):
    _, _, session = await patient_signed_in(here)
    await here.desk.relations.invite(here.tenant, session, "Bo", "bo@mail.example.org", Terms(), here.visit())
    code = link(here, (await letters(here))[0], "join")
    one = (await here.desk.relations.of(here.tenant, session))[0]
    await here.desk.relations.end(here.tenant, session, one.id, here.visit())

    assert await key(here.desk.invitations.open(here.tenant, code, None, here.visit())) == "invitation"


async def test_giving_wants_a_fresh_proof_and_taking_away_does_not(here):
    record, _, session = await patient_signed_in(here)
    await caregiver(here, record)
    one = (await here.desk.relations.of(here.tenant, session))[0]
    here.clock.on(minutes=11)
    invite = here.desk.relations.invite(here.tenant, session, "Bo", "bo@mail.example.org", Terms(), here.visit())

    assert await key(invite) == "again"
    assert await key(here.desk.relations.limit(here.tenant, session, one.id, Terms(), here.visit())) == "again"
    await here.desk.relations.end(here.tenant, session, one.id, here.visit())


@pytest.mark.parametrize(
    ("birth", "zone", "years", "day"),
    [
        (date(2008, 11, 27), "UTC", 18, "2026-11-27T00:00:00+00:00"),
        (date(2008, 2, 29), "UTC", 18, "2026-03-01T00:00:00+00:00"),
        (date(2008, 2, 29), "UTC", 16, "2024-02-29T00:00:00+00:00"),
        (date(2008, 7, 1), "America/New_York", 18, "2026-07-01T00:00:00-04:00"),
        (date(2008, 7, 1), "Pacific/Kiritimati", 21, "2029-07-01T00:00:00+14:00"),
    ],
)
def test_of_age(birth, zone, years, day):
    """Each row: a birth date, where, at which age, and when that begins."""
    assert comes_of_age(birth, zone, years).isoformat() == day
