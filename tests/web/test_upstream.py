"""Signing in at the tenant's own provider, over HTTP: the button, the way back, and out again."""

from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import pytest

from careweft.accounts.federation import Upstream
from careweft.accounts.reception import Reception
from careweft.adapters import clock
from careweft.store.upstreams import PostgresUpstreams
from careweft.web.front import Front

from .visitors import VISIT, forms, town

pytestmark = pytest.mark.anyio
IDP = "https://idp.example.org"


@dataclass
class Idp:
    """A provider that says of everybody who comes what it was told to say; tests/clients drives a real one."""

    claims: dict = field(default_factory=dict)

    async def authorization(self, _):
        return f"{IDP}/auth"

    async def redeem(self, _, form, __):
        if form["code"] != "good":
            raise OSError("no such code")
        return self.claims

    async def logged_out(self, _, token):
        if token != "signed":
            raise OSError("not signed")
        return {"sub": self.claims["sub"], "sid": "s1"}


@pytest.fixture(scope="module")
async def place(module_database, tmp_path_factory):
    async with town(module_database, tmp_path_factory.mktemp("town")) as made:
        house, idp = made.desk.house, Idp()
        upstreams = PostgresUpstreams(house.pool, house.master, clock.now)
        people = Reception.of(house.people.means, upstreams, idp)
        made.desk = replace(made.desk, front=Front(replace(house.site(), people=people)))
        upstream = Upstream(made.desk.tenant.number, IDP, "Maple sign-in", "careweft", "s", role="patient")
        await people.federation.save(made.desk.tenant, upstream, VISIT)
        await house.pool.fetch(
            "insert into identity values ($1, $2, 'ana-there', $3, now())",
            made.desk.tenant.number, IDP, made.accounts["ana"].id,
        )  # fmt: skip
        yield made, idp


async def gone(place, page):
    """A browser that was sent to the provider from this page, and the state it was sent with."""
    browser = place.browser()
    await browser.get(page)
    action = next(one.action for one in forms(browser.page.text) if "/upstream" in one.action)
    sent = await browser.fill(action, follow=False)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith(f"{IDP}/auth?")
    return browser, parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]


async def test_the_button_leads_there_and_back(place):
    made, idp = place
    idp.claims = {"sub": "ana-there", "sid": "s1"}
    browser, state = await gone(made, f"{made.base}/apps")
    page = await browser.get(f"{made.base}/upstream/back?state={state}&code=good")

    assert page.status_code == 200
    assert str(page.url).endswith("/apps")


async def test_the_form_may_lead_there(place):
    """Browsers hold redirects of a form to `form-action`."""
    made, _ = place
    page = await made.browser().get(f"{made.base}/sign-in")

    assert f"form-action 'self' {IDP}" in page.headers["content-security-policy"]
    assert "Sign in at Maple sign-in" in page.text


async def test_an_application_that_waits_goes_on(place):
    made, idp = place
    idp.claims = {"sub": "ana-there", "sid": "s2"}
    browser, state = await gone(made, made.authorize(prompt="consent"))
    page = await browser.get(f"{made.base}/upstream/back?state={state}&code=good")

    assert "Sugar Diary" in page.text
    assert "/consent/" in str(page.url)


async def test_who_is_not_known_reads_why(place):
    made, idp = place
    idp.claims = {"sub": "nobody", "sid": "s3"}
    browser, state = await gone(made, f"{made.base}/apps")
    page = await browser.get(f"{made.base}/upstream/back?state={state}&code=good")

    assert page.status_code == 401
    assert "nobody here knows you yet" in page.text


async def test_another_browser_does_not_get_in(place):
    """Login CSRF (OATK-10): a link that somebody else's sign-in ends with is worth nothing here."""
    made, idp = place
    idp.claims = {"sub": "ana-there", "sid": "s4"}
    _, state = await gone(made, f"{made.base}/apps")
    page = await made.browser().get(f"{made.base}/upstream/back?state={state}&code=good")

    assert page.status_code == 401


async def test_signing_out_there_is_heard(place):
    made, idp = place
    idp.claims = {"sub": "ana-there", "sid": "s1"}
    browser, state = await gone(made, f"{made.base}/apps")
    await browser.get(f"{made.base}/upstream/back?state={state}&code=good")
    path = f"{made.base}/upstream/logout"
    forged = await browser.http.post(path, data={"logout_token": "forged"})
    assert (forged.status_code, forged.headers["cache-control"]) == (400, "no-store")
    assert (await browser.http.get(f"{path}?iss=https://evil.example&sid=s1")).status_code == 400
    assert "/apps" in str((await browser.get(f"{made.base}/apps")).url)
    done = await browser.http.post(path, data={"logout_token": "signed"})

    assert (done.status_code, done.headers["cache-control"]) == (200, "no-store")
    assert "/sign-in" in str((await browser.get(f"{made.base}/apps")).url)
