"""The console of a tenant over HTTP: who may do what, what is narrowed, what is shown to whom (AUTHZ-17)."""

import asyncio
import hashlib
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from careweft.adapters import clock
from careweft.ports.people import Account
from careweft.ports.registry import Place
from careweft.registry.authorization import OPERATOR, Actor, State
from careweft.registry.paper import paper
from careweft.registry.registration import edited
from careweft.web.onward import HOMES, place
from careweft.web.portal.roles import ACTIONS, roles
from careweft.web.portal.routes import console
from tests.world import borrowed

from .developers import clinic, owner, signed_in
from .visitors import text

ROLES = ("owner", "privacy", "helpdesk", "analyst", "reader", "practitioner", "patient")
VECTORS = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "<svg onload=alert(1)>",
    "{{7*7}}", "{% raw %}", "</title><script>alert(1)</script>", "' onmouseover='alert(1)", "<b>bold</b>",
    "<!--", "</textarea><script>alert(1)</script>",
    "${7*7}", "<iframe srcdoc='<script>1</script>'>", "<math><mi//xlink:href=x>",
)  # fmt: skip


@asynccontextmanager
async def waiting(database, folder):
    """A clinic at which Dana's application waits: the clinic, Dana's browser, the client_id."""
    async with clinic(database, folder) as made:
        dana = made.browser()
        await dana.sign_up()
        app, secret = await dana.register(scopes={"scope": ["system/*.rs"], "bulk": "yes"})
        await dana.ask(app, "Northwind")
        made.secret = secret  # type: ignore[attr-defined]
        yield made, dana, app


@pytest.fixture
async def asked(database, tmp_path):
    """One for a test that decides something."""
    async with waiting(database, tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
async def looked(module_database, tmp_path_factory):
    """One for all tests that leave the request as it is: undecided."""
    async with waiting(module_database, tmp_path_factory.mktemp("looked")) as found:
        yield found


@pytest.fixture(scope="module")
def another_database(cluster):
    with borrowed(cluster) as database:
        yield database


@pytest.fixture(scope="module")
async def narrowed(another_database, tmp_path_factory):
    """One for decisions that follow upon each other."""
    async with waiting(another_database, tmp_path_factory.mktemp("narrowed")) as found:
        yield found


async def test_each_page_is_for_these_roles_alone(asked):
    """Every row of the console, by every role of the tenant, by another tenant's owner, a developer and nobody."""
    made, dana, app = asked
    for role in ROLES[1:]:
        record = {"practitioner": "Practitioner/kim", "patient": "Patient/ana"}.get(role)
        made.owners[role] = await owner(made.desk, role, made.desk.tenant, role, record)
    browsers = {role: await signed_in(made, "olga" if role == "owner" else role) for role in ROLES}
    browsers |= {"stranger": await signed_in(made, "otto", made.other), "developer": dana, "nobody": made.browser()}
    wrong = []
    olga, signed = Actor(made.owners["olga"].id, "owner", made.desk.tenant.number), paper(b"# Agreement")
    await made.registry.approve(app, made.desk.tenant, None, olga, Place("test", "r1"), paper=signed)
    for policy, method, path, _, _ in console(None):  # type: ignore[arg-type]
        url = path.replace("{tenant}", made.desk.tenant.id).replace("{id}", app)
        url += f"?digest={signed.digest}" if path.endswith("/agreement") else ""
        for role, browser in browsers.items():
            if method == "GET":
                answer = await browser.http.get(url)
            else:
                answer = await browser.send(url, stamp="none", follow=False)
            may = role in policy.roles
            expected = (
                (200 if method == "GET" else 403,)
                if may
                else (303,)
                if role in ("stranger", "developer", "nobody")
                else (404,)
            )
            if answer.status_code not in expected:
                wrong.append((role, method, path, answer.status_code))

    assert wrong == []
    assert roles("decide") == {"owner"}
    assert HOMES.keys() >= ACTIONS.keys()


async def test_an_owner_decides_in_their_own_tenant_alone(asked):
    """Olga's stamp and session at Birch's address, and Otto's at Northwind's: nothing is decided."""
    made, _, app = asked
    olga, otto = await signed_in(made, "olga"), await signed_in(made, "otto", made.other)
    await olga.get(f"/console/{made.desk.tenant.id}/applications/{app}")
    there = f"/console/{made.other.id}/applications/{app}"
    sent = {"stamp": olga.stamp, "do": "approve", "version": "1", "type": "Patient"}
    await olga.send(there, **sent)
    assert "Sign in" in olga.page.text
    await otto.get(f"/console/{made.other.id}")
    await otto.send(there, **{**sent, "stamp": otto.stamp})
    assert otto.page.status_code == 403
    assert (await otto.http.get(there)).status_code == 404
    held = await made.registry.shelf.held(app, made.desk.tenant.number)
    assert held.authorization.state is State.REQUESTED


async def test_no_form_of_the_console_is_taken_from_a_stranger(asked):
    """OATK-10: no stamp, another session's, another origin, none: each form of the console answers 403."""
    made, dana, app = asked
    olga = await signed_in(made, "olga")
    await dana.get("/developers")
    foreign = dana.stamp
    await olga.get(f"/console/{made.desk.tenant.id}/applications/{app}")
    own, wrong, looked = olga.stamp, [], 0
    for _, method, path, _, _ in console(None):  # type: ignore[arg-type]
        if method != "POST":
            continue
        url = path.replace("{tenant}", made.desk.tenant.id).replace("{id}", app)
        for fields, origin in (
            ({}, "own"), ({"stamp": foreign}, "own"), ({"stamp": own}, "https://evil.example"),
            ({"stamp": own}, "null"), ({"stamp": own}, None),
        ):  # fmt: skip
            looked += 1
            answer = await olga.send(url, origin=origin, follow=False, **fields)
            if answer.status_code != 403:
                wrong.append((path, origin, answer.status_code))
    assert wrong == []
    assert looked >= 20


async def test_nobody_approves_their_own(asked):
    """Olga joins Dana's team: her approval is refused, and the page of another owner works."""
    made, _, app = asked
    await made.desk.sql(
        "insert into team_member select team, $2, 'member' from application where id = $1", app, made.owners["olga"].id
    )
    olga = await signed_in(made, "olga")
    await olga.decide(app, "approve", type=["Patient"])
    assert olga.page.status_code == 404
    made.owners["ove"] = await owner(made.desk, "ove-owner", made.desk.tenant)
    ove = await signed_in(made, "ove")
    await ove.decide(app, "approve", type=["Patient"])
    assert "Approved." in ove.page.text


async def test_two_owners_at_once(asked):
    """Both look at the request; one approves, the other refuses what is no longer as it was shown, and is told so."""
    made, _, app = asked
    made.owners["ove"] = await owner(made.desk, "ove-owner", made.desk.tenant)
    olga, ove = await signed_in(made, "olga"), await signed_in(made, "ove")
    url = f"/console/{made.desk.tenant.id}/applications/{app}"
    await olga.get(url)
    await ove.get(url)
    sent = {"version": "1", "type": "Patient", "code": "terms"}
    done = await asyncio.gather(
        olga.send(url, stamp=olga.stamp, do="approve", **sent), ove.send(url, stamp=ove.stamp, do="refuse", **sent)
    )

    assert sorted(one.status_code for one in done) == [200, 422]
    assert sum("decided meanwhile" in one.text for one in done) == 1
    assert len(await made.registry.shelf.steps(app, made.desk.tenant.number)) == 2


NARROWINGS = {
    "types": ({"type": ["Patient"]}, ("scopes", ("system/Patient.rs",))),
    "bulk": ({"type": ["Patient"], "bulk": "yes", "groups": "everybody\nnobody"}, ("groups", ("everybody", "nobody"))),
    "no bulk": ({"type": ["Patient"]}, ("bulk", False)),
    "networks": (
        {"type": ["Patient"], "networks": "192.0.2.7\n2001:DB8::/32"}, ("networks", ("192.0.2.7/32", "2001:db8::/32")),
    ),
    "lifetime": ({"type": ["Patient"], "lifetime": "120"}, ("lifetime", 120)),
}  # fmt: skip


@pytest.mark.parametrize("name", NARROWINGS)
async def test_what_is_narrowed_is_in_the_clients_row(narrowed, name):
    """What the form says is what requests are answered from, and what the form shows the next time."""
    made, _, app = narrowed
    given, (field, value) = NARROWINGS[name]
    olga = await signed_in(made, "olga")
    await olga.decide(app, "approve", **given)
    client = await made.desk.house.clients.find(made.desk.tenant.number, app)
    assert getattr(client, field) == value
    await olga.get(f"/console/{made.desk.tenant.id}/applications/{app}")
    for one in given.get("networks", given.get("groups", "")).split("\n"):
        assert one.lower() in olga.page.text


async def test_an_owner_says_that_they_checked_the_publisher(asked):
    """On the consent page, until it is taken back or the publisher is another one; by nobody else, and not before."""
    made, _, app = asked
    olga = await signed_in(made, "olga")

    async def verified():
        return (await made.desk.house.clients.find(made.desk.tenant.number, app)).verified

    await olga.decide(app, "verify")
    assert olga.page.status_code in (409, 422)
    await olga.decide(app, "approve", type=["Patient"])
    assert not await verified()
    await olga.decide(app, "verify")
    assert "you have checked who publishes it" in text(olga.page.text)
    assert await verified()
    await olga.decide(app, "approve", type=["Observation"])
    assert await verified()
    held = await made.registry.shelf.find(app)
    asked_for = replace(held.asked, publisher="Somebody else")
    await made.registry.edit(app, asked_for, Actor("root", OPERATOR), Place("test", "r1"))
    assert await verified()  # what she approved is in force: the publisher whom she checked
    await olga.decide(app, "approve", type=["Observation"])
    assert not await verified()
    await olga.decide(app, "verify")
    await olga.decide(app, "unverify")
    assert not await verified()
    steps = [one.step for one in await made.registry.shelf.steps(app, made.desk.tenant.number)]
    assert steps.count("verify") == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"type": []}, "at least one kind"),
        ({"type": ["Patient"], "networks": "10.0.0.1/8"}, "network"),
        ({"type": ["Patient"], "lifetime": "5"}, "lifetime"),
        ({"type": ["Patient"], "lifetime": "long"}, "seconds"),
        ({"type": ["Patient"], "expires": "2020-01-01"}, "last day"),
        ({"type": ["Patient"], "expires": "soon"}, "last day"),
        ({"type": ["Patient"], "signed": "yesterday"}, "agreement"),
        ({"type": ["Patient"], "groups": "g"}, "groups"),
    ],
)
async def test_what_cannot_be_allowed_is_said(looked, given, says):
    """The page comes again with the reason and with what was written; nothing was decided."""
    made, _, app = looked
    olga = await signed_in(made, "olga")
    await olga.decide(app, "approve", **given)
    assert olga.page.status_code == 422
    assert says in text(olga.page.text).casefold()
    held = await made.registry.shelf.held(app, made.desk.tenant.number)
    assert (held.authorization.state, held.authorization.version) == (State.REQUESTED, 1)


async def test_what_ends_on_a_day_ends(asked):
    """Tokens live no longer than the authorization, which then shows as expired, and may be asked for anew."""
    made, dana, app = asked
    olga = await signed_in(made, "olga")
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    await olga.decide(app, "approve", type=["Patient"], expires=tomorrow)
    soon = (clock.now() + timedelta(seconds=2)).isoformat()
    await made.desk.sql("update client set expires = now() + interval '2 seconds' where id = $1", app)
    await made.desk.sql(
        "update tenant_authorization set narrowing = jsonb_set(narrowing, '{expires}', to_jsonb($2::text))"
        " where application = $1",
        app,
        soon,
    )
    answer = await made.token(app, made.secret, "system/Patient.rs")
    assert answer.json()["expires_in"] <= 2
    token = answer.json()["access_token"]
    async with asyncio.timeout(5):
        while await made.read(token, "/Patient/ana") != 401:
            await asyncio.sleep(0.1)
    async with asyncio.timeout(5):
        while (await made.token(app, made.secret, "system/Patient.rs")).status_code != 400:
            await asyncio.sleep(0.1)
    await olga.get(f"/console/{made.desk.tenant.id}")
    assert "expired" in olga.page.text
    await dana.ask(app, "Northwind")
    assert "on its way" in dana.page.text


async def test_a_decision_wants_a_fresh_proof(asked):
    """WEB-08: ten minutes after the last one the password is asked for first, and leads back to the request."""
    made, dana, app = asked
    olga = await signed_in(made, "olga")
    await made.desk.sql("update session set auth_time = now() - interval '11 minutes'")
    await olga.decide(app, "approve", type=["Patient"])
    assert "/again" in str(olga.page.url)
    held = await made.registry.shelf.held(app, made.desk.tenant.number)
    assert held.authorization.state is State.REQUESTED
    await olga.fill("again", password="pebble-gondola-umber-kayak")
    assert str(olga.page.url).endswith(f"/console/{made.desk.tenant.id}/applications/{app}")
    await dana.get(f"/developers/applications/{app}")
    await dana.fill("/secret", days="0")
    assert "/again" in str(dana.page.url)


async def test_a_session_that_ended_decides_nothing(asked):
    made, _, app = asked
    olga = await signed_in(made, "olga")
    await olga.get(f"/console/{made.desk.tenant.id}/applications/{app}")
    stamp = olga.stamp
    await made.desk.sql("update session set seen = now() - interval '16 minutes'")
    await olga.send(
        f"/console/{made.desk.tenant.id}/applications/{app}", stamp=stamp, do="approve", version="1", type="Patient"
    )
    assert "Sign in" in olga.page.text
    held = await made.registry.shelf.held(app, made.desk.tenant.number)
    assert held.authorization.state is State.REQUESTED


@pytest.mark.parametrize(
    "then",
    [
        "https://evil.example",
        "//evil.example",
        "console/../x",
        "developers",
        "console/applications/x y",
        "javascript:1",
        "",
    ],
)
async def test_nobody_is_led_elsewhere(looked, then):
    """OATK-09: the word behind `then` names pages of ours or none."""
    made, _, _ = looked
    assert place(made.desk.tenant, then) is None
    olga = await signed_in(made, "olga")
    await olga.get(f"/account/{made.desk.tenant.id}/again?then={then}")
    answer = await olga.fill("again", follow=False, password="pebble-gondola-umber-kayak", then=then)
    assert answer.headers["location"] == f"/account/{made.desk.tenant.id}/security"


@pytest.mark.parametrize("vector", VECTORS)
async def test_what_developers_write_is_text(looked, vector):
    """WEB-01: in every field that an owner, a developer or the journal shows, never markup of ours."""
    made, dana, app = looked
    held = await made.registry.shelf.find(app)
    new = edited(held, replace(held.asked, name=vector, publisher=vector, description=vector)).asked
    said = json.dumps({"name": new.name, "publisher": new.publisher, "description": new.description})
    await made.desk.sql("update application set asked = asked || $2::jsonb where id = $1", app, said)
    await made.desk.sql("update tenant_authorization set message = $2, reason = $2 where application = $1", app, vector)
    olga = await signed_in(made, "olga")
    seen = [
        await olga.get(f"/console/{made.desk.tenant.id}"),
        await olga.get(f"/console/{made.desk.tenant.id}/applications/{app}"),
        await dana.get("/developers"),
        await dana.get(f"/developers/applications/{app}"),
    ]
    for answer in seen:
        assert answer.status_code == 200
        assert vector not in answer.text or vector.isalnum() or not set(vector) & set("<>\"'&")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


async def test_an_agreement_is_kept_with_the_approval_that_it_stands_behind(asked):
    """Which, when and by whom is told for each approval; the file is handed back inert, to those of this tenant who see
    applications, and stays what it was when another one comes.
    """
    made, dana, app = asked
    olga, otto = await signed_in(made, "olga"), await signed_in(made, "otto", made.other)
    made.owners["hanna"] = await owner(made.desk, "hanna", made.desk.tenant, "helpdesk")
    hanna = await signed_in(made, "hanna")
    tenant, url = made.desk.tenant, f"/console/{made.desk.tenant.id}/applications/{app}"
    await olga.decide(app, "approve", type=["Patient"], paper=b"PK\x03\x04")
    assert olga.page.status_code == 422
    assert 'href="#paper"' in olga.page.text
    assert await made.desk.sql("select from agreement_file") == []
    first, second = b"# Agreement\n<script>alert(1)</script>", b"%PDF-1.7 the second"
    told = [hashlib.sha256(one).hexdigest() for one in (first, second)]
    await olga.decide(app, "approve", type=["Patient"], paper=first, parties="Northwind, Dana Works")
    assert "Approved." in olga.page.text
    (entry,) = await made.desk.sql("select action, person, reason from audit where reason like 'agreement %'")
    assert tuple(entry) == ("app approve", made.owners["olga"].id, f"agreement sha256 {told[0]}")
    await olga.decide(app, "approve", type=["Patient"])
    await olga.decide(app, "approve", type=["Patient"], paper=second)
    await olga.decide(app, "suspend")
    steps = [(one.step, one.who, one.agreement) for one in await made.registry.shelf.steps(app, tenant.number)]
    by = made.owners["olga"].id
    assert steps[1:] == [("approve", by, told[0]), ("approve", by, told[0]), ("approve", by, told[1]),
                         ("suspend", by, "")]  # fmt: skip
    page = (await olga.get(url)).text
    assert [page.count(f"agreement?digest={one}") for one in told] == [2, 2]
    held = await made.registry.shelf.held(app, tenant.number)
    assert (held.authorization.agreement.parties, held.authorization.agreement.digest) == (
        "Northwind, Dana Works", told[1],
    )  # fmt: skip
    for digest, body, kind in ((told[0], first, "text/plain; charset=utf-8"), (told[1], second, "application/pdf")):
        answer = await olga.http.get(f"{url}/agreement?digest={digest}")
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, body, kind)
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
        strangers = (
            (otto, url),
            (otto, url.replace(tenant.id, made.other.id)),
            (hanna, url),
            (dana, url),
            (made.browser(), url),
        )
        for who, at in strangers:
            assert (await who.http.get(f"{at}/agreement?digest={digest}")).status_code in (303, 403, 404)
    assert (await olga.http.get(f"{url}/agreement?digest={'0' * 64}")).status_code == 404
    assert (await olga.http.get(f"{url}/agreement")).status_code == 404


async def test_people_are_invited_and_switched_off(asked):
    """A letter goes out; an account that is switched off is out of its sessions; nobody switches themselves off."""
    made, _, _ = asked
    olga = await signed_in(made, "olga")
    url = f"/console/{made.desk.tenant.id}/people"
    await olga.get(url)
    sent = {"stamp": olga.stamp, "role": "reader", "name": "Rita Reader", "email": "rita@example.org"}
    await olga.send(url, **sent)
    assert "on its way" in olga.page.text
    assert "Rita Reader" in olga.page.text
    assert (await made.letters(made.desk.tenant.number))[0].to == "rita@example.org"
    for wrong in (
        {"role": "administrator"},
        {"email": "x"},
        {"name": ""},
        {"role": "patient", "record": "Patient/ana"},
    ):
        await olga.send(url, **{**sent, "stamp": olga.stamp, **wrong})
        assert olga.page.status_code == 422
    made.owners["priya"] = await owner(made.desk, "priya", made.desk.tenant, "privacy")
    priya = await signed_in(made, "priya")
    assert (await priya.http.get(f"/console/{made.desk.tenant.id}")).status_code == 200
    await olga.get(url)
    await olga.send(f"{url}/switch", stamp=olga.stamp, account=made.owners["priya"].id, on="no")
    assert (await priya.http.get(f"/console/{made.desk.tenant.id}")).status_code == 303
    stamp = olga.stamp
    for name in ("olga", "otto"):
        await olga.send(f"{url}/switch", stamp=stamp, account=made.owners[name].id, on="no")
        assert olga.page.status_code == 404
    found: list[Account] = [await made.desk.house.people.find(t.number, made.owners[n].id)
                            for t, n in ((made.desk.tenant, "olga"), (made.other, "otto"))]  # fmt: skip
    assert all(one.enabled for one in found)


async def test_the_published_entry_is_its_owners(asked):
    made, _, _ = asked
    olga = await signed_in(made, "olga")
    url = f"/console/{made.desk.tenant.id}/brand"
    await olga.get(url)
    assert "due" in olga.page.text
    await olga.send(url, stamp=olga.stamp, do="save", city="Duluth", state="MN", npi="1234567893")
    assert "Saved." in olga.page.text
    async with made.web() as web:
        told_ = (await web.get(f"/brand/{made.desk.tenant.id}/brands.json")).json()
    assert told_["entry"][0]["resource"]["address"][0]["city"] == "Duluth"
    await olga.send(url, stamp=olga.stamp, do="save", npi="12")
    assert olga.page.status_code == 422


async def test_the_help_desk_sees_what_was_asked_and_no_record(asked):
    """By the request's number and by the patient, with why it was refused; nothing of what a record holds."""
    made, _, app = asked
    olga = await signed_in(made, "olga")
    await olga.decide(app, "approve", type=["Patient"])
    token = (await made.token(app, made.secret, "system/Patient.rs")).json()["access_token"]
    assert await made.read(token, "/Patient/ana") == 200
    assert await made.read(token, "/Observation/p1") == 403
    made.owners["hanna"] = await owner(made.desk, "hanna", made.desk.tenant, "helpdesk")
    hanna = await signed_in(made, "hanna")
    url = f"/console/{made.desk.tenant.id}/search?q="
    await hanna.get(url + "Patient%2Fana")
    assert "read Patient" in text(hanna.page.text)
    assert "Night report" in hanna.page.text
    assert ">Li<" not in hanna.page.text
    rows = await made.desk.sql("select request_id from audit where status = 403 and client = $1", app)
    await hanna.get(url + rows[0]["request_id"])
    assert "Insufficient system scope" in text(hanna.page.text)
    async with made.desk.house.pool.connection() as connection:
        assert await connection.fetchval("select count(*) from audit where tenant = $1", made.desk.tenant.number) == 0
    other = await signed_in(made, "otto", made.other)
    await other.get(f"/console/{made.other.id}/search?q={rows[0]['request_id']}")
    assert "Nothing was asked" in other.page.text


async def test_use_is_counted_by_day(asked):
    """As the journal has it: the page of the developer and that of the owner say the same."""
    made, dana, app = asked
    olga = await signed_in(made, "olga")
    await olga.decide(app, "approve", type=["Patient"])
    token = (await made.token(app, made.secret, "system/Patient.rs")).json()["access_token"]
    for path in ("/Patient/ana", "/Patient/ana", "/Observation/p1"):
        await made.read(token, path)
    days = await made.desk.house.site().usage.days(made.desk.tenant.number, app, clock.now() - timedelta(days=2))
    asked_for = await made.desk.sql(
        "select count(*) as calls, count(*) filter (where status >= 400) as errors from audit"
        " where client = $1 and tenant = $2",
        app,
        made.desk.tenant.number,
    )
    assert (sum(one.calls for one in days), sum(one.errors for one in days)) == tuple(asked_for[0])
    for page in (
        await dana.get(f"/developers/applications/{app}"),
        await olga.get(f"/console/{made.desk.tenant.id}/applications/{app}"),
    ):
        assert "Insufficient system scope" in text(page.text)
        assert "<svg" in page.text
