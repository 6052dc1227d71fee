"""Invitations: a code that shows nothing by itself, one account for one code (OATK-16)."""

import asyncio
from datetime import date

import pytest

from careweft.accounts.refusals import Refused
from careweft.accounts.signin import Opened
from careweft.fhir.outcomes import Unavailable
from careweft.ports.people import Account
from tests.accounts.asking import key, refusal
from tests.accounts.world import BETTER, BIRTH, GOOD


def waiting(here, patient, **more):
    """Who is invited to be this patient's account."""
    return Account(
        **{
            "id": "",
            "tenant": here.tenant.number,
            "username": "",
            "name": "Ana Li",
            "email": None,
            "role": "patient",
            "fhir_user": f"Patient/{patient}",
        }
        | more
    )


async def invited(here, fact=BIRTH, **more):
    """A patient with an invitation, as it is printed in a letter."""
    patient = await here.patient()
    return await here.desk.invitations.invite(here.tenant, waiting(here, patient, **more), here.visit(), fact=fact)


async def test_an_invitation_becomes_an_account(here):
    invitation = await invited(here)
    desk, code = here.desk.invitations, invitation.code

    assert len(code.replace("-", "")) == 16
    assert code not in repr(invitation)
    joining = await desk.open(here.tenant, code.upper().replace("-", " "), BIRTH, here.visit())
    assert (joining.name, joining.username) == ("Ana Li", "ana.li")
    opened = await desk.activate(here.tenant, joining.ticket, "ana.of.maple", GOOD, here.visit())
    assert isinstance(opened, Opened)
    found = await here.people.by_username(here.tenant.number, "ana.of.maple")
    assert (found.id, found.fhir_user) == (invitation.account.id, invitation.account.fhir_user)
    assert [one.relation for one in await here.desk.charges(here.tenant, found.id)] == ["self"]
    assert await here.desk.sign_in.password(here.tenant, "ana.of.maple", GOOD, here.visit())
    assert await key(desk.open(here.tenant, code, BIRTH, here.visit())) == "invitation"


async def test_a_code_alone_shows_nothing(here):
    """An unknown code, a wrong date, no date, another tenant, one too old: one answer, one entry, and always a date is
    asked for."""
    invitation = await invited(here)
    desk, code = here.desk.invitations, invitation.code

    assert await desk.asks_fact(here.tenant, code) is await desk.asks_fact(here.tenant, "0000-0000-0000-0000") is True
    tries = [
        (here.tenant, "0000-0000-0000-0000", BIRTH),
        (here.tenant, code, date(1980, 5, 18)),
        (here.tenant, code, None),
        (here.other, code, BIRTH),
        (here.tenant, "", BIRTH),
        (here.tenant, "\0\ud800" * 1000, BIRTH),
    ]
    said = [await refusal(desk.open(*one, here.visit())) for one in tries]
    assert {(one.key, one.status, one.entry.reason, one.entry.user) for one in said} == {
        ("invitation", 401, "invitation", None)
    }
    here.clock.on(days=31)
    assert await key(desk.open(here.tenant, code, BIRTH, here.visit())) == "invitation"


async def test_after_ten_wrong_dates_a_code_is_worth_nothing(here):
    invitation = await invited(here)
    desk = here.desk.invitations
    for n in range(1, 11):
        assert await key(desk.open(here.tenant, invitation.code, date(1981, 1, n), here.visit())) == "invitation"

    assert await key(desk.open(here.tenant, invitation.code, BIRTH, here.visit())) == "invitation"
    again = await desk.invite(here.tenant, invitation.account, here.visit(), fact=BIRTH, new=False)
    assert await desk.open(here.tenant, again.code, BIRTH, here.visit())


async def test_codes_cannot_be_tried_through(here):
    visit = here.visit()
    opening = here.desk.invitations.open
    said = [await key(opening(here.tenant, f"aaaa-bbbb-cccc-{n:04}", BIRTH, visit)) for n in range(40)]

    assert said == ["invitation"] * 30 + ["slow"] * 10


async def test_of_fifty_that_use_one_code_at_once_one_account_comes(here):
    invitation = await invited(here)
    desk, visits = here.desk.invitations, [here.visit() for _ in range(50)]
    joining = await asyncio.gather(*(desk.open(here.tenant, invitation.code, BIRTH, one) for one in visits))
    tries = [desk.activate(here.tenant, one.ticket, f"racer.{n}", GOOD, visits[n]) for n, one in enumerate(joining)]
    done = await asyncio.gather(*tries, return_exceptions=True)

    assert not [one for one in done if not isinstance(one, Opened | Refused | Unavailable)]
    assert sum(isinstance(one, Opened) for one in done) == 1
    assert {one.key for one in done if isinstance(one, Refused)} <= {"invitation"}
    rows = await here.rows(
        "select username from account where tenant = $1 and username like 'racer%'", here.tenant.number
    )
    assert len(rows) == 1
    assert len(await here.sessions.list(here.tenant.number, invitation.account.id)) == 1


async def test_a_username_is_one_persons(here):
    """A taken name, or a weak password, leaves the invitation whole."""
    await here.person("taken.name")
    invitation = await invited(here)
    desk = here.desk.invitations
    joining = await desk.open(here.tenant, invitation.code, BIRTH, here.visit())

    for name, said in [
        ("Taken.Name", "username.taken"),
        ("ab", "username.shape"),
        ("ana@mail.example.org", "username.shape"),
        ("-ana", "username.shape"),
        ("a" * 65, "username.shape"),
    ]:
        assert await key(desk.activate(here.tenant, joining.ticket, name, GOOD, here.visit())) == said
    weak = desk.activate(here.tenant, joining.ticket, "free.name", "password12345678", here.visit())
    assert await key(weak) == "password.common"
    assert await desk.activate(here.tenant, joining.ticket, "free.name", GOOD, here.visit())


async def test_a_new_code_makes_the_old_one_worthless(here):
    first = await invited(here)
    second = await here.desk.invitations.invite(here.tenant, first.account, here.visit(), fact=BIRTH, new=False)

    assert await key(here.desk.invitations.open(here.tenant, first.code, BIRTH, here.visit())) == "invitation"
    assert await here.desk.invitations.open(here.tenant, second.code, BIRTH, here.visit())


@pytest.mark.parametrize(
    ("role", "record", "fits"),
    [
        ("patient", "Patient/a", True),
        ("patient", None, False),
        ("patient", "Practitioner/a", False),
        ("representative", "RelatedPerson/a", True),
        ("representative", None, True),
        ("practitioner", "Practitioner/a", True),
        ("practitioner", "Patient/a", False),
        ("owner", None, True),
        ("superuser", None, False),
    ],
)
async def test_a_record_has_to_fit_the_role(here, role, record, fits):
    """Each row: a role, the record that is to stand for somebody of it, and whether it may."""
    invite = here.desk.invitations.invite(
        here.tenant, waiting(here, "", role=role, fhir_user=record), here.visit(), fact=BIRTH
    )
    if fits:
        assert await invite
    else:
        assert await key(invite) == "record.role"


async def test_an_owner_who_joins_enrols_a_factor_first(here):
    invitation = await invited(here, role="owner", fhir_user=None)
    joining = await here.desk.invitations.open(here.tenant, invitation.code, BIRTH, here.visit())
    opened = await here.desk.invitations.activate(here.tenant, joining.ticket, "kim.owner", BETTER, here.visit())

    assert opened.enrol


async def test_an_account_that_was_switched_off_meanwhile_does_not_join(here):
    from careweft.accounts.changes import SetEnabled
    from tests.accounts.asking import entry_of

    invitation = await invited(here)
    joining = await here.desk.invitations.open(here.tenant, invitation.code, BIRTH, here.visit())
    await here.people.change(here.tenant.number, [SetEnabled(invitation.account.id, enabled=False)], entry_of(here))

    late = here.desk.invitations.activate(here.tenant, joining.ticket, "too.late", GOOD, here.visit())
    assert await key(late) == "invitation"
