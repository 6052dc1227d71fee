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
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from careweft.adapters import clock
from careweft.app import House
from careweft.ports.people import Account, Visit
from careweft.store import embedded
from tests import world
from tests.web.vectors import VECTORS

from .demo import Demo
from .inside import within
from .kinds import KINDS, App, Kind, Refused
from .portal import PASSWORD, ask, come_back, enrol, register, sign_up

pytestmark = pytest.mark.browser

DECISIONS = ("approve", "narrow", "refuse", "expire", "withdraw")
SEED = 6
SOON = 5.0
"""Seconds within which what was taken back is dead."""


def rows() -> list[tuple[Kind, str]]:
    """All of them in make drill; else each decision once, each for another kind."""
    if world.DRILL:
        return [(kind, decision) for kind in KINDS for decision in DECISIONS]
    chosen = random.Random(SEED).sample(KINDS, len(DECISIONS))
    return list(zip(chosen, DECISIONS, strict=True))


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


@pytest.mark.parametrize(("kind", "decision"), rows(), ids=lambda one: getattr(one, "name", one))
def test_a_kind_meets_a_decision(stage: Stage, visitor: Callable[..., Any], kind: Kind, decision: str) -> None:
    """From sign-up to the end, as the table says."""
    script = KINDS.index(kind) % 2 == 0
    developer, user = visitor(java_script_enabled=script), visitor()
    name = f"{decision} {KINDS.index(kind)}".title()
    username = name.lower().replace(" ", "-")
    stage.sql("delete from throttle")  # a quarter of an hour has passed since the last one signed up
    sign_up(developer, stage.demo, username)
    app = register(developer, stage.demo, kind, name, press=lambda button: button.dblclick())
    app.page = user
    assert stage.sql("select count(*) from application where asked ->> 'name' = $1", name)[0]["count"] == 1

    requested(stage, developer, app, username)
    for owner in stage.owners:
        owner.look(app)
    END[decision](stage, developer, app)


def requested(stage: Stage, developer: Any, app: App, username: str) -> None:
    """The session has ended before the request is sent: it is not lost on them, and is sent after a sign-in."""
    ask(developer, stage.demo, app)
    button = developer.get_by_role("button", name="Request authorization of Maple Clinic")
    ended = "update session set seen = now() - interval '16 minutes' where account = (select id from account where"
    stage.sql(f"{ended} username = $1 and tenant = 0)", username)
    button.click()
    developer.locator("#password").wait_for()
    come_back(developer, stage.demo, username, PASSWORD)
    assert "/developers" in developer.url
    assert stage.sql("select count(*) from tenant_authorization where application = $1", app.id)[0]["count"] == 0
    ask(developer, stage.demo, app)
    button.dblclick()
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
    assert f"{level}/Patient.rs" in developer.inner_text("main")


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
    developer.get_by_role("button", name="Request authorization of Maple Clinic").click()
    developer.get_by_text("The request is on its way").wait_for()


def withdraw(stage: Stage, developer: Any, app: App) -> None:
    """What was allowed is taken back: the token in hand is dead within five seconds, and nothing renews it."""
    owner, other = stage.owners
    owner.page.get_by_role("button", name="Approve").click()
    owner.page.get_by_text("Approved.").wait_for()
    app.connect(*wanted(app))
    assert app.status("Patient") == 200
    other.look(app)
    owner.look(app)
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
<form method=post action="{action}"><input name=days value=0><input name=stamp value=none></form>
<script>document.forms[0].submit()</script>
"""


def test_a_form_of_another_site_does_nothing(stage: Stage, visitor: Callable[..., Any]) -> None:
    """OATK-10: a page elsewhere, and one of the same site on another port, send a form for who is signed in here."""
    page = visitor()
    stage.sql("delete from throttle")
    sign_up(page, stage.demo, "csrf.victim")
    app = register(page, stage.demo, KINDS[0], "Victim")
    action = f"{stage.demo.url}/developers/applications/{app.id}/secret"
    for origin in ("http://evil.example", f"http://localhost:{stage.demo.outside.port}"):
        page.route(f"{origin}/attack", lambda route: route.fulfill(
            content_type="text/html", body=ATTACK.replace("{action}", action)))  # fmt: skip
        with page.expect_response(lambda one: one.request.method == "POST") as sent:
            page.goto(f"{origin}/attack")
        assert sent.value.status in (303, 403)
    assert stage.sql("select version from application where id = $1", app.id)[0]["version"] == 1


def test_nothing_that_people_write_runs(stage: Stage, visitor: Callable[..., Any]) -> None:
    """WEB-01: vectors as names, company, description and message, on the pages of all who see them: none opens a
    dialog, none meets the policy, none leaves a mark on the page.
    """
    developer, user = visitor(), visitor()
    owner, _ = stage.owners
    stage.sql("delete from throttle")
    sign_up(developer, stage.demo, "xss.writer")
    app = register(developer, stage.demo, KINDS[4], "Vector")
    app.page = user
    ask(developer, stage.demo, app)
    developer.get_by_role("button", name="Request authorization of Maple Clinic").click()
    owner.look(app)
    owner.page.get_by_role("button", name="Approve").click()
    owner.page.get_by_text("Approved.").wait_for()
    app.connect(*wanted(app))
    wrong = []
    for page in (developer, owner.page, user):
        page.on("dialog", lambda one: (wrong.append(one.message), one.dismiss()))
        page.on("console", lambda one: wrong.append(one.text))
        page.on("pageerror", lambda one: wrong.append(str(one)))
    base, tenant = stage.demo.url, stage.demo.tenant
    looks = (
        (developer, "/developers"), (developer, f"/developers/applications/{app.id}"),
        (owner.page, f"/console/{tenant}"), (owner.page, f"/console/{tenant}/applications/{app.id}"),
        (user, f"/account/{tenant}/apps"),
    )  # fmt: skip
    for vector in random.Random(SEED).sample(VECTORS, world.count(3, len(VECTORS))):
        told = json.dumps({"name": vector, "publisher": vector, "description": vector})
        stage.sql("update application set asked = asked || $2::jsonb where id = $1", app.id, told)
        stage.sql("update client set name = $2, publisher = $2 where id = $1", app.id, vector)
        stage.sql("update tenant_authorization set message = $2, reason = $2 where application = $1", app.id, vector)
        for page, path in looks:
            page.goto(base + path)
            page.wait_for_load_state("load")
            assert page.locator("main h1").count() == 1, vector
            assert page.locator("main script, main iframe, main img, main base, main style").count() == 0, vector
    assert wrong == []


END = {"approve": approve, "narrow": narrow, "refuse": refuse, "expire": expire, "withdraw": withdraw}


def wanted(app: App) -> tuple[str, ...]:
    """What it asks for: its kind of records, with what people's applications need beside."""
    records = f"{app.kind.level}/*.rs"
    return ("launch/patient", "openid", "fhirUser", "offline_access", records) if app.kind.who else (records,)
