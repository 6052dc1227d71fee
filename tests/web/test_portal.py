"""The portal over HTTP: from sign-up to a token, and back (issue 6; seed 003)."""

import asyncio

import pytest

from careweft.app import breakage
from careweft.registry.authorization import State
from careweft.registry.setup import STEPS
from careweft.web.portal.routes import developers, joining

from .developers import ANSWERS, PASSWORD, clinic, signed_in
from .visitors import forms, text


async def test_from_sign_up_to_withdrawal(database, tmp_path):
    """A developer signs up, registers, asks; the owner allows less; the token opens that alone, and dies in 5 s."""
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.sign_up()
        assert "Your applications" in dana.page.text
        app, secret = await dana.register()
        assert app
        assert secret
        await dana.ask(app, "Northwind")
        assert "on its way" in dana.page.text
        assert (await made.token(app, secret)).json()["error"] == "invalid_scope"
        assert "Night report" in (await made.letters(made.desk.tenant.number))[0].subject

        olga = await signed_in(made, "olga")
        await olga.get(f"/console/{made.desk.tenant.id}")
        assert "Night report" in olga.page.text
        await olga.decide(app, "approve", type=["Patient"], lifetime="600", networks="")
        assert "Approved." in olga.page.text
        assert "approved" in (await made.letters())[0].subject

        answer = (await made.token(app, secret)).json()
        assert (answer["scope"], answer["expires_in"]) == ("system/Patient.rs", 600)
        token = answer["access_token"]
        assert await made.read(token, "/Patient/ana") == 200
        assert await made.read(token, "/Observation/p1") == 403
        await dana.get(f"/developers/applications/{app}")
        assert made.desk.tenant.id in dana.page.text
        assert "system/Patient.rs" in dana.page.text
        assert secret not in dana.page.text

        await olga.decide(app, "withdraw", code="security", reason="the key was found on a street")
        async with asyncio.timeout(5):
            while await made.read(token, "/Patient/ana") != 401:
                await asyncio.sleep(0.02)
        assert (await made.token(app, secret)).status_code == 400
        await dana.get(f"/developers/applications/{app}")
        assert "found on a street" in dana.page.text
        rows = await made.desk.sql(
            "select action, person from audit where client = $1 and action like 'app %' order by seq", app
        )
        assert [row["action"] for row in rows] == ["app create", "app request", "app approve", "app withdraw"]


KINDS = {
    "system, secret": {},
    "system, keys by URL": {
        "auth": {"auth": "private-key-jwt"}, "details": {"jwks_uri": "https://keys.example.org/jwks"},
    },
    "patient, web": {
        "type": {"type": "patient"}, "details": {"redirect_uris": "https://app.example.org/cb"},
        "scopes": {"scope": ["patient/*.rs", "openid", "fhirUser", "launch/patient"]},
    },
    "patient, browser": {
        "type": {"type": "patient"}, "platform": {"platform": "browser"}, "auth": {"auth": "none"},
        "details": {"redirect_uris": "https://app.example.org/cb", "origins": "https://app.example.org"},
        "scopes": {"scope": ["patient/*.rs", "launch/patient"]},
    },
    "practitioner, native": {
        "type": {"type": "practitioner"}, "platform": {"platform": "native"}, "auth": {"auth": "none"},
        "details": {"redirect_uris": "com.example.app:/cb"}, "scopes": {"scope": ["user/*.rs", "launch", "openid"]},
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_meets_every_decision(database, tmp_path, kind):
    """Refused with a reason; approved for another one; suspended and resumed; given up by its developer."""
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.sign_up()
        app, _ = await dana.register(**KINDS[kind])
        olga = await signed_in(made, "olga")

        async def state():
            held = await made.registry.shelf.held(app, made.desk.tenant.number)
            client = await made.desk.house.clients.find(made.desk.tenant.number, app)
            return held.authorization.state, client.approved and client.enabled

        await dana.ask(app, "Northwind")
        await olga.decide(app, "refuse", code="not-needed", reason="ask for less")
        assert await state() == (State.REFUSED, False)
        await dana.ask(app, "Northwind")
        held = await made.registry.shelf.held(app, made.desk.tenant.number)
        types = [one.partition("/")[2].partition(".")[0] for one in held.registration.asked.scopes if "/*." in one]
        assert types
        words = [one for one in held.registration.asked.scopes if "." not in one]
        await olga.decide(app, "approve", type=["Patient", "Observation"], word=words)
        assert await state() == (State.APPROVED, True)
        client = await made.desk.house.clients.find(made.desk.tenant.number, app)
        assert "Observation.rs" in " ".join(client.scopes)
        assert "*" not in " ".join(client.scopes)
        await olga.decide(app, "suspend", code="security")
        assert await state() == (State.SUSPENDED, False)
        await olga.decide(app, "resume")
        assert await state() == (State.APPROVED, True)
        await dana.get(f"/developers/applications/{app}")
        await dana.fill("/leave")
        assert await state() == (State.WITHDRAWN, False)


async def test_back_finds_the_answers(database, tmp_path):
    """Each step shows what was answered; another type forgets what does not fit; nothing is made before the end."""
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.sign_up()
        await dana.get("/developers")
        await dana.fill("/developers/new")
        base = str(dana.page.url).removesuffix("/type")
        await dana.get("/developers")
        assert (dana.page.status_code, "Without a name" in dana.page.text) == (200, True)
        await dana.get(f"{base}/type")
        await dana.fill("type", type="patient")
        await dana.fill("platform", platform="browser")
        await dana.fill("access", access="payer")
        assert 'value="secret"' not in dana.page.text
        await dana.get(f"{base}/access")
        assert 'id="payer" checked' in dana.page.text
        await dana.get(f"{base}/review")
        assert dana.at("auth")
        await dana.fill("auth", auth="secret")
        assert dana.page.status_code == 422
        await dana.get(f"{base}/type")
        await dana.fill("type", type="system")
        assert dana.at("access")
        assert await made.desk.sql("select count(*) from application where team is not null") == [(0,)]


async def test_a_draft_is_used_once(database, tmp_path):
    """The review sent twice makes one application; the secret is on the first answer alone (WEB-09)."""
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.sign_up()
        app, secret = await dana.register()
        url = str(dana.page.url)
        again = await dana.send(url, stamp="x")
        assert again.status_code == 403
        await dana.get(f"/developers/applications/{app}")
        await dana.send(url, stamp=dana.stamp)
        assert "sent already" in dana.page.text
        pages = [await dana.get(f"/developers/applications/{app}"), await dana.get("/developers")]
        assert all(secret not in page.text for page in pages)
        assert await made.desk.sql("select count(*) from application where team is not null") == [(1,)]
        assert await made.desk.sql("select count(*) from application_draft") == [(0,)]


async def test_a_double_click_makes_one_application(database, tmp_path):
    """Both presses at once: one answer shows the secret, the other says that it was sent already."""
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.sign_up()
        await dana.get("/developers")
        await dana.fill("/developers/new")
        while not dana.at("review"):
            step = str(dana.page.url).rpartition("/")[2]
            await dana.fill(step, **ANSWERS[step])
        url, stamp = str(dana.page.url), dana.stamp
        answers = await asyncio.gather(*(dana.send(url, stamp=stamp, follow=False) for _ in range(4)))

        assert sorted(one.status_code for one in answers) == [200, 303, 303, 303]
        assert await made.desk.sql("select count(*) from application where team is not null") == [(1,)]


async def test_an_edit_is_a_review_of_what_it_is(database, tmp_path):
    """Another redirect URI holds at once; another name waits for the owners; the history tells both."""
    async with clinic(database, tmp_path) as made:
        dana, olga = made.browser(), await signed_in(made, "olga")
        await dana.sign_up()
        app, _ = await dana.register(**KINDS["patient, web"])
        await dana.ask(app, "Northwind")
        await olga.decide(app, "approve", type=["Patient"], word=["openid", "launch/patient"])
        await dana.get(f"/developers/applications/{app}")
        await dana.fill("/edit")
        await dana.get(str(dana.page.url).replace("review", "details"))
        changed = {"name": "Day report", "redirect_uris": "https://app.example.org/cb\r\nhttps://app.example.org/new"}
        await dana.fill("details", **changed)
        assert "Day report" in dana.page.text
        await dana.fill("review")
        assert "Saved." in dana.page.text
        client = await made.desk.house.clients.find(made.desk.tenant.number, app)

        assert client.redirect_uris == ("https://app.example.org/cb", "https://app.example.org/new")
        assert client.name == "Night report"
        assert "Version 2" in dana.page.text
        await olga.get(f"/console/{made.desk.tenant.id}/applications/{app}")
        assert "has changed its name" in olga.page.text


async def test_secrets_overlap_and_are_shown_once(database, tmp_path):
    async with clinic(database, tmp_path) as made:
        dana, olga = made.browser(), await signed_in(made, "olga")
        await dana.sign_up()
        app, old = await dana.register()
        await dana.ask(app, "Northwind")
        await olga.decide(app, "approve", type=["Patient"])
        await dana.get(f"/developers/applications/{app}")
        await dana.fill("/secret", days="7")
        new = dana.shown("client-secret")
        assert new not in ("", old)
        assert [(await made.token(app, one)).status_code for one in (old, new)] == [200, 200]
        await dana.get(f"/developers/applications/{app}")
        await dana.fill("/secret", days="0")
        last = dana.shown("client-secret")
        async with asyncio.timeout(5):
            while [(await made.token(app, one)).status_code for one in (old, new, last)] != [401, 401, 200]:
                await asyncio.sleep(0.05)


async def test_who_has_no_account_finds_the_way_to_one(database, tmp_path):
    """From where everybody begins, which asks for a sign-in, a link leads on."""
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.get("/developers")

        assert 'href="/developers/sign-up"' in dana.page.text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"username": "dana@example.org"}, "no e-mail address"),
        ({"username": "d"}, "3 to 64"),
        ({"given": ""}, "given name"),
        ({"email": "nowhere"}, "not an e-mail"),
        ({"password": "short", "again": "short"}, "15"),
        ({"password": "dana-dana-dana-dana", "again": "dana-dana-dana-dana"}, "easy to guess"),
        ({"again": "something else entirely"}, "differ"),
        ({"terms": ""}, "terms"),
    ],
)
async def test_what_a_sign_up_wants(database, tmp_path, fields, says):
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.get("/developers/sign-up")
        whole = {
            "username": "dana", "given": "Dana", "family": "Ng", "email": "dana@example.org", "password": PASSWORD,
            "again": PASSWORD, "terms": "yes", **fields,
        }  # fmt: skip
        answer = await dana.fill("sign-up", **whole)

        assert answer.status_code == 422
        assert says in text(answer.text)
        assert PASSWORD not in answer.text
        assert await made.letters() == []


async def test_a_sign_up_says_nothing_of_who_is_here(database, tmp_path):
    """OATK-16: known and unknown addresses and names get the same page; only the mailbox learns more."""
    async with clinic(database, tmp_path) as made:
        await made.browser().sign_up()
        seen = []
        for username, email in (("dana", "dana@example.org"), ("dana", "eve@example.org"), ("new", "new@example.org")):
            visitor = made.browser()
            await visitor.get("/developers/sign-up")
            answer = await visitor.fill(
                "sign-up", username=username, given="X", family="Y", email=email, password=PASSWORD, again=PASSWORD,
                terms="yes",
            )  # fmt: skip
            seen.append((answer.status_code, str(answer.url), text(answer.text)))
        subjects = [one.subject for one in await made.letters()]

        assert len(set(seen)) == 1
        assert subjects[:3].count("You have an account already") == 1
        taken = made.browser()
        links = [one for one in await made.letters() if one.to == "eve@example.org"]
        await taken.get("/" + links[0].body.partition("//")[2].partition("/")[2].split()[0])
        await taken.fill("", username="dana")
        assert "taken" in taken.page.text
        await taken.fill("", username="eve")
        assert "Your applications" in taken.page.text


async def test_a_link_works_once_and_from_the_letter_alone(database, tmp_path):
    """WEB-07: opening changes nothing, the button works once, another Host in the request changes no link."""
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.get("/developers/sign-up")
        await dana.fill(
            "sign-up", username="dana", given="Dana", family="Ng", email="dana@example.org", password=PASSWORD,
            again=PASSWORD, terms="yes",
        )  # fmt: skip
        link = await made.link()
        assert (await made.letters())[0].body.count(made.desk.house.settings.public_url) == 1
        first, second = made.browser(), made.browser()
        await first.get(link)
        await second.get(link)
        assert await made.desk.sql("select count(*) from account where tenant = 0") == [(0,)]
        await first.fill("", username="dana")
        assert "Your applications" in first.page.text
        await second.fill("", username="other")
        assert second.page.status_code in (400, 401, 403, 404)
        assert (await made.browser().get("/developers/verify/" + "0" * 43)).status_code in (400, 401, 403, 404)


async def test_forms_of_others_are_refused(database, tmp_path):
    """OATK-10: another origin, no stamp, another session's stamp: nothing happens."""
    async with clinic(database, tmp_path) as made:
        dana, eve = made.browser(), made.browser()
        await dana.sign_up()
        app, _ = await dana.register()
        await eve.sign_up("eve", "eve@example.org")
        await eve.get("/developers")
        foreign = eve.stamp
        await dana.get(f"/developers/applications/{app}")
        own = dana.stamp
        wrong = []
        for _, method, path, _, _ in (*developers(None), *joining(None)):  # type: ignore[arg-type]
            if method != "POST":
                continue
            for fields, origin in (
                ({}, "own"), ({"stamp": foreign}, "own"), ({"stamp": own}, "https://evil.example"),
                ({"stamp": own}, "null"), ({"stamp": own}, None),
            ):  # fmt: skip
                answer = await dana.send(path.replace("{id}", app), origin=origin, follow=False, **fields)
                if answer.status_code != 403:
                    wrong.append((path, origin, answer.status_code))
        assert wrong == []
        tries = [
            await dana.send(
                f"/developers/applications/{app}/secret", origin="https://evil.example", stamp=own, days="0"
            ),
            await dana.send(f"/developers/applications/{app}/secret", origin="null", stamp=own, days="0"),
            await dana.send(f"/developers/applications/{app}/secret", origin=None, stamp=own, days="0"),
            await dana.send(f"/developers/applications/{app}/secret", days="0"),
            await dana.send(f"/developers/applications/{app}/secret", stamp=foreign, days="0"),
        ]

        assert [one.status_code for one in tries] == [403] * 5
        assert (await made.registry.shelf.find(app)).version == 1


async def test_another_developers_application_is_none(database, tmp_path):
    """AUTHZ-17: every page and form of an application, asked by somebody of another team and by nobody."""
    async with clinic(database, tmp_path) as made:
        dana, eve, nobody = made.browser(), made.browser(), made.browser()
        await dana.sign_up()
        app, _ = await dana.register()
        await dana.get("/developers")
        await dana.fill("/developers/new")
        draft = str(dana.page.url).removesuffix("/type").partition("localhost")[2].partition("/")[2]
        await eve.sign_up("eve", "eve@example.org")
        await eve.get("/developers")
        base, stamp = f"/developers/applications/{app}", eve.stamp
        for step in STEPS:
            assert (await eve.get(f"/{draft}/{step}")).status_code == 400
        for step in ("type", "details", "scopes", "review", "drop"):
            await eve.get("/developers")
            await eve.send(f"/{draft}/{step}", stamp=stamp, type="patient", name="Eve's", follow=False)
        assert (await dana.get(f"/{draft}/type")).status_code == 200
        assert "Eve" not in dana.page.text
        for path in ("", "/tenants", "/postman"):
            assert (await eve.get(base + path)).status_code == 404
            assert "Sign in" in (await nobody.get(base + path)).text
        await eve.get("/developers")
        for form in ("edit", "secret", "keys", "share", "leave", "remove", "tenants"):
            answer = await eve.send(
                f"{base}/{form}", stamp=stamp, days="0", role="owner", username="eve", name="Night report",
                tenant=made.desk.tenant.id,
            )  # fmt: skip
            assert answer.status_code == 404, form
        held = await made.registry.shelf.find(app)
        assert (held.version, len(await made.registry.shelf.members(app))) == (1, 1)


async def test_a_team_shares(database, tmp_path):
    async with clinic(database, tmp_path) as made:
        dana, eve = made.browser(), made.browser()
        await dana.sign_up()
        app, _ = await dana.register()
        await eve.sign_up("eve", "eve@example.org")
        await dana.get(f"/developers/applications/{app}")
        await dana.send(f"/developers/applications/{app}/share", stamp=dana.stamp, username="eve", role="member")
        assert (await eve.get(f"/developers/applications/{app}")).status_code == 200
        await eve.send(f"/developers/applications/{app}/share", stamp=eve.stamp, username="eve", role="owner")
        assert eve.page.status_code == 404
        roles = {one.role for one in await made.registry.shelf.members(app)}
        assert roles == {"owner", "member"}


async def test_a_search_finds_by_name_id_and_sdk_scope(database, tmp_path):
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.sign_up()
        app, _ = await dana.register()
        for wanted, found in (
            ("northwind", 1),
            (made.desk.tenant.id, 1),
            ("BIRCH-1", 1),
            ("nothing", 0),
            ("%25", 0),
            ("%3Cscript%3E", 0),
        ):
            await dana.get(f"/developers/applications/{app}/tenants?q={wanted}")
            assert f"{found} found" in dana.page.text, wanted
            assert "<script>" not in dana.page.text
        assert [one.action for one in forms(dana.page.text)][-1].endswith("/tenants")


async def test_developers_are_told_once_of_a_key_set_that_is_gone(database, tmp_path):
    """It was fetched before and cannot be any more: a letter to who owns the team; a new success begins anew."""
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.sign_up()
        app, _ = await dana.register(**KINDS["system, keys by URL"])
        log, watch = made.desk.house.fetches, breakage(made.desk.house)
        url = KINDS["system, keys by URL"]["details"]["jwks_uri"]
        await log.failed(url, "nobody answered")
        assert await watch.sweep() == 0  # it never worked: its page says so
        for _ in range(2):
            await log.found(url, ["key-1"])
            await log.failed(url, "the server answered 500, 200 is wanted")
            assert [await watch.sweep() for _ in range(2)] == [1, 0]
        letter = (await made.letters())[0]
        assert (letter.to, letter.subject) == ("dana@example.org", "Night report cannot prove itself any more")
        assert "answered 500" in letter.body
        await dana.get(f"/developers/applications/{app}")
        assert "failed: the server answered 500" in text(dana.page.text)
        assert "key-1" in dana.page.text


async def refusing(url):
    raise OSError("the answer is no JSON")


async def known(url):
    return ["key-1", "<b>key-2</b>"]


@pytest.mark.parametrize(
    ("look", "says"), [(refusing, "the answer is no JSON"), (known, "2 keys"), (None, "could not fetch")]
)
async def test_a_key_set_is_looked_at_on_demand(database, tmp_path, look, says):
    """What was found or what went wrong, never what came (WEB-03); without a twin it is the guarded fetch itself."""
    async with clinic(database, tmp_path, **({"look": look} if look else {})) as made:
        dana = made.browser()
        await dana.sign_up()
        app, _ = await dana.register(**KINDS["system, keys by URL"])
        await dana.get(f"/developers/applications/{app}")
        await dana.fill("/keys")
        assert says in text(dana.page.text)
        assert "<b>key-2</b>" not in dana.page.text


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example.org/", "https://127.0.0.1/", "https://169.254.169.254/latest", "https://[::1]/",
        "https://localhost/", "https://2130706433/", "https://0x7f.1/", "https://keys.example.org:8443/",
        "https://user@keys.example.org/", "https://keys/", "file:///etc/passwd", "ftp://keys.example.org/",
    ],
)  # fmt: skip
async def test_no_key_set_lies_where_nobody_may_look(database, tmp_path, url):
    """WEB-03: the guided set-up refuses it at its end, with the reason, and registers nothing."""
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.sign_up()
        await dana.register(**{**KINDS["system, keys by URL"], "details": {"jwks_uri": url}})
        assert dana.page.status_code == 422
        assert "jwks_uri wants" in text(dana.page.text).casefold()
        assert await made.desk.sql("select count(*) from application where team is not null") == [(0,)]
