"""Sessions of the portal, a console and the administration: seen, ended by whoever opened them, and ended with the
account or its password (WEB-08).
"""

import pytest

from careweft.accounts.changes import SetEnabled
from careweft.ports.journal import Entry
from careweft.tenancy import PLATFORM

from .developers import clinic, owner, signed_in
from .visitors import PASSWORD, forms, text

NEW = "velvet-turbine-oregano-mast"


pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def made(module_database, tmp_path_factory):
    """With an administrator, Ada, and a developer, Dana, beside the owner, Olga."""
    async with clinic(module_database, tmp_path_factory.mktemp("clinic")) as found:
        found.owners["ada"] = await owner(found.desk, "ada", PLATFORM, "administrator")
        found.owners["dana"] = await owner(found.desk, "dana", PLATFORM, "developer")
        yield found


def places(made):
    """Who, of which tenant, and a page that is theirs."""
    return {
        "ada": (PLATFORM, "/administration"),
        "dana": (PLATFORM, "/developers"),
        "olga": (made.desk.tenant, f"/console/{made.desk.tenant.id}"),
    }


async def three(made, name):
    """Three browsers of the same person, each on their page."""
    at, page = places(made)[name]
    found = [await signed_in(made, name, at) for _ in range(3)]
    assert [(await one.http.get(page)).status_code for one in found] == [200, 200, 200]
    return found, page, f"/account/{at.id}"


async def inside(browsers, page):
    return [(await one.http.get(page)).status_code == 200 for one in browsers]


@pytest.mark.parametrize("name", ["ada", "dana", "olga"])
async def test_one_or_all_others_are_ended(made, name):
    """With the browser, since when and when it was last seen; nobody ends what is another's."""
    browsers, page, base = await three(made, name)
    mine, second, _ = browsers
    other = "dana" if name == "ada" else "ada"
    (stranger, *_), elsewhere, _ = await three(made, other)
    await mine.get(f"{base}/sessions")
    standing = await made.desk.house.sessions.list(made.owners[name].tenant, made.owners[name].id)
    told = text(mine.page.text)
    assert told.count("Since") == told.count("Last seen") == mine.page.text.count("<h2>") == len(standing) > 2
    assert mine.page.text.count("This browser") == 1
    own = {one.hidden["session"] for one in forms(mine.page.text) if "session" in one.hidden}
    foreign = (await made.desk.house.sessions.list(made.owners[other].tenant, made.owners[other].id))[0]
    await mine.send(f"{base}/sessions", stamp=mine.stamp, session=foreign.id)
    assert await inside([stranger], elsewhere) == [True]
    await second.get(f"{base}/sessions")
    here = own - {one.hidden["session"] for one in forms(second.page.text) if "session" in one.hidden}
    await mine.get(f"{base}/sessions")
    await mine.send(f"{base}/sessions", stamp=mine.stamp, session=here.pop())
    assert "That session has ended" in text(mine.page.text)
    assert await inside(browsers, page) == [True, False, True]
    await mine.send(f"{base}/sessions", stamp=mine.stamp, do="all")
    assert await inside(browsers, page) == [True, False, False]


@pytest.mark.parametrize("name", ["ada", "dana", "olga"])
async def test_another_password_ends_all_others(made, name):
    browsers, page, base = await three(made, name)
    mine = browsers[0]
    await mine.get(f"{base}/security")
    answer = await mine.fill("/security/password", old=PASSWORD, new=NEW)
    assert answer.status_code == 200, text(answer.text)
    assert await inside(browsers, page) == [True, False, False]


@pytest.mark.parametrize("name", ["ada", "dana", "olga"])
async def test_who_is_switched_off_is_out(made, name):
    """And is not let in again by what is left in their browsers when they are switched on."""
    browsers, page, _ = await three(made, name)
    account = made.owners[name]
    for enabled in (False, True):
        change = SetEnabled(account.id, enabled=enabled)
        entry = Entry(
            at=made.desk.house.registry.now(), tenant=account.tenant or None, action="account-switch",
            surface="portal", status=200, request_id="r1",
        )  # fmt: skip
        await made.desk.house.register.change(account.tenant, [change], entry)
        assert await inside(browsers, page) == [False, False, False]


async def test_who_leaves_a_team_opens_its_application_no_more(made):
    """At once, also where a page of it is still open; the session goes on for what is their own."""
    dora = made.browser()
    await dora.sign_up("dora", "dora@example.org")
    app, _ = await dora.register()
    dana = await signed_in(made, "dana", PLATFORM)
    page = f"/developers/applications/{app}"

    async def share(role):
        await dora.get(page)
        await dora.send(f"{page}/share", stamp=dora.stamp, role=role, account=made.owners["dana"].id)
        assert "team has changed" in dora.page.text

    await share("member")
    assert await inside([dana], page) == [True]
    await dana.get(page)
    await dana.fill("/edit")
    draft, stamp = str(dana.page.url), dana.stamp
    await share("none")
    assert await inside([dana], page) == [False]
    await dana.send(draft, stamp=stamp)
    assert dana.page.status_code == 404
    assert await inside([dana], "/developers") == [True]
