"""Pages over HTTP: every form against strangers, every page's headers, the ways through them (OATK-10 to OATK-13)."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta

import pyotp
import pytest

from careweft.adapters import clock
from careweft.ports.people import Account
from careweft.web import routes, texts
from careweft.web.route import Person, Visitor
from careweft.web.telemetry import Telemetry

from .visitors import PASSWORD, REDIRECT, VISIT, forms, text, town

pytestmark = pytest.mark.anyio


class Shifted:
    """The clock, moved ahead for what pages see."""

    ahead = timedelta()

    def __call__(self):
        return clock.now() + self.ahead


TIME = Shifted()


@pytest.fixture(scope="module")
async def place(module_database, tmp_path_factory):
    async with town(module_database, tmp_path_factory.mktemp("town"), clock=TIME) as made:
        yield made


@pytest.fixture(autouse=True)
def no_hurry():
    """Nobody clicks within half a second, unless a test says so."""
    TIME.ahead += timedelta(minutes=1)


async def waiting(place, who=None, **asked):
    """A browser with an authorization request, and its id; signed in where a name is given."""
    browser = place.browser()
    page = await browser.get(place.authorize(**{"prompt": "consent", **asked}))
    if who:
        page = await browser.sign_in(who)
    return browser, str(page.url).rpartition("/")[2]


async def signed_in(place, who, page="home"):
    browser = place.browser()
    await browser.get(f"{place.base}/{page}")
    await browser.sign_in(who)
    await browser.get(f"{place.base}/{page}")
    return browser


def page_rows(place):
    """Every page and form for people; the authorization endpoint takes requests from everywhere, and is another's.

    Those of developers, owners and administrators are looked at beside them (test_portal.py, test_console.py,
    test_administration.py).
    """
    table = routes.table(place.desk.front._site, Telemetry())
    pages = [row for row in table if isinstance(row.policy, Person | Visitor) and "page" in row.speaks]
    return [row for row in pages if not row.path.startswith(("/developers", "/console", "/administration"))]


async def test_no_form_is_taken_from_a_stranger(place):
    """OATK-10: each POST of each page without a stamp, with another session's, from elsewhere, from nowhere: 403."""
    mine, id_ = await waiting(place, "ana")
    nobody, unmet = await waiting(place)
    theirs = await signed_in(place, "kim", "security")
    stranger = theirs.stamp
    own = await signed_in(place, "ana", "security")
    wrong = []
    asked = ("/authorize", "/logout")  # by applications, from everywhere: pages of ours come first
    posts = [row for row in page_rows(place) if "POST" in row.methods and not row.path.endswith(asked)]
    assert len(posts) > 25
    for row in posts:
        arriving = "/sign-in/{id}" in row.path
        path = row.path.replace("{tenant}", place.desk.tenant.id).replace("{id}", unmet if arriving else id_)
        browser = nobody if arriving else mine if "/auth/" in path else own
        for case, fields, origin in (
            ("no stamp", {}, "own"),
            ("a stranger's stamp", {"stamp": stranger}, "own"),
            ("from another site", {"stamp": own.stamp}, "https://evil.example"),
            ("from a null origin", {"stamp": own.stamp}, "null"),
            ("from nowhere", {"stamp": own.stamp}, None),
        ):
            kept = browser.page
            answer = await browser.send(path, origin=origin, follow=False, do="allow", password=PASSWORD, **fields)
            browser.page = kept
            allowed = (403, 404) if row.policy == Person(frozenset({"practitioner"})) else (403,)
            if answer.status_code not in allowed:
                wrong.append((row.path, case, answer.status_code))

    assert wrong == []


async def test_every_page_says_who_may_frame_it_and_what_it_may_load(place):
    """OAUTH-29, OAUTH-30: on every page, signed in or not, also to other origins; nothing is kept."""
    browser, id_ = await waiting(place, "fay")
    looked = 0
    for row in page_rows(place):
        if row.methods != ("GET",):
            continue
        path = row.path.replace("{tenant}", place.desk.tenant.id).replace("{id}", id_)
        answer = await browser.http.get(path, headers={"origin": "https://evil.example"})
        looked += 1
        assert answer.status_code in (200, 303, 400, 401, 404, 409), row.path
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store, private"
        assert "access-control-allow-origin" not in answer.headers
        if answer.status_code != 303:
            policy = answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy
            assert policy.startswith("default-src 'none'")
            assert "unsafe" not in policy
    assert looked > 15


async def test_a_person_lets_an_app_in(place):
    """Sign in, consent, back with a code: each step a 303 (OAUTH-28), one audit row, the way home in the policy."""
    browser, _ = await waiting(place)
    assert "Sugar Diary" in text(browser.page.text)
    before = await place.desk.counted()
    page = await browser.fill("", follow=False, username="ana", password=PASSWORD)
    assert page.status_code == 303
    assert (await place.desk.counted())[2] == before[2] + 1
    page = await browser.get(page.headers["location"])
    assert "form-action 'self' https://app.example" in page.headers["content-security-policy"]
    assert "Not checked" in page.text
    assert "Diary Works" in page.text
    TIME.ahead += timedelta(seconds=1)
    answer = await browser.fill("consent/" + str(page.url).rpartition("/")[2], follow=False, do="allow",
                                allow=["record:Patient", "identity:openid"])  # fmt: skip

    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{REDIRECT}?code=")
    row = await place.desk.audited()
    assert (row["action"], row["person"], row["client"]) == ("authorize", "Patient/ana", place.client.id)


async def test_a_yes_that_comes_too_soon_is_asked_for_again(place):
    """OATK-11: 400 ms no, 600 ms yes; the ticks stay as they were."""
    browser, id_ = await waiting(place, "ana")
    TIME.ahead += timedelta(milliseconds=400)
    page = await browser.fill(f"consent/{id_}", do="allow", allow=["record:Patient"])
    assert page.status_code == 422
    assert "very quick" in page.text
    assert "checked" not in page.text.split("record:Observation")[1].partition(">")[0]
    TIME.ahead += timedelta(milliseconds=600)
    answer = await browser.fill(f"consent/{id_}", follow=False, do="allow", allow=["record:Patient"])

    assert answer.headers["location"].startswith(f"{REDIRECT}?code=")


async def test_a_request_is_answered_once(place):
    """The form that was sent is sent again: the second time there is no request any more, and no second code."""
    browser, id_ = await waiting(place, "ana")
    fields = next(one for one in forms(browser.page.text) if "consent" in one.action).hidden
    TIME.ahead += timedelta(seconds=1)
    path = f"{place.auth}/consent/{id_}"
    first = await browser.send(path, follow=False, do="allow", allow=["record:Patient"], **fields)
    second = await browser.send(path, follow=False, do="allow", allow=["record:Patient"], **fields)

    assert first.status_code == 303
    assert second.status_code == 400
    assert "has ended" in second.text


async def test_two_tabs_do_not_swap_their_requests(place):
    """OATK-10: the stamp of one request does not answer another one of the same person."""
    browser, one = await waiting(place, "ana")
    stamp = forms(browser.page.text)[0].hidden["stamp"]
    page = await browser.get(place.authorize(state="other", prompt="consent"))
    other = str(page.url).rpartition("/")[2]
    TIME.ahead += timedelta(seconds=1)
    answer = await browser.send(f"{place.auth}/consent/{other}", stamp=stamp, do="allow", allow=["record:Patient"])

    assert one != other
    assert answer.status_code == 403


async def test_a_request_belongs_to_the_browser_that_met_it(place):
    """Somebody else's link does not make me consent to it: their session met it first (login CSRF, OATK-10)."""
    _, id_ = await waiting(place, "fay")
    victim = await signed_in(place, "ana")
    for word in ("sign-in", "pick", "consent"):
        page = await victim.get(f"{place.auth}/{word}/{id_}")
        assert page.status_code == 400
        assert "has ended" in page.text


async def test_nobody_signs_somebody_else_in(place):
    """Login CSRF: the sign-in form of one browser is worth nothing in another."""
    attacker, victim = place.browser(), place.browser()
    await attacker.get(f"{place.base}/sign-in")
    await victim.get(f"{place.base}/sign-in")
    fields = forms(attacker.page.text)[0].hidden
    answer = await victim.send(f"{place.base}/sign-in", username="kim", password=PASSWORD, **fields)

    assert answer.status_code == 403
    assert not [one for one in victim.http.cookies.jar if one.name == f"careweft-{place.desk.tenant.id}"]


async def test_signing_in_changes_the_session(place):
    """OATK-12: a cookie that was planted before means nothing afterwards."""
    browser = place.browser()
    name = f"careweft-{place.desk.tenant.id}"
    browser.http.cookies.set(name, "planted", domain="localhost.local")
    await browser.get(f"{place.base}/sign-in")
    await browser.sign_in("ana")

    values = [one.value for one in browser.http.cookies.jar if one.name == name]
    assert values
    assert "planted" not in values


async def test_wrong_words_are_told_alike(place):
    """OATK-16: an unknown name and a wrong password give the same page, byte by byte but for its stamps."""
    pages = []
    for username in ("ana", "nobody-at-all"):
        browser = place.browser()
        await browser.get(f"{place.base}/sign-in")
        page = await browser.fill("", username=username, password="wrong-" + PASSWORD)
        assert page.status_code == 401
        assert 'href="#username"' in page.text
        for form in forms(page.text):
            page._text = page.text.replace(form.hidden["stamp"], "")
        pages.append(page.text.replace(username, "").replace(page.headers["x-request-id"], ""))
    assert pages[0] == pages[1]


async def test_a_representative_picks_and_only_from_the_list(place):
    browser, id_ = await waiting(place, "fay")
    assert "Whose records" in text(browser.page.text)
    assert {"Kit", "Olga"} <= set(text(browser.page.text).split())
    page = await browser.fill(f"pick/{id_}", patient="ana")
    assert page.status_code == 400
    browser, id_ = await waiting(place, "fay")
    page = await browser.fill(f"pick/{id_}")
    assert "Choose one person." in page.text
    page = await browser.fill(f"pick/{id_}", patient="kid")
    assert "Kit" in text(page.text).partition("Not checked")[0]


async def test_a_grant_is_seen_and_taken_back(place):
    """OAUTH-21: the account page lists it; after the button it is gone, and the journal says who did it."""
    browser, id_ = await waiting(place, "ana")
    TIME.ahead += timedelta(seconds=1)
    await browser.fill(f"consent/{id_}", follow=False, do="allow", allow=["record:Patient", "lasting:offline_access"])
    page = await browser.get(f"{place.base}/apps")
    assert "Sugar Diary" in page.text
    assert "Name, birth date" in text(page.text)
    page = await browser.fill("/apps")
    assert "cannot see your records any more" in page.text
    (ended,) = await place.desk.sql(
        "select person, client, patients from audit where action = 'take-back' order by seq desc limit 1"
    )
    assert (ended["person"], ended["client"], list(ended["patients"])) == ("Patient/ana", place.client.id, ["ana"])


@pytest.mark.parametrize(
    ("verified", "badge", "says"),
    [
        (False, "Not checked", "Nobody at Maple Clinic has checked this app."),
        (True, "Checked", "Maple Clinic has checked who made this app."),
    ],
)
async def test_a_badge_says_who_checked_an_app_wherever_it_is_seen(place, verified, badge, says):
    """OATK-13: when it asks, with its maker, where records go and since when it is known here; and for as long as it
    sees records, as it stands today.
    """
    clients = place.desk.house.clients
    known = (await clients.find(place.desk.tenant.number, place.client.id)).created
    day = texts.day("en", known, place.desk.tenant.zone)
    await clients.save(replace(place.client, verified=verified))
    browser, id_ = await waiting(place, "ana")
    page = text(browser.page.text)
    says = says.replace("Maple Clinic", place.desk.tenant.name)
    assert f" {badge}. " in page
    assert says.rstrip(".") in page
    assert f"Maker Diary Works Records go to app.example Known to {place.desk.tenant.name} since {day}" in page
    TIME.ahead += timedelta(seconds=1)
    await browser.fill(f"consent/{id_}", follow=False, do="allow", allow=["record:Patient"])
    page = (await browser.get(f"{place.base}/apps")).text
    assert f'Sugar Diary <span class="badge {"good" if verified else "warn"}">{badge}</span></h2>' in page
    assert says in page
    assert "Maker Diary Works" in text(page)
    await clients.save(replace(place.client, verified=not verified))
    page = (await browser.get(f"{place.base}/apps")).text
    assert f">{badge}</span></h2>" not in page
    await clients.save(place.client)


async def test_nobody_takes_back_what_another_gave(place):
    browser, id_ = await waiting(place, "ana")
    TIME.ahead += timedelta(seconds=1)
    await browser.fill(f"consent/{id_}", follow=False, do="allow", allow=["record:Patient"])
    page = await browser.get(f"{place.base}/apps")
    permit = next(one.hidden["permit"] for one in forms(page.text) if "permit" in one.hidden)
    other, id_ = await waiting(place, "fay")
    await other.fill(f"pick/{id_}", patient="fay")
    TIME.ahead += timedelta(seconds=1)
    await other.fill(f"consent/{id_}", follow=False, do="allow", allow=["record:Patient"])
    await other.get(f"{place.base}/apps")
    answer = await other.fill("/apps", permit=permit)

    assert answer.status_code == 400
    assert (await browser.get(f"{place.base}/apps")).text.count("Sugar Diary") > 0


async def test_activity_tells_who_looked(place):
    browser = await signed_in(place, "ana")
    async with place.desk.caller("patient/Patient.rs", patient="ana") as app:
        assert (await app.get("/Patient/ana")).status_code == 200
    page = await browser.get(f"{place.base}/activity")

    assert "Scanner" in page.text
    assert "Read: Name, birth date" in text(page.text)
    stranger = await signed_in(place, "kim", "sessions")
    assert (await stranger.get(f"{place.base}/activity")).text.count("Scanner") == 0


async def test_codes_are_set_up_and_asked_for(place):
    """TOTP without JavaScript: picture, key, code, recovery codes once; the next sign-in has a second step (WEB-05)."""
    browser = await signed_in(place, "lee", "second-factor")
    page = browser.page
    assert 'src="data:image/svg+xml;base64,' in page.text
    secret = text(page.text).partition("by hand:")[2].split()[0]
    page = await browser.fill("second-factor", code="000000")
    assert page.status_code == 401
    secret = text(page.text).partition("by hand:")[2].split()[0]
    page = await browser.fill("second-factor", code=pyotp.TOTP(secret).now())
    codes = [one.split("<")[0] for one in page.text.split('<span class="code">')[1:]]
    assert len(codes) == 10

    again = place.browser()
    await again.get(f"{place.base}/sign-in")
    page = await again.sign_in("lee")
    assert "Enter your code" in page.text
    page = await again.fill("second", code="not-a-code")
    assert page.status_code == 401
    page = await again.fill("second", code=codes[0])
    assert str(page.url).endswith("/apps")


async def test_a_caregiver_is_invited_limited_and_ended(place):
    browser = await signed_in(place, "ana", "people")
    page = await browser.fill("/people", name="Cara", email="not-an-address")
    assert (page.status_code, "not an e-mail address" in page.text) == (422, True)
    page = await browser.fill("/people", name="Cara Ost", email="cara@example.org", until="2001-01-01")
    assert "day in the future" in page.text
    page = await browser.fill("/people", name="Cara Ost", email="cara@example.org", until="2099-01-31", sensitive="")
    assert "on its way" in page.text
    assert "Until January 31, 2099" in page.text
    posted = await place.desk.house.people.means.mail.box(place.desk.tenant.number)
    assert posted[0].letter.to == "cara@example.org"
    page = await browser.fill("people/end")
    assert "cannot act for you any more" in page.text


async def test_a_forgotten_password_is_answered_alike_and_changed_by_a_letter(place):
    """The link works once, signs out everywhere, and opening it changes nothing (WEB-07, OATK-16)."""
    browser = place.browser()
    said = []
    for who in ("fay", "nobody-at-all"):
        await browser.get(f"{place.base}/reset")
        page = await browser.fill("reset", username=who)
        said.append(text(page.text))
    assert said[0] == said[1]
    await place.desk.house.people.recovery.settled()
    box = await place.desk.house.people.means.mail.box(place.desk.tenant.number)
    link = linked(box)
    await browser.get(link)
    page = await browser.get(link)
    page = await browser.fill("", password="short")
    assert page.status_code == 422
    page = await browser.fill("", password="velvet-marmot-tundra-otter")
    assert "signed out everywhere" in page.text
    assert "does not work any more" in (await browser.get(link)).text
    await place.desk.house.people.recovery.ask(place.desk.tenant, "fay", VISIT)
    await place.desk.house.people.recovery.settled()
    box = await place.desk.house.people.means.mail.box(place.desk.tenant.number)
    link = linked(box)
    await browser.get(link)
    await browser.fill("", password=PASSWORD)


def linked(box):
    """The newest link to a new password that Fay was sent."""
    letters = [one.letter.body for one in box if one.letter.to == "fay@example.org"]
    return next(word for body in letters for word in body.split() if "/reset/" in word)


async def test_an_invitation_becomes_an_account(place):
    """Code and birth date, then username and password; a wrong date and a wrong code are told alike."""
    people, tenant = place.desk.house.people, place.desk.tenant
    waiting_ = Account("", tenant.number, "", "Olga Li", None, "patient", "Patient/old")
    invitation = await people.invitations.invite(tenant, waiting_, VISIT, fact=date(1980, 5, 31))
    browser = place.browser()
    await browser.get(f"{place.base}/join")
    wrong = []
    for code, fact in ((invitation.code, "1980-05-30"), ("0000-0000-0000-0000", "1980-05-31")):
        page = await browser.fill("/join", code=code, birthdate=fact)
        wrong.append(text(page.text))
        assert page.status_code == 401
    assert wrong[0] == wrong[1]
    page = await browser.fill("/join", code=invitation.code, birthdate="1980-05-31")
    assert "Welcome, Olga Li" in page.text
    page = await browser.fill("join/choose", username="olga", password=PASSWORD)
    assert str(page.url).endswith("/apps")


async def test_pages_of_an_account_are_for_its_person(place):
    """Without a session: to the sign-in page, and back to the page that was wanted; a foreign menu is not there."""
    browser = place.browser()
    answer = await browser.http.get(f"{place.base}/activity")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{place.base}/sign-in?then=account-activity"
    await browser.get(answer.headers["location"])
    page = await browser.sign_in("ana")
    assert str(page.url).endswith("/activity")
    assert (await browser.get(f"{place.base}/emergency")).status_code == 404


async def test_emergency_access_wants_a_reason_and_is_noted(place):
    """A practitioner says who, why and how long, and can end it; the journal and the patient's page have it."""
    browser = await signed_in(place, "kim", "emergency")
    page = await browser.fill("/emergency", patient="ana", reason="because", minutes="61")
    assert page.status_code == 422
    assert {'href="#reason"', 'href="#minutes"'} <= set(re.findall('href="#[a-z]+"', page.text))
    page = await browser.fill("/emergency", patient="nobody", reason="Found unconscious in the street", minutes="30")
    assert "no patient with this number" in page.text
    page = await browser.fill("/emergency", patient="ana", reason="Found unconscious in the street", minutes="30")
    assert "You can see this patient" in page.text
    (row,) = await place.desk.sql(
        "select person, patients, reason from audit where action = 'emergency-access' and status = 200"
    )
    assert (row["person"], list(row["patients"])) == ("Practitioner/kim", ["ana"])
    page = await browser.fill("emergency/end")
    assert "has ended" in page.text

    patient = await signed_in(place, "ana", "activity")
    assert "Kim" in patient.page.text


async def test_who_leaves_goes_back_with_nothing(place):
    """From the sign-in page, from consent, and as somebody else who sits here: access_denied each time."""
    browser, id_ = await waiting(place)
    answer = await browser.fill(f"leave/{id_}", follow=False)
    assert "error=access_denied" in answer.headers["location"]
    browser, id_ = await waiting(place, "ana")
    answer = await browser.fill(f"switch/{id_}", follow=False)
    assert "error=access_denied" in answer.headers["location"]
    answer = await browser.http.get(f"{place.base}/apps")
    assert answer.status_code == 303


async def test_an_app_that_cannot_be_trusted_is_shown_never_followed(place):
    """OAUTH-01: no redirect, nothing of the request on the page."""
    for asked in ({"client_id": "<script>"}, {"redirect_uri": "https://evil.example/<b>"}):
        page = await place.browser().get(place.authorize(**asked))
        assert page.status_code == 400
        assert "cannot be used" in page.text
        assert "evil.example" not in page.text
        assert "<script>" not in page.text


async def test_spanish_is_spoken_to_who_reads_it(place):
    browser = place.browser(**{"accept-language": "es-MX,es;q=0.9"})
    page = await browser.get(f"{place.base}/sign-in")

    assert '<html lang="es">' in page.text
    assert "Iniciar sesión" in page.text


async def test_the_language_is_chosen_and_kept(place):
    """English too, in a browser that asks for Spanish: what somebody chose is what pages and letters speak."""
    browser = place.browser(**{"accept-language": "es-MX,es;q=0.9"})
    await browser.get(f"{place.base}/security")
    await browser.sign_in("fay")
    for chosen, says in (("es", "Su idioma se guardó"), ("en", "Your language is saved")):
        await browser.get(f"{place.base}/security")
        page = await browser.fill("/language", language=chosen)
        assert f'<html lang="{chosen}">' in page.text
        assert says in page.text
        account = await place.desk.house.register.by_username(place.desk.tenant.number, "fay")
        assert (account.language, account.chosen) == (chosen, True)
    page = await browser.fill("/language", language="fr")
    assert page.status_code == 422
    assert (await place.desk.audited())["action"] == "language"


async def test_an_application_has_somebody_signed_out(place):
    """RP-initiated logout: nobody by the link alone; by the page's own form, and then back with the state."""
    back = "https://app.example/bye"
    await place.desk.house.clients.save(replace(place.client, logout_uris=(back,)))
    browser = await signed_in(place, "ana")
    here = f"/auth/{place.desk.tenant.id}/oauth2/v1/logout"
    query = f"client_id={place.client.id}&post_logout_redirect_uri={back}&state=s%26t"
    page = await browser.get(f"{here}?{query}")
    assert "Sugar Diary asks you to sign out" in text(page.text)
    assert "form-action 'self' https://app.example" in page.headers["content-security-policy"]
    assert (await browser.http.get(f"{place.base}/apps")).status_code == 200
    form = forms(page.text)[-1].hidden
    refused = await browser.send(f"/auth/{place.desk.tenant.id}/sign-out", **{**form, "stamp": "none"})
    assert refused.status_code == 403
    moved = {**form, "post_logout_redirect_uri": "https://evil.example/"}
    assert (await browser.send(f"/auth/{place.desk.tenant.id}/sign-out", **moved)).status_code == 400
    assert (await browser.http.get(f"{place.base}/apps")).status_code == 200
    answer = await browser.send(f"/auth/{place.desk.tenant.id}/sign-out", follow=False, **form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{back}?state=s%26t")
    assert (await place.desk.audited())["action"] == "sign-out"
    assert (await browser.http.get(f"{place.base}/apps")).status_code == 303
    again = await browser.http.get(f"{here}?{query}")
    assert (again.status_code, again.headers["location"]) == (303, f"{back}?state=s%26t")


async def test_who_names_no_application_signs_out_too(place):
    """By POST as by GET; the page says what was done, and keeps the person here."""
    browser = await signed_in(place, "ana")
    here = f"/auth/{place.desk.tenant.id}/oauth2/v1/logout"
    page = await browser.send(here, origin="https://app.example", ui_locales="es")
    assert "¿Cerrar sesión?" in text(page.text)
    page = await browser.fill("/sign-out")
    assert "signed out" in text(page.text)
    evil = "post_logout_redirect_uri=https://evil.example"
    for bad in ("client_id=nobody", evil, "id_token_hint=x", "state=1&state=2"):
        answer = await browser.http.get(f"{here}?{bad}")
        assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_a_person_says_which_visit(place):
    """launch/encounter: the visits of the record, latest first, in words that people read; the token names the one."""
    visits = [
        {
            "resourceType": "Encounter", "id": id_, "status": "finished", "subject": {"reference": f"Patient/{who}"},
            "class": {"display": "ambulatory"}, "period": {"start": f"{day}T09:30:00Z"},
            "serviceProvider": {"display": "Northwind"},
        }
        for id_, who, day in (("v1", "ana", "2026-01-05"), ("v2", "ana", "2026-03-04"), ("v3", "fay", "2026-02-02"))
    ]  # fmt: skip
    await place.desk.load(*visits)
    wider = (*place.client.scopes, "launch/encounter", "patient/Encounter.rs")
    await place.desk.house.clients.save(replace(place.client, scopes=wider))
    browser, id_ = await waiting(place, "ana", scope="launch/encounter patient/Encounter.rs patient/Patient.rs")
    page = text(browser.page.text)
    assert "Which visit?" in page
    assert page.index("March 4, 2026") < page.index("January 5, 2026")
    assert "ambulatory, Northwind" in page
    assert "February 2" not in page
    assert (await browser.fill(f"visit/{id_}")).status_code == 422
    assert (await browser.fill(f"visit/{id_}", visit="v3")).status_code == 400
    theirs, third = await waiting(place, "fay", scope="launch/encounter patient/Patient.rs")
    page = await theirs.fill(f"pick/{third}", patient="fay")
    assert "February 2, 2026" in text(page.text)
    assert 'value="none"' in page.text
    page = await theirs.fill(f"visit/{third}", visit="none")
    assert "/consent/" in str(page.url), text(page.text)
    other, another = await waiting(place, "ana", scope="launch/encounter patient/Patient.rs")
    page = await other.fill(f"visit/{another}", visit="none")
    assert "/consent/" in str(page.url), page.url
    await browser.get(f"{place.auth}/visit/{id_}")
    page = await browser.fill(f"visit/{id_}", visit="v2")
    assert "/consent/" in str(page.url)
    TIME.ahead += timedelta(seconds=1)
    answer = await browser.fill(
        f"consent/{id_}", follow=False, do="allow", allow=["record:Patient", "record:Encounter"]
    )
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]
    told = await browser.http.post(f"{place.auth}/oauth2/v1/token", data={
        "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "client_id": place.client.id,
        "code_verifier": "v" * 43,
    })  # fmt: skip
    assert (told.json()["patient"], told.json()["encounter"]) == ("ana", "v2")
    await place.desk.house.clients.save(place.client)


async def test_no_page_keeps_a_secret_in_the_journal(place):
    """AUD-05: no password, code, ticket or stamp in any audit row."""
    rows = await place.desk.sql("select to_json(audit) as row from audit")
    told = json.dumps([row["row"] for row in rows])

    assert PASSWORD not in told
    assert "stamp=" not in told
