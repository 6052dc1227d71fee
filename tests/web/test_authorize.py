"""The doors of the authorization server over HTTP: OAUTH-01, OAUTH-09, OAUTH-28 to OAUTH-31, SMART-01, SMART-03."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from careweft.oauth import secrets
from careweft.ports.clients import Client
from tests.oauth.flow import CHALLENGE, EVERYTHING, REDIRECT, VERIFIER
from tests.oauth.twins import account, charge, session
from tests.oauth.world import CONTEXT

from .twins import BASE, MAPLE, NOON, OAK, ORIGIN, SECRET, base

pytestmark = pytest.mark.anyio
AUTH = f"/auth/{MAPLE.id}/oauth2/v1"
ISSUER = BASE + AUTH
ANA = account("ana")
APP = Client(
    "app", 1, "App", "patient", "web", "provider", "secret", EVERYTHING, secrets=((secrets.digest(SECRET), None),),
    redirect_uris=(REDIRECT,), origins=(ORIGIN,), approved=True,
)  # fmt: skip
PHONE = replace(APP, id="phone", auth="none", platform="native", secrets=())
EHR = replace(APP, id="ehr", type="system", scopes=("system/*.rs", "launch/create"), redirect_uris=())
GOOD = {
    "response_type": "code", "client_id": "app", "redirect_uri": REDIRECT, "state": "st4te",
    "scope": "launch/patient openid offline_access patient/*.rs", "aud": BASE + base("provider", "patient"),
    "code_challenge": CHALLENGE, "code_challenge_method": "S256",
}  # fmt: skip


@pytest.fixture
def people(doors):
    """Three applications, and Ana."""
    doors.clients.known += [APP, PHONE, EHR]
    doors.site.auth.userinfo.people.add(ANA, charge("ana"))
    return doors


async def asked(doors, method="GET", **changed):
    pairs = {name: value for name, value in (GOOD | changed).items() if value is not None}
    async with doors.client() as client:
        if method == "GET":
            return await client.get(f"{AUTH}/authorize", params=pairs)
        return await client.post(f"{AUTH}/authorize", data=pairs)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_good_request_goes_on_to_where_the_person_signs_in(people, method):
    """SMART-03, OAUTH-28: by either method, with 303, not to be kept, with nothing of the request in the URL."""
    answer = await asked(people, method)
    assert answer.status_code == 303
    place = answer.headers["location"]
    assert place.startswith(f"/auth/{MAPLE.id}/sign-in/")
    assert "st4te" not in place
    assert answer.headers["cache-control"] == "no-store"
    assert [(one.action, one.status) for one in people.journal.entries] == [("authorize", 303)]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"aud": "https://inferno.healthit.gov/invalid_aud"}, "invalid_request"),
        ({"scope": "system/*.rs"}, "invalid_scope"),
    ],
)
async def test_a_bad_one_goes_back(people, method, changed, error):
    """9.4 and OAUTH-02: by redirect, with state and iss, and one audit entry that knows why."""
    answer = await asked(people, method, **changed)
    assert answer.status_code == 303
    told = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert (told["error"], told["state"], told["iss"]) == (error, "st4te", ISSUER)
    (entry,) = people.journal.entries
    assert (entry.action, entry.client) == ("authorize", "app")
    assert error in entry.reason


@pytest.mark.parametrize(
    "changed",
    [{"client_id": "<script>alert(1)</script>"}, {"redirect_uri": "https://evil.example/<b>"}, {"client_id": None}],
)
async def test_what_nobody_knows_where_to_send_is_shown(people, changed):
    """OAUTH-01, OAUTH-29: a 400 page without Location, framed by nobody, with nothing of the input in it."""
    answer = await asked(people, **changed)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script" not in answer.text
    assert "evil" not in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    (entry,) = people.journal.entries
    assert (entry.action, entry.status) == ("authorize", 400)
    assert "client_id" in entry.reason or "redirect_uri" in entry.reason


async def test_a_form_with_a_query_beside_it(people):
    async with people.client() as client:
        answer = await client.post(f"{AUTH}/authorize?scope=patient/*.cruds", data=GOOD)
    assert answer.status_code == 400


async def test_authorize_is_for_no_script(people):
    """OAUTH-29: no CORS, whoever asks, not even a registered origin."""
    async with people.client({"origin": ORIGIN}) as client:
        answer = await client.get(f"{AUTH}/authorize", params=GOOD)
        options = await client.options(f"{AUTH}/authorize", headers={"access-control-request-method": "GET"})
    assert "access-control-allow-origin" not in answer.headers
    assert options.status_code == 403


ORIGINS = [ORIGIN, "https://evil.example", "null", BASE]
READ_BY = {
    # path: the origins that may read it
    "/.well-known/smart-configuration": set(ORIGINS) - {"null"},
    "style": set(ORIGINS) - {"null"},
    "jwks": set(ORIGINS) - {"null"},
    "token": {ORIGIN},
    "userinfo": {ORIGIN},
    "authorize": set(),
}


@pytest.mark.parametrize("path", READ_BY)
@pytest.mark.parametrize("origin", ORIGINS)
async def test_who_may_read_what_from_a_browser(people, path, origin):
    """OAUTH-30: four origins at six endpoints; never with credentials, `null` never."""
    if path.startswith("/"):
        url = base("provider", "patient") + path
    else:
        url = f"{AUTH}/{'style.json' if path == 'style' else path}"
    async with people.client({"origin": origin}) as client:
        answer = await (client.post(url, data={}) if path == "token" else client.get(url))
    allowed = answer.headers.get("access-control-allow-origin")
    assert (allowed in (origin, "*")) == (origin in READ_BY[path])
    assert "access-control-allow-credentials" not in answer.headers


async def tokens(doors, client_id="app", **more):
    """A code given to Ana's application by hand, and redeemed at the door."""
    granting, who = doors.site.granting, session(ANA, NOON)
    pairs = list((GOOD | {"client_id": client_id}).items())
    request = await granting.begin(MAPLE, pairs, CONTEXT)
    step = await granting.step(MAPLE, request, who, CONTEXT)
    keys = [one.key for one in step.permissions]
    url = await granting.permit(MAPLE, step.request, who, keys, CONTEXT)
    code = dict(parse_qsl(urlsplit(url).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    async with doors.client() as client:
        answer = await client.post(f"{AUTH}/token", data=form | {"client_id": client_id} | more)
    assert answer.status_code == 200, answer.text
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    return answer.json()


@pytest.mark.parametrize(("client_id", "proof"), [("app", {"client_secret": SECRET}), ("phone", {})])
async def test_a_code_becomes_tokens_at_the_door(people, client_id, proof):
    told = await tokens(people, client_id, **proof)
    assert (told["patient"], told["token_type"]) == ("ana", "Bearer")
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"], "client_id": client_id} | proof
    async with people.client() as client:
        again = await client.post(f"{AUTH}/token", data=form)
        reuse = await client.post(f"{AUTH}/token", data=form | {"refresh_token": "rt_" + "0" * 40})
    assert again.status_code == 200
    assert (reuse.status_code, reuse.json()["error"]) == (400, "invalid_grant")
    text = repr(people.journal.entries)
    assert told["refresh_token"] not in text
    assert told["access_token"] not in text


async def test_userinfo_at_the_door(people):
    """GET and POST, the token in the header alone; without one a challenge without an error code (RFC 6750 3.1)."""
    told = await tokens(people, client_secret=SECRET)
    bearer = {"authorization": f"Bearer {told['access_token']}"}
    async with people.client() as client:
        for ask in (client.get, client.post):
            answer = await ask(f"{AUTH}/userinfo", headers=bearer)
            assert (answer.status_code, answer.json()["sub"]) == (200, "ana")
        nobody = await client.get(f"{AUTH}/userinfo")
        in_query = await client.get(f"{AUTH}/userinfo", params={"access_token": told["access_token"]})
        wrong = await client.get(f"{AUTH}/userinfo", headers={"authorization": "Bearer x"})
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, 'Bearer realm="careweft"')
    assert in_query.status_code == 401
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]


async def test_an_ehr_launches_at_the_door(people):
    """JSON in, 201 and a handle out; anything else is refused in OAuth's words, with its audit entry."""
    form = {"grant_type": "client_credentials", "scope": "launch/create", "client_id": "ehr", "client_secret": SECRET}
    said = {"client_id": "app", "user": "Practitioner/y", "patient": "ana", "encounter": "e1"}
    async with people.client() as client:
        bearer = {"authorization": "Bearer " + (await client.post(f"{AUTH}/token", data=form)).json()["access_token"]}
        good = await client.post(f"{AUTH}/launch", json=said, headers=bearer)
        as_form = await client.post(f"{AUTH}/launch", data=said, headers=bearer)
        twice = await client.post(
            f"{AUTH}/launch", content=b'{"user":"a","user":"b"}', headers=bearer | {"content-type": "application/json"}
        )
        nobody = await client.post(f"{AUTH}/launch", json=said)
    assert good.status_code == 201
    assert set(good.json()) == {"launch", "iss", "expires_in"}
    assert [one.status_code for one in (as_form, twice, nobody)] == [400, 400, 401]
    assert good.json()["launch"] not in repr(people.journal.entries)


async def test_a_pushed_request_at_the_door(people):
    """201 (RFC 9126 2.2), then the browser carries the name alone."""
    async with people.client() as client:
        pushed = await client.post(f"{AUTH}/par", data=GOOD | {"client_secret": SECRET})
        name = {"client_id": "app", "request_uri": pushed.json()["request_uri"]}
        on = await client.get(f"{AUTH}/authorize", params=name)
        again = await client.get(f"{AUTH}/authorize", params=name)
    assert (pushed.status_code, on.status_code, again.status_code) == (201, 303, 400)


async def test_the_style_document(people):
    """3.4.14: 200 and JSON for anybody."""
    async with people.client() as client:
        answer = await client.get(f"{AUTH}/style.json")
    assert answer.status_code == 200
    assert answer.json()["color_highlight"].startswith("#")


@pytest.mark.parametrize("word", ["authorize", "par", "token", "userinfo", "launch", "style.json", "jwks"])
async def test_there_is_no_such_tenant(people, word):
    async with people.client() as client:
        url = f"{AUTH.replace(MAPLE.id, OAK)}/{word}"
        answer = await (client.post(url, data={}) if word in ("par", "token", "launch") else client.get(url))
    assert answer.status_code == 404
