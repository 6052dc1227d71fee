"""Every page that the table of routes has, met as people meet it: nothing for axe, no wider than a phone, each control
reached by Tab, and nothing on it that waits for a script.
"""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import asyncpg
import pytest

from careweft.store import embedded
from careweft.web import routes
from careweft.web.telemetry import Telemetry
from tests.web.twins import world

from .acts import AXE, PHONE, faults, fits, sign_in
from .kinds import KINDS
from .portal import PASSWORD, administers, details, mailed, onward, second_factor, wish

pytestmark = [pytest.mark.browser, pytest.mark.node]
NO_PAGES = re.compile(
    r"/authorize$|/upstream/back$|/home$|\.css$|\{name\}$|^/pictures/|/postman$|/agreement$|^/developers/try$"
)
"""Rows that lead on, or whose answer is a file."""

WATCH = """() => {
  const key = one => one.type === 'radio' ? `the choice ${one.name}` : one;
  const able = one => one.checkVisibility() && one.getClientRects().length && !one.disabled && one.type !== 'hidden';
  const all = document.querySelectorAll('a[href], button, input, select, textarea, summary');
  window.left = new Set([...all].filter(able).map(key));
  document.addEventListener('focusin', event => window.left.delete(key(event.target)));
  document.activeElement.blur();
  return window.left.size;
}"""
LEFT = "() => [...window.left].map(one => one.outerHTML?.slice(0, 160) ?? one)"
IDLE = """() => [
  ...[...document.forms].filter(one => one.checkVisibility() && !one.querySelector('button:not([type=button])')),
  ...[...document.querySelectorAll('button')].filter(one => !one.form && one.checkVisibility()),
].map(one => one.outerHTML.slice(0, 160))"""
"""Forms that nothing sends, and buttons that send no form."""


def patterns():
    """The path of every page by what it looks like in a browser."""
    rows = routes.table(replace(world().site, environment="preview"), Telemetry())
    found = {row.path for row in rows if row.speaks == "page" and "GET" in row.methods}
    return {path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in sorted(found) if not NO_PAGES.search(path)}


class Walk:
    """Looks at pages, and keeps which they were and what was wrong."""

    def __init__(self, demo, visitor):
        self.demo, self.plain = demo, visitor(java_script_enabled=False, viewport=PHONE)
        self.known, self.seen, self.found = patterns(), set(), {}

    def at(self, page, *urls):
        for url in urls:
            page.goto(url if url.startswith("http") else self.demo.url + url)
            self.look(page)

    def look(self, page, *, once=False):
        """`once`: a page that cannot be asked for again."""
        place = "/" + page.url.partition("//")[2].partition("/")[2].partition("?")[0]
        path = next((path for path, shape in self.known.items() if shape.fullmatch(place)), place)
        self.seen.add(path)
        wrong = faults(page) + ([] if fits(page) else ["too wide"]) + self.out_of_reach(page)
        if page.locator("h1").count() != 1:
            wrong.append("not one h1")
        if not once:
            self.plain.context.clear_cookies()
            self.plain.context.add_cookies(page.context.cookies())
            answer = self.plain.goto(page.url)
            wrong += [] if answer.ok and fits(self.plain) else [f"{answer.status} without a script"]
            wrong += [f"waits for a script: {one}" for one in self.plain.evaluate(IDLE)]
        if wrong:
            self.found[f"{path} {page.title()}"] = wrong

    def out_of_reach(self, page):
        for _ in range(page.evaluate(WATCH) + 5):
            page.keyboard.press("Tab")
        return [f"no Tab comes to {one}" for one in page.evaluate(LEFT)]


def strangers(walk, visitor, demo):
    """Who is not signed in, and who has forgotten a password."""
    page = visitor(viewport=PHONE)
    walk.at(page, *(demo.account(one) for one in ("sign-in", "reset", "reset-sent", "join")))
    walk.at(page, "/developers/sign-up", "/developers/sign-up/sent", "/developers/reference",
            "/developers/reference/changelog", "/developers/reference/careweft-payer-system-access-server")  # fmt: skip
    page.goto(demo.account("reset"))
    page.fill("main input:not([type=hidden])", demo.logins["patient"]["username"])
    page.click("main form button")
    walk.look(page)


def invited(walk, visitor, demo):
    """An owner with a code: activation, a second factor, recovery codes, and the sign-in that asks for one."""
    code = demo.platform.json("user", "invite", "--tenant", demo.tenant, "--role", "owner", "--name", "Walker Ng",
                              "--email", "walker@example.org", "--birth-date", "1980-02-03")["code"]  # fmt: skip
    page = visitor(viewport=PHONE)
    walk.at(page, demo.account(f"join/{code}"))
    if page.locator("#birthdate").count():
        page.fill("#birthdate", "1980-02-03")
    page.click("main form button")
    walk.look(page, once=True)
    page.fill("#username", "walker")
    page.fill("#password", PASSWORD)
    page.click("main form button")
    walk.look(page)
    second_factor(page)
    walk.look(page, once=True)
    page.goto(demo.account("security"))
    page.fill("#email", "walker@example.net")
    page.click("form[action$='/security/email'] button")
    mailed(page, demo, "walker@example.net")
    walk.look(page)
    page.goto(demo.account("reset"))
    page.fill("main input:not([type=hidden])", "walker")
    page.click("main form button")
    mailed(page, demo, "walker@example.org")
    walk.look(page)
    again = visitor(viewport=PHONE)
    for start in (demo.account("sign-in"), f"{demo.url}/samples/folder/launch"):
        again.context.clear_cookies()
        again.goto(start)
        walk.look(again)
        again.fill("#username", "walker")
        again.fill("#password", PASSWORD)
        again.click("main form button >> nth=0")
        again.locator("#code").wait_for()
        walk.look(again)
    return page


def owner(walk, page, app):
    console = f"/console/{walk.demo.tenant}"
    places = ("", f"/applications/{app}", "/people", "/brand", "/look", "/keys", "/grants", "/groups", "/search?q=no")
    walk.at(page, *(console + one for one in places))


def people(walk, visitor, demo):
    """Those whom the demonstration has, on the pages of their account and of an application that they open."""
    for who, pages in {
        "representative": ("apps", "activity", "people", "sessions", "security", "second-factor", "again"),
        "practitioner": ("emergency",),
    }.items():
        page = visitor(viewport=PHONE)
        page.goto(demo.account("sign-in"))
        sign_in(page, demo, who)
        page.wait_for_url(re.compile(r"/account/[^/]*/(apps|emergency)"))
        walk.at(page, *(demo.account(one) for one in pages))
    walk.at(page, f"/auth/{demo.tenant}/oauth2/v1/logout")
    page = visitor(viewport=PHONE)
    page.goto(f"{demo.url}/samples/rounds/launch")
    sign_in(page, demo, "representative")
    page.wait_for_url("**/pick/**")
    walk.look(page)
    page.click("input[name=patient] >> nth=0")
    page.click("main form button >> nth=0")
    page.wait_for_url("**/visit/**")
    walk.look(page)
    page.click("#visit-none")
    page.click("main form button >> nth=0")
    page.wait_for_url("**/consent/**")
    walk.look(page)


def developer(walk, visitor, demo):
    """The guided set-up step by step, the application and its organizations; its client_id, and the page."""
    page = visitor(viewport=PHONE)
    wish(page, demo, "wanda")
    walk.look(page)
    page.click("main form button")
    page.get_by_role("heading", name="Your applications").wait_for()
    walk.look(page)
    kind = next(one for one in KINDS if one.who and one.auth == "secret")
    page.get_by_role("button", name="Create application").click()
    for one in (kind.type, kind.platform, "provider", kind.auth):
        walk.look(page)
        page.check(f"#{one}")
        onward(page)
    walk.look(page)
    details(page, demo, kind, "Walked")
    onward(page)
    walk.look(page)
    onward(page)
    walk.look(page)
    page.get_by_role("button", name="Create application").click()
    page.locator("#client-secret").wait_for()
    walk.look(page, once=True)
    app = page.inner_text("#client-id")
    place = f"/developers/applications/{app}"
    walk.at(page, place, f"{place}/tenants?q=Maple", f"{place}/try")
    page.goto(f"{demo.url}{place}/tenants?q=Maple+Clinic")
    page.get_by_label("Message to its owners").fill("for our patients")
    page.get_by_role("button", name="Request authorization of Maple Clinic").click()
    return app, page


def administrator(walk, visitor, demo, reader):
    """The platform's own pages, and the terms that it publishes, as a developer meets them."""
    page = visitor(viewport=PHONE)
    administers(page, demo, "Wilma Min", "wilma.min")
    places = ("", "/tenants", "/jobs", "/feeds", "/keys", "/terms", "/people")
    walk.at(page, *(f"/administration{one}" for one in places))
    page.goto(f"{demo.url}/administration/terms")
    page.get_by_label("What developers agree to").fill("Be kind.\n\nKeep what you read to yourself.")
    try:
        page.get_by_role("button", name="Publish a new version").click()
        page.get_by_text("Version 1,").wait_for()
        reader.goto(f"{demo.url}/developers")
        reader.wait_for_url("**/developers/terms")
        walk.look(reader)
        reader.get_by_role("button", name="I accept these terms").click()
        reader.get_by_role("heading", name="Your applications").wait_for()
        walk.at(reader, "/developers/terms")
    finally:
        withdrawn(demo)


def withdrawn(demo):
    """No terms, as before: others are not to be asked for what they never met."""

    async def gone(url):
        owner = await asyncpg.connect(url)
        await owner.execute("delete from terms_accepted; delete from terms")
        await owner.close()

    cluster = embedded.start(demo.platform.data)
    try:
        with ThreadPoolExecutor(1) as beside:  # Playwright's loop runs in this thread
            beside.submit(asyncio.run, gone(cluster.url)).result()
    finally:
        cluster.stop()


def test_every_page_is_as_a_page_has_to_be(demo, visitor):
    if not AXE.exists():
        from tests.world import node

        node("axe-core")
    walk = Walk(demo, visitor)
    strangers(walk, visitor, demo)
    people(walk, visitor, demo)
    app, reader = developer(walk, visitor, demo)
    owner(walk, invited(walk, visitor, demo), app)
    administrator(walk, visitor, demo, reader)

    assert walk.found == {}
    assert set(walk.known) - walk.seen == set()
