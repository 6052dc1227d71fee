"""What developers and owners do on the pages of the portal: sign up, register, ask, look after a tenant."""

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pyotp

from .acts import press, tab_to, type_into
from .demo import Demo
from .kinds import App, Kind, key_set, new_key

PASSWORD = "cobalt-otter-parsnip-lagoon"


def sign_up(page: Any, demo: Demo, username: str) -> None:
    """A developer, by the form and by the link of the letter."""
    wish(page, demo, username)
    page.click("main form button")
    page.get_by_role("heading", name="Your applications").wait_for()


def wish(page: Any, demo: Demo, username: str) -> None:
    """The form, and the letter's link opened."""
    page.goto(f"{demo.url}/developers/sign-up")
    for name, value in {
        "username": username, "given": username.title(), "family": "Ng", "email": f"{username}@example.org",
        "password": PASSWORD, "again": PASSWORD,
    }.items():  # fmt: skip
        page.fill(f"#{name}", value)
    page.check("#terms")
    page.click("main form button")
    mailed(page, demo, f"{username}@example.org")


def mailed(page: Any, demo: Demo, address: str) -> None:
    """Follow the link of the newest letter to this address."""
    letter = page.locator(".card", has_text=address)
    until = time.monotonic() + 10
    page.goto(f"{demo.url}/mailbox")
    while not letter.count():  # it is written after the answer
        assert time.monotonic() < until
        page.reload()
    with page.expect_navigation():
        letter.first.locator("a").first.click()


def administers(page: Any, demo: Demo, name: str, username: str) -> None:
    """An administrator: the code that a command prints, username, password and a second factor."""
    code = demo.platform.json("platform", "invite", name)["code"]
    page.goto(f"{demo.url}/account/platform/join/{code}")
    page.click("main form button")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("main form button")
    second_factor(page)


def second_factor(page: Any) -> list[str]:
    """Set one up on the page that is open; the recovery codes."""
    secret = re.search(r"\b[A-Z2-7]{32}\b", page.inner_text("main").replace(" ", ""))
    assert secret is not None
    page.fill("#code", pyotp.TOTP(secret[0]).now())
    page.get_by_role("button").last.click()
    page.locator("#codes").wait_for()
    return list(page.locator("#codes .code").all_inner_texts())


def begin(page: Any, demo: Demo, kind: Kind) -> None:
    """The guided set-up until its details."""
    page.goto(f"{demo.url}/developers")
    page.get_by_role("button", name="Create application").click()
    for one in (kind.type, *([kind.platform] if kind.who else []), "provider", kind.auth):
        page.check(f"#{one}")
        page.get_by_role("button", name="Continue").click()


def details(page: Any, demo: Demo, kind: Kind, name: str) -> Any:
    """The details, with a key of its own where it has one; the key."""
    page.fill("#name", name)
    page.fill("#publisher", "Journey Works")
    page.fill("#description", f"A {kind.name}.")
    if kind.who:
        page.fill("#redirect_uris", demo.outside.back)
    if kind.platform == "browser":
        page.fill("#origins", demo.outside.origin)
    if kind.auth != "private-key-jwt":
        return None
    key = new_key()
    if kind.pasted:
        page.fill("#jwks", json.dumps(key_set(key)))
    else:
        demo.outside.keys[str(key.kid)] = key_set(key)
        page.fill("#jwks_uri", demo.outside.key_set(str(key.kid)))
    return key


def onward(page: Any) -> None:
    """The next step."""
    page.get_by_role("button", name="Continue").click()


def register(page: Any, demo: Demo, kind: Kind, name: str, press: Callable[[Any], None] | None = None) -> App:
    """From the list of applications to the client_id; `press` is how the last button is pressed."""
    begin(page, demo, kind)
    key = details(page, demo, kind, name)
    onward(page)
    page.get_by_role("link", name="Back").click()
    assert page.input_value("#name") == name
    onward(page)
    onward(page)
    button = page.get_by_role("button", name="Create application")
    (press or (lambda one: one.click()))(button)
    page.locator("#client-id, h1").first.wait_for()
    if page.get_by_text("That was sent already").count():
        page.get_by_role("link", name=name).click()
    page.locator("#client-id").wait_for()
    if kind.auth == "secret" and not page.locator("#client-secret").count():  # it was pressed twice: the page was lost
        page.select_option("#days", "0")
        page.get_by_role("button", name="Make a new secret").click()
        page.locator("#client-secret").wait_for()
    secret = page.inner_text("#client-secret") if kind.auth == "secret" else ""
    return App(kind, demo, page.inner_text("#client-id"), secret, key)


def register_by_key(page: Any, demo: Demo, kind: Kind, name: str) -> App:
    """A system integration with a secret, by keyboard alone."""
    page.goto(f"{demo.url}/developers")
    press(page, "main button")
    for choice in (kind.type, "provider", kind.auth):
        tab_to(page, "input[type=radio]")
        page.keyboard.press("Space")
        for _ in range(4):
            if page.is_checked(f"#{choice}"):
                break
            page.keyboard.press("ArrowDown")
        assert page.is_checked(f"#{choice}")
        press(page, "main button")
    type_into(page, "#name", name)
    press(page, "main button")
    press(page, "main button")
    press(page, "form[action$='/review'] button")
    return App(kind, demo, page.inner_text("#client-id"), page.inner_text("#client-secret"))


def ask(page: Any, demo: Demo, app: App, tenant: str = "Maple Clinic") -> None:
    """The page on which an organization is asked; the button is left to whoever calls."""
    page.goto(f"{demo.url}/developers/applications/{app.id}/tenants?q={quote(tenant)}")
    page.get_by_label("Message to its owners").fill("for our patients")


def enrol(page: Any, demo: Demo, username: str, password: str) -> list[str]:
    """The first sign-in of somebody who looks after a tenant: a second factor is set up; the recovery codes."""
    page.goto(f"{demo.url}/account/{demo.tenant}/sign-in")
    page.fill("#username", username)
    page.fill("#password", password)
    page.click("main form button >> nth=0")
    codes = second_factor(page)
    page.goto(f"{demo.url}/console/{demo.tenant}")
    return codes


def come_back(page: Any, demo: Demo, username: str, password: str, code: str = "") -> None:
    """Sign in on the page that is open, with a recovery code where a second factor is asked for."""
    page.fill("#username", username)
    page.fill("#password", password)
    with page.expect_navigation():
        page.click("main form button >> nth=0")
    if code:
        page.fill("#code", code)
        with page.expect_navigation():
            page.click("main form button >> nth=0")
