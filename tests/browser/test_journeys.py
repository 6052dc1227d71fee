"""Every kind of application meets every decision, in Chromium and on real pages (issue 6).

A developer signs up, registers with Back and a double click, asks; two owners decide at once; the application gets its
tokens by its own flow, opens what it was allowed and no more, and is dead within five seconds of the end.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from careweft.adapters import clock
from careweft.app import House
from careweft.cli.apps import operator, terminal
from careweft.ports.people import Account, Visit
from careweft.registry.application import Application
from careweft.store import embedded
from tests import world
from tests.web.vectors import VECTORS

from .acts import looked_at
from .demo import Demo
from .inside import within
from .kinds import KINDS, App, Kind, Refused
from .portal import PASSWORD, ask, come_back, enrol, register, sign_up

pytestmark = pytest.mark.browser

DECISIONS = ("approve", "narrow", "refuse", "expire", "withdraw")
SEED = 6
ASKS = "Request authorization of Maple Clinic"
SOON = 5.0
"""Seconds within which what was taken back is dead."""


def rows() -> list[tuple[Kind, tuple[str, ...]]]:
    """Each decision for each kind in make drill; else each decision once, in three journeys of three kinds."""
    if world.DRILL:
        return [(kind, (decision,)) for kind in KINDS for decision in DECISIONS]
    chosen = random.Random(SEED).sample(KINDS[1:], 3)
    return list(zip(chosen, (("refuse", "approve"), ("narrow", "withdraw"), ("expire",)), strict=True))


def scripted(kind: Kind) -> bool:
    """Does its developer's browser run scripts? Every second one's does."""
    return KINDS.index(kind) % 2 == 1


@dataclass
class Owner:
    """One who decides at Maple Clinic: the page on which they are, and their recovery codes."""

    username: str
    page: Any
    codes: list[str]

    def look(self, app: App) -> None:
        """At the request of this application."""
        self.page.goto(f"{app.demo.url}/console/{app.demo.tenant}/applications/{app.id}")

    def narrow(self, *types: str) -> None:
        """Untick every type but these."""
        for box in self.page.locator("input[name=type]").all():
            if box.input_value() not in types:
                box.uncheck()


@dataclass
class Stage:
    """The demonstration, its two owners, and a way into its database: only to let time pass."""

    demo: Demo
    owners: tuple[Owner, Owner]
    url: str

    def sql(self, statement: str, *args: Any) -> list[Any]:
        """In a thread of its own: the browser's driver keeps an event loop in this one."""
        with ThreadPoolExecutor(1) as apart:
            return list(apart.submit(asyncio.run, run(self.url, statement, args)).result())


async def run(url: str, statement: str, args: tuple[Any, ...]) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement, *args))
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def stage(demo: Demo, chrome: Any) -> Iterator[Stage]:
    """Two owners, each with a second factor, who stay signed in."""
    names = ("olga.journey", "ove.journey")

    async def made(house: House) -> None:
        tenant = await house.tenant(demo.tenant)
        for name in names:
            account = Account("", tenant.number, name, name, f"{name}@example.org", "owner")
            await house.people.office.create(tenant, account, PASSWORD, Visit("a test"))

    within(demo, made)
    cluster = embedded.start(demo.platform.data)
    contexts = [chrome.new_context() for _ in names]
    owners = []
    for name, context in zip(names, contexts, strict=True):
        context.set_default_timeout(10_000)
        page = context.new_page()
        owners.append(Owner(name, page, enrol(page, demo, name, PASSWORD)))
    yield Stage(demo, (owners[0], owners[1]), cluster.dsn("careweft_admin"))
    for context in contexts:
        context.close()
    cluster.stop()


@pytest.mark.parametrize(("kind", "decisions"), rows(), ids=lambda one: getattr(one, "name", None) or "-".join(one))
def test_a_kind_meets_a_decision(
    stage: Stage, visitor: Callable[..., Any], kind: Kind, decisions: tuple[str, ...]
) -> None:
    """From sign-up to the end, as the table says."""
    developer, user = visitor(java_script_enabled=scripted(kind)), visitor()
    name = f"{decisions[0]} {KINDS.index(kind)}".title()
    username = name.lower().replace(" ", "-")
    stage.sql("delete from throttle")  # a quarter of an hour has passed since the last one signed up
    sign_up(developer, stage.demo, username)
    app = register(developer, stage.demo, kind, name, press=lambda button: button.dblclick())
    app.page = user
    assert stage.sql("select count(*) from application where asked ->> 'name' = $1", name)[0]["count"] == 1

    expired(stage, developer, app, username)
    for decision in decisions:
        requested(stage, developer, app)
        for owner in stage.owners:
            owner.look(app)
        END[decision](stage, developer, app)


def expired(stage: Stage, developer: Any, app: App, username: str) -> None:
    """The session has ended before the request is sent: a sign-in comes first, and nothing was asked."""
    ask(developer, stage.demo, app)
    ended = "update session set seen = now() - interval '16 minutes' where account = (select id from account where"
    stage.sql(f"{ended} username = $1 and tenant = 0)", username)
    developer.get_by_role("button", name=ASKS).click()
    developer.locator("#password").wait_for()
    come_back(developer, stage.demo, username, PASSWORD)
    assert "/developers" in developer.url
    assert stage.sql("select count(*) from tenant_authorization where application = $1", app.id)[0]["count"] == 0


def requested(stage: Stage, developer: Any, app: App) -> None:
    """Asked by a double click, once; what was not decided opens nothing. What is allowed already is not asked for."""
    held = stage.sql("select state from tenant_authorization where application = $1", app.id)
    if [one["state"] for one in held] == ["approved"]:
        return
    ask(developer, stage.demo, app)
    developer.get_by_role("button", name=ASKS).dblclick()
    developer.get_by_text("The request is on its way").or_(developer.get_by_text("asked already")).first.wait_for()
    developer.goto(f"{stage.demo.url}/developers/applications/{app.id}")
    assert developer.locator(".badge", has_text="requested").count() == 1
    with pytest.raises(Refused):
        app.connect(*wanted(app))


def approve(stage: Stage, developer: Any, app: App) -> None:
    """All of it: both owners press at once, and one of them is told that the other was quicker."""
    pages = [owner.page for owner in stage.owners]
    pages[0].get_by_role("button", name="Approve").click(no_wait_after=True)
    pages[1].get_by_role("button", name="Approve").click(no_wait_after=True)
    for page in pages:
        page.get_by_text("Approved.").or_(page.get_by_text("decided meanwhile")).first.wait_for()
    assert sum(page.get_by_text("Approved.").count() for page in pages) == 1
    steps = "select count(*) from authorization_step where application = $1 and step = 'approve'"
    assert stage.sql(steps, app.id)[0]["count"] == 1
    told = app.connect(*wanted(app))
    assert set(told["scope"].split()) == set(wanted(app))
    assert (app.status("Patient"), app.status("Observation")) == (200, 200)
    developer.reload()
    assert developer.locator(".badge", has_text="approved").count() == 1
    assert stage.demo.tenant in developer.inner_text("main")
    tried(developer, replace(app, page=developer))


def tried(page: Any, app: App) -> None:
    """From its page its developer walks the whole flow in this browser, and calls the API."""
    look = looked_at if scripted(app.kind) else lambda _: None  # axe is a script
    page.get_by_role("link", name="Try it").click()
    look(page)
    if app.kind.who:
        page.get_by_role("button", name="Add this address").click()
        page.get_by_text("The address was added").wait_for()
        page.get_by_role("button", name="Sign in at Maple Clinic").click()
        app.walk()
        app.allow("**/developers/try")
        look(page)
    form = app.proof(f"{app.issuer}/token")[0]
    for name, value in (("secret", app.secret), ("assertion", form.get("client_assertion", ""))):
        if value:
            page.fill(f"#{name}-1", value)
    button = "Exchange the code" if app.kind.who else "Get a token of Maple Clinic"
    page.get_by_role("button", name=button).click()
    page.get_by_role("heading", name="The token response").wait_for()
    assert '"access_token": "…"' in page.inner_text("main")
    page.get_by_role("button", name="Call").click()
    page.get_by_role("heading", name="Status 200").wait_for()
    assert f'"resourceType": "{"Patient" if app.kind.who else "Bundle"}"' in page.inner_text("#answer")
    look(page)
    page.fill("#path", "../../../metrics")
    page.get_by_role("button", name="Call").click()
    page.get_by_text("Write a path below the FHIR base URL").first.wait_for()


def narrow(stage: Stage, developer: Any, app: App) -> None:
    """One kind of records; the other owner, who saw the whole request, cannot allow more by that page."""
    quick, late = stage.owners
    quick.narrow("Patient")
    quick.page.get_by_role("button", name="Approve").click()
    quick.page.get_by_text("Approved.").wait_for()
    late.page.get_by_role("button", name="Approve").click()
    late.page.get_by_text("decided meanwhile").wait_for()
    told = app.connect(*wanted(app))
    level = app.kind.level
    assert f"{level}/Patient.rs" in told["scope"].split()
    assert not {f"{level}/*.rs", f"{level}/Observation.rs"} & set(told["scope"].split())
    assert (app.status("Patient"), app.status("Observation")) == (200, 403)
    developer.reload()
    if app.key is not None:
        keys_told(stage, developer, app)
    assert f"{level}/Patient.rs" in developer.inner_text("main")


def keys_told(stage: Stage, developer: Any, app: App) -> None:
    """Its keys, as they were last fetched; once its server is gone, that it could not be, until it is back."""
    kid = str(app.key.kid) if app.key else ""
    assert kid in developer.inner_text("main")
    if app.kind.pasted:
        return
    assert "As last fetched" in developer.inner_text("main")
    held = stage.demo.outside.keys.pop(kid)
    developer.get_by_role("button", name="Fetch the key set now").click()
    developer.get_by_text("We could not fetch it").wait_for()
    developer.goto(f"{stage.demo.url}/developers/applications/{app.id}")
    assert "failed: " in developer.inner_text("main")
    stage.demo.outside.keys[kid] = held


def refuse(stage: Stage, developer: Any, app: App) -> None:
    """With a reason that the developer reads; the session of one owner ended before, and nothing was decided by it."""
    owner, other = stage.owners
    stage.sql(
        "update session set seen = now() - interval '16 minutes'"
        " where account = (select id from account where username = $1)", owner.username,
    )  # fmt: skip
    owner.page.get_by_role("button", name="Refuse").click()
    owner.page.locator("#password").wait_for()
    come_back(owner.page, stage.demo, owner.username, PASSWORD, owner.codes.pop())
    owner.look(app)
    owner.page.get_by_text("Refuse", exact=True).first.wait_for()
    assert owner.page.locator("h1 .badge").inner_text() == "requested"
    owner.page.select_option("#code", "not-needed")
    owner.page.fill("#reason", "ask for less than this")
    owner.page.get_by_role("button", name="Refuse").click()
    owner.page.get_by_text("Refused.").wait_for()
    other.page.get_by_role("button", name="Approve").click()
    other.page.get_by_text("decided meanwhile").wait_for()
    with pytest.raises(Refused):
        app.connect(*wanted(app))
    developer.reload()
    said = developer.inner_text("main")
    assert "It asks for more than its purpose needs. ask for less than this" in said
    assert developer.locator(".badge", has_text="refused").count() == 1


def expire(stage: Stage, developer: Any, app: App) -> None:
    """Until tomorrow, which comes sooner here: tokens end with it, no new one is given, both sides see it."""
    owner, _ = stage.owners
    tomorrow = owner.page.locator("#expires-hint").inner_text().split()[2].strip(";")
    owner.page.fill("#expires", tomorrow)
    owner.page.get_by_role("button", name="Approve").click()
    owner.page.get_by_text("Approved.").wait_for()
    app.connect(*wanted(app))
    passes = "now() + interval '3 seconds'"
    stage.sql(f"update client set expires = {passes} where id = $1", app.id)
    stage.sql(
        "update tenant_authorization set narrowing = jsonb_set(narrowing, '{expires}', to_jsonb($2::text))"
        " where application = $1", app.id,
        (clock.now() + timedelta(seconds=3)).isoformat(),
    )  # fmt: skip
    since = time.monotonic() + 3
    time.sleep(0.3)
    assert app.renew()["expires_in"] <= 3
    assert app.status("Patient") == 200
    assert app.dead_within(SOON, since)
    time.sleep(max(0.0, since + 0.2 - time.monotonic()))  # a token ends on a whole second before that
    with pytest.raises(Refused):
        app.renew()
    owner.look(app)
    assert owner.page.locator("h1 .badge").inner_text() == "expired"
    developer.reload()
    assert developer.locator(".badge", has_text="expired").count() == 1
    ask(developer, stage.demo, app)
    developer.get_by_role("button", name=ASKS).click()
    developer.get_by_text("The request is on its way").wait_for()


def withdraw(stage: Stage, developer: Any, app: App) -> None:
    """What was allowed is taken back: the token in hand is dead within five seconds, and nothing renews it."""
    owner, other = stage.owners
    if not app.told:
        owner.page.get_by_role("button", name="Approve").click()
        owner.page.get_by_text("Approved.").wait_for()
        app.connect(*wanted(app))
        other.look(app)
        owner.look(app)
    assert app.status("Patient") == 200
    owner.page.select_option("#code", "security")
    owner.page.get_by_role("button", name="Withdraw").click(no_wait_after=True)
    other.page.get_by_role("button", name="Withdraw").click(no_wait_after=True)
    since = time.monotonic()
    assert app.dead_within(SOON, since)
    for one in (owner.page, other.page):
        one.get_by_text("Withdrawn:").or_(one.get_by_text("decided meanwhile")).first.wait_for()
    for again in (app.renew, lambda: app.connect(*wanted(app))):
        with pytest.raises(Refused):
            again()
    developer.reload()
    assert "It puts the security of records or of this service at risk" in developer.inner_text("main")
    assert developer.locator(".badge", has_text="withdrawn").count() == 1


ATTACK = """
<!doctype html><title>a prize</title>
<form method=post action="{action}"><input name=do value=approve><input name=version value=1></form>
<script>document.forms[0].submit()</script>
"""


@pytest.fixture(scope="module")
def planted(stage: Stage) -> str:
    """An application that waits at Maple Clinic; its client_id."""

    async def made(house: House) -> str:
        tenant = await house.tenant(stage.demo.tenant)
        asked = Application(
            "Planted", "patient", "provider", "none", "native", redirect_uris=(stage.demo.outside.back,)
        )
        held = (await house.registry.register(asked, None, operator(), terminal())).registration
        await house.registry.ask(held.id, tenant, "", operator(), terminal())
        return held.id

    return str(within(stage.demo, made))


def test_a_form_of_another_site_does_nothing(stage: Stage, planted: str) -> None:
    """OATK-10: a page elsewhere, and one of the same site on another port, send an owner's yes."""
    page = stage.owners[0].page.context.new_page()
    action = f"{stage.demo.url}/console/{stage.demo.tenant}/applications/{planted}"
    for origin in ("http://evil.example", f"http://localhost:{stage.demo.outside.port}"):
        page.route(f"{origin}/attack", lambda route: route.fulfill(
            content_type="text/html", body=ATTACK.replace("{action}", action)))  # fmt: skip
        with page.expect_response(lambda one: one.request.method == "POST") as sent:
            page.goto(f"{origin}/attack")
        assert sent.value.status in (303, 403)
    page.close()
    held = stage.sql("select state from tenant_authorization where application = $1", planted)
    assert [one["state"] for one in held] == ["requested"]


def test_nothing_that_people_write_runs(stage: Stage, visitor: Callable[..., Any], planted: str) -> None:
    """WEB-01: vectors as names, company, description and message, on the pages of an owner and of who is asked to
    agree: none opens a dialog, none meets the policy, none leaves an element on the page.
    """
    owner, user = stage.owners[0].page, visitor()
    stage.sql("update client set approved = true where id = $1", planted)
    app = App(KINDS[5], stage.demo, planted, page=user)
    app.arrive(*wanted(app))
    consent, base, tenant = user.url, stage.demo.url, stage.demo.tenant
    wrong: list[str] = []
    for page in (owner, user):
        page.on("dialog", lambda one: (wrong.append(one.message), one.dismiss()))
        page.on("console", lambda one: wrong.append(one.text))
        page.on("pageerror", lambda one: wrong.append(str(one)))
    console = f"{base}/console/{tenant}"
    looks = ((owner, console), (owner, f"{console}/applications/{planted}"), (user, consent))
    for vector in random.Random(SEED).sample(VECTORS, world.count(4, len(VECTORS))):
        told = json.dumps({"name": vector, "publisher": vector, "description": vector})
        stage.sql("update application set asked = asked || $2::jsonb where id = $1", planted, told)
        stage.sql("update client set name = $2, publisher = $2 where id = $1", planted, vector)
        stage.sql("update tenant_authorization set message = $2, reason = $2 where application = $1", planted, vector)
        for page, url in looks:
            page.goto(url)
            assert page.locator("main h1").count() == 1, vector
            assert page.locator("main script, main iframe, main img, main base, main style").count() == 0, vector
    assert wrong == []


END = {"approve": approve, "narrow": narrow, "refuse": refuse, "expire": expire, "withdraw": withdraw}


def wanted(app: App) -> tuple[str, ...]:
    """What it asks for: its kind of records, with what people's applications need beside."""
    records = f"{app.kind.level}/*.rs"
    return ("launch/patient", "openid", "fhirUser", "offline_access", records) if app.kind.who else (records,)
