"""Makes the pictures of docs/explanation: the pages as the demonstration's patients, developers and owners meet them.

    .venv/bin/python tools/make_screenshots.py

It starts a demonstration of its own, drives Chromium through it, and writes docs/images.
"""

import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.acts import sign_in  # noqa: E402 - the tests know how to start a demonstration
from tests.browser.conftest import FLAGS  # noqa: E402
from tests.browser.demo import Demo, demonstration  # noqa: E402
from tests.browser.kinds import KINDS, App, Kind  # noqa: E402
from tests.browser.portal import ask, enrol, register, sign_up  # noqa: E402
from tests.world import chromium  # noqa: E402

IMAGES = ROOT / "docs" / "images"
DESK, PHONE = {"width": 960, "height": 640}, {"width": 360, "height": 740}
KIND = next(one for one in KINDS if one.type == "patient" and one.auth == "secret")


def main() -> None:
    """Every picture, in the order in which a person meets the pages."""
    IMAGES.mkdir(exist_ok=True)
    with demonstration() as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        desk = browser.new_context(viewport=DESK).new_page()
        for name, walk in {"sign-in": arrive, "pick": name_oneself, "apps": allow, "activity": look_back}.items():
            walk(desk, demo)
            shoot(desk, name)
        phone = browser.new_context(viewport=PHONE).new_page()
        asked(phone, demo)
        shoot(phone, "consent")
        portal(browser, demo)
        browser.close()


def portal(browser: Any, demo: Demo) -> None:
    """A developer and an owner, side by side; then both on a phone."""
    console = f"console/{demo.tenant}"
    developer = browser.new_context(viewport=DESK).new_page()
    sign_up(developer, demo, "dana")
    choose(developer, demo, KIND)
    shoot(developer, "set-up")
    app = register(developer, demo, KIND, "Sugar Diary")
    ask(developer, demo, app)
    shoot(developer, "request")
    developer.get_by_role("button", name="Request authorization of Maple Clinic").click()
    login = demo.logins["owner"]
    owner = browser.new_context(viewport=DESK).new_page()
    enrol(owner, demo, login["username"], login["password"])
    shoot(owner, "console")
    decide(owner, demo, app)
    use(app, browser.new_context().new_page())
    developer.goto(f"{demo.url}/developers/applications/{app.id}")
    shoot(developer, "application")
    developer.locator("h2", has_text="Use at").scroll_into_view_if_needed()
    shoot(developer, "use")
    for page, name, place in ((developer, "application-phone", "developers"), (owner, "console-phone", console)):
        page.set_viewport_size(PHONE)
        page.goto(f"{demo.url}/{place}")
        shoot(page, name)


def choose(page: Any, demo: Demo, kind: Kind) -> None:
    """The guided set-up, at its first question."""
    page.goto(f"{demo.url}/developers")
    page.get_by_role("button", name="Create application").click()
    page.check(f"#{kind.type}")


def decide(page: Any, demo: Demo, app: App) -> None:
    """The owner looks, and allows less than was asked for."""
    page.goto(f"{demo.url}/console/{demo.tenant}/applications/{app.id}")
    shoot(page, "decision")
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Approved.").wait_for()


def use(app: App, page: Any) -> None:
    """Somebody lets it in, and it reads."""
    app.page = page
    app.connect("launch/patient", "openid", "fhirUser", "offline_access", "patient/*.rs")
    for type_ in ("Patient", "Observation", "Condition", "Observation", "Patient"):
        app.status(type_)


def shoot(page: Any, name: str) -> None:
    """The visible part of the page."""
    page.screenshot(path=IMAGES / f"{name}.png")
    print(f"wrote docs/images/{name}.png")


def arrive(page: Any, demo: Demo) -> None:
    """An app sends somebody to sign in."""
    page.goto(f"{demo.url}/samples/folder/launch")


def name_oneself(page: Any, demo: Demo) -> None:
    """They sign in, and are asked whose records it is about."""
    sign_in(page, demo, "representative")
    page.wait_for_url("**/pick/**")


def allow(page: Any, demo: Demo) -> None:
    """They choose themselves, say yes, and look at their account."""
    page.click("input[name=patient] >> nth=0")
    page.click("main form button >> nth=0")
    page.wait_for_url("**/consent/**")
    time.sleep(0.6)  # nobody agrees in less
    page.click("button[value=allow]")
    page.wait_for_url("**/samples/folder")
    page.goto(demo.account("apps"))


def look_back(page: Any, demo: Demo) -> None:
    """What the app has read by now."""
    page.goto(demo.account("activity"))


def asked(page: Any, demo: Demo) -> None:
    """The question itself, on a phone."""
    page.goto(f"{demo.url}/samples/folder/launch")
    sign_in(page, demo, "patient")
    page.wait_for_url("**/consent/**")


if __name__ == "__main__":
    main()
