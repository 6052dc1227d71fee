"""How tenants look and which logos are shown: kept by owners and developers, served inert (WEB-02)."""

import re

import pytest

from careweft.registry.desk import MOST_DRAFTS
from careweft.surfaces import issuers
from tests.registry.test_pictures import SCRIPT, picture

from .developers import ANSWERS, clinic, signed_in
from .visitors import text


@pytest.fixture
async def made(database, tmp_path):
    async with clinic(database, tmp_path) as found:
        yield found


async def sent(browser, url, stamp, content=b"", do="keep", **headers):
    """A form with a file, as a browser sends it."""
    own = str(browser.http.base_url).rstrip("/")
    answer = await browser.http.post(
        url, data={"stamp": stamp, "do": do}, files={"file": ("logo.png", content, "image/png")},
        headers={"origin": own, **headers},
    )  # fmt: skip
    browser.page = answer
    return answer.status_code


async def done(made):
    (row,) = await made.desk.sql("select action, person, tenant, status from audit order by seq desc limit 1")
    return tuple(row)


async def test_colours_are_in_the_style_document(made):
    """For applications in style.json, the highlight on our own pages too; unreadable ones nowhere."""
    olga, tenant = await signed_in(made, "olga"), made.desk.tenant
    url = f"/console/{tenant.id}/look"
    await olga.get(url)
    said = {"name": "Northwind Health", "highlight": "#6A1B9A", "background": "#fffef5"}
    for wrong, says in (
        ({"highlight": "#ffee00"}, "white is not readable"), ({"text": "#dddddd"}, "text is not readable"),
        ({"highlight": "red;}*{x:y"}, "wants a colour"), ({"name": ""}, "name of the organization"),
    ):  # fmt: skip
        await olga.send(url, stamp=olga.stamp, **{**said, **wrong})
        assert olga.page.status_code == 422
        assert says in text(olga.page.text).casefold()
    await olga.send(url, stamp=olga.stamp, follow=False, **said)
    assert await done(made) == ("tenant look", made.owners["olga"].id, tenant.number, 200)
    async with made.web() as web:
        style = (await web.get(issuers.V2.style_url("", tenant.id))).json()
        other = (await web.get(issuers.V2.style_url("", made.other.id))).json()
        sheet = await web.get(f"/brand/{tenant.id}/look.css")
        smart = (await web.get(f"/brand/{tenant.id}/brands.json")).json()
        signing = (await web.get(f"/account/{tenant.id}/sign-in")).text
    assert (style["color_highlight"], style["color_background"]) == ("#6a1b9a", "#fffef5")
    assert style.keys() == other.keys()
    assert other["color_highlight"] != "#6a1b9a"
    assert "--act:#6a1b9a" in sheet.text
    assert sheet.headers["content-type"].startswith("text/css")
    assert smart["entry"][0]["resource"]["name"] == "Northwind Health"
    assert f"/brand/{tenant.id}/look.css" in signing


async def test_a_logo_is_served_inert(made):
    """Taken in by an owner of this tenant with their own form; shown on its pages, listed, and gone again."""
    olga, otto, tenant = await signed_in(made, "olga"), await signed_in(made, "otto", made.other), made.desk.tenant
    url = f"/console/{tenant.id}/look/logo"
    await olga.get(f"/console/{tenant.id}/look")
    await otto.get(f"/console/{made.other.id}/look")
    assert await sent(olga, url, "none", picture()) == 403
    assert (
        await sent(olga, url, olga_stamp := await stamp(olga, tenant), picture(), origin="https://evil.example") == 403
    )
    assert await sent(olga, url, olga_stamp, b"<svg onload='alert(1)'/>") == 422
    assert "PNG or JPEG" in olga.page.text
    assert await sent(olga, url, olga_stamp, picture() + b"x" * 400_000) == 413
    assert await sent(otto, url, await stamp(otto, made.other), picture()) == 303
    assert await made.desk.sql("select from picture") == []
    assert await sent(olga, url, olga_stamp, picture() + SCRIPT) == 303
    assert await done(made) == ("tenant look", made.owners["olga"].id, tenant.number, 200)
    (held,) = await made.desk.sql("select digest, owner from picture")
    assert held["owner"] == f"tenant {tenant.number}"
    async with made.web() as web:
        answer = await web.get(f"/pictures/{held['digest']}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert SCRIPT not in answer.content
        assert (await web.get("/pictures/" + "0" * 40)).status_code == 404
        listed = (await web.get(f"/brand/{tenant.id}/brands.json")).text
        assert f"/pictures/{held['digest']}" in listed
        assert f"/pictures/{held['digest']}" in (await web.get(f"/account/{tenant.id}/sign-in")).text
    assert await sent(olga, url, await stamp(olga, tenant), do="remove") == 303
    assert await made.desk.sql("select from picture") == []


async def test_a_logo_is_sent_in_the_set_up(made):
    """With the details: shown on the way, the application's when it is made, and gone or another by a change.

    What is no logo is refused at its field, and nothing else that was written is lost; a set-up that is forgotten
    leaves no picture.
    """
    dana, dora = made.browser(), made.browser()
    await dana.sign_up()
    await dora.sign_up("dora", "dora@example.org")

    async def owners():
        return [row["owner"] for row in await made.desk.sql("select owner from picture")]

    async def begun(step="/developers/new", page="/developers"):
        await dana.get(page)
        await dana.fill(step)
        while step == "/developers/new" and not dana.at("details"):
            here = str(dana.page.url).rpartition("/")[2]
            await dana.fill(here, **ANSWERS[here])
        return str(dana.page.url).rpartition("/")[0]

    draft = await begun()
    said = {**ANSWERS["details"], "name": "Daily report"}
    for file in (b"<svg onload='alert(1)'/>", b"<html><script>alert(1)</script>", picture()[:60]):
        await dana.fill("details", file=file, **said)
        assert dana.page.status_code == 422
        assert 'href="#file"' in dana.page.text
        assert 'value="Daily report"' in dana.page.text
        assert await owners() == []
    await dora.get("/developers")
    assert (await dora.send(f"{draft}/details", stamp=dora.stamp, file=picture(), **said)).status_code == 400
    await dana.fill(
        "details", file=picture() + SCRIPT, **{**said, **dict.fromkeys(("home", "terms", "policy"), "x" * 9000)}
    )
    assert dana.page.status_code == 422
    (shown,) = re.findall(r'src="(/pictures/\w+)"', dana.page.text)
    await dana.fill("details", **said)
    await dana.fill("scopes", **ANSWERS["scopes"])
    assert f'src="{shown}"' in dana.page.text
    assert await owners() == [f"draft {draft.rpartition('/')[2]}"]
    await dana.fill("review")
    app = dana.shown("client-id")
    assert await owners() == [f"application {app}"]
    page = f"/developers/applications/{app}"
    assert f'src="{shown}"' in (await dana.get(page)).text

    await begun("/edit", page)
    assert f'src="{shown}"' in dana.page.text
    await dana.fill("review")
    assert f'src="{shown}"' in dana.page.text
    for more, left in (({"file": picture("JPEG", (30, 40))}, [f"application {app}"]), ({"logo": "remove"}, [])):
        await dana.get(f"{await begun('/edit', page)}/details")
        await dana.fill("details", **said, **more)
        await dana.fill("review")
        assert f'src="{shown}"' not in dana.page.text
        assert await owners() == left
    assert (await made.registry.shelf.find(app)).asked.logo is None

    await begun()
    await dana.fill("details", file=picture(), **said)
    await dana.get(str(dana.page.url).replace("scopes", "review"))
    await dana.fill("drop")
    assert await owners() == []


async def test_set_ups_that_were_begun_do_not_pile_up(made):
    """The oldest goes, with its picture."""
    dana = made.browser()
    await dana.sign_up()
    await dana.get("/developers")
    for _ in range(MOST_DRAFTS + 2):
        await dana.send("/developers/new", stamp=dana.stamp, follow=False)
        await dana.get("/developers")

    assert await made.desk.sql("select count(*) from application_draft") == [(MOST_DRAFTS,)]


async def stamp(browser, tenant):
    await browser.get(f"/console/{tenant.id}/look")
    return browser.stamp


async def test_the_logo_of_an_application_is_its_developers(made):
    """Shown to owners and people; kept through edits; another developer's application is none."""
    dana, dora = made.browser(), made.browser()
    await dana.sign_up()
    await dora.sign_up("dora", "dora@example.org")
    app, _ = await dana.register()
    await dana.ask(app, "Northwind")
    url = f"/developers/applications/{app}/logo"
    await dora.get("/developers")
    assert await sent(dora, url, dora.stamp, picture()) == 404
    await dana.get(f"/developers/applications/{app}")
    assert await sent(dana, url, dana.stamp, picture("JPEG")) == 303
    assert (await done(made))[0] == "app edit"
    (held,) = await made.desk.sql("select digest, owner from picture")
    path = f'src="/pictures/{held["digest"]}"'
    olga = await signed_in(made, "olga")
    assert path in (await olga.get(f"/console/{made.desk.tenant.id}/applications/{app}")).text
    assert path in (await dana.get(f"/developers/applications/{app}")).text
    client = await made.desk.house.clients.find(made.desk.tenant.number, app)
    assert client.logo.endswith(f"/pictures/{held['digest']}")
    assert await sent(dana, url, dana.stamp, do="remove") == 303
    assert "/pictures/" not in (await dana.get(f"/developers/applications/{app}")).text
    assert await sent(dana, url, dana.stamp, picture()) == 303
    assert len(await made.desk.sql("select from picture")) == 1
    name = (await made.registry.shelf.find(app)).asked.name
    await dana.get(f"/developers/applications/{app}")
    await dana.fill("/remove", name=name)
    assert await made.desk.sql("select from picture") == []
