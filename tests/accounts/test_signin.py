"""Signing in by password: who gets in, what the others are told, sessions, throttles (WEB-04 to -08, OATK-12, -16)."""

import asyncio
import statistics
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import Type, extract_parameters
from argon2.exceptions import VerifyMismatchError

from careweft.accounts.changes import EndSessions, SetEnabled, SetPassword
from careweft.accounts.counts import ACCOUNT
from careweft.accounts.passwords import HASHER, Passwords, place
from careweft.accounts.reception import Reception
from careweft.accounts.refusals import Slow, Wrong
from careweft.ports.people import Visit
from tests import world as tests_world
from tests.accounts.asking import entry_of, refusal, revoked
from tests.accounts.world import BETTER, GOOD

COSTLY = HASHER.hash(GOOD)


async def test_a_password_opens_a_session(here):
    ana = await here.person()
    cookie, session = await here.signed_in(ana)

    assert session.account == ana
    assert (session.amr, session.opened, session.auth_time, session.enrol) == (
        ("pwd",),
        here.clock(),
        here.clock(),
        False,
    )
    assert session.agent == "Firefox on Linux"
    assert len(cookie) == 64
    assert cookie not in session.id
    entry = (await here.entries("sign-in"))[-1]
    assert (entry["status"], entry["person"], entry["surface"]) == (200, ana.fhir_user, "accounts")


async def test_the_name_is_the_same_in_any_case(here):
    ana = await here.person()
    opened = await here.desk.sign_in.password(here.tenant, ana.username.upper(), GOOD, here.visit())

    assert opened.account.id == ana.id


async def test_who_may_not_get_in_is_told_the_same(here):
    """Unknown name, wrong password, an account that is off, of another tenant: one answer, one entry."""
    ana, off, elsewhere = await here.person(), await here.person(), await here.person(tenant=here.other)
    await here.people.change(here.tenant.number, [SetEnabled(off.id, enabled=False)], entry_of(here))
    before = len(await here.entries("sign-in"))
    tried = [
        (ana.username, BETTER),
        ("nobody.of.this.name", GOOD),
        (off.username, GOOD),
        (elsewhere.username, GOOD),
        ("", GOOD),
        ("\0\ud800", "\0\ud800" * 999),
    ]
    said = [await refusal(here.desk.sign_in.password(here.tenant, *one, here.visit())) for one in tried]

    assert {(one.key, one.status, type(one)) for one in said} == {("sign-in", 401, Wrong)}
    entries = [one.entry for one in said]
    assert {(e.action, e.status, e.reason, e.user, e.patient, e.id, e.query) for e in entries} == {
        ("sign-in", 401, "sign-in", None, None, None, None)
    }
    assert len(await here.entries("sign-in")) == before


@pytest.mark.drill
@pytest.mark.skipif(not tests_world.DRILL, reason="statistics take a while: make drill")
async def test_unknown_names_take_as_long(here):
    """OATK-16: 500 sign-ins each; the medians differ by less than a twentieth."""
    ana = await here.person()

    desk = Reception.of(replace(here.desk.means, passwords=Passwords(here.desk.means.sealing)), None, None)
    kept = here.desk.means.sealing.seal(COSTLY.encode(), place(ana.id))
    await here.people.change(here.tenant.number, [SetPassword(ana.id, kept)], entry_of(here))

    async def took(username):
        await here.pool.fetch("delete from throttle")
        begun = time.perf_counter()
        await refusal(desk.sign_in.password(here.tenant, username, BETTER, here.visit()))
        return time.perf_counter() - begun

    known, unknown = [], []
    for _ in range(500):
        known.append(await took(ana.username))
        unknown.append(await took("nobody.of.this.name"))

    assert abs(statistics.median(known) / statistics.median(unknown) - 1) < 0.05


def test_the_costs_are_those_of_the_standard():
    """WEB-04: argon2id, 19 MiB, two passes; REG-08 (d)(12): what is kept is sealed with AES-256-GCM beside."""
    parameters = extract_parameters(COSTLY)

    assert (parameters.type, parameters.time_cost, parameters.memory_cost) == (Type.ID, 2, 19 * 1024)
    nobody = Passwords(None)._nobody
    assert extract_parameters(nobody) == parameters
    with pytest.raises(VerifyMismatchError):
        HASHER.verify(nobody, GOOD)


async def test_an_unknown_name_is_compared_too(here, monkeypatch):
    """Where there is no account, a password is hashed all the same: what takes the time is never left out."""
    calls, kept = [], here.desk.means.passwords
    verified = kept._verified
    monkeypatch.setattr(kept, "_verified", lambda *both: calls.append(1) or verified(*both))
    await refusal(here.desk.sign_in.password(here.tenant, "nobody.of.this.name", GOOD, here.visit()))

    assert calls == [1]


async def test_a_session_ends_when_idle_and_in_any_case_after_twelve_hours(here):
    ana = await here.person()
    cookie, _ = await here.signed_in(ana)
    other, other_session = await here.signed_in(ana)
    for _ in range(52):
        here.clock.on(minutes=13, seconds=50)
        assert await here.sessions.find(here.tenant.number, cookie)
    assert await here.sessions.find(here.tenant.number, other) is None
    assert not await here.sessions.alive(here.tenant.number, other_session.id)
    here.clock.on(minutes=2)

    assert await here.sessions.find(here.tenant.number, cookie) is None


async def test_a_session_is_none_of_another_tenants(here):
    ana = await here.person()
    cookie, session = await here.signed_in(ana)

    assert await here.sessions.find(here.other.number, cookie) is None
    assert not await here.sessions.alive(here.other.number, session.id)
    assert await here.sessions.list(here.other.number, ana.id) == []


async def test_every_proof_gives_the_session_a_new_cookie(here):
    """OATK-12: the cookie of before is dead at once, the session's id stays."""
    ana = await here.person()
    cookie, session = await here.signed_in(ana)
    here.clock.on(minutes=14)
    renewed = await here.desk.sign_in.again(here.tenant, session, GOOD, here.visit())

    assert await here.sessions.find(here.tenant.number, cookie) is None
    found = await here.sessions.find(here.tenant.number, renewed)
    assert (found.id, found.auth_time, found.opened) == (session.id, here.clock(), session.opened)


async def test_signing_in_ends_the_session_that_the_browser_had(here):
    ana = await here.person()
    cookie, session = await here.signed_in(ana)
    await here.signed_in(ana, cookie=cookie)

    assert await here.sessions.find(here.tenant.number, cookie) is None
    assert await revoked(here, f"session:{session.id}")


async def test_sessions_can_be_seen_and_ended(here):
    ana, eve = await here.person(), await here.person()
    made = [await here.signed_in(ana, agent=f"browser {n}") for n in range(3)]
    _, hers = await here.signed_in(eve)
    one = made[0][1]

    assert {s.agent for s in await here.sessions.list(here.tenant.number, ana.id)} == {
        "browser 0",
        "browser 1",
        "browser 2",
    }
    await here.desk.sign_in.end(here.tenant, one, made[1][1].id, here.visit())
    await here.desk.sign_in.end(here.tenant, one, hers.id, here.visit())  # not one's own: nothing happens
    assert [s.agent for s in await here.sessions.list(here.tenant.number, ana.id)].count("browser 1") == 0
    assert await here.sessions.alive(here.tenant.number, hers.id)
    await here.desk.sign_in.end_others(here.tenant, one, here.visit())
    assert [s.id for s in await here.sessions.list(here.tenant.number, ana.id)] == [one.id]
    assert await revoked(here, *(f"session:{s.id}" for _, s in made[1:]))
    await here.desk.sign_in.out(here.tenant, one, here.visit())
    assert await here.sessions.find(here.tenant.number, made[0][0]) is None


async def test_an_account_that_is_switched_off_is_out_at_once(here):
    ana = await here.person()
    cookie, session = await here.signed_in(ana)
    await here.people.change(here.tenant.number, [SetEnabled(ana.id, enabled=False)], entry_of(here))

    assert await here.sessions.find(here.tenant.number, cookie) is None
    assert await revoked(here, f"account:{ana.id}", f"session:{session.id}")
    assert await here.desk.charges(here.tenant, ana.id) == []


async def test_ten_tries_in_a_quarter_of_an_hour(here):
    """WEB-06: the fourth wrong try makes one wait, longer each time; after ten the right password waits too."""
    ana = await here.person()
    waits = []

    async def tried(password):
        return await refusal(here.desk.sign_in.password(here.tenant, ana.username, password, here.visit()))

    for _ in range(10):
        said = await tried(BETTER)
        if said.key == "slow":
            waits.append(said.wait)
            here.clock.on(seconds=said.wait)
            said = await tried(BETTER)
        assert said.key == "sign-in"
    here.clock.on(seconds=31)  # longer than any wait between two tries
    said = await tried(GOOD)

    assert waits == sorted(waits)
    assert len(waits) == 6
    assert waits[-1] >= 30
    assert (said.key, type(said)) == ("slow", Slow)
    assert said.wait > 600
    here.clock.on(seconds=said.wait)
    assert await here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit())


async def test_tries_at_once_count_as_many(here):
    """Fifty wrong passwords in the same moment: no more than ten of them are compared."""
    ana = await here.person()
    tries = [refusal(here.desk.sign_in.password(here.tenant, ana.username, BETTER, here.visit())) for _ in range(50)]
    said = [one.key for one in await asyncio.gather(*tries)]

    assert said.count("sign-in") <= 10
    assert said.count("sign-in") + said.count("slow") == 50


async def test_unknown_names_are_throttled_as_known_ones(here):
    ana = await here.person()

    async def run(username):
        said = []
        for _ in range(8):
            one = await refusal(here.desk.sign_in.password(here.tenant, username, BETTER, here.visit()))
            said.append((one.key, one.wait))
        return said

    assert await run(ana.username) == await run("nobody.of.this.kind")


async def test_a_stranger_cannot_lock_somebody_out_of_their_own_browser(here):
    ana = await here.person()
    opened = await here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit())
    for _ in range(20):
        await refusal(here.desk.sign_in.password(here.tenant, ana.username, BETTER, here.visit()))
    assert (await refusal(here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit()))).key == "slow"

    assert await here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit(device=opened.device))
    eve = await here.person()
    forged = opened.device[:-1] + ("0" if opened.device[-1] != "0" else "1")
    for device in (forged, (await here.desk.sign_in.password(here.tenant, eve.username, GOOD, here.visit())).device):
        said = await refusal(here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit(device=device)))
        assert said.key == "slow"


async def test_a_hundred_tries_in_all_want_another_proof(here):
    """After a hundred tries without a success the password alone is not enough from a strange browser."""
    ana = await here.person()
    throttle = here.desk.means.counts.throttle
    for n in range(100):
        here.clock.on(minutes=16)
        assert await throttle.take(ACCOUNT, f"{here.tenant.number} {ana.username}", here.clock()) is None, n
    here.clock.on(days=1)

    said = await refusal(here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit()))
    assert (said.key, said.wait) == ("locked", None)
    assert await throttle.take(ACCOUNT, "somebody else", here.clock()) is None
    assert await throttle.take(ACCOUNT, f"{here.tenant.number} {ana.username}", here.clock()) == timedelta.max


async def test_one_address_is_throttled_over_all_names(here):
    visit = here.visit(address="2001:db8:7:8::1")
    throttle, counts = here.desk.means.counts.throttle, here.desk.means.counts
    near = counts.tries(here.tenant.number, "anybody", "2001:db8:7:8::ffff", None)[0]
    for _ in range(300):
        assert await throttle.take(*near, here.clock()) is None
    said = await refusal(here.desk.sign_in.password(here.tenant, "nobody", GOOD, visit))

    assert said.key == "slow"


async def test_two_hundred_sign_in_and_the_loop_goes_on(here):
    """LOAD-09: while so many passwords are hashed, whatever else the process does waits no longer than a moment."""
    everyone = [await here.person() for _ in range(tests_world.count(20, 200))]
    desk = Reception.of(replace(here.desk.means, passwords=Passwords(here.desk.means.sealing)), None, None)
    for one in everyone:
        kept = here.desk.means.sealing.seal(COSTLY.encode(), place(one.id))
        await here.people.change(here.tenant.number, [SetPassword(one.id, kept)], entry_of(here))
    beats: list[float] = []

    async def pulse():
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.005)
            beats.append(time.perf_counter() - begun)

    beating = asyncio.create_task(pulse())
    signs = [desk.sign_in.password(here.tenant, one.username, GOOD, here.visit()) for one in everyone]
    done = await asyncio.gather(*signs)
    beating.cancel()

    assert len({one.cookie for one in done}) == len(everyone)
    assert statistics.quantiles(beats, n=20)[-1] < 0.25  # hashed on the loop, every beat would wait for all of them


async def test_nobody_waits_behind_too_many(here):
    """Who comes when too many wait is asked to come again, instead of being kept."""
    small = Passwords(here.desk.means.sealing, waiting=3)
    said = await asyncio.gather(*(small.fits("a", None, "x" * 20) for _ in range(6)), return_exceptions=True)

    assert [one.key for one in said if isinstance(one, Slow)] == ["busy"] * 3


async def test_nothing_in_the_database_can_be_read(here):
    """REG-08 (d)(12): neither password nor its hash, no cookie, no device, no ticket stands in any table."""
    ana = await here.person()
    opened = await here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit())
    await here.desk.recovery.ask(here.tenant, ana.username, here.visit())
    await here.desk.recovery.settled()
    letter = (await here.outbox.box(here.tenant.number))[0].letter
    dump = ""
    for table in ("account", "session", "ticket", "throttle", "outbox", "passkey", "recovery_code", "audit"):
        dump += str([tuple(row) for row in await here.rows(f"select t::text from {table} t")])

    link = letter.body.partition("/reset/")[2].split()[0]
    for secret in (GOOD, "argon2", opened.cookie, opened.device, link, letter.body[:40]):
        assert secret not in dump
        assert secret.encode().hex() not in dump
    assert repr(opened).count(opened.cookie) == repr(opened).count(opened.device) == 0


async def test_accounts_of_no_tenant_sign_in_too(here):
    """Developers and administrators: the same names may be there in a tenant."""
    nobodys = await here.person("kim.of.no.tenant", tenant=None, role="owner", fhir_user=None)
    await here.person("kim.of.no.tenant")
    opened = await here.desk.sign_in.password(None, "kim.of.no.tenant", GOOD, here.visit())

    assert (opened.account.id, opened.enrol) == (nobodys.id, True)
    assert await here.sessions.find(here.tenant.number, opened.cookie) is None


async def test_a_browser_name_may_hold_anything(here):
    ana = await here.person()
    visit = replace(here.visit(), agent="\0bad\n" * 500)
    opened = await here.desk.sign_in.password(here.tenant, ana.username, GOOD, visit)

    found = await here.sessions.find(here.tenant.number, opened.cookie)
    assert len(found.agent) <= 300


def test_visits_do_not_show_cookies():
    assert "secret" not in repr(Visit("r", device="secret", cookie="secret"))


async def test_ending_what_is_not_there_changes_nothing(here):
    await here.people.change(here.tenant.number, [EndSessions("nobody")], entry_of(here))
