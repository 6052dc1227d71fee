"""Codes and what they buy, from beginning to end: OAUTH-04 to OAUTH-07, OAUTH-11, OAUTH-13, SMART-07, SMART-17.

conformance.md 1, 2, 5 (9.2, 9.6, 9.7, 9.12, 9.13) by their numbers.
"""

from dataclasses import replace

import pytest

from careweft.access.decide import Denied, decide
from careweft.fhir.outcomes import LoginRequired
from careweft.oauth.errors import InvalidClient, InvalidGrant, InvalidRequest, OAuthError, UnauthorizedClient

from .flow import ANA, BEN, PATIENT_BASE, REDIRECT, VERIFIER, YOLANDA, Flow, app, peopled
from .forge import jws
from .world import CONTEXT, EC384, ISSUER, PATIENT, RSA, SECRET, A, B, basic, opened


@pytest.fixture
def world():
    return peopled()


async def opens(world, token, surface=PATIENT):
    try:
        return await world.verifier.verify(token, A, surface)
    except LoginRequired:
        return None


async def test_a_patient_app_from_beginning_to_end(world):
    """1.4.05 to 1.4.10: every member of the answer, of the right type, and a token for this one patient."""
    answer = await Flow(world).tokens(scope="launch/patient openid fhirUser offline_access patient/*.rs")
    assert {name: type(value) for name, value in answer.items()} == {
        "access_token": str, "token_type": str, "expires_in": int, "scope": str, "tenant": str, "patient": str,
        "id_token": str, "refresh_token": str, "need_patient_banner": bool, "smart_style_url": str,
    }  # fmt: skip
    assert (answer["patient"], answer["token_type"], answer["expires_in"]) == ("ana", "Bearer", 3600)
    assert set(answer["scope"].split()) == {"launch/patient", "openid", "fhirUser", "offline_access", "patient/*.rs"}
    header, claims = opened(answer["access_token"])
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    permit = next(iter(world.permits.kept.values()))
    assert claims | {"jti": "", "iat": 0, "exp": 0} == {
        "iss": ISSUER, "sub": "ana", "aud": PATIENT_BASE, "iat": 0, "exp": 0, "jti": "", "client_id": "app",
        "scope": answer["scope"], "tenant": A.id, "patient": "ana", "grant": permit.id, "fhirUser": "Patient/ana",
    }  # fmt: skip
    caller = await opens(world, answer["access_token"])
    assert (caller.account, caller.patient, caller.user, caller.grant) == ("ana", "ana", "Patient/ana", permit.id)
    assert world.spent.entries[-1].user == "Patient/ana"


def assertion(world, key, kid, alg):
    return jws({"alg": alg, "kid": kid, "typ": "JWT"}, world.claims("key"), key, alg)


async def proofs(world, kind):
    """How each kind of client proves itself."""
    bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    if kind.startswith("key"):
        key, kid, alg = (RSA, "rsa-1", "RS384") if kind.endswith("RS384") else (EC384, "ec-1", "ES384")
        return {"client_assertion_type": bearer, "client_assertion": assertion(world, key, kid, alg)}
    return {"post": {"client_id": "app", "client_secret": SECRET}, "native": {"client_id": "phone"},
            "browser": {"client_id": "page"}}[kind]  # fmt: skip


@pytest.mark.parametrize("kind", ["post", "native", "browser", "key RS384", "key ES384"])
async def test_every_kind_of_client(world, kind):
    """9.2, 9.12: public, symmetric and asymmetric ones get a token, an ID token and a refresh token."""
    name = {"native": "phone", "browser": "page", "key RS384": "key", "key ES384": "key"}.get(kind, "app")
    flow = Flow(world, proof={"client_id": name})
    code = await flow.code()
    flow.proof = await proofs(world, kind)
    answer = await flow.redeem(code)
    assert answer["patient"] == "ana"
    assert answer["id_token"]
    flow.proof = await proofs(world, kind)
    assert (await flow.refresh(answer["refresh_token"]))["access_token"]


async def test_basic_authentication(world):
    """Section 0: the confidential client of the tests uses the Authorization header."""
    code = await Flow(world).code()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    assert (await world.ask(authorization=basic("app"), **form))["patient"] == "ana"


async def refused(flow, code, error=InvalidGrant, **changed):
    with pytest.raises(OAuthError) as wrong:
        await flow.redeem(code, **changed)
    assert type(wrong.value) is error, wrong.value
    assert wrong.value.status in (400, 401)
    return wrong.value


WRONG = {
    "no verifier": ({"code_verifier": None}, InvalidGrant),
    "a blank verifier": ({"code_verifier": ""}, InvalidGrant),
    "a wrong verifier": ({"code_verifier": "w" * 43}, InvalidGrant),
    "the challenge for a verifier": ({"code_verifier": None, "plain": True}, InvalidGrant),
    "a verifier of 42": ({"code_verifier": "v" * 42}, InvalidGrant),
    "a verifier of 129": ({"code_verifier": "v" * 129}, InvalidGrant),
    "a verifier with a space": ({"code_verifier": "v" * 42 + " "}, InvalidGrant),
    "another redirect_uri": ({"redirect_uri": REDIRECT + "/"}, InvalidGrant),
    "no redirect_uri": ({"redirect_uri": None}, InvalidGrant),
    "no code": ({"code": None}, InvalidRequest),
    "9.6: a code of nobody's": ({"code": "BAD_CODE"}, InvalidGrant),
    "9.6: another client": ({"client_id": "BAD_CLIENT_ID"}, InvalidClient),
    "a wrong secret": ({"client_secret": "x"}, InvalidClient),
    "no secret": ({"client_secret": None}, InvalidClient),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_a_code_was_bound_to(world, name):
    """OAUTH-04, OAUTH-07, OAUTH-13, 9.7: 400 or 401; and the right request still gets its tokens afterwards."""
    changed, error = WRONG[name]
    flow = Flow(world)
    code = await flow.code()
    if changed.pop("plain", False):
        from .flow import CHALLENGE

        changed = {"code_verifier": CHALLENGE}
    await refused(flow, changed.get("code", code), error, **{n: v for n, v in changed.items() if n != "code"})
    assert (await flow.redeem(code))["access_token"]


@pytest.mark.parametrize("seconds", [29, 29.999])
async def test_a_code_lives_thirty_seconds(world, seconds):
    code = await Flow(world).code()
    world.clock.pass_(seconds=seconds)
    assert (await Flow(world).redeem(code))["access_token"]


@pytest.mark.parametrize("seconds", [30, 31, 3600])
async def test_and_no_longer(world, seconds):
    """Without leeway."""
    code = await Flow(world).code()
    world.clock.pass_(seconds=seconds)
    await refused(Flow(world), code)


async def test_a_code_is_of_one_client(world):
    """Another client's proof opens nothing with it, and costs its owner nothing."""
    code = await Flow(world).code()
    world.clients.kept[1, "other"] = app("other")
    await refused(Flow(world, proof={"client_id": "other", "client_secret": SECRET}), code)
    await refused(Flow(world, proof={"client_id": "phone"}), code)
    assert (await Flow(world).redeem(code))["access_token"]


async def test_a_code_is_of_one_tenant(world):
    code = await Flow(world).code()
    world.clients.kept[2, "app"] = replace(app(), tenant=2)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER,
            "client_id": "app", "client_secret": SECRET}  # fmt: skip
    with pytest.raises(InvalidGrant):
        await world.ask(tenant=B, **form)


async def test_a_code_is_of_one_api(world):
    """Moved to the payer's side meanwhile, the application gets nothing for the provider's."""
    code = await Flow(world).code()
    world.change("app", access="payer")
    await refused(Flow(world), code)


@pytest.mark.parametrize("later", [0, 1, 31])
async def test_a_code_that_comes_again_costs_what_it_bought(world, later):
    """OAUTH-05: the access token is dead, the refresh token too, and the audit journal has an alarm."""
    flow = Flow(world)
    code = await flow.code()
    answer = await flow.redeem(code)
    assert await opens(world, answer["access_token"])
    world.clock.pass_(seconds=later)
    wrong = await refused(flow, code)
    assert "ALARM" in wrong.entry.reason
    assert "ALARM" not in wrong.description
    assert await opens(world, answer["access_token"]) is None
    with pytest.raises(InvalidGrant):
        await flow.refresh(answer["refresh_token"])


async def test_a_code_of_a_permit_that_was_taken_back(world):
    flow = Flow(world)
    code = await flow.code()
    await world.permits.end(1, [id_ for _, id_ in world.permits.kept], world.clock.at)
    await refused(flow, code)


STANDING = {
    "the account was switched off": lambda world: world.people.add(
        replace(BEN, enabled=False), *world.people.of["ben"]
    ),
    "the account is gone": lambda world: world.people.accounts.pop("ben"),
    "the relation is over": lambda world: world.people.of.update(ben=()),
    "the account stands for somebody else": lambda world: world.people.add(replace(BEN, fhir_user="Patient/x")),
}


@pytest.mark.parametrize("name", STANDING)
async def test_who_granted_it_has_to_stand_where_they_stood(world, name):
    """SMART-07, AUTHZ-19: asked at the code and at every refresh."""
    flow = Flow(world, BEN)
    answer, code = await flow.tokens("cleo", prompt="consent"), await flow.code("cleo", prompt="consent")
    STANDING[name](world)
    await refused(flow, code)
    with pytest.raises(InvalidGrant):
        await flow.refresh(answer["refresh_token"])


async def test_a_practitioner_acts_with_rights_of_their_own(world):
    """3.4: user/ scopes, the practitioner in fhirUser, no patient unless one was asked for."""
    answer = await Flow(world, YOLANDA).tokens(scope="openid fhirUser user/Patient.rs user/Observation.rs")
    assert "patient" not in answer
    caller = await opens(world, answer["access_token"])
    assert (caller.account, caller.user, caller.patient) == ("yolanda", "Practitioner/y", None)
    assert {str(one) for one in caller.scopes if one.level == "user"} >= {"user/Patient.rs", "user/Observation.rs"}
    picked = await Flow(world, YOLANDA).tokens("dora", scope="launch/patient user/Patient.rs")
    assert picked["patient"] == "dora"


async def test_a_v1_request_is_answered_in_v1(world):
    """9.13, SCOPE-02."""
    answer = await Flow(world).tokens(scope="launch/patient openid patient/Patient.read patient/Observation.read")
    assert set(answer["scope"].split()) == {
        "launch/patient", "openid", "patient/Patient.read", "patient/Observation.read",
    }  # fmt: skip


async def test_limited_access(world):
    """Group 2: three of six granted; the others are denied by the very token."""
    scope = "launch/patient openid offline_access " + " ".join(
        f"patient/{one}.rs" for one in ("Patient", "Condition", "Observation", "Goal", "Procedure", "Encounter")
    )
    ticks = ["record:Patient", "record:Condition", "record:Observation", "identity:openid", "lasting:offline_access"]
    answer = await Flow(world).tokens(ticked=ticks, scope=scope)
    assert set(answer["scope"].split()) == {
        "launch/patient", "openid", "offline_access", "patient/Patient.rs", "patient/Condition.rs",
        "patient/Observation.rs",
    }  # fmt: skip
    caller = replace(await opens(world, answer["access_token"]), sight=None)
    from careweft.access.sight import Sight

    caller = replace(caller, sight=Sight(frozenset({"ana"})))
    for type_ in ("Goal", "Procedure", "Encounter"):
        assert isinstance(decide(caller, PATIENT, type_, "read"), Denied)
    assert not isinstance(decide(caller, PATIENT, "Condition", "search-type"), Denied)


async def test_without_openid_nobody_is_told_who_it_is(world):
    answer = await Flow(world).tokens(scope="launch/patient patient/Patient.rs")
    assert not {"id_token", "refresh_token"} & answer.keys()


@pytest.mark.parametrize("client_id", ["secret", "inline"])
async def test_backend_services_have_no_codes(world, client_id):
    """OAUTH-34."""
    with pytest.raises((UnauthorizedClient, InvalidClient)):
        await world.ask(grant_type="authorization_code", code="x", client_id=client_id, client_secret=SECRET)


async def test_public_clients_show_no_secret(world):
    """OAUTH-11: a secret from a client that has none is a wrong proof."""
    flow = Flow(world, proof={"client_id": "phone"})
    await refused(flow, await flow.code(), InvalidClient, client_secret=SECRET)


@pytest.mark.parametrize("change", [{"enabled": False}, {"approved": False}])
async def test_an_application_that_was_switched_off(world, change):
    flow = Flow(world)
    code = await flow.code()
    world.change("app", **change)
    with pytest.raises(OAuthError):
        await flow.redeem(code)


async def test_the_token_ends_with_its_permit(world):
    """OAUTH-17: neither twelve hours of a setting nor an hour go beyond what the person granted."""
    world.change("app", lifetime=43200, refresh_limit=1, refresh_days=92)
    flow = Flow(world)
    answer = await flow.tokens()
    assert answer["expires_in"] == 43200
    world.clock.pass_(hours=23, minutes=59, seconds=59)
    last = await flow.refresh(answer["refresh_token"])
    assert last["expires_in"] == 1


async def test_no_row_is_read_for_a_patient_scope_without_a_patient(world):
    """SMART-17: such a token, well signed, is denied everything."""
    answer = await Flow(world).tokens(scope="launch/patient patient/*.rs")
    caller = await opens(world, answer["access_token"])
    for lame in (replace(caller, patient=None), replace(caller, user=None, account=None, patient=None)):
        assert isinstance(decide(lame, PATIENT, "Patient", "read"), Denied)


async def test_sub_and_client_id_never_meet(world):
    """OAUTH-33: a person's token names the account, a service's the client."""
    person = opened((await Flow(world).tokens())["access_token"])[1]
    service = opened((await world.token())["access_token"])[1]
    assert (person["sub"], service["sub"]) == ("ana", "secret")
    assert person["sub"] not in {client for _, client in world.clients.kept}


def test_the_people_of_these_tests():
    assert (ANA.fhir_user, BEN.fhir_user, CONTEXT.request_id) == ("Patient/ana", "RelatedPerson/ben", "request-1")
