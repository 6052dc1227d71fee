"""Passwords that were forgotten or change, addresses that change (WEB-05, WEB-07, WEB-14, OATK-16)."""

import asyncio
from datetime import timedelta

import pyotp
import pytest

from careweft.accounts.counts import ACCOUNT
from careweft.accounts.signin import Half, Opened
from tests.accounts.asking import key, refusal, revoked
from tests.accounts.world import BASE, BETTER, GOOD, world


async def letters(here):
    """What the mailbox of the tenant shows, newest first."""
    await here.desk.recovery.settled()
    return [one.letter for one in await here.outbox.box(here.tenant.number)]


def link(here, letter, page="reset"):
    """The code in a letter's address."""
    start = f"{BASE}/account/{here.tenant.id}/{page}/"
    assert letter.body.count(start) == 1, letter.body
    return letter.body.partition(start)[2].split()[0]


async def asked(here, account):
    """The link of a reset that this person asked for."""
    await here.desk.recovery.ask(here.tenant, account.username, here.visit())
    return link(here, (await letters(here))[0])


async def test_a_reset_gives_a_new_password_and_ends_every_session(here):
    ana = await here.person()
    cookie, session = await here.signed_in(ana)
    code = await asked(here, ana)

    assert (await here.desk.recovery.check(here.tenant, code, here.visit())).id == ana.id
    await here.desk.recovery.reset(here.tenant, code, BETTER, here.visit())
    assert await here.sessions.find(here.tenant.number, cookie) is None
    assert await revoked(here, f"session:{session.id}")
    assert await key(here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit())) == "sign-in"
    assert await here.desk.sign_in.password(here.tenant, ana.username, BETTER, here.visit())
    assert (await letters(here))[0].subject == "Your password was changed"
    entry = (await here.entries("password-reset"))[-1]
    assert (entry["status"], entry["person"]) == (200, ana.fhir_user)


async def test_a_link_works_once_for_one_account_and_half_an_hour(here):
    ana = await here.person()
    first = await asked(here, ana)
    assert len(first) >= 32  # 128 bits and more
    await here.desk.recovery.reset(here.tenant, first, BETTER, here.visit())
    assert await key(here.desk.recovery.reset(here.tenant, first, GOOD, here.visit())) == "link"
    one, two = await asked(here, ana), await asked(here, ana)
    assert await key(here.desk.recovery.reset(here.other, one, GOOD, here.visit())) == "link"
    await here.desk.recovery.reset(here.tenant, two, "another kettle for Ana-Lu", here.visit())
    assert await key(here.desk.recovery.reset(here.tenant, one, GOOD, here.visit())) == "link"
    here.clock.on(hours=2)
    late = await asked(here, ana)
    here.clock.on(minutes=30, seconds=1)
    assert await key(here.desk.recovery.check(here.tenant, late, here.visit())) == "link"
    assert await key(here.desk.recovery.reset(here.tenant, late, GOOD, here.visit())) == "link"
    assert await key(here.desk.recovery.reset(here.tenant, "", GOOD, here.visit())) == "link"


async def test_a_link_that_many_use_at_once_works_once(here):
    ana = await here.person()
    code = await asked(here, ana)
    tries = [here.desk.recovery.reset(here.tenant, code, f"{BETTER} {n}", here.visit()) for n in range(20)]
    done = await asyncio.gather(*tries, return_exceptions=True)

    assert [getattr(one, "key", one) for one in done].count(None) == 1
    assert {getattr(one, "key", one) for one in done} == {None, "link"}


async def test_a_reset_does_not_go_round_the_second_factor(here):
    ana = await here.person()
    secret, _ = await here.with_totp(ana)
    await here.desk.recovery.reset(here.tenant, await asked(here, ana), BETTER, here.visit())
    found = await here.desk.sign_in.password(here.tenant, ana.username, BETTER, here.visit())

    assert isinstance(found, Half)
    code = pyotp.TOTP(secret).at(here.clock())
    assert isinstance(await here.desk.sign_in.totp(here.tenant, found.ticket, code, here.visit()), Opened)


async def test_a_weak_password_leaves_the_link_whole(here):
    ana = await here.person()
    code = await asked(here, ana)

    assert await key(here.desk.recovery.reset(here.tenant, code, "short", here.visit())) == "password.short"
    assert (
        await key(here.desk.recovery.reset(here.tenant, code, f"{ana.username} Maple", here.visit()))
        == "password.common"
    )
    await here.desk.recovery.reset(here.tenant, code, BETTER, here.visit())


async def test_a_reset_opens_what_a_hundred_tries_had_shut(here):
    ana = await here.person()
    throttle = here.desk.means.counts.throttle
    for _ in range(100):
        here.clock.on(minutes=16)
        assert await throttle.take(ACCOUNT, f"{here.tenant.number} {ana.username}", here.clock()) is None
    assert await key(here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit())) == "locked"
    await here.desk.recovery.reset(here.tenant, await asked(here, ana), BETTER, here.visit())

    assert await here.desk.sign_in.password(here.tenant, ana.username, BETTER, here.visit())


@pytest.mark.parametrize("who", ["nobody.here", "nobody@mail.example.org", "", "\0\ud800", "a" * 5000])
async def test_asking_says_nothing_of_who_is_known(here, who):
    """Each row: what nobody is known by. The answer and its entry are those of somebody known."""
    ana = await here.person()
    assert await here.desk.recovery.ask(here.tenant, ana.username, here.visit()) is None
    assert await here.desk.recovery.ask(here.tenant, who, here.visit()) is None
    known, unknown = (await here.entries("password-reset"))[-2:]

    differ = {name for name, value in known.items() if value != unknown[name]}
    assert differ <= {"seq", "request_id", "address"}
    assert len(await letters(here)) == 1


async def test_an_address_stands_for_all_its_accounts(here):
    """A family shares a mailbox: each letter names its user."""
    both = [await here.person(email="family@mail.example.org") for _ in range(2)]
    await here.desk.recovery.ask(here.tenant, "Family@Mail.example.org", here.visit())
    found = await letters(here)

    assert {one.to for one in found} == {"family@mail.example.org"}
    assert all(sum(account.username in one.body for one in found) == 1 for account in both)


async def test_a_mailbox_has_to_bear_three_letters_an_hour(here):
    """WEB-14, also when many ask at once."""
    ana = await here.person()
    asks = [here.desk.recovery.ask(here.tenant, ana.username, here.visit()) for _ in range(12)]
    await asyncio.gather(*asks)
    assert len(await letters(here)) == 3
    here.clock.on(minutes=59)
    await here.desk.recovery.ask(here.tenant, ana.username, here.visit())
    assert len(await letters(here)) == 3
    here.clock.on(minutes=2)
    await here.desk.recovery.ask(here.tenant, ana.username, here.visit())

    assert len(await letters(here)) == 4


async def test_without_mail_a_reset_is_refused_to_everybody(module_database):
    """Production without a mail server: the action that needs one is refused, before anything is looked for."""
    async with world(module_database, works=False) as here:
        ana = await here.person()
        said = [
            await refusal(here.desk.recovery.ask(here.tenant, who, here.visit())) for who in (ana.username, "nobody")
        ]

        assert [one.key for one in said] == ["mail.none"] * 2
        assert await letters(here) == []


async def test_links_name_the_place_that_is_configured(here):
    """WEB-07: nothing of a request decides where a letter leads."""
    ana = await here.person()
    await here.desk.recovery.ask(here.tenant, ana.username, here.visit(agent="Host: evil.example"))

    assert "evil" not in (await letters(here))[0].body


async def test_letters_are_in_the_readers_language(here):
    ana = await here.person(language="es")
    await here.desk.recovery.ask(here.tenant, ana.username, here.visit())
    found = (await letters(here))[0]

    assert found.subject == "Elija una nueva contraseña"
    assert found.body.startswith("Hola, Ana Li:")


async def test_changing_a_password_wants_the_old_one(here):
    ana = await here.person()
    cookie, session = await here.signed_in(ana)
    other, _ = await here.signed_in(ana)
    recovery = here.desk.recovery

    assert await key(recovery.password(here.tenant, session, BETTER, BETTER, here.visit())) == "password.wrong"
    assert await key(recovery.password(here.tenant, session, GOOD, "short", here.visit())) == "password.short"
    renewed = await recovery.password(here.tenant, session, GOOD, BETTER, here.visit())
    assert await here.sessions.find(here.tenant.number, cookie) is None
    assert await here.sessions.find(here.tenant.number, other) is None
    assert (await here.sessions.find(here.tenant.number, renewed)).id == session.id


async def test_an_address_changes_when_the_new_mailbox_answers(here):
    ana = await here.person()
    _, session = await here.signed_in(ana)
    await here.desk.recovery.email(here.tenant, session, "new@mail.example.org", here.visit())
    sent = (await letters(here))[0]

    assert sent.to == "new@mail.example.org"
    assert (await here.people.find(here.tenant.number, ana.id)).email == ana.email
    code = link(here, sent, "email")
    assert await key(here.desk.recovery.reset(here.tenant, code, BETTER, here.visit())) == "link"
    await here.desk.recovery.email_confirm(here.tenant, code, here.visit())
    assert (await here.people.find(here.tenant.number, ana.id)).email == "new@mail.example.org"
    assert (await letters(here))[0].to == ana.email
    assert await key(here.desk.recovery.email_confirm(here.tenant, code, here.visit())) == "link"


async def test_an_address_changes_only_soon_after_a_proof(here):
    ana = await here.person()
    _, session = await here.signed_in(ana)
    here.clock.on(minutes=10, seconds=1)
    change = here.desk.recovery.email

    assert await key(change(here.tenant, session, "new@mail.example.org", here.visit())) == "again"
    cookie = await here.desk.sign_in.again(here.tenant, session, GOOD, here.visit())
    fresh = await here.sessions.find(here.tenant.number, cookie)
    for bad in ("new", "new@mail.example.org\nBcc: eve@example.org", "a@b", "", "Ana <a@mail.example.org>"):
        assert await key(change(here.tenant, fresh, bad, here.visit())) == "email.shape"


async def test_letters_are_sealed_and_gone_once_sent(here):
    ana = await here.person()
    await asked(here, ana)
    due = await here.outbox.take(here.clock() + timedelta(seconds=1))

    assert due.letter.to == ana.email
    assert await here.outbox.take(here.clock() + timedelta(seconds=1)) is None  # one sender has it
    again = await here.outbox.take(here.clock() + timedelta(minutes=1))
    assert again.id == due.id
    await here.outbox.sent(again, here.clock())
    assert (await here.rows("select content from outbox where id = $1", due.id))[0]["content"] is None
    assert await here.outbox.take(here.clock() + timedelta(days=1)) is None
