"""What an organization does with accounts: make, invite, import line by line, switch off, help who lost a factor."""

import pytest

from careweft.accounts.signin import Opened
from careweft.ports.people import Account
from tests.accounts.asking import key
from tests.accounts.world import GOOD


def wanted(here, record, username="", role="patient", **more):
    return Account("", here.tenant.number, username, "", None, role, record, **more)


async def test_an_account_is_in_use_at_once(here):
    record = f"Patient/{await here.patient(name='Zoe Park')}"
    made = await here.desk.office.create(here.tenant, wanted(here, record, "zoe.park"), GOOD, here.visit(actor="kim"))

    assert made.name == "Zoe Park"
    assert isinstance(await here.desk.sign_in.password(here.tenant, "zoe.park", GOOD, here.visit()), Opened)
    entry = (await here.entries("account"))[-1]
    assert (entry["person"], entry["surface"], entry["reason"]) == ("kim", "command line", "made")


@pytest.mark.parametrize(
    ("changes", "password", "said"),
    [
        ({}, "short", "password.short"),
        ({"username": "a b"}, GOOD, "username.shape"),
        ({"fhir_user": "Patient/nobody"}, GOOD, "record.unknown"),
        ({"fhir_user": "Practitioner/kim"}, GOOD, "record.role"),
        ({"role": "emperor"}, GOOD, "record.role"),
        ({"email": "nowhere"}, GOOD, "email.shape"),
    ],
)
async def test_what_does_not_fit_is_not_made(here, changes, password, said):
    """Each row: what is wrong with an account that is right otherwise, and the refusal."""
    from dataclasses import replace

    right = wanted(here, f"Patient/{await here.patient()}", "fits.well")
    made = here.desk.office.create(here.tenant, replace(right, **changes), password, here.visit())

    assert await key(made) == said
    assert await here.people.by_username(here.tenant.number, "fits.well") is None


async def test_a_record_has_one_account_in_a_role(here):
    record = f"Patient/{await here.patient()}"
    await here.desk.office.create(here.tenant, wanted(here, record, "first.one"), GOOD, here.visit())
    second = here.desk.office.create(here.tenant, wanted(here, record, "second.one"), GOOD, here.visit())

    assert await key(second) == "record.taken"


async def test_a_related_person_acts_for_the_patient_of_the_record(here):
    patient = await here.patient()
    await here.records(
        {
            "resourceType": "RelatedPerson", "id": f"rp-{patient}", "active": True,
            "patient": {"reference": f"Patient/{patient}"}, "name": [{"family": "Wong", "given": ["Bo"]}],
        }
    )  # fmt: skip
    line = {"role": "representative", "record": f"RelatedPerson/rp-{patient}", "birth_date": "1970-01-01"}
    done = await here.desk.office.enter(here.tenant, line, here.visit(), renew=False)

    assert (done.outcome, done.name, len(done.code)) == ("invited", "Bo Wong", 19)
    assert done.code not in repr(done)
    found = await here.people.by_record(here.tenant.number, line["record"], "representative")
    charges = await here.desk.charges(here.tenant, found.id)
    assert [(one.patient, one.relation) for one in charges] == [(patient, "relative")]


async def test_a_line_twice_is_one_account(here):
    patient = await here.patient()
    line = {"identifier": f"urn:mrn|{patient}"}
    first = await here.desk.office.enter(here.tenant, line, here.visit(), renew=False)
    again = await here.desk.office.enter(here.tenant, line, here.visit(), renew=False)
    renewed = await here.desk.office.enter(here.tenant, line, here.visit(), renew=True)

    assert [one.outcome for one in (first, again, renewed)] == ["invited", "waiting", "invited"]
    assert again.code == ""
    born = (await here.desk.means.records.someone(here.tenant, f"Patient/{patient}")).birth
    assert await key(here.desk.invitations.open(here.tenant, first.code, born, here.visit())) == "invitation"
    joining = await here.desk.invitations.open(here.tenant, renewed.code, born, here.visit())
    await here.desk.invitations.activate(here.tenant, joining.ticket, f"u.{patient}"[:30], GOOD, here.visit())
    assert (await here.desk.office.enter(here.tenant, line, here.visit(), renew=True)).outcome == "there"


async def test_an_identifier_of_two_records_stands_for_none(here):
    both = [await here.patient(identifier=[{"system": "urn:mrn", "value": "twins"}]) for _ in range(2)]
    done = await here.desk.office.enter(here.tenant, {"identifier": "urn:mrn|twins"}, here.visit(), renew=False)

    assert len(set(both)) == 2
    assert (done.outcome, done.reason) == ("refused", "record.several")


async def test_who_lost_a_factor_is_helped(here):
    ana = await here.person()
    await here.with_totp(ana)
    await here.desk.office.forget(here.tenant, ana, here.visit(actor="kim"))

    assert isinstance(await here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit()), Opened)
    assert (await here.desk.secrets(ana)).codes == 0


async def test_off_and_on(here):
    ana = await here.person()
    await here.desk.office.switch(here.tenant, ana, here.visit(), enabled=False)
    assert await key(here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit())) == "sign-in"
    await here.desk.office.switch(here.tenant, ana, here.visit(), enabled=True)

    assert await here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit())
