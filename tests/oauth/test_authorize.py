"""The authorization request and its checks: OAUTH-01 to OAUTH-03, OAUTH-07, OAUTH-24, OAUTH-34, SMART-03, SMART-04."""

import json
import string
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from careweft.oauth.authorize import response
from careweft.oauth.authorize.redirected import REDIRECTED
from careweft.oauth.authorize.refusals import RedirectedRefusal, ShownRefusal
from careweft.oauth.errors import InvalidRequest
from careweft.ports.permits import Launch, Launched
from careweft.surfaces import ALL

from .flow import CHALLENGE, PATIENT_BASE, REDIRECT, Flow, app, asked, peopled, said
from .world import BASE, CONTEXT, ISSUER, A, B
from .world import PATIENT as PROVIDER


@pytest.fixture
def world():
    return peopled()


async def redirected(world, pairs, client_id="app"):
    """What a refusal that goes back says."""
    with pytest.raises(RedirectedRefusal) as refused:
        await Flow(world, proof={"client_id": client_id}).begin(pairs)
    assert refused.value.url.startswith(REDIRECT + "?")
    assert refused.value.entry.action == "authorize"
    return said(refused.value.url)


async def test_a_good_request_waits(world):
    """It is kept with what was asked for, and nothing is granted yet."""
    request = await Flow(world).begin(nonce="n-1", login_hint="ana", max_age="600", ui_locales="es en")
    assert (request.client, request.redirect_uri, request.state) == ("app", REDIRECT, "st4te")
    assert request.scopes == (
        "launch/patient", "openid", "fhirUser", "offline_access", "patient/Patient.rs", "patient/Observation.rs",
    )  # fmt: skip
    assert (request.nonce, request.max_age, request.locales) == ("n-1", 600, "es en")
    assert len(request.id) == 40
    assert not world.permits.codes
    assert "st4te" not in repr(request)


SHOWN = {
    "no client_id": [("client_id", None)],
    "an unknown client_id": [("client_id", "nobody")],
    "a client of another tenant": [("client_id", "foreign")],
    "a client that was switched off": [("client_id", "off")],
    "no redirect_uri": [("redirect_uri", None)],
}


@pytest.mark.parametrize("name", SHOWN)
async def test_what_is_shown_and_never_redirected(world, name):
    """OAUTH-01."""
    with pytest.raises(ShownRefusal) as refused:
        await Flow(world).begin(asked(**dict(SHOWN[name])))
    assert refused.value.status == 400
    assert (refused.value.entry.status, refused.value.entry.client) == (400, None)
    assert "http" not in refused.value.entry.reason


async def test_an_application_that_was_switched_off_is_shown(world):
    """OAUTH-01: it may have been for a reason; nobody is sent there."""
    world.clients.kept[1, "app"] = replace(world.clients.kept[1, "app"], enabled=False)
    with pytest.raises(ShownRefusal):
        await Flow(world).begin(asked())


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_what_names_the_application_is_said_once(world, name):
    with pytest.raises(ShownRefusal):
        await Flow(world).begin([*asked(), (name, dict(asked())[name])])


MUTATIONS = [
    REDIRECT + "/", REDIRECT + "?x=1", REDIRECT + "#f", REDIRECT + "%2f", REDIRECT + "/..", REDIRECT + "/%2e%2e/evil",
    REDIRECT + "\t", REDIRECT + "\n", REDIRECT + " ", " " + REDIRECT, REDIRECT.upper(), REDIRECT.replace("cb", "CB"),
    REDIRECT.replace("cb", "c%62"), REDIRECT.replace("https", "http"), REDIRECT.replace("https", "HTTPS"),
    REDIRECT.replace("app.", "App."), REDIRECT.replace("example.org", "example.org:443"),
    REDIRECT.replace("example.org", "example.org:8443"), REDIRECT.replace("example.org", "example.org.evil.example"),
    REDIRECT.replace("https://", "https://good@"), REDIRECT.replace("https://app.example.org", "https://evil.example"),
    REDIRECT.replace("https://", "https://evil.example@"), REDIRECT.replace("/cb", "//cb"), REDIRECT.replace("/cb", ""),
    REDIRECT.replace("app", "\u0430pp"), REDIRECT.replace("example.org", "example.org\u3002evil"),
    REDIRECT.replace("/cb", "\\cb"), REDIRECT.replace("/cb", "/cb;x"), "javascript:alert(1)", "data:text/html,x",
    "//app.example.org/cb", "app.example.org/cb", "https:app.example.org/cb", REDIRECT + "," + REDIRECT, "*", "",
]  # fmt: skip


@pytest.mark.parametrize("uri", MUTATIONS)
@pytest.mark.parametrize("client_id", ["app", "phone", "page"])
async def test_no_other_address_than_the_registered_one(world, uri, client_id):
    """OAUTH-03: thirty and more mutations, each shown and none followed."""
    with pytest.raises(ShownRefusal):
        await Flow(world).begin(asked(client_id=client_id, redirect_uri=uri))


@pytest.mark.parametrize(
    ("platform", "uri", "taken"),
    [
        ("native", "http://127.0.0.1:51004/cb", True),
        ("native", "http://127.0.0.1/cb", True),
        ("native", "http://localhost:51004/cb", False),
        ("native", "http://[::1]:51004/cb", False),
        ("native", "http://127.0.0.1:51004/cb/", False),
        ("native", "http://127.0.0.1:99999/cb", False),
        ("native", "http://127.0.0.1:51004@evil.example/cb", False),
        ("native", "https://127.0.0.1:51004/cb", False),
        ("browser", "http://127.0.0.1:51004/cb", False),
    ],
)
async def test_the_port_of_a_native_application_s_loopback_is_its_own_affair(world, platform, uri, taken):
    world.clients.kept[1, "here"] = app("here", "none", platform, redirect_uris=("http://127.0.0.1/cb",))
    if taken:
        assert (await Flow(world).begin(asked(client_id="here", redirect_uri=uri))).redirect_uri == uri
    else:
        with pytest.raises(ShownRefusal):
            await Flow(world).begin(asked(client_id="here", redirect_uri=uri))


BASES = {one: one.url(BASE, A.id) for one in ALL}
REFUSED = {
    "response_type missing": ({"response_type": None}, "invalid_request"),
    "implicit": ({"response_type": "token"}, "unsupported_response_type"),
    "hybrid": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "none": ({"response_type": "none"}, "unsupported_response_type"),
    "response_mode fragment": ({"response_mode": "fragment"}, "invalid_request"),
    "response_mode form_post": ({"response_mode": "form_post"}, "invalid_request"),
    "no PKCE": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    "the challenge stripped": ({"code_challenge": None}, "invalid_request"),
    "the method stripped": ({"code_challenge_method": None}, "invalid_request"),
    "plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "s256 in lower case": ({"code_challenge_method": "s256"}, "invalid_request"),
    "a challenge of 42": ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
    "a challenge of 44": ({"code_challenge": CHALLENGE + "A"}, "invalid_request"),
    "a padded challenge": ({"code_challenge": CHALLENGE[:-1] + "="}, "invalid_request"),
    "no aud": ({"aud": None}, "invalid_request"),
    "Inferno's wrong aud": ({"aud": "https://inferno.healthit.gov/invalid_aud"}, "invalid_request"),
    "aud with a slash": ({"aud": PATIENT_BASE + "/"}, "invalid_request"),
    "aud by http": ({"aud": PATIENT_BASE.replace("https", "http")}, "invalid_request"),
    "aud of another tenant": ({"aud": PATIENT_BASE.replace(A.id, B.id)}, "invalid_request"),
    "aud and another resource": ({"resource": BASE}, "invalid_request"),
    "the issuer for aud": ({"aud": ISSUER}, "invalid_request"),
    **{f"aud of {one.name}": ({"aud": url}, "invalid_request") for one, url in BASES.items() if url != PATIENT_BASE},
    "no scope": ({"scope": None}, "invalid_request"),
    "no scope that was registered": ({"scope": "system/*.rs"}, "invalid_scope"),
    "unknown types": ({"scope": "patient/Nothing.rs patient/Observation.dus"}, "invalid_scope"),
    "a modifier in a filter": ({"scope": "patient/Observation.rs?code:in=x"}, "invalid_scope"),
    "scope of 9 KB": ({"scope": "patient/*.rs " * 700}, "invalid_request"),
    "a request object": ({"request": "a.b.c"}, "request_not_supported"),
    "prompt unknown": ({"prompt": "maybe"}, "invalid_request"),
    "prompt none and login": ({"prompt": "none login"}, "invalid_request"),
    "max_age no number": ({"max_age": "-1"}, "invalid_request"),
    "max_age a fraction": ({"max_age": "1.5"}, "invalid_request"),
    "a launch that nobody made": ({"scope": "launch patient/*.rs", "launch": "x"}, "invalid_request"),
    "a launch without its scope": ({"launch": "good"}, "invalid_request"),
    "a system client": ({"client_id": "service"}, "unauthorized_client"),
    "a client that waits": ({"client_id": "waits"}, "unauthorized_client"),
    "a client that has to push": ({"client_id": "pusher"}, "invalid_request"),
    "nonce of 2 KB": ({"nonce": "n" * 2000}, "invalid_request"),
}


@pytest.fixture
def others(world):
    launch = Launch("app", "Practitioner/y", Launched("ana"), PROVIDER.id)
    world.launches.kept[1, "good"] = launch, world.clock.at + timedelta(minutes=5)
    world.clients.kept[1, "service"] = replace(app("service"), type="system")
    world.clients.kept[1, "waits"] = replace(app("waits"), approved=False)
    world.clients.kept[1, "pusher"] = replace(app("pusher"), require_par=True)
    return world


# A kilobyte of what applications put into state: every printable character, letters of other alphabets, JSON, escapes.
ODD = string.printable.strip() + " \t\u00fc\u4e2d\u05d0\U0001f600 %2B%25+&=#?" + json.dumps({"a": ['"', "\\"]})
STATE = (ODD * 12)[:1024]


@pytest.mark.parametrize("name", REFUSED)
async def test_every_other_refusal_goes_back(others, name):
    """OAUTH-02, OAUTH-24: the exact error, state byte for byte, iss, nothing else that anyone could use."""
    changed, error = REFUSED[name]
    told = await redirected(others, asked(state=STATE, **changed))
    assert (told["error"], told["state"], told["iss"]) == (error, STATE, ISSUER)
    assert set(told) == {"error", "error_description", "state", "iss"}


async def test_state_is_required(world):
    """D-07; what was not sent is not echoed."""
    told = await redirected(world, asked(state=None))
    assert told["error"] == "invalid_request"
    assert "state" not in told


@pytest.mark.parametrize("name", ["scope", "state", "aud", "code_challenge", "response_type", "nonce", "launch"])
async def test_each_parameter_once(world, name):
    """RFC 6749 section 3.1."""
    pairs = [*asked(nonce="n"), (name, "again")] if name != "launch" else [*asked(), (name, "a"), (name, "b")]
    assert (await redirected(world, pairs))["error"] == "invalid_request"


async def test_unknown_parameters_and_empty_ones_are_passed_over(world):
    """OAUTH-27, RFC 6749 section 3.1."""
    assert await Flow(world).begin(asked(utm_source="x", prompt="", claims="{}"))


BASIC_OP = {
    "without nonce": {"nonce": None},
    "scope email, address, phone": {"scope": "openid email address phone patient/*.rs"},
    "display page": {"display": "page"},
    "display popup": {"display": "popup"},
    "ui_locales": {"ui_locales": "se fi"},
    "claims_locales": {"claims_locales": "se"},
    "acr_values": {"acr_values": "1 2"},
    "login_hint": {"login_hint": "buffy@example.org"},
    "id_token_hint": {"id_token_hint": "a.b.c"},
    "claims, essential": {"claims": '{"userinfo":{"name":{"essential":true}}}'},
    "an unknown parameter": {"extra": "foobar"},
    "max_age 1": {"max_age": "1"},
    "max_age 10000": {"max_age": "10000"},
    "prompt login": {"prompt": "login"},
    "prompt consent": {"prompt": "consent"},
    "a long nonce": {"nonce": "n" * 1000},
}


@pytest.mark.parametrize("name", BASIC_OP)
async def test_what_an_openid_provider_takes(world, name):
    """OAUTH-27: what the OpenID Foundation's basic plan sends is taken; what means nothing here is passed over."""
    request = await Flow(world).begin(asked(**{"scope": "openid patient/*.rs"} | BASIC_OP[name]))
    assert request.scopes == ("openid", "patient/*.rs")


async def test_resource_says_the_same_as_aud(world):
    """SMART-04."""
    assert await Flow(world).begin(asked(aud=None, resource=PATIENT_BASE))
    assert await Flow(world).begin(asked(resource=PATIENT_BASE))


async def test_an_address_with_a_query_keeps_it(world):
    """RFC 6749 section 3.1.2: what was registered stays, the answer comes behind it."""
    uri = REDIRECT + "?a=1"
    world.clients.kept[1, "query"] = app("query", redirect_uris=(uri,))
    with pytest.raises(RedirectedRefusal) as refused:
        await Flow(world).begin(asked(client_id="query", redirect_uri=uri, response_type="token"))
    assert refused.value.url.startswith(uri + "&error=")


async def test_more_than_was_registered_is_not_asked_for(world):
    """OAUTH-34: the request waits for the part that lies within the registration."""
    world.clients.kept[1, "small"] = replace(app("small"), scopes=("openid", "patient/Patient.rs"))
    request = await Flow(world).begin(asked(client_id="small", scope="openid fhirUser patient/*.rs user/*.rs x"))
    assert request.scopes == ("openid", "patient/Patient.rs")


async def test_of_two_lasting_words_the_longer_counts(world):
    request = await Flow(world).begin(asked(scope="online_access offline_access patient/*.rs"))
    assert request.scopes == ("offline_access", "patient/*.rs")


@pytest.mark.parametrize("check", REDIRECTED, ids=lambda one: one.__name__)
async def test_every_check_is_needed(others, check):
    """Without one of them some request of the table above is answered otherwise (or the check says nothing)."""
    rest = tuple(one for one in REDIRECTED if one is not check)
    lame = replace(others.auth.granting, checks=rest)
    changes = REFUSED | {
        "state away": ({"state": None}, "invalid_request"),
        "twice": ({}, "invalid_request"),
    }
    differs = 0
    for name, (changed, error) in changes.items():
        pairs = [*asked(state="s"), ("scope", "again")] if name == "twice" else asked(**({"state": "s"} | changed))
        try:
            await lame.begin(A, pairs, CONTEXT)
        except RedirectedRefusal as refused:
            differs += said(refused.url)["error"] != error
        except Exception:  # noqa: BLE001  a later step stumbles over what the check would have refused
            differs += 1
        else:
            differs += 1
    assert differs


def test_a_refusal_is_printable():
    """RFC 6749 section 4.1.2.1: no character that error_description may not hold."""
    url = response.refusal("https://a.example/cb", 'a"b', "https://iss", InvalidRequest('quote " and \\ and \u00fc'))
    told = said(url)
    assert told["error_description"] == "quote ' and ' and '"
    assert told["state"] == 'a"b'
    assert urlsplit(url).netloc == "a.example"


@pytest.mark.parametrize("scope", ["patient/*.rs", "openid", "launch/patient patient/Patient.read"])
async def test_get_and_post_are_alike(world, scope):
    """SMART-03: `begin` is handed pairs and does not know how they came; the door has its own test in tests/web."""
    one, other = [await Flow(world).begin(asked(scope=scope)) for _ in range(2)]

    assert replace(one, id="") == replace(other, id="")
