"""Platform administration over HTTP: who may, what each page does, and the entry that it leaves (AUTHZ-17)."""

import re

import pytest

from careweft.app import reminders
from careweft.store.outbox import TRIES
from careweft.tenancy import PLATFORM
from careweft.web.portal.administration.routes import rows

from .developers import clinic, owner, signed_in
from .visitors import text

BASE = "/administration"
JOB = """insert into job (id, tenant, client, surface, about, state, problem, swept)
  values ($1, $2, 'c', 's', 'all', $3, $4, $5)"""


@pytest.fixture
async def made(database, tmp_path):
    """The clinic, and Ada who administers."""
    async with clinic(database, tmp_path) as found:
        found.owners["ada"] = await owner(found.desk, "ada", PLATFORM, "administrator")
        yield found


async def done(made):
    """What was done last: its word, who did it, at which tenant, and how it ended."""
    (row,) = await made.desk.sql("select action, person, tenant, status from audit order by seq desc limit 1")
    return tuple(row)


async def test_each_page_is_for_administrators_alone(made):
    """Every row, by an administrator, a developer, an owner and nobody; without the stamp nobody does anything."""
    dana = made.browser()
    await dana.sign_up()
    browsers = {
        "administrator": await signed_in(made, "ada", PLATFORM), "developer": dana,
        "owner": await signed_in(made, "olga"), "nobody": made.browser(),
    }  # fmt: skip
    wrong = []
    for policy, method, path, _, _ in rows(None):  # type: ignore[arg-type]
        assert policy.roles == {"administrator"}
        for who, browser in browsers.items():
            if method == "GET":
                answer = await browser.http.get(path)
            else:
                answer = await browser.send(path, stamp="none", follow=False)
            expected = {"administrator": 200 if method == "GET" else 403, "developer": 404}.get(who, 303)
            if answer.status_code != expected:
                wrong.append((who, method, path, answer.status_code))
            if who == "administrator" and method == "GET":
                assert "Preview" in answer.text
                assert "The same in a terminal" in answer.text

    assert wrong == []
    ada = browsers["administrator"]
    assert (await ada.http.get(f"/console/{made.desk.tenant.id}")).status_code == 303
    assert (await ada.http.get("/developers")).status_code == 404


async def test_a_tenant_is_made_and_its_owner_invited(made):
    """Each leaves its entry in that tenant's journal; the letter goes out."""
    ada, me = await signed_in(made, "ada", PLATFORM), made.owners["ada"].id
    await ada.get(f"{BASE}/tenants")
    await ada.send(f"{BASE}/tenants", stamp=ada.stamp, name="Alder Health", zone="Nowhere/Here")
    assert ada.page.status_code == 422
    assert "time zone" in text(ada.page.text)
    await ada.send(f"{BASE}/tenants", stamp=ada.stamp, name="Alder Health", zone="America/Denver", follow=False)
    alder = (await made.desk.house.tenants.all())[-1]
    assert (alder.name, alder.zone) == ("Alder Health", "America/Denver")
    assert await done(made) == ("tenant create", me, alder.number, 200)
    await ada.get(f"{BASE}/tenants")
    said = {"tenant": alder.id, "owner": "Otis Alder", "email": "otis@example.org"}
    for wrong in ({"tenant": "none"}, {"owner": ""}, {"email": "otis"}):
        await ada.send(f"{BASE}/tenants/owner", stamp=ada.stamp, **{**said, **wrong})
        assert ada.page.status_code == 422
    await ada.send(f"{BASE}/tenants/owner", stamp=ada.stamp, follow=False, **said)
    assert await done(made) == ("invitation", me, alder.number, 200)
    assert (await made.letters(alder.number))[0].to == "otis@example.org"
    (invited,) = await made.desk.house.register.all(alder.number)
    assert (invited.role, invited.name) == ("owner", "Otis Alder")


async def test_an_export_is_ended_or_begun_again(made):
    """What is over is not ended; only what failed is begun again, once its old files are gone."""
    ada, me, tenant = await signed_in(made, "ada", PLATFORM), made.owners["ada"].id, made.desk.tenant.number
    for id_, state, swept in (
        ("a1", "running", False),
        ("b2", "failed", True),
        ("c3", "failed", False),
        ("d4", "done", False),
    ):
        await made.desk.sql(JOB, id_, tenant, state, "worn" if state == "failed" else None, swept)
        await made.desk.sql("insert into export_order (job, tenant, said) values ($1, $2, '{}')", id_, tenant)
    await ada.get(f"{BASE}/jobs")
    assert "worn" in ada.page.text
    for do, job, status in (
        ("cancel", "a1", 303), ("cancel", "d4", 422), ("retry", "b2", 303), ("retry", "c3", 422), ("retry", "d4", 422),
        ("cancel", "none", 422), ("erase", "b2", 422),
    ):  # fmt: skip
        await ada.get(f"{BASE}/jobs")
        await ada.send(f"{BASE}/jobs", stamp=ada.stamp, do=do, job=job, follow=False)
        assert ada.page.status_code == status, (do, job)
        if status == 303:
            assert await done(made) == (f"job {do}", me, tenant, 200)
    states = await made.desk.sql("select id, state from job order by id")
    assert [one["state"] for one in states] == ["cancelled", "waiting", "failed", "done"]
    parts = await made.desk.sql("select job, step from job_part")
    assert [tuple(one) for one in parts] == [("b2", "plan")]
    await made.desk.sql("update outbox set tries = $1", TRIES)
    await ada.get(f"{BASE}/jobs")
    await ada.send(f"{BASE}/jobs", stamp=ada.stamp, do="letters", follow=False)
    assert await done(made) == ("letters again", me, None, 200)
    assert await made.desk.sql("select from outbox where tries > 0") == []


async def test_a_feed_that_is_late_is_marked(made):
    """By the journal's own entries of loads; what is expected is kept, and no other tenant's."""
    ada, tenant = await signed_in(made, "ada", PLATFORM), made.desk.tenant
    await made.desk.sql("delete from audit where action in ('load', 'intake')")
    await made.desk.sql(
        "insert into audit (at, tenant, action, surface, status, request_id)"
        " values (now() - interval '5 hours', $1, 'load', 'command line', 200, 'r')", tenant.number,
    )  # fmt: skip
    url = f"{BASE}/feeds"
    for hours, late in (("6", False), ("4", True), ("", False)):
        await ada.get(url)
        await ada.send(url, stamp=ada.stamp, tenant=tenant.id, hours=hours, follow=False)
        assert await done(made) == ("tenant set", made.owners["ada"].id, tenant.number, 200)
        await ada.get(url)
        assert (">late<" in ada.page.text) is late
        assert "5 h" in ada.page.text
    for wrong in ({"hours": "soon"}, {"hours": "0"}, {"tenant": "none"}):
        await ada.send(url, stamp=ada.stamp, **{"tenant": tenant.id, "hours": "1", **wrong})
        assert ada.page.status_code == 422


async def test_keys_of_one_tenant_are_succeeded(made):
    ada = await signed_in(made, "ada", PLATFORM)
    await ada.get(f"{BASE}/keys")
    await ada.send(f"{BASE}/keys", stamp=ada.stamp, tenant=made.other.id, follow=False)
    assert await done(made) == ("keys rotate", made.owners["ada"].id, made.other.number, 200)
    await ada.get(f"{BASE}/keys")
    assert len(re.findall("signs soon", ada.page.text)) == 2


async def test_developers_accept_each_version_of_the_terms(made):
    """Who signed up before is asked anew, wherever they go; what was accepted stays with its version."""
    ada, dana = await signed_in(made, "ada", PLATFORM), made.browser()
    await dana.sign_up()
    assert (await dana.http.get("/developers/terms")).status_code == 404
    app, _ = await dana.register()
    for version, words in ((1, "Be kind."), (2, "Be kind.\n\nBe <b>careful</b>.")):
        await ada.get(f"{BASE}/terms")
        await ada.send(f"{BASE}/terms", stamp=ada.stamp, text=words, follow=False)
        assert (await done(made))[:2] == ("terms publish", made.owners["ada"].id)
        await ada.get(f"{BASE}/terms")
        await ada.send(f"{BASE}/terms", stamp=ada.stamp, text=words)
        assert ada.page.status_code == 422
        await dana.get(f"/developers/applications/{app}")
        assert str(dana.page.url).endswith("/developers/terms")
        await dana.fill("/developers/terms", version=str(version - 1))
        assert "Please read and accept" in dana.page.text
        await dana.fill("/developers/terms")
        assert "the terms are accepted" in dana.page.text
        assert (await dana.get(f"/developers/applications/{app}")).status_code == 200
    await dana.get("/developers/terms")
    assert "<p>Be &lt;b&gt;careful&lt;/b&gt;.</p>" in dana.page.text
    held = await made.desk.sql("select version from terms_accepted order by version")
    assert [one["version"] for one in held] == [1, 2]
    newer = made.browser()
    await newer.sign_up("dora", "dora@example.org")
    assert str(newer.page.url).endswith("/developers")
    assert len(await made.desk.sql("select from terms_accepted where version = 2")) == 2


async def test_the_overview_tells_what_runs_and_sends_a_letter(made):
    ada, me = await signed_in(made, "ada", PLATFORM), made.owners["ada"].id
    await ada.get(BASE)
    for one in ("PostgreSQL", "Schema", made.desk.house.settings.public_url, "2 so far."):
        assert one in text(ada.page.text)
    await ada.send(BASE, stamp=ada.stamp, follow=False)
    assert await done(made) == ("mail test", me, None, 303)
    assert (await made.letters())[0].subject == "A letter to try the mail with"


async def test_administrators_invite_and_switch_each_other(made):
    """Nobody switches themselves, a developer or an owner here; ten minutes after a proof another one is wanted."""
    ada, dana = await signed_in(made, "ada", PLATFORM), made.browser()
    await dana.sign_up()
    url = f"{BASE}/people"
    await ada.get(url)
    await ada.send(url, stamp=ada.stamp, name="Abe", email="abe@example.org", follow=False)
    assert await done(made) == ("invitation", made.owners["ada"].id, None, 200)
    everybody = await made.desk.house.register.all(0)
    abe, developer = (next(one for one in everybody if one.role == role and one.name != "Ada")
                      for role in ("administrator", "developer"))  # fmt: skip
    for who, status in ((made.owners["ada"], 404), (developer, 404), (made.owners["olga"], 404), (abe, 303)):
        await ada.get(url)
        await ada.send(f"{url}/switch", stamp=ada.stamp, account=who.id, on="no", follow=False)
        assert ada.page.status_code == status
    assert not (await made.desk.house.register.find(0, abe.id)).enabled
    await ada.get(url)
    await made.desk.sql("update session set auth_time = now() - interval '11 minutes'")
    await ada.send(f"{url}/switch", stamp=ada.stamp, account=abe.id, on="yes")
    await ada.fill("again", password="pebble-gondola-umber-kayak")
    assert str(ada.page.url).endswith(url)


async def test_who_is_told_before_something_breaks(made):
    """Developers of a secret that ends within two weeks, administrators of a late load: each once."""
    dana = made.browser()
    await dana.sign_up()
    app, _ = await dana.register()
    tenant, house = made.desk.tenant, made.desk.house
    await made.desk.sql("update tenant set feed_hours = 4 where number = $1", tenant.number)
    await made.desk.sql("delete from audit where action in ('load', 'intake')")
    for days, told in ((20, 1), (13, 1), (13, 0)):
        await made.desk.sql(
            "update application set secret_ends = array[date_trunc('day', now()) + make_interval(days => $2)]"
            " where id = $1", app, days,
        )  # fmt: skip
        assert await reminders(house).sweep() == told
    subjects = {(one.to, one.subject.partition(" on ")[0]) for one in await made.letters()}
    assert ("dana@example.org", "Night report: a client secret ends") in subjects
    assert ("ada@example.org", f"No records have come for {tenant.name}") in subjects
