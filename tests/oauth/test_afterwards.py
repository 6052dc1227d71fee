"""Introspection and revocation: OAUTH-20, OAUTH-22, D-09, OATK-08, conformance.md 9.11."""

from dataclasses import replace

import pytest

from careweft.fhir.outcomes import LoginRequired, Unavailable
from careweft.oauth import secrets
from careweft.oauth.errors import InvalidClient, InvalidRequest, InvalidToken, OAuthError, TemporarilyUnavailable

from .flow import ANA, BEN, YOLANDA, Flow, peopled
from .forge import jws
from .world import CONTEXT, EC384, ISSUER, PATIENT, SECRET, SYSTEM, A, B, World, basic, by_assertion, opened

PROOF = {"client_id": "secret", "client_secret": SECRET}
FOREIGN = {"client_id": "foreign", "client_secret": SECRET}
INACTIVE = {"active": False}


def assertion(world):
    """A good client assertion of the client "key"."""
    return jws({"alg": "ES384", "kid": "ec-1", "typ": "JWT"}, world.claims(), EC384, "ES384")


@pytest.fixture
def world():
    return World()


async def asked(world, token, tenant=A, authorization=None, **form):
    return await world.introspection.answer(
        tenant, list({"token": token, **(form or PROOF)}.items()), authorization, CONTEXT
    )


async def taken_back(world, token, tenant=A, authorization=None, **form):
    return await world.revocation.answer(
        tenant, list({"token": token, **(form or PROOF)}.items()), authorization, CONTEXT
    )


async def opens(world, token, surface=SYSTEM):
    try:
        await world.verifier.verify(token, A, surface)
    except LoginRequired:
        return False
    return True


async def test_it_tells_what_the_answer_told(world):
    """9.11: active, client_id, the same set of scopes, exp, and every value of the launch."""
    given = await world.token("system/Patient.rs system/Observation.read")
    said = await asked(world, given["access_token"])
    assert said["active"] is True
    assert said["client_id"] == said["sub"] == "secret"
    assert set(said["scope"].split()) == set(given["scope"].split())
    assert said["exp"] == world.clock.seconds + given["expires_in"]
    assert (said["iss"], said["tenant"], said["token_type"]) == (ISSUER, A.id, "Bearer")
    assert "patient" not in said


async def test_a_patient_in_context_is_told(world):
    said = await asked(world, (await world.patient_token("p1"))["access_token"])
    assert said["patient"] == "p1"
    assert said["aud"] == PATIENT.url("https://fhir.example", A.id)


async def test_any_client_of_the_tenant_may_ask(world):
    """D-09: also with a key; its assertion is spent by that."""
    token = (await world.token())["access_token"]
    proof = {k: v for k, v in by_assertion(assertion(world)).items() if k not in ("grant_type", "scope")}
    assert (await asked(world, token, **proof))["client_id"] == "secret"
    with pytest.raises(InvalidClient, match="used before"):
        await asked(world, token, **proof)


def expired(world, token):
    world.clock.pass_(hours=2)
    return token


def revoked(world, token):
    world.revoked.kept["client:secret"] = world.clock.seconds + 1
    return token


INACTIVE_ONES = {
    "rubbish": lambda _, __: "abc",
    "nothing signed": lambda _, token: token.rpartition(".")[0] + ".",
    "another's signature": lambda _, token: token.rpartition(".")[0] + "." + "A" * 86,
    "expired": expired,
    "revoked": revoked,
    "an assertion": lambda world, _: assertion(world),
}


@pytest.mark.parametrize("name", INACTIVE_ONES)
async def test_what_opens_nothing_is_exactly_inactive(world, name):
    token = (await world.token())["access_token"]
    assert await asked(world, INACTIVE_ONES[name](world, token)) == INACTIVE


async def test_tenants_learn_nothing_of_each_other(world):
    token = (await world.token())["access_token"]
    assert await asked(world, token, B, **FOREIGN) == INACTIVE
    await taken_back(world, token, B, **FOREIGN)
    assert await opens(world, token)


async def test_a_token_is_taken_back_by_its_owner(world):
    """At once, it alone, for introspection and for the doors."""
    token, other = [(await world.token())["access_token"] for _ in range(2)]
    await taken_back(world, token)
    assert not await opens(world, token)
    assert await asked(world, token) == INACTIVE
    assert await opens(world, other)
    assert (world.spent.entries[-2].action, world.spent.entries[-2].status) == ("revoke", 200)


async def test_another_client_takes_nothing_back(world):
    """And is not told that the token exists."""
    token = (await world.token(client_id="payer"))["access_token"]
    assert await taken_back(world, token) is None
    assert (await asked(world, token))["active"] is True
    assert world.spent.entries[-2].jti is None


@pytest.mark.parametrize("times", [1, 2])
async def test_what_is_gone_already_is_well(world, times):
    """RFC 7009 2.2: an unknown token, or one that was taken back before, is no error."""
    token = (await world.token())["access_token"]
    for one in (token, "unknown") * times:
        assert await taken_back(world, one, authorization=basic(), token_type_hint="refresh_token") is None


REFUSED = {
    "no proof": (InvalidClient, {"client_id": "secret"}),
    "a wrong secret": (InvalidClient, {"client_id": "secret", "client_secret": secrets.make()}),
    "a public client": (InvalidClient, {"client_id": "public"}),
    "switched off": (InvalidClient, {"client_id": "off", "client_secret": SECRET}),
    "no token": (InvalidRequest, {**PROOF, "token": ""}),
    "two proofs": (InvalidRequest, {**PROOF, "client_assertion": "a.b.c"}),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("endpoint", ["introspection", "revocation"])
async def test_nobody_else_is_answered(world, endpoint, name):
    """OAUTH-13; the refusal carries its audit entry. A public client may take back what it was given."""
    error, form = REFUSED[name]
    if (endpoint, name) == ("revocation", "a public client"):
        assert await taken_back(world, "x", **form) is None
        return
    with pytest.raises(OAuthError) as refused:
        await getattr(world, endpoint).answer(A, list({"token": "x", **form}.items()), None, CONTEXT)
    assert type(refused.value) is error
    assert refused.value.entry.action in ("introspect", "revoke")
    assert refused.value.entry.status == refused.value.status


@pytest.mark.parametrize("broken", ["journal", "revocations", "stale"])
async def test_never_success_where_it_is_not_durable(world, broken):
    """OAUTH-20: 503 with Retry-After, and the token stays as it was."""
    token = (await world.token())["access_token"]

    async def down(*_):
        raise Unavailable

    if broken == "journal":
        world.spent.down = True
    elif broken == "stale":
        world.revoked.stale = True
    else:
        world.revoked.revoke = down
    with pytest.raises(TemporarilyUnavailable) as refused:
        await taken_back(world, token)
    assert refused.value.headers()["Retry-After"]
    world.revoked.stale = False
    assert await opens(world, token)


KINDS = {
    "a patient's": (ANA, "launch/patient openid fhirUser offline_access patient/*.rs", None),
    "a patient's without openid": (ANA, "launch/patient patient/Patient.rs", None),
    "a patient's, v1": (ANA, "launch/patient patient/Patient.read", None),
    "a patient's, granular": (ANA, "patient/Observation.rs?category=laboratory", None),
    "a representative's": (BEN, "launch/patient openid fhirUser online_access patient/*.rs", "cleo"),
    "a practitioner's": (YOLANDA, "openid fhirUser user/*.rs", None),
    "a practitioner's with a patient": (YOLANDA, "launch/patient openid user/*.rs", "dora"),
}


@pytest.mark.parametrize("name", KINDS)
async def test_every_value_of_the_answer_is_told(name):
    """OAUTH-22, 9.11: whatever the token response said of the launch, and iss, sub, fhirUser of the ID token."""
    who, scope, patient = KINDS[name]
    world = peopled()
    given = await Flow(world, who).tokens(patient, scope=scope)
    said = await asked(world, given["access_token"], client_id="app", client_secret=SECRET)
    assert said["active"] is True
    assert set(said["scope"].split()) == set(given["scope"].split())
    assert (said["client_id"], said["exp"]) == ("app", world.clock.seconds + given["expires_in"])
    for member in ("patient", "encounter", "fhirContext", "intent", "need_patient_banner", "smart_style_url", "tenant"):
        assert said.get(member) == given.get(member), member
    if "id_token" in given:
        _, claims = opened(given["id_token"])
        for member in ("iss", "sub", "fhirUser"):
            assert said.get(member) == claims.get(member), member
    else:
        assert "fhirUser" not in said


async def test_a_refresh_token_is_told_and_taken_back():
    """RFC 7662 and OAUTH-20: with it go its access tokens; an older generation takes them back just as well."""
    world = peopled()
    flow = Flow(world)
    first = await flow.tokens()
    said = await asked(world, first["refresh_token"], client_id="app", client_secret=SECRET)
    assert (said["active"], said["client_id"], said["sub"], said["patient"]) == (True, "app", "ana", "ana")
    second = await flow.refresh(first["refresh_token"])
    assert await asked(world, first["refresh_token"], client_id="app", client_secret=SECRET) == INACTIVE
    await taken_back(world, first["refresh_token"], client_id="app", client_secret=SECRET)
    for token in (second["refresh_token"], second["access_token"], first["access_token"]):
        assert await asked(world, token, client_id="app", client_secret=SECRET) == INACTIVE
    assert not await opens(world, second["access_token"], PATIENT)


async def test_a_permit_that_ended_elsewhere_opens_nothing():
    """Another process took it back, and this one has not heard of the revocation yet: the permit itself says so."""
    world = peopled()
    given = await Flow(world).tokens()
    world.permits.kept = {place: replace(permit, ended=world.clock()) for place, permit in world.permits.kept.items()}
    assert not world.revoked.kept
    for token in (given["access_token"], given["refresh_token"]):
        assert await asked(world, token, client_id="app", client_secret=SECRET) == INACTIVE


async def test_an_access_token_goes_alone():
    """OAUTH-20: its refresh token stays, as documented."""
    world = peopled()
    flow = Flow(world, proof={"client_id": "phone"})
    given = await flow.tokens()
    await taken_back(world, given["access_token"], client_id="phone")
    assert not await opens(world, given["access_token"], PATIENT)
    assert (await flow.refresh(given["refresh_token"]))["access_token"]


async def test_nobody_takes_back_what_is_another_s():
    world = peopled()
    flow = Flow(world)
    given = await flow.tokens()
    await taken_back(world, given["refresh_token"], client_id="phone")
    await taken_back(world, given["refresh_token"])
    assert (await flow.refresh(given["refresh_token"]))["access_token"]


async def test_a_bearer_asks_about_its_own_client_alone():
    """OAUTH-22: a public client has no other proof than a token; it learns nothing of anybody else's."""
    world = peopled()
    phone = Flow(world, proof={"client_id": "phone"})
    mine, again = (await phone.tokens())["access_token"], (await phone.tokens(prompt="consent"))["access_token"]
    other = (await Flow(world).tokens())["access_token"]

    async def shown(token, bearer):
        return await world.introspection.answer(A, [("token", token)], f"Bearer {bearer}", CONTEXT)

    assert (await shown(again, mine))["active"] is True
    assert await shown(other, mine) == INACTIVE
    with pytest.raises(InvalidToken):
        await shown(mine, "x")
    with pytest.raises(InvalidClient):
        await asked(world, mine, client_id="phone")


@pytest.mark.parametrize("broken", ["permits", "journal"])
async def test_a_refresh_token_is_never_said_to_be_dead_before_it_is(broken):
    """OAUTH-20: 503 while the end cannot be written, and the token works on; once it can, it is dead."""
    world = peopled()
    flow = Flow(world)
    given = await flow.tokens()
    end = world.permits.end

    async def down(*_):
        raise Unavailable

    if broken == "permits":
        world.permits.end = down
    else:
        world.spent.down = True
    with pytest.raises(TemporarilyUnavailable):
        await taken_back(world, given["refresh_token"], client_id="app", client_secret=SECRET)
    world.permits.end, world.spent.down = end, False
    assert await opens(world, given["access_token"], PATIENT)
    await taken_back(world, given["refresh_token"], client_id="app", client_secret=SECRET)
    assert not await opens(world, given["access_token"], PATIENT)
