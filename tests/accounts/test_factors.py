"""Second factors and passkeys: each code once, mandatory where the role says so, no way round them (WEB-05)."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from careweft.accounts.refusals import Refused
from careweft.accounts.signin import Half, Opened
from tests.accounts.asking import key, refusal
from tests.accounts.authenticator import PRESENT, Authenticator
from tests.accounts.world import BASE, GOOD

HOST = "records.example.org"


async def half(here, account):
    """The ticket of somebody whose password held."""
    found = await here.desk.sign_in.password(here.tenant, account.username, GOOD, here.visit())
    assert isinstance(found, Half)
    return found


async def test_enrolling_shows_a_picture_and_codes_once(here):
    ana = await here.person()
    cookie, session = await here.signed_in(ana)
    begun = await here.desk.factors.begin(here.tenant, session)

    assert begun.uri.startswith(f"otpauth://totp/Maple:{ana.username}?secret={begun.secret}")
    assert begun.svg.startswith("<svg")
    assert "<script" not in begun.svg
    assert begun.secret not in repr(begun)
    assert await key(here.desk.factors.confirm(here.tenant, session, begun.ticket, "000000", here.visit())) == "code"
    code = pyotp.TOTP(begun.secret).at(here.clock())
    done = await here.desk.factors.confirm(here.tenant, session, begun.ticket, code, here.visit())
    assert len(set(done.codes)) == 10
    assert await here.sessions.find(here.tenant.number, cookie) is None  # OATK-12: another cookie at MFA
    elevated = await here.sessions.find(here.tenant.number, done.cookie)
    assert (elevated.amr, elevated.account.second_factor) == (("pwd", "otp", "mfa"), True)
    assert (await here.entries("second-factor"))[-1]["status"] == 200
    assert (await here.desk.secrets(ana)).codes == 10


async def test_the_password_alone_opens_nothing_any_more(here):
    ana = await here.person()
    secret, _ = await here.with_totp(ana)
    found = await half(here, ana)

    assert found.ways == ("totp", "recovery")
    assert await here.sessions.list(here.tenant.number, ana.id) != []
    before = len(await here.sessions.list(here.tenant.number, ana.id))
    assert await key(here.desk.sign_in.totp(here.tenant, found.ticket, "12345", here.visit())) == "code"
    assert len(await here.sessions.list(here.tenant.number, ana.id)) == before
    opened = await here.desk.sign_in.totp(here.tenant, found.ticket, pyotp.TOTP(secret).at(here.clock()), here.visit())
    session = await here.sessions.find(here.tenant.number, opened.cookie)
    assert session.amr == ("pwd", "otp", "mfa")


async def test_a_code_works_once(here):
    """The same step a second time, an earlier step, another ticket: none."""
    ana = await here.person()
    secret, _ = await here.with_totp(ana)
    code = pyotp.TOTP(secret).at(here.clock())
    earlier = pyotp.TOTP(secret).at(here.clock() - timedelta(seconds=30))
    first, second, third = [await half(here, ana) for _ in range(3)]
    await here.desk.sign_in.totp(here.tenant, first.ticket, code, here.visit())

    assert await key(here.desk.sign_in.totp(here.tenant, second.ticket, code, here.visit())) == "code"
    assert await key(here.desk.sign_in.totp(here.tenant, third.ticket, earlier, here.visit())) == "code"
    assert await key(here.desk.sign_in.totp(here.tenant, first.ticket, code, here.visit())) == "step"


async def test_of_many_that_show_one_code_at_once_one_gets_in(here):
    ana = await here.person()
    secret, _ = await here.with_totp(ana)
    code = pyotp.TOTP(secret).at(here.clock())
    halves = [await half(here, ana) for _ in range(9)]
    tries = [here.desk.sign_in.totp(here.tenant, one.ticket, code, here.visit()) for one in halves]
    done = await asyncio.gather(*tries, return_exceptions=True)

    assert sum(isinstance(one, Opened) for one in done) == 1
    assert all(isinstance(one, Opened | Refused) for one in done)


@pytest.mark.parametrize(("steps", "held"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_clocks_may_differ_by_a_step(here, steps, held):
    """Each row: how many steps the authenticator is ahead, and whether its code is taken."""
    ana = await here.person()
    secret, _ = await here.with_totp(ana)
    here.clock.on(seconds=120)
    found = await half(here, ana)
    code = pyotp.TOTP(secret).at(here.clock() + timedelta(seconds=30 * steps))
    tried = here.desk.sign_in.totp(here.tenant, found.ticket, code, here.visit())

    assert (await tried if held else await key(tried)) is not None


async def test_codes_cannot_be_guessed_through(here):
    """Ten tries in a quarter of an hour for each account, however many tickets somebody has."""
    ana = await here.person()
    await here.with_totp(ana)
    said = []
    for _ in range(30):
        found = await half(here, ana)
        one = await refusal(here.desk.sign_in.totp(here.tenant, found.ticket, "000000", here.visit()))
        if one.key == "slow":
            here.clock.on(seconds=min(one.wait, 31))
        said.append(one.key)

    assert said.count("code") == 10


async def test_a_recovery_code_works_once_and_in_any_spelling(here):
    ana = await here.person()
    _, codes = await here.with_totp(ana)
    spelled = codes[0].upper().replace("-", " ")
    opened = await here.desk.sign_in.recovery(here.tenant, (await half(here, ana)).ticket, spelled, here.visit())

    assert opened.account.id == ana.id
    again = here.desk.sign_in.recovery(here.tenant, (await half(here, ana)).ticket, codes[0], here.visit())
    assert await key(again) == "code"
    assert (await here.desk.secrets(ana)).codes == 9
    eve = await here.person()
    await here.with_totp(eve)
    other = here.desk.sign_in.recovery(here.tenant, (await half(here, eve)).ticket, codes[1], here.visit())
    assert await key(other) == "code"


async def test_new_recovery_codes_replace_the_old(here):
    ana = await here.person()
    _secret, codes = await here.with_totp(ana)
    opened = await here.desk.sign_in.recovery(here.tenant, (await half(here, ana)).ticket, codes[0], here.visit())
    session = await here.sessions.find(here.tenant.number, opened.cookie)
    fresh = await here.desk.factors.codes(here.tenant, session, here.visit())

    old = here.desk.sign_in.recovery(here.tenant, (await half(here, ana)).ticket, codes[1], here.visit())
    assert await key(old) == "code"
    assert await here.desk.sign_in.recovery(here.tenant, (await half(here, ana)).ticket, fresh[1], here.visit())


async def test_an_owner_has_to_enrol_first(here):
    """WEB-05: until then the session is good for nothing else, and the last factor stays."""
    kim = await here.person(role="owner", fhir_user=None)
    opened = await here.desk.sign_in.password(here.tenant, kim.username, GOOD, here.visit())
    session = await here.sessions.find(here.tenant.number, opened.cookie)

    assert opened.enrol
    assert session.enrol
    assert await key(here.desk.recovery.email(here.tenant, session, "k@mail.example.org", here.visit())) == "enrol"
    begun = await here.desk.factors.begin(here.tenant, session)
    code = pyotp.TOTP(begun.secret).at(here.clock())
    done = await here.desk.factors.confirm(here.tenant, session, begun.ticket, code, here.visit())
    whole = await here.sessions.find(here.tenant.number, done.cookie)
    assert not whole.enrol
    assert await key(here.desk.factors.remove(here.tenant, whole, here.visit())) == "factor.last"
    assert isinstance(await here.desk.sign_in.password(here.tenant, kim.username, GOOD, here.visit()), Half)


async def test_who_need_not_may_remove_it(here):
    ana = await here.person()
    _, codes = await here.with_totp(ana)
    opened = await here.desk.sign_in.recovery(here.tenant, (await half(here, ana)).ticket, codes[0], here.visit())
    session = await here.sessions.find(here.tenant.number, opened.cookie)
    stale = replace(session, auth_time=session.auth_time.replace(hour=1))

    assert await key(here.desk.factors.remove(here.tenant, stale, here.visit())) == "again"
    await here.desk.factors.remove(here.tenant, session, here.visit())
    assert isinstance(await here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit()), Opened)


async def test_a_half_sign_in_ends_after_ten_minutes(here):
    ana = await here.person()
    secret, _ = await here.with_totp(ana)
    found = await half(here, ana)
    here.clock.on(minutes=11)
    code = pyotp.TOTP(secret).at(here.clock())

    assert await key(here.desk.sign_in.totp(here.tenant, found.ticket, code, here.visit())) == "step"
    other = await half(here, ana)
    assert await key(here.desk.sign_in.totp(here.other, other.ticket, code, here.visit())) == "step"


async def passkey(here, account, **more):
    """An authenticator that this account has enrolled."""
    _, session = await here.signed_in(account)
    device = Authenticator(BASE, HOST, **more)
    ticket, options = await here.desk.passkeys.begin(here.tenant, session)
    json.dumps(options)
    done = await here.desk.passkeys.add(
        here.tenant, session, ticket, device.create(options), "  my phone ", here.visit()
    )
    return device, done


async def test_a_passkey_signs_in_alone(here):
    ana = await here.person()
    device, done = await passkey(here, ana)
    begun = await here.desk.sign_in.passkey_begin(here.tenant)

    assert begun.options["publicKey"]["rpId"] == HOST
    assert not begun.options["publicKey"].get("allowCredentials")
    opened = await here.desk.sign_in.passkey(here.tenant, begun.ticket, device.get(begun.options), here.visit())
    session = await here.sessions.find(here.tenant.number, opened.cookie)
    assert (session.account.id, session.amr) == (ana.id, ("pop", "user", "mfa"))
    assert len(done.codes) == 10
    kept = (await here.desk.secrets(ana)).passkeys
    assert [(one.label, one.used) for one in kept] == [("my phone", here.clock())]
    replay = here.desk.sign_in.passkey(here.tenant, begun.ticket, device.get(begun.options), here.visit())
    assert await key(replay) == "passkey"


async def wrong_challenge(here, device):
    first, second = [await here.desk.sign_in.passkey_begin(here.tenant) for _ in range(2)]
    return first.ticket, device.get(second.options)


async def changed(here, device, **more):
    begun = await here.desk.sign_in.passkey_begin(here.tenant)
    return begun.ticket, replace(device, **more).get(begun.options)


FORGED = {
    "another challenge": wrong_challenge,
    "another origin": lambda here, device: changed(here, device, origin="https://records.example.org.evil.example"),
    "another host": lambda here, device: changed(here, device, host="evil.example"),
    "nobody verified": lambda here, device: changed(here, device, flags=PRESENT),
    "nobody present": lambda here, device: changed(here, device, flags=0),
    "another key": lambda here, device: changed(here, device, key=Authenticator("", "").key),
    "unknown passkey": lambda here, device: changed(here, device, id=b"nobody has this"),
    "a counter that stands": lambda here, device: changed(here, device, counter=device.counter - 1),
}


@pytest.mark.parametrize("how", FORGED)
async def test_forged_passkeys_open_nothing(here, how):
    """Each row: what is wrong with an answer that is right otherwise."""
    ana = await here.person()
    device, _ = await passkey(here, ana, counter=7)
    ticket, answer = await FORGED[how](here, device)
    said = await refusal(here.desk.sign_in.passkey(here.tenant, ticket, answer, here.visit()))

    assert (said.key, said.entry.reason, said.entry.user) == ("passkey", "passkey", None)
    good = await here.desk.sign_in.passkey_begin(here.tenant)
    honest = replace(device, counter=8).get(good.options)
    assert await here.desk.sign_in.passkey(here.tenant, good.ticket, honest, here.visit())


@pytest.mark.parametrize("answer", [{}, {"id": 1}, {"rawId": "AA", "response": {}}, {"id": "x" * 70_000}, {"id": None}])
async def test_what_is_no_answer_is_refused(here, answer):
    begun = await here.desk.sign_in.passkey_begin(here.tenant)

    assert await key(here.desk.sign_in.passkey(here.tenant, begun.ticket, answer, here.visit())) == "passkey"


async def test_a_passkey_is_the_one_who_enrols(here):
    """The ticket of one session is worth nothing in another's, and a credential belongs to one account."""
    ana, eve = await here.person(), await here.person()
    device, _ = await passkey(here, ana)
    _, hers = await here.signed_in(eve)
    ticket, options = await here.desk.passkeys.begin(here.tenant, hers)
    taken = here.desk.passkeys.add(here.tenant, hers, ticket, device.create(options), "", here.visit())
    assert await key(taken) == "passkey"
    _, anas = await here.signed_in(await here.person())
    fresh = Authenticator(BASE, HOST)
    swapped = here.desk.passkeys.add(here.tenant, anas, ticket, fresh.create(options), "", here.visit())

    assert await key(swapped) == "passkey"
    assert await key(here.desk.passkeys.drop(here.tenant, hers, device.id, here.visit())) == "passkey"
    assert len((await here.desk.secrets(ana)).passkeys) == 1


async def test_a_passkey_proves_anew_and_only_ones_own(here):
    ana, eve = await here.person(), await here.person()
    device, done = await passkey(here, ana)
    other, _ = await passkey(here, eve)
    session = await here.sessions.find(here.tenant.number, done.cookie)
    begun = await here.desk.sign_in.passkey_begin(here.tenant)
    wrong = here.desk.sign_in.again_passkey(here.tenant, session, begun.ticket, other.get(begun.options), here.visit())
    assert await key(wrong) == "passkey"
    here.clock.on(minutes=12)
    begun = await here.desk.sign_in.passkey_begin(here.tenant)
    cookie = await here.desk.sign_in.again_passkey(
        here.tenant, session, begun.ticket, device.get(begun.options), here.visit()
    )

    assert (await here.sessions.find(here.tenant.number, cookie)).auth_time == here.clock()
