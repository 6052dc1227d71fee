"""The fhirclient library (npm), unmodified, in a browser: launches, reads, refreshes, and is cut off.

Standalone and from the EHR simulator, for patients and practitioners, with a secret, with a key, and with neither.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from careweft import config
from careweft.app import open_house
from careweft.cli.place import as_served, standing
from tests import world
from tests.conformance.smart.clinic import MAY_ASK, App, registered

from . import smart_app
from .acts import sign_in
from .smart_app import Site

pytestmark = [pytest.mark.browser, pytest.mark.node]


@dataclass(frozen=True)
class Case:
    """One registration, and how it is opened by whom."""

    name: str
    auth: str
    who: str
    ehr: bool
    always: bool = True

    @property
    def own(self) -> dict[str, Any]:
        """What it is registered with."""
        kind = "practitioner" if self.who == "practitioner" else "patient"
        return {"auth": self.auth, "type": kind, "platform": "browser" if self.auth == "none" else "web"}

    @property
    def scope(self) -> str:
        level, word = ("user", "launch") if self.ehr else ("patient", "launch/patient")
        types = ["Patient", "Observation", "Encounter", "Practitioner"]
        return " ".join((word, "openid fhirUser offline_access", *(f"{level}/{one}.rs" for one in types)))


CASES = [
    Case("public-patient", "none", "patient", ehr=False),
    Case("secret-practitioner", "secret", "practitioner", ehr=False),
    Case("key-from-ehr", "private-key-jwt", "practitioner", ehr=True),
    Case("public-from-ehr", "none", "practitioner", ehr=True, always=False),
    Case("secret-from-ehr", "secret", "practitioner", ehr=True, always=False),
    Case("secret-patient", "secret", "patient", ehr=False, always=False),
    Case("key-patient", "private-key-jwt", "patient", ehr=False, always=False),
]


@pytest.fixture(scope="module")
def site(demo):
    """The application, registered at the demonstration once for each case."""
    world.node("fhirclient")
    with smart_app.served() as found:
        # In a thread of its own: the browser's driver keeps an event loop in this one.
        with ThreadPoolExecutor(1) as apart:
            made = apart.submit(register, demo, found).result()
        for case in CASES:
            found.settings[case.name] = settings(demo, found, case, made[case.name])
        yield found


def register(demo, site: Site) -> dict[str, App]:
    """All of them."""

    async def each(house):
        tenant = await house.tenant(demo.tenant)
        return {
            case.name: await registered(
                house, tenant, case.name, **case.own, scopes=MAY_ASK, origins=(site.origin,),
                redirect_uris=(site.url(case.name, "index.html"),), launch_url=site.url(case.name, "launch.html"),
            )
            for case in CASES
        }  # fmt: skip

    asked = as_served(config.read(data=demo.platform.data, port=demo.platform.port, environment="preview"))
    with standing(asked) as opened:
        return within(opened, each)


def within(settings, work):
    """Work in the demonstration's own house."""

    async def run():
        async with open_house(settings) as house:
            return await work(house)

    return asyncio.run(run())


def settings(demo, site: Site, case: Case, app: App) -> dict[str, Any]:
    """What the library is told."""
    told = {"clientId": app.id, "scope": case.scope, "redirectUri": site.url(case.name, "index.html")}
    if not case.ehr:
        told["iss"] = demo.platform.base("provider", "patient", demo.tenant)
    if app.secret:
        told["clientSecret"] = app.secret
    if app.keys:
        told["clientPrivateJwk"] = app.keys["ES384"].as_dict(private=True) | {"key_ops": ["sign"]}
        del told["clientPrivateJwk"]["use"]
    return told


@pytest.mark.parametrize("case", [one for one in CASES if one.always or world.DRILL], ids=lambda one: one.name)
def test_launches_reads_refreshes_and_is_cut_off(demo, site, visitor, case):
    """What it got is what it reads; refreshed it reads on; taken back by the person it reads nothing within 5 s."""
    page = visitor()
    chosen = opened(demo, site, page, case)
    sign_in(page, demo, case.who)
    if not case.ehr and case.who == "practitioner":
        page.wait_for_url("**/pick/**")
        page.fill("#text", "a")
        page.click("button[value=search]")
        page.click("button[name=patient] >> nth=0")
    page.wait_for_url("**/consent/**")
    time.sleep(0.6)
    page.click("button[value=allow]")
    page.wait_for_url(f"{site.origin}/**")
    page.wait_for_function("document.title !== 'waiting'")

    assert page.title() == "ready"
    seen = page.evaluate("seen")
    assert seen["patient"] == (chosen or seen["patient"])
    assert seen["user"] == ("Practitioner" if case.who == "practitioner" else "Patient")
    assert set(seen["observations"]) <= {"Observation"}
    assert (seen["encounter"] is not None) is case.ehr
    assert set(seen["scope"].split()) == set(case.scope.split())

    first = token(page)
    told = refreshed(page)
    if case.auth == "private-key-jwt":  # the library signs nothing when it refreshes, so it is not let in
        assert "invalid_client" in told
    else:
        assert (told, token(page) != first) == ("refreshed", True)
    assert status(page) == 200

    account = page.context.new_page()
    account.goto(demo.account("apps"))
    account.click("button.danger >> nth=0")
    account.wait_for_selector(".note.good")
    until = time.monotonic() + 5
    while status(page) != 401:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert "failed" in refreshed(page)


def opened(demo, site: Site, page, case: Case) -> str | None:
    """The application begins: its own page, or the simulator's button; the patient in context where there is one."""
    if not case.ehr:
        page.goto(site.url(case.name, "launch.html"))
        page.wait_for_url("**/sign-in/**")
        return None
    page.goto(f"{demo.url}/simulator")
    page.select_option("#app", label=f"Kit {case.name}")
    page.select_option("#practitioner", demo.logins["practitioner"]["record"])
    page.select_option("#patient", index=1)
    patient = page.input_value("#patient")
    page.click("button[value=patient]")
    page.wait_for_selector("#encounter")
    page.select_option("#encounter", index=1)
    page.click("button[value=launch]")
    page.wait_for_url("**/sign-in/**")
    return patient


def token(page) -> str:
    return page.evaluate("client.state.tokenResponse.access_token")


def refreshed(page) -> str:
    """What comes of the library's refresh."""
    return page.evaluate("""async () => {
        try {
            await client.refresh();
            return 'refreshed';
        } catch (error) {
            return `failed: ${error.message}`;
        }
    }""")


def status(page) -> int:
    """What the server answers to the token, without the library's own second try."""
    return page.evaluate("""
        fetch(`${client.state.serverUrl}/Patient/${client.patient.id}`, {
          headers: {authorization: `Bearer ${client.state.tokenResponse.access_token}`},
        }).then((one) => one.status)
    """)
