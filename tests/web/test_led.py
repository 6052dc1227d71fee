"""OATK-09: no word of a request leads a browser to where somebody else wants it."""

from urllib.parse import urlencode

import pytest

from careweft.web import routes
from careweft.web.telemetry import Telemetry

from .developers import PASSWORD, clinic, signed_in

PARAMETERS = (
    "next", "then", "url", "uri", "return", "return_to", "returnTo", "redirect", "redirect_uri", "redirect_url", "goto",
    "continue", "dest", "destination", "target", "to", "from", "back", "callback", "service", "done", "home", "iss",
    "target_link_uri", "post_logout_redirect_uri", "RelayState", "q", "tenant", "aud", "state",
)  # fmt: skip
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
async def test_no_parameter_leads_elsewhere(database, tmp_path, elsewhere):
    """Every page there is, for nobody, a developer and an owner, with every word that such parameters are called by."""
    async with clinic(database, tmp_path) as made:
        dana, olga = made.browser(), await signed_in(made, "olga")
        await dana.sign_up()
        query, wrong, looked = urlencode(dict.fromkeys(PARAMETERS, elsewhere)), [], 0
        for row in routes.table(made.desk.front._site, Telemetry()):
            if "GET" not in row.methods or row.speaks != "page":
                continue
            tenants = ("platform", made.desk.tenant.id)
            for path in {row.path.replace("{tenant}", one).replace("{id}", "0" * 40) for one in tenants}:
                for browser in (made.browser(), dana, olga):
                    answer = await browser.http.get(f"{path}?{query}")
                    looked += 1
                    led = answer.headers.get("location", "/")
                    if not led.startswith("/") or led[1:2] in ("/", "\\") or "evil" in led.partition("?")[0]:
                        wrong.append((path, led))
                    if f'href="{elsewhere}"' in answer.text or f'action="{elsewhere}"' in answer.text:
                        wrong.append((path, "a link"))
        assert wrong == []
        assert looked > 200


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
async def test_signing_in_and_out_lead_home(database, tmp_path, elsewhere):
    """What stands behind `then` in the address or in the form of a sign-in or of a sign-out."""
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.sign_up()
        await dana.get("/developers")
        words = dict.fromkeys(PARAMETERS, elsewhere)
        answer = await dana.fill("sign-out", follow=False, **words)
        assert answer.headers["location"].startswith("/account/platform/")
        await dana.get(f"/account/platform/sign-in?{urlencode(words)}")
        answer = await dana.fill("", follow=False, **{**words, "username": "dana", "password": PASSWORD})
        assert answer.headers["location"] == "/account/platform/home"
