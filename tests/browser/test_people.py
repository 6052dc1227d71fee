"""What a person does with a browser: by keyboard, without JavaScript, on a phone; and what pages owe to everybody."""

import re
import time

import pytest

from .acts import AXE, faults, fits, path, press, sign_in, tab_to, type_into

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}


def test_an_app_is_let_in_by_keyboard_without_script_on_a_phone(demo, visitor):
    """Sign in, pick whose records, take ticks out, allow; the app comes back with a code and reads (SMART-08)."""
    page = visitor(java_script_enabled=False, viewport=PHONE)
    page.goto(f"{demo.url}/samples/folder/launch")
    assert path(page).startswith("auth/…/sign-in/")
    assert fits(page)

    type_into(page, "#username", demo.logins["representative"]["username"])
    type_into(page, "#password", demo.logins["representative"]["password"])
    press(page, "main form button")
    assert path(page).startswith("auth/…/pick/")
    assert fits(page)
    assert page.locator("input[name=patient]").count() == 3

    tab_to(page, "input[name=patient]")
    page.keyboard.press("ArrowDown")
    press(page, "main form button")
    assert path(page).startswith("auth/…/consent/")
    assert fits(page)
    assert page.locator("h1").count() == 1
    assert page.locator("input[value^='sensitive:']").count() == 0  # who acts for somebody may not share these here

    for box in ("record:Condition", "record:Observation"):
        tab_to(page, f"input[value='{box}']")
        page.keyboard.press("Space")
        assert not page.is_checked(f"input[value='{box}']")
    page.locator("input[value='record:Observation'] ~ details summary").focus()
    page.keyboard.press("Enter")
    tab_to(page, "input[value='record:Observation:vital-signs']")
    page.keyboard.press("Space")
    time.sleep(0.6)
    press(page, "button[value=allow]")

    assert path(page) == "samples/folder"
    text = page.inner_text("main")
    assert "patient/Observation.rs?category=" in page.content()
    assert "patient/*.rs" in text  # asked for, and not given whole
    assert page.locator("table tbody tr").count() > 0
    assert re.search(r"Health problems: 403", text)


def test_a_no_is_a_no_and_a_yes_takes_its_time(demo, visitor):
    """Who says no goes back with nothing; what a page under the pointer made somebody press is no yes (OATK-11)."""
    page = visitor()
    page.goto(f"{demo.url}/samples/folder/launch")
    sign_in(page, demo, "patient")
    page.wait_for_url("**/consent/**")
    assert not page.is_checked("input[value='sensitive:PSY']")
    page.click("button[value=deny]")
    page.wait_for_url("**/samples/folder")
    assert "access_denied" in page.inner_text("main")

    page.goto(f"{demo.url}/samples/folder/launch")
    page.wait_for_url("**/consent/**")
    page.evaluate("document.querySelector('button[value=allow]').click()")
    page.wait_for_selector(".note.bad")

    assert "/consent/" in page.url
    time.sleep(0.6)
    page.click("button[value=allow]")
    page.wait_for_url("**/samples/folder")


def test_the_browser_app_reads_refreshes_and_is_cut_off(demo, visitor):
    """A client without a secret, in the browser; taken back on the account page it reads nothing within 5 s."""
    page = visitor()
    page.goto(f"{demo.url}/")
    page.click("a[href='/samples/diary']")
    page.click("[data-do=connect]")
    sign_in(page, demo, "patient")
    page.wait_for_url("**/consent/**")
    time.sleep(0.6)
    page.click("button[value=allow]")
    page.wait_for_selector("[data-do=refresh]")
    assert page.inner_text("[data-text=person]").strip()
    assert page.locator("[data-rows=findings] tr").count() > 0
    page.click("[data-do=refresh]")
    page.wait_for_selector("[data-show=refreshed]:not([hidden])")

    account = page.context.new_page()
    account.goto(demo.account("apps"))
    account.click("button.danger >> nth=0")
    account.wait_for_selector(".note.good")
    taken = time.monotonic()
    while time.monotonic() - taken < 5:
        page.reload()
        page.wait_for_selector("[data-show=begin]:not([hidden]), [data-do=refresh]")
        if page.locator("[data-show=trouble]:not([hidden])").count():
            break
        time.sleep(0.3)
    assert "401" in page.inner_text("[data-show=trouble]")

    account.goto(demo.account("activity"))
    assert "Health Diary" in account.inner_text("main")


def test_an_ehr_opens_the_practitioners_app_in_context(demo, visitor):
    """The simulator: patient and visit are what the EHR said, and nobody is asked for them again."""
    page = visitor()
    page.goto(f"{demo.url}/simulator")
    page.select_option("#app", label="Ward Rounds")
    page.select_option("#practitioner", demo.logins["practitioner"]["record"])
    page.select_option("#patient", index=1)
    chosen = page.locator("#patient option:checked").inner_text()
    page.click("button[value=patient]")
    page.wait_for_selector("#encounter")
    page.select_option("#encounter", index=1)
    page.click("button[value=launch]")
    sign_in(page, demo, "practitioner")
    page.wait_for_url("**/consent/**")
    time.sleep(0.6)
    page.click("button[value=allow]")
    page.wait_for_url("**/samples/rounds")

    assert chosen in page.inner_text("main")
    assert '"encounter"' in page.content().replace("&#34;", '"')


def test_a_practitioner_finds_a_patient_by_name(demo, visitor):
    page = visitor(java_script_enabled=False, viewport=PHONE)
    page.goto(f"{demo.url}/samples/rounds/launch")
    sign_in(page, demo, "practitioner")
    page.wait_for_url("**/pick/**")
    page.fill("#text", "a")
    page.click("button[value=search]")
    assert fits(page)
    page.click("button[name=patient] >> nth=0")
    page.wait_for_url("**/visit/**")
    assert fits(page)
    press(page, "main .buttons button")  # nothing chosen
    assert page.locator(".note.bad, .fault, [role=alert]").count() > 0
    tab_to(page, "input[name=visit]")
    page.keyboard.press("ArrowDown")
    press(page, "main .buttons button")
    assert path(page).startswith("auth/…/consent/")


def test_the_language_and_the_end_of_a_session_by_keyboard_without_script_on_a_phone(demo, visitor):
    """Another language for good, and signing out where an application asks for it."""
    page = visitor(java_script_enabled=False, viewport=PHONE)
    page.goto(demo.account("security"))
    sign_in(page, demo, "practitioner")
    for language in ("es", "en"):
        page.goto(demo.account("security"))
        assert fits(page)
        tab_to(page, "input[name=language]:checked")
        page.keyboard.press("ArrowDown" if language == "es" else "ArrowUp")
        press(page, "form[action$='/language'] button")
        assert page.get_attribute("html", "lang") == language
        assert page.locator(".note.good").count() == 1
    page.goto(f"{demo.url}/auth/{demo.tenant}/oauth2/v1/logout")
    assert fits(page)
    press(page, "main form button")
    page.goto(demo.account("security"))
    assert page.locator("#username").count() == 1


def test_a_passkey_takes_the_place_of_the_password(demo, visitor):
    """Made on the security page, then used on the sign-in page, with an authenticator that Chromium plays."""
    page = visitor()
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip
    page.goto(demo.account("security"))
    sign_in(page, demo, "representative")
    page.goto(demo.account("security"))
    page.click("[data-passkey=create] button")
    page.wait_for_selector("#codes, .note.good")
    page.goto(demo.account("security"))
    assert page.locator("form[action$='passkeys/remove']").count() == 1

    page.click("form[action$='sign-out'] button")
    page.wait_for_url("**/sign-in**")
    page.click("[data-passkey=get] button")
    page.wait_for_url("**/apps")

    page.goto(demo.account("security"))
    page.click("form[action$='passkeys/remove'] button")
    page.wait_for_selector(".note.good")


def test_no_page_of_ours_stands_in_somebody_elses_frame(demo, visitor):
    """OAUTH-29, seen from the attacker's page."""
    page = visitor()
    page.route("http://evil.example/", lambda route: route.fulfill(
        content_type="text/html", body=f"<iframe src='{demo.account('sign-in')}' name=ours></iframe>"))  # fmt: skip
    page.goto("http://evil.example/")
    page.wait_for_timeout(500)

    assert all("username" not in (frame.content() if frame.url.startswith("http") else "") for frame in page.frames)


OPEN = ("sign-in", "reset", "reset-sent", "join")
OWN = {
    "representative": ("apps", "activity", "people", "sessions", "security", "second-factor", "again"),
    "practitioner": ("emergency",),
}
TRIAL = ("", "simulator", "mailbox", "samples/folder", "samples/rounds", "samples/diary")


@pytest.fixture(scope="module")
def axe():
    """axe-core, fetched where it is not here yet."""
    if not AXE.exists():
        from tests.world import node

        node("axe-core")


@pytest.mark.node
@pytest.mark.usefixtures("axe")
@pytest.mark.parametrize(("language", "scheme"), [("en-US", "light"), ("es-MX", "dark")])
def test_axe_finds_nothing_on_any_page(demo, visitor, language, scheme):
    """WCAG by axe-core on every page there is, in both languages, light and dark; none is wider than it may be."""
    found = {}

    def look(page):
        for wide in (1280, 360):
            page.set_viewport_size({"width": wide, "height": 900})
            if not fits(page):
                found[f"{path(page)} at {wide}"] = ["too wide"]
        if wrong := faults(page):
            found[path(page)] = wrong
        assert page.locator("h1").count() == 1
        assert page.get_attribute("html", "lang") == language[:2] or "account" in path(page) or "auth" in path(page)

    page = visitor(locale=language, color_scheme=scheme)
    for one in (*(demo.account(one) for one in OPEN), *(f"{demo.url}/{one}" for one in TRIAL)):
        page.goto(one)
        look(page)
    for refused in ("authorize?client_id=nobody", "logout", "logout?client_id=nobody"):
        page.goto(f"{demo.url}/auth/{demo.tenant}/oauth2/v1/{refused}")
        look(page)
    page.goto(demo.account("sign-in"))
    page.click("main form button >> nth=0")  # nothing filled in
    look(page)
    for who, pages in OWN.items():
        page = visitor(locale=language, color_scheme=scheme)
        page.goto(demo.account("sign-in"))
        sign_in(page, demo, who)
        page.wait_for_url(re.compile(r"/account/[^/]*/(apps|emergency)"))
        for one in pages:
            page.goto(demo.account(one))
            look(page)
        page.goto(f"{demo.url}/auth/{demo.tenant}/oauth2/v1/logout")
        look(page)
        page.goto(f"{demo.url}/samples/rounds/launch")
        look(page)
        if who == "representative":
            page.click("input[name=patient] >> nth=0")
            page.click("main form button >> nth=0")
            page.wait_for_url("**/visit/**")
            look(page)
            page.click("#visit-none")
            page.click("main form button >> nth=0")
            page.wait_for_url("**/consent/**")
            page.locator("details summary").first.click()
            look(page)

    assert found == {}
