"""The token endpoint: OAUTH-08 to OAUTH-17, SMART-14, AUD-05, AUD-06."""

import base64
import statistics
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from careweft.access.decide import Allowed, Denied, decide
from careweft.fhir.outcomes import LoginRequired
from careweft.oauth import secrets
from careweft.oauth.errors import (
    InvalidClient,
    InvalidRequest,
    InvalidScope,
    OAuthError,
    TemporarilyUnavailable,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from careweft.surfaces import INTAKE
from tests.world import DRILL

from .forge import Kit, good
from .world import (
    BASE,
    CONTEXT,
    EC384,
    ISSUER,
    SECRET,
    START,
    SYSTEM,
    A,
    B,
    World,
    basic,
    by_assertion,
    by_secret,
    opened,
)


@pytest.fixture
def world():
    return World()


async def refusal(world, error, *pairs, authorization=None, tenant=A, **form):
    with pytest.raises(OAuthError) as refused:
        await world.ask(*pairs, authorization=authorization, tenant=tenant, **form)
    assert type(refused.value) is error, refused.value
    return refused.value


async def test_the_answer(world):
    """8.1.06 and behaviour.md 5.1: all members, expires_in a number, the tenant; no refresh token."""
    answer = await world.token("system/Patient.rs system/AllergyIntolerance.rs")
    assert answer | {"access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "system/Patient.rs system/AllergyIntolerance.rs",
        "tenant": A.id,
    }


async def test_the_token_says_whose_it_is(world):
    """OAUTH-15: header and claims of RFC 9068."""
    header, claims = opened((await world.token("system/Patient.rs"))["access_token"])
    assert header == {"typ": "at+jwt", "alg": "ES256", "kid": next(iter(world.signing.kept))}
    now = world.clock.seconds
    assert claims | {"jti": ""} == {
        "iss": ISSUER,
        "sub": "secret",
        "aud": f"{BASE}/provider/system-access/v2/{A.id}",
        "iat": now,
        "exp": now + 3600,
        "jti": "",
        "client_id": "secret",
        "scope": "system/Patient.rs",
        "tenant": A.id,
    }
    assert len(claims["jti"]) >= 27


async def test_the_audience_follows_the_side(world):
    """A payer client's token is for the payer API."""
    _, claims = opened((await world.token(client_id="payer"))["access_token"])
    assert claims["aud"] == f"{BASE}/payer/system-access/v2/{A.id}"


async def test_the_intake_has_tokens_of_its_own(world):
    """A system that brings records in reads nothing with its token, nor writes with one that reads."""
    token = (await world.token("system/*.cud", "intake"))["access_token"]
    assert opened(token)[1]["aud"] == f"{BASE}/intake/v1/{A.id}"
    caller = await world.verifier.verify(token, A, INTAKE)
    assert isinstance(decide(caller, INTAKE, "Patient", "update"), Allowed)
    assert isinstance(decide(caller, INTAKE, "Patient", "read"), Denied)
    with pytest.raises(LoginRequired):
        await world.verifier.verify(token, A, SYSTEM)
    with pytest.raises(LoginRequired):
        await world.verifier.verify((await world.token())["access_token"], A, INTAKE)
    await refusal(world, InvalidScope, **by_secret("system/*.rs", "intake"))


FORMS = [
    # what is wrong, pairs, error, words
    ("grant_type away", [("scope", "system/*.rs")], InvalidRequest, "grant_type is required"),
    ("grant_type empty", [("grant_type", "")], InvalidRequest, "grant_type is required"),
    (
        "an unknown grant",
        [("grant_type", "not_a_grant_type")],
        UnsupportedGrantType,
        "grant_type has to be authorization_code or refresh_token or client_credentials",
    ),
    ("the guide's misspelling", [("grant_type", "client_credential")], UnsupportedGrantType, ""),
    (
        "the password grant",
        [("grant_type", "password"), ("username", "a"), ("password", "b")],
        UnsupportedGrantType,
        "",
    ),
    ("no proof", [("grant_type", "client_credentials"), ("client_id", "secret")], InvalidClient, ""),
    ("nobody", [("grant_type", "client_credentials")], InvalidClient, ""),
    ("a secret of nobody", [("grant_type", "client_credentials"), ("client_secret", SECRET)], InvalidClient, ""),
    ("scope away", by_secret(""), InvalidRequest, "scope is required"),
    (
        "grant_type twice",
        [*by_secret().items(), ("grant_type", "client_credentials")],
        InvalidRequest,
        "grant_type was sent more than once",
    ),
    ("scope twice", [*by_secret().items(), ("scope", "")], InvalidRequest, "scope was sent more than once"),
    (
        "an unknown one twice",
        [*by_secret().items(), ("x<y", "1"), ("x<y", "2")],
        InvalidRequest,
        "a parameter was sent more than once",
    ),
    ("two proofs", by_secret() | {"client_assertion": "a.b.c", "client_assertion_type": "x"}, InvalidRequest, ""),
    ("an assertion type alone", by_secret() | {"client_assertion_type": "x"}, InvalidClient, ""),
    ("scope of 9 KB", by_secret("system/*.rs " * 800), InvalidRequest, "scope is longer than 8192 characters"),
    ("client_id of 3 KB", by_secret(client_id="x" * 3000), InvalidRequest, "client_id is longer than 2048 characters"),
    ("an assertion of 17 KB", by_assertion("a." * 8500), InvalidRequest, "Invalid client_assertion format"),
]


@pytest.mark.parametrize(("name", "form", "error", "words"), FORMS)
async def test_forms_that_are_refused(world, name, form, error, words):
    """OAUTH-08, OAUTH-11, OATK-05: each with its error, its words and its audit entry; none issues a token."""
    pairs = list(form.items()) if isinstance(form, dict) else form
    refused = await refusal(world, error, *pairs)
    assert refused.description == words or not words
    assert refused.body() == {"error": refused.error, "error_description": refused.description}
    assert (refused.entry.action, refused.entry.status, refused.entry.tenant) == ("token", refused.status, A.number)
    assert not world.spent.entries


async def test_unknown_and_empty_parameters_are_passed_over(world):
    """RFC 6749 section 3.2: without a value is as not sent, unknown is ignored."""
    assert await world.ask(("resource", ""), ("x", "1"), ("client_assertion", ""), **by_secret())


HEADERS = [
    # header, form beside it, error or None
    (basic(), {}, None),
    (basic().replace("Basic", "basic"), {}, None),
    (basic("%73ecret"), {}, None),  # RFC 6749 section 2.3.1: both parts are form-encoded
    (basic(), {"client_id": "secret"}, None),
    (basic(), {"client_id": "other"}, InvalidRequest),
    (basic(), {"client_secret": SECRET}, InvalidRequest),
    (basic(), {"client_assertion": "a.b.c"}, InvalidRequest),
    (basic(secret=SECRET[:-1]), {}, InvalidClient),
    (basic("nobody"), {}, InvalidClient),
    ("Bearer " + SECRET, {}, InvalidClient),
    ("Basic", {}, InvalidClient),
    ("", {}, InvalidClient),
    ("Basic !!!", {}, InvalidClient),
    ("Basic " + base64.b64encode(b"\xff\xfe:x").decode(), {}, InvalidClient),
    ("Basic " + base64.b64encode(b"secret").decode(), {}, InvalidClient),
    ("Basic " + base64.b64encode(b"secret:").decode(), {}, InvalidClient),
    ("Basic " + base64.b64encode(b":" + SECRET.encode()).decode(), {}, InvalidClient),
    ("Basic " + base64.b64encode(b"secret:%ff").decode(), {}, InvalidClient),
]


@pytest.mark.parametrize(("header", "form", "error"), HEADERS, ids=range(len(HEADERS)))
async def test_basic(world, header, form, error):
    """RFC 6749 section 2.3.1, strictly; a refusal says how to do it (401 with WWW-Authenticate)."""
    asked = {"grant_type": "client_credentials", "scope": "system/*.rs"} | form
    if error is None:
        assert await world.ask(authorization=header, **asked)
        return
    refused = await refusal(world, error, authorization=header, **asked)
    assert ("WWW-Authenticate" in refused.headers()) == (refused.status == 401)


@pytest.mark.parametrize(
    "error",
    [InvalidRequest, InvalidClient, InvalidScope, UnauthorizedClient, UnsupportedGrantType, TemporarilyUnavailable],
)
def test_refusals_are_never_cached(error):
    """OAUTH-09; each has a sentence of its own and a name of RFC 6749."""
    headers = error().headers()
    assert (headers["Cache-Control"], headers["Pragma"]) == ("no-store", "no-cache")
    assert error().description
    assert error.error.replace("_", "").isalpha()


@pytest.mark.parametrize(
    ("client_id", "error"),
    [
        ("nobody", InvalidClient),
        ("off", InvalidClient),
        ("foreign", InvalidClient),
        ("key", InvalidClient),
        ("public", InvalidClient),
        ("patient", UnauthorizedClient),
        ("waiting", InvalidScope),
        ("Secret", InvalidClient),
        ("secret ", InvalidClient),
    ],
)
async def test_who_may_not(world, client_id, error):
    """OAUTH-11, OAUTH-34, AUTHZ-16: another way, another type, another tenant, not approved, switched off."""
    await refusal(world, error, **by_secret(client_id=client_id))


async def test_an_application_that_waits_is_told_so(world):
    """The documented words, and only to who proved itself."""
    assert (await refusal(world, InvalidScope, **by_secret(client_id="waiting"))).description == (
        "Application not authorized for this tenant"
    )
    await refusal(world, InvalidClient, **by_secret(client_id="waiting", secret="wrong"))


async def test_unknown_client_and_wrong_secret_are_told_alike(world):
    """OAUTH-10: the same status, body and headers; only the audit entry knows."""
    unknown = await refusal(world, InvalidClient, **by_secret(client_id="nobody"))
    wrong = await refusal(world, InvalidClient, **by_secret(secret="wrong"))
    assert (unknown.status, unknown.body(), unknown.headers()) == (wrong.status, wrong.body(), wrong.headers())
    assert unknown.entry.reason != wrong.entry.reason


@pytest.mark.drill
@pytest.mark.skipif(not DRILL, reason="timing is measured in make drill only")
async def test_unknown_client_and_wrong_secret_take_alike(world):
    """OAUTH-10: medians of 2,000 each differ by less than 5 %."""

    async def seconds(client_id):
        begun = time.perf_counter()
        await refusal(world, InvalidClient, **by_secret(client_id=client_id, secret="wrong"))
        return time.perf_counter() - begun

    both = [(await seconds("nobody"), await seconds("secret")) for _ in range(2000)]
    unknown, wrong = (statistics.median(column) for column in zip(*both, strict=True))
    assert abs(unknown - wrong) / wrong < 0.05


@pytest.mark.parametrize(
    ("ends", "is_good"),
    [
        (None, True),
        (START + timedelta(seconds=1), True),
        (START, False),
        (START - timedelta(days=1), False),
    ],
)
async def test_secrets_end(world, ends, is_good):
    """OAUTH-12: a secret holds until its end, and not at it."""
    world.change("secret", secrets=((secrets.digest(SECRET), ends),))
    if is_good:
        assert await world.token()
    else:
        await refusal(world, InvalidClient, **by_secret())


async def test_two_secrets_may_overlap(world):
    """Rotation: the old and the new one both open while both hold."""
    new = secrets.make()
    world.change("secret", secrets=((secrets.digest(SECRET), START + timedelta(days=1)), (secrets.digest(new), None)))
    assert await world.token()
    assert await world.ask(**by_secret(secret=new))
    world.clock.pass_(days=1)
    await refusal(world, InvalidClient, **by_secret())
    assert await world.ask(**by_secret(secret=new))


def test_secrets_are_kept_as_hashes():
    """256 bits, and what is kept says nothing of them."""
    made = secrets.make()
    assert len(base64.urlsafe_b64decode(made + "=")) == 32
    assert made.encode() not in secrets.digest(made)
    assert len({secrets.make() for _ in range(100)}) == 100


LIVES = [(None, 3600), (1, 1), (300, 300), (43200, 43200), (43201, 43200), (10**9, 43200), (-5, 1), (0, 3600)]


@pytest.mark.parametrize(("registered", "lifetime"), LIVES)
async def test_no_token_lives_longer_than_twelve_hours(world, registered, lifetime):
    """OAUTH-17: whatever was registered."""
    world.change("secret", lifetime=registered)
    answer = await world.token()
    _, claims = opened(answer["access_token"])
    assert answer["expires_in"] == claims["exp"] - claims["iat"] == lifetime


async def test_every_token_leaves_one_entry(world):
    """Decision 10: who, which token, from where; no secret and no token in it."""
    answer = await world.token()
    (entry,) = world.spent.entries
    _, claims = opened(answer["access_token"])
    assert (entry.action, entry.status, entry.tenant, entry.client) == ("token", 200, A.number, "secret")
    assert (entry.jti, entry.request_id, entry.address) == (claims["jti"], CONTEXT.request_id, CONTEXT.address)
    assert SECRET not in repr(entry)
    assert answer["access_token"] not in repr(entry)


async def test_no_entry_no_token(world):
    """What cannot be recorded is not issued: 503, to be tried again."""
    world.spent.down = True
    refused = await refusal(world, TemporarilyUnavailable, **by_secret())
    assert refused.headers()["Retry-After"] == "5"
    made = Kit({"alg": "ES384", "kid": "ec-1", "typ": "JWT"}, world.claims(), EC384)
    await refusal(world, TemporarilyUnavailable, **by_assertion(good(made)))
    world.spent.down = False
    assert await world.ask(**by_assertion(good(made)))


async def test_refusals_hold_no_secret(world):
    """AUD-05: neither in the message nor in the entry."""
    refused = await refusal(world, InvalidClient, **by_secret(secret="hunter2-hunter2"))
    assert "hunter2" not in repr(refused) + repr(refused.entry) + refused.description
    wrong = await refusal(world, InvalidRequest, ("hunter2", "1"), ("hunter2", "2"), **by_secret())
    assert "hunter2" not in repr(wrong) + repr(wrong.entry)


async def test_a_client_of_one_tenant_is_nobody_in_another(world):
    await refusal(world, InvalidClient, tenant=B, **by_secret())
    assert (await world.token(client_id="foreign", tenant=B))["tenant"] == B.id


async def test_tenants_sign_with_keys_of_their_own(world):
    mine, _ = opened((await world.token())["access_token"])
    theirs, _ = opened((await world.token(client_id="foreign", tenant=B))["access_token"])
    assert mine["kid"] != theirs["kid"]


async def test_one_client_asks_many_times(world):
    """A secret may be used again; each token has a name of its own."""
    names = {opened((await world.token())["access_token"])[1]["jti"] for _ in range(5)}
    assert len(names) == 5
    assert len(world.spent.entries) == 5


async def test_a_token_of_the_trial_names_its_patient(world):
    """`careweft token --patient`: the patient-access API of the client's side, patient/ scopes, audited."""
    answer = await world.patient_token("p1")
    _, claims = opened(answer["access_token"])
    assert (answer["patient"], answer["scope"], claims["patient"]) == ("p1", "patient/*.rs", "p1")
    assert claims["aud"] == f"{BASE}/provider/patient-access/v2/{A.id}"
    assert world.spent.entries[0].patient == "p1"


@pytest.mark.parametrize(
    ("client_id", "scope", "granted"),
    [
        ("public", None, "patient/*.rs"),
        ("patient", "patient/Patient.read", "patient/Patient.read"),
        ("secret", "patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory"),
        ("secret", "system/Patient.rs patient/Condition.r", "patient/Condition.r"),
    ],
)
async def test_the_trial_takes_no_more_than_was_registered(world, client_id, scope, granted):
    assert (await world.patient_token(scope=scope, client_id=client_id))["scope"] == granted


@pytest.mark.parametrize(
    ("client_id", "patient", "scope", "error"),
    [
        ("nobody", "p1", None, InvalidClient),
        ("off", "p1", None, InvalidClient),
        ("foreign", "p1", None, InvalidClient),
        ("waiting", "p1", None, InvalidScope),
        ("intake", "p1", None, UnauthorizedClient),
        ("secret", "", None, InvalidRequest),
        ("secret", "a/b", None, InvalidRequest),
        ("secret", "x" * 65, None, InvalidRequest),
        ("secret", "p1\n", None, InvalidRequest),
        ("secret", "p1", "system/*.rs", InvalidScope),
        ("secret", "p1", "user/*.rs", InvalidScope),
    ],
)
async def test_what_the_trial_refuses(world, client_id, patient, scope, error):
    with pytest.raises(error):
        await world.patient_token(patient, scope, client_id)
    assert not world.spent.entries


async def test_there_is_no_trial_in_production():
    with pytest.raises(UnauthorizedClient):
        await World(preview=False).patient_token()


async def test_the_frame_knows_only_its_grants(world):
    """A frame without grants refuses them all: nothing is built in."""
    world.endpoint = replace(world.endpoint, grants={})
    await refusal(world, UnsupportedGrantType, **by_secret())
    assert SYSTEM.audience == "system"
