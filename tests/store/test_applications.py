"""Registrations and decisions on PostgreSQL: one transaction each, and the client's row follows."""

import asyncio
import json
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from careweft.oauth import secrets
from careweft.ports.clients import Client
from careweft.ports.registry import Place
from careweft.registry.application import Application
from careweft.registry.authorization import Actor, Agreement, Conflict, Narrowing, NotAllowed, Said, State
from careweft.registry.desk import Desk, Draft, NoSuchApplication
from careweft.registry.expiry import Expiry
from careweft.registry.refusal import RegistrationRefused
from careweft.store.applications import PostgresApplications
from careweft.store.migrate import migrations
from tests.store.house import client, connected, process, tenant

APP = Application("Night report", "system", "provider", "secret", scopes=("system/*.rs",), bulk=True)
PLACE = Place("portal", "r-1", "192.0.2.1")
DANA = Actor("dana", "developer")
ROOT = Actor("root", "operator")


def desk(one) -> Desk:
    shelf = PostgresApplications(one.pool, one.now)
    return Desk(shelf, one.now, secrets.identifier, secrets.make, secrets.digest)


async def registered(made: Desk, asked: Application = APP, actor: Actor = DANA):
    team = await made.shelf.team(actor.id, "Dana's")
    return (await made.register(asked, team, actor, PLACE)).registration


def owner(place) -> Actor:
    return Actor("olga", "owner", place.number)


async def test_one_registration_is_authorized_by_many_tenants(database):
    """Each decides for itself; the row that requests are answered from says what each said."""
    async with process(database) as one:
        made, a, b = desk(one), await tenant(one), await tenant(one)
        app = await registered(made)
        for place in (a, b):
            await made.ask(app.id, place, "for our nightly report", DANA, PLACE)
        narrowed = Narrowing(("system/Patient.rs",), networks=("192.0.2.0/24",), lifetime=600)
        await made.approve(app.id, a, narrowed, owner(a), PLACE, agreement=Agreement(parties="Northwind, Dana Ltd"))
        await made.step("refuse", app.id, b, Said("identity", "who are you?"), owner(b), PLACE)

        there, elsewhere = await one.clients.find(a.number, app.id), await one.clients.find(b.number, app.id)
        assert (there.approved, there.scopes, there.bulk, there.lifetime) == (True, ("system/Patient.rs",), False, 600)
        assert there.secrets == elsewhere.secrets == app.secrets
        assert not elsewhere.approved
        told = {said.tenant: said for said in await made.shelf.authorizations(app.id)}
        assert told[a.number].agreement.parties == "Northwind, Dana Ltd"
        assert (told[b.number].code, told[b.number].reason) == ("identity", "who are you?")
        assert [step.step for step in await made.shelf.steps(app.id, a.number)] == ["request", "approve"]


async def test_every_action_has_its_audit_entry(database):
    async with process(database) as one, connected(database.owner_url) as sql:
        made, place = desk(one), await tenant(one)
        app = await registered(made)
        await made.ask(app.id, place, "", DANA, PLACE)
        await made.approve(app.id, place, None, owner(place), PLACE)
        await made.step("suspend", app.id, place, Said("security"), owner(place), PLACE)
        await made.step("resume", app.id, place, Said(), owner(place), PLACE)
        await made.edit(app.id, replace(APP, name="Day report"), DANA, PLACE)
        await made.rotate(app.id, timedelta(days=1), DANA, PLACE)
        await made.share(app.id, "dan", "member", DANA, PLACE)
        await made.step("leave", app.id, place, Said(), DANA, PLACE)
        await made.remove(app.id, DANA, PLACE)
        rows = await sql.fetch("select action, person, client, tenant from audit order by seq")

        said = ["create", "request", "approve", "suspend", "resume", "edit", "rotate", "share", "leave", "remove"]
        assert [row["action"] for row in rows] == [f"app {one}" for one in said]
        assert {row["client"] for row in rows} == {app.id}
        assert [row["person"] for row in rows if row["tenant"]] == ["dana", "olga", "olga", "olga", "dana"]


@pytest.mark.parametrize("name", ["suspend", "withdraw", "leave", "remove", "fewer scopes", "narrower"])
async def test_what_is_taken_back_is_dead_within_five_seconds(database, name):
    """In this tenant; where another one authorized it, its tokens live on unless the application itself is gone."""
    async with process(database) as one:
        made, a, b = desk(one), await tenant(one), await tenant(one)
        app = await registered(made)
        for place in (a, b):
            await made.ask(app.id, place, "", DANA, PLACE)
            await made.approve(app.id, place, None, owner(place), PLACE)
        issued = one.now().timestamp() - 1
        if name == "leave":
            await made.step(name, app.id, a, Said(), DANA, PLACE)
        elif name == "remove":
            await made.remove(app.id, DANA, PLACE)
        elif name == "fewer scopes":
            await made.edit(app.id, replace(APP, scopes=("system/Patient.rs",)), DANA, PLACE)
        elif name == "narrower":
            await made.approve(app.id, a, Narrowing(("system/*.rs",), networks=("192.0.2.0/24",)), owner(a), PLACE)
        else:
            await made.step(name, app.id, a, Said("security"), owner(a), PLACE)
        everywhere = name in ("remove", "fewer scopes")

        async with asyncio.timeout(5):
            while not one.revocations.dead([f"client:{app.id}@{a.id}"], issued):
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert one.revocations.dead([f"client:{app.id}@{b.id}"], issued) == everywhere


async def test_of_two_owners_at_once_one_decides(database):
    """Both saw the same version; whoever comes second is told, and the first one's word stands."""
    async with process(database) as one, process(database) as other:
        first, second, place = desk(one), desk(other), await tenant(one)
        app = await registered(first)
        await first.ask(app.id, place, "", DANA, PLACE)
        done = await asyncio.gather(
            first.approve(app.id, place, None, owner(place), PLACE, Said(version=1)),
            second.step("refuse", app.id, place, Said("terms", version=1), Actor("oz", "owner", place.number), PLACE),
            return_exceptions=True,
        )

        assert sorted(isinstance(one, Conflict) for one in done) == [False, True]
        held = await first.shelf.held(app.id, place.number)
        steps = await first.shelf.steps(app.id, place.number)
        assert held.authorization.state in (State.APPROVED, State.REFUSED)
        assert [one.state for one in steps] == [State.REQUESTED, held.authorization.state]


async def test_a_request_sent_twice_is_one(database):
    async with process(database) as one:
        made, place = desk(one), await tenant(one)
        app = await registered(made)
        done = await asyncio.gather(
            *(made.ask(app.id, place, "", DANA, PLACE) for _ in range(5)), return_exceptions=True
        )

        assert sorted(isinstance(one, Conflict) for one in done) == [False, True, True, True, True]
        assert len(await made.shelf.steps(app.id, place.number)) == 1


async def test_a_sandbox_says_yes_at_once(database):
    async with process(database) as one:
        made, place = desk(one), replace(await tenant(one), sandbox=True)
        app = await registered(made)
        said = await made.ask(app.id, place, "", DANA, PLACE)

        assert (said.state, said.decided_by) == (State.APPROVED, "sandbox")
        assert (await one.clients.find(place.number, app.id)).approved


async def test_nobody_decides_about_their_own_application(database):
    """AUTHZ-17: also not who joined the team afterwards, and not another tenant's owner."""
    async with process(database) as one:
        made, a, b = desk(one), await tenant(one), await tenant(one)
        app = await registered(made)
        await made.ask(app.id, a, "", DANA, PLACE)
        await made.share(app.id, "olga", "member", DANA, PLACE)
        for actor in (owner(a), owner(b), Actor("dana", "owner", a.number), DANA, Actor("x", "developer")):
            with pytest.raises(NotAllowed):
                await made.approve(app.id, a, None, actor, PLACE)

        assert not (await one.clients.find(a.number, app.id)).approved
        await made.share(app.id, "olga", None, DANA, PLACE)
        assert (await made.approve(app.id, a, None, owner(a), PLACE)).state is State.APPROVED


async def test_a_developer_sees_and_changes_their_own_alone(database):
    """AUTHZ-17: another developer's id in the place of one's own is as good as none."""
    async with process(database) as one:
        made, place, eve = desk(one), await tenant(one), Actor("eve", "developer")
        app = await registered(made)
        hers = await registered(made, replace(APP, name="Hers"), eve)
        tries = [
            made.edit(app.id, APP, eve, PLACE),
            made.rotate(app.id, timedelta(0), eve, PLACE),
            made.remove(app.id, eve, PLACE),
            made.edit("nothing\0", APP, eve, PLACE),
            made.ask(app.id, place, "", eve, PLACE),
            made.share(app.id, "eve", "owner", eve, PLACE),
        ]
        for wrong in tries:
            with pytest.raises((NoSuchApplication, NotAllowed)):
                await wrong

        assert [one.id for one in await made.shelf.of("eve")] == [hers.id]
        assert [one.id for one in await made.shelf.of("dana")] == [app.id]
        assert (await made.shelf.find(app.id)).version == 1


async def test_a_team_keeps_an_owner(database):
    async with process(database) as one:
        made = desk(one)
        app = await registered(made)
        with pytest.raises(RegistrationRefused, match="owner"):
            await made.share(app.id, "dana", None, DANA, PLACE)
        await made.share(app.id, "dan", "member", DANA, PLACE)
        with pytest.raises(NotAllowed):
            await made.share(app.id, "eve", "member", Actor("dan", "developer"), PLACE)

        assert [(one.account, one.role) for one in await made.shelf.members(app.id)] == [
            ("dana", "owner"),
            ("dan", "member"),
        ]
        assert await made.shelf.team("dana", "again") == await made.shelf.team("dana", "and again")


async def test_history_says_what_it_was(database):
    """Nothing is frozen, and nothing is forgotten; what was refused left nothing."""
    async with process(database) as one:
        made = desk(one)
        app = await registered(made)
        await made.edit(app.id, replace(APP, scopes=("system/Patient.rs",)), DANA, PLACE)
        with pytest.raises(RegistrationRefused):
            await made.edit(app.id, replace(APP, name="p\u0430ypal"), DANA, PLACE)
        new = await made.rotate(app.id, timedelta(days=7), DANA, PLACE)

        told = [(one.version, one.what, one.who, one.asked.scopes) for one in await made.shelf.history(app.id)]
        assert told == [
            (3, "app rotate", "dana", ("system/Patient.rs",)),
            (2, "app edit", "dana", ("system/Patient.rs",)),
            (1, "app create", "dana", ("system/*.rs",)),
        ]
        assert new.secret not in repr(new)
        assert secrets.matches(new.secret, new.registration.secrets, one.now())


async def test_drafts_are_their_owners(database):
    async with process(database) as one:
        shelf = desk(one).shelf
        await shelf.keep(Draft("d1", "dana", {"name": "Night"}, one.now()))
        await shelf.keep(Draft("d1", "dana", {"name": "Night report"}, one.now()))
        await shelf.keep(Draft("d1", "eve", {"name": "Hers"}, one.now()))
        await shelf.drop("eve", "d1")

        assert [one.answers for one in await shelf.drafts("dana")] == [{"name": "Night report"}]
        assert await shelf.drafts("eve") == []


async def test_what_was_registered_before_is_taken_over(database):
    """The migration makes a registration and a decision of each client's row, and the row does not change by it."""
    async with process(database) as one, connected(database.owner_url) as sql:
        place = await tenant(one)
        rows = [
            client(place.number, id=uuid.uuid4().hex),
            client(place.number, approved=False),
            client(
                place.number,
                enabled=False,
                bulk=True,
                lifetime=600,
                auth="private-key-jwt",
                secrets=(),
                jwks_uri="https://keys.example.org/jwks",
            ),
        ]
        for row in rows:
            await one.clients.save(row)
        text = next(one.text for one in migrations() if one.number == 14)
        adopt = text[text.index("insert into application ") : text.index("revoke all on team")]
        await sql.execute(adopt)
        made = desk(one)

        states = {}
        for row in rows:
            held = await made.shelf.held(row.id, place.number)
            states[held.authorization.state] = await materialised(one, made, row)
        assert states == {State.APPROVED: True, State.REQUESTED: True, State.SUSPENDED: True}


async def materialised(one, made: Desk, row: Client) -> bool:
    """Is the row, written anew from its registration, what it was?"""
    await made.edit(row.id, (await made.shelf.find(row.id)).asked, ROOT, PLACE)
    return await one.clients.find(row.tenant, row.id) == row


async def test_a_registration_is_plain_json(database):
    """What is kept of an application can be read by people and by later programs."""
    async with process(database) as one, connected(database.owner_url) as sql:
        app = await registered(desk(one))
        kept = json.loads(await sql.fetchval("select asked from application where id = $1", app.id))

    assert (kept["name"], kept["scopes"], kept["bulk"]) == ("Night report", ["system/*.rs"], True)
    assert "fetch_allow" not in kept


async def test_what_is_over_is_ended_and_told(database):
    """Once, with its audit entry and its letter; what still lasts is left alone, and so is what was extended."""
    async with process(database) as one, connected(database.owner_url) as sql:
        made, a, b = desk(one), await tenant(one), await tenant(one)
        app = await registered(made)
        for place in (a, b):
            await made.ask(app.id, place, "", DANA, PLACE)
            ends = one.now() + timedelta(seconds=0.5 if place is a else 3600)
            await made.approve(app.id, place, Narrowing(("system/*.rs",), expires=ends), owner(place), PLACE)
        told = []

        async def tell(held, place, said):
            told.append((held.id, place.id, said.state))

        async def by_number(number):
            return {a.number: a, b.number: b}.get(number)

        expiry = Expiry(made, by_number, tell)
        assert await expiry.sweep() == 0
        await asyncio.sleep(0.6)
        assert await expiry.sweep() == 1
        assert await expiry.sweep() == 0

        assert told == [(app.id, a.id, State.EXPIRED)]
        assert [step.step for step in await made.shelf.steps(app.id, a.number)] == ["request", "approve", "expire"]
        assert await sql.fetchval("select count(*) from audit where action = 'app expire' and person = 'clock'") == 1
        assert await made.expire(app.id, b) is None
        assert (await made.ask(app.id, a, "", DANA, PLACE)).state is State.REQUESTED
