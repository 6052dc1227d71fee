"""The portal in a browser: the tutorial followed word for word, an owner's day, and what pages owe to everybody."""

import os
import re
import subprocess
import time

import pytest

from tests.docs.pages import DOCS, blocks, fits
from tests.registry.test_pictures import picture
from tests.world import ROOT

from .acts import PHONE, looked_at
from .acts import fits as within
from .kinds import KINDS
from .portal import administers, ask, begin, details, enrol, onward, register_by_key, sign_up

pytestmark = pytest.mark.browser
TUTORIAL = DOCS / "tutorial" / "register-a-system-integration.md"
NO_PICTURES = {
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "HTML": b"<!doctype html><script>alert(1)</script>",
}
AGREEMENT = b"# Agreement\n\nNothing is sold. <script>alert(1)</script>\n"
SIZE = "one => [one.naturalWidth, one.naturalHeight]"
STEP = re.compile(r"^\d+\. (.*)$", re.MULTILINE)


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
    for place in ("", "/careweft-payer-system-access-server", "/changelog"):
        page.goto(f"{demo.url}/developers/reference{place}")
        looked_at(page)


def test_an_administrator_begins_with_a_code(demo, visitor):
    """A command prints it; username, password and second factor; then a tenant, on a phone and without a script."""
    page = visitor(java_script_enabled=False, viewport=PHONE)
    administers(page, demo, "Ada Min", "ada.min")
    page.goto(f"{demo.url}/administration")
    assert demo.url in page.inner_text("main")
    page.get_by_role("link", name="Tenants").click()
    page.fill("#name", "Alder Health")
    page.get_by_role("button", name="Make it").click()
    page.get_by_text("The tenant is made").wait_for()
    assert within(page)


def choose(page, name, content, folder, field="#file"):
    """By the dialogue of the browser, as people choose a file."""
    file = folder / name
    file.write_bytes(content)
    with page.expect_file_chooser() as opened:
        page.locator(field).click()
    assert not opened.value.is_multiple()
    opened.value.set_files(file)


def seen(page, size):
    """The logo has come, and is so large."""
    until = time.monotonic() + 10
    while page.locator("img.logo").evaluate(SIZE) != size:
        assert time.monotonic() < until
        page.wait_for_timeout(20)


def test_a_logo_is_chosen_from_a_disk(demo, visitor, tmp_path):
    """In the set-up without a script, on the application's page with one: a picture is seen afterwards, and what only
    calls itself one is refused at its field, in words.
    """
    page = visitor(java_script_enabled=False, viewport=PHONE)
    sign_up(page, demo, "lola")
    begin(page, demo, KINDS[0])
    details(page, demo, KINDS[0], "Night post")
    choose(page, "logo.png", NO_PICTURES["SVG"], tmp_path)
    onward(page)
    assert page.locator("#file-fault").inner_text() == "A logo wants to be a PNG or JPEG file."
    assert page.locator("#file").get_attribute("aria-invalid") == "true"
    assert page.input_value("#name") == "Night post"
    assert within(page)
    choose(page, "logo.png", picture(), tmp_path)
    onward(page)
    onward(page)
    page.get_by_role("heading", name="Review").wait_for()
    seen(page, [40, 20])
    page.get_by_role("button", name="Create application").click()
    place = f"{demo.url}/developers/applications/{page.inner_text('#client-id')}"

    other = visitor(viewport=PHONE)
    other.context.add_cookies(page.context.cookies())
    other.goto(place)
    seen(other, [40, 20])
    ran = []
    other.on("dialog", lambda one: (ran.append(one), one.dismiss()))
    for content in NO_PICTURES.values():
        choose(other, "logo.png", content, tmp_path)
        other.get_by_role("button", name="Use this logo").click()
        other.locator("#file-fault").wait_for()
        assert "PNG or JPEG" in other.inner_text("[role=alert]")
        looked_at(other)
        seen(other, [40, 20])
    choose(other, "logo.jpeg", picture("JPEG", (30, 60)), tmp_path)
    other.get_by_role("button", name="Use this logo").click()
    other.get_by_text("Saved.").wait_for()
    seen(other, [30, 60])
    other.get_by_role("button", name="Remove the logo").click()
    other.locator("img.logo").wait_for(state="detached")
    assert ran == []


def test_an_application_is_registered_by_keyboard_alone_and_allowed(demo, visitor, tmp_path):
    """On a phone, with nothing for axe where it was allowed; the agreement is a file that comes back as it was."""
    developer, owner = visitor(java_script_enabled=False, viewport=PHONE), visitor(viewport=PHONE)
    sign_up(developer, demo, "dora")
    app = register_by_key(developer, demo, KINDS[0], "Day report")
    ask(developer, demo, app)
    assert within(developer)
    developer.get_by_role("button", name="Request authorization of Maple Clinic").click()
    assert within(developer)

    login = demo.logins["owner"]
    enrol(owner, demo, login["username"], login["password"])
    owner.goto(f"{demo.url}/console/{demo.tenant}/applications/{app.id}")
    owner.get_by_text("Record of the agreement").click()
    choose(owner, "agreement.md", AGREEMENT, tmp_path, "#paper")
    looked_at(owner)
    owner.get_by_role("button", name="Approve").click()
    owner.get_by_text("Approved.").wait_for()
    looked_at(owner)
    with owner.expect_download() as saved:
        owner.get_by_role("link", name="the agreement").first.click()
    assert saved.value.path().read_bytes() == AGREEMENT
    developer.goto(f"{demo.url}/developers/applications/{app.id}")
    assert within(developer)
