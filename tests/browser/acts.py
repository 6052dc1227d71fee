"""What people do with pages, in their words: tab to a field, type, press; sign in; read what a page says."""

import re
from typing import Any

from tests.world import ROOT

from .demo import Demo

AXE = ROOT / "tests" / "clients" / "node" / "node_modules" / "axe-core" / "axe.min.js"
MOST_TABS = 120
PHONE = {"width": 360, "height": 740}


def tab_to(page: Any, selector: str) -> None:
    """Press Tab until this element has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("one => document.activeElement.matches(one)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by Tab on {page.url}")


def type_into(page: Any, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.type(text)


def press(page: Any, selector: str) -> None:
    """Press Enter on a button or link, and wait for what comes."""
    tab_to(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def sign_in(page: Any, demo: Demo, who: str) -> None:
    """By name and password, on the sign-in page that is open."""
    login = demo.logins[who]
    page.fill("#username", login["username"])
    page.fill("#password", login["password"])
    page.click("main form button >> nth=0")


def fits(page: Any) -> bool:
    """Nothing stands beyond the right edge."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def faults(page: Any) -> list[str]:
    """What axe-core finds, as lines. It is sent once for each profile, which then has it on every page that follows."""
    if not page.evaluate("'axe' in window"):
        page.context.add_init_script(path=AXE)
        page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]


def looked_at(page: Any) -> None:
    """The page is as every page has to be: axe finds nothing, one h1, nothing beyond a phone's edge."""
    assert faults(page) == [], page.url
    assert page.locator("h1").count() == 1, page.url
    page.set_viewport_size(PHONE)
    assert fits(page), page.url


def path(page: Any) -> str:
    """Where the browser is, with ids left out."""
    return re.sub(
        r"[0-9a-f]{40}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "…", page.url.partition("//")[2].partition("/")[2]
    )
