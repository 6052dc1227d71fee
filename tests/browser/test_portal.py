"""The portal in a browser: the tutorial followed word for word, an owner's day, and what pages owe to everybody."""

import os
import re
import subprocess

import pyotp
import pytest

from tests.docs.pages import DOCS, blocks, fits
from tests.world import ROOT

from .acts import faults
from .acts import fits as within

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}
TUTORIAL = DOCS / "tutorial" / "register-a-system-integration.md"
STEP = re.compile(r"^\d+\. (.*)$", re.MULTILINE)
PASSWORD = "cobalt-otter-parsnip-lagoon"
PAGES = ("", "/people", "/grants", "/groups", "/brand", "/keys", "/search?q=nothing")
"""Of the console."""


def follow(page, url, text):
    """Do what one line of the tutorial says."""
    if found := re.fullmatch(r"Open `(.*)`\.", text):
        page.goto(url + found[1])
    elif found := re.fullmatch(r"Write `(.*)` into \*\*(.*)\*\*\.", text):
        page.get_by_label(found[2], exact=True).fill(found[1])
    elif found := re.fullmatch(r"Choose \*\*(.*)\*\*\.", text):
        page.get_by_label(found[1], exact=True).check()
    elif found := re.fullmatch(r"Select \*\*(.*)\*\*\.", text):
        button = page.get_by_role("button", name=found[1], exact=True)
        button.or_(page.get_by_role("link", name=found[1], exact=True)).first.click()
    elif text == "Follow the first link.":
        page.locator("main a").first.click()
    else:
        (seen,) = re.fullmatch(r"You see \*\*(.*)\*\*\.?", text).groups()
        page.get_by_text(seen, exact=True).first.wait_for()


def looked_at(page):
    """The page is as every page has to be: axe finds nothing, one h1, nothing beyond a phone's edge."""
    assert faults(page) == [], page.url
    assert page.locator("h1").count() == 1, page.url
    page.set_viewport_size(PHONE)
    assert within(page), page.url


def test_the_tutorial_is_followed_in_a_browser(demo, visitor):
    """Every numbered line in order; each page on the way is looked at; the commands print what is promised."""
    page = visitor(viewport=PHONE)
    secret = {}
    seen = set()
    for text in STEP.findall(TUTORIAL.read_text()):
        follow(page, demo.url, text)
        if page.url not in seen:
            seen.add(page.url)
            looked_at(page)
        if page.locator("#client-secret").count():
            secret = {"CLIENT_ID": page.inner_text("#client-id"), "CLIENT_SECRET": page.inner_text("#client-secret")}
    commands, promised = (one.text for one in blocks(TUTORIAL)[-2:])
    done = subprocess.run(
        ["bash", "-c", commands.replace("http://localhost:8080", demo.url)],
        env=os.environ | secret | {"NO_PROXY": "localhost"}, cwd=ROOT, capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip

    assert fits(promised, done.stdout), done.stdout
    assert re.search(r'"total":[1-9]', done.stdout), done.stdout
    assert secret["CLIENT_SECRET"] not in page.content()
    for place in ("", "/careweft-payer-system-access-server"):
        page.goto(f"{demo.url}/developers/reference{place}")
        looked_at(page)


def sign_up(page, demo, username):
    """A developer, without a script on the page."""
    page.goto(f"{demo.url}/developers/sign-up")
    for name, value in {
        "username": username, "given": username.title(), "family": "Ng", "email": f"{username}@example.org",
        "password": PASSWORD, "again": PASSWORD,
    }.items():  # fmt: skip
        page.fill(f"#{name}", value)
    page.check("#terms")
    page.click("main form button")
    page.goto(f"{demo.url}/mailbox")
    page.locator("main a").first.click()
    page.click("main form button")


def register(page, demo, name):
    """A system integration with a secret; the client_id and the secret."""
    page.goto(f"{demo.url}/developers")
    page.get_by_role("button", name="Create application").click()
    for one in ("system", "provider", "secret"):
        page.check(f"#{one}")
        page.get_by_role("button", name="Continue").click()
    page.fill("#name", name)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="Back").click()
    assert page.input_value("#name") == name
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Create application").click()
    return page.inner_text("#client-id"), page.inner_text("#client-secret")


def as_owner(page, demo):
    """The owner of the demonstration, who enrols a second factor at the first sign-in."""
    login = demo.logins["owner"]
    page.goto(f"{demo.url}/account/{demo.tenant}/sign-in")
    page.fill("#username", login["username"])
    page.fill("#password", login["password"])
    page.click("main form button >> nth=0")
    secret = re.search(r"\b[A-Z2-7]{32}\b", page.inner_text("main").replace(" ", ""))
    page.fill("#code", pyotp.TOTP(secret[0]).now())
    page.get_by_role("button").last.click()
    page.goto(f"{demo.url}/console/{demo.tenant}")


def test_an_owner_allows_less_and_takes_it_back_without_script(demo, visitor):
    """Requested, narrowed, used within it, withdrawn; every page of the console on a phone, with nothing for axe."""
    developer, owner = visitor(java_script_enabled=False, viewport=PHONE), visitor(viewport=PHONE)
    sign_up(developer, demo, "dora")
    app, secret = register(developer, demo, "Day report")
    developer.goto(f"{demo.url}/developers/applications/{app}/tenants?q=maple")
    developer.get_by_role("button", name="Request authorization of Maple Clinic").click()
    assert within(developer)

    as_owner(owner, demo)
    for place in (*PAGES, f"/applications/{app}"):
        owner.goto(f"{demo.url}/console/{demo.tenant}{place}")
        looked_at(owner)
    for box in owner.locator("input[name=type]").all():
        if box.input_value() != "Patient":
            box.uncheck()
    owner.get_by_role("button", name="Approve").click()
    owner.get_by_text("Approved.").wait_for()
    looked_at(owner)

    token = developer.request.post(
        f"{demo.url}/auth/{demo.tenant}/oauth2/v1/token",
        form={"grant_type": "client_credentials", "scope": "system/*.rs", "client_id": app, "client_secret": secret},
    ).json()
    bearer = {"authorization": f"Bearer {token['access_token']}"}
    base = f"{demo.url}/provider/system-access/v2/{demo.tenant}"

    def status(type_):
        return developer.request.get(f"{base}/{type_}?_count=1", headers=bearer).status

    assert (token["scope"], status("Patient"), status("Observation")) == ("system/Patient.rs", 200, 403)
    developer.goto(f"{demo.url}/developers/applications/{app}")
    assert "approved" in developer.inner_text("main")
    assert within(developer)
    owner.goto(f"{demo.url}/console/{demo.tenant}/applications/{app}")
    owner.get_by_role("button", name="Withdraw").click()
    owner.get_by_text("Withdrawn: its tokens are dead within five seconds.").wait_for()
    for _ in range(50):
        if status("Patient") == 401:
            break
        developer.wait_for_timeout(100)
    assert status("Patient") == 401
