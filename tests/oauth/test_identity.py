"""Who signed in, as applications are told: OAUTH-15, OAUTH-26, OAUTH-27, SMART-16, conformance.md 1 (1.10)."""

import base64

import pytest
from authlib.oidc.core import CodeIDToken
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import KeySet

from careweft.fhir.outcomes import LoginRequired
from careweft.oauth.errors import InsufficientScope, InvalidToken, OAuthError
from careweft.oauth.identity import at_hash
from careweft.oauth.keys import AHEAD, REREAD

from .flow import ANA, PATIENT_BASE, YOLANDA, Flow, peopled
from .forge import ATTACKS, Kit, good
from .twins import session
from .world import CONTEXT, ISSUER, PATIENT, SYSTEM, A, B, opened


@pytest.fixture
def world():
    return peopled()


async def test_the_id_token_is_believed_by_two_libraries(world):
    """1.10.01 to 1.10.06: RS256 by a published RSA key, by joserfc, and by cryptography with nothing of JOSE."""
    answer = await Flow(world).tokens(nonce="n-0S6_WzA2Mj")
    published = await world.keyring.jwks(A)
    read = jwt.decode(answer["id_token"], KeySet.import_key_set(published), algorithms=["RS256"])
    claims = jwt.JWTClaimsRegistry(
        now=lambda: world.clock.seconds,
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": "app"},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": "n-0S6_WzA2Mj"},
    )
    claims.validate(read.claims)
    (key,) = [one for one in published["keys"] if one["kid"] == read.header["kid"]]
    signed, _, signature = answer["id_token"].rpartition(".")
    public = rsa.RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
    public.verify(number(signature).to_bytes(256, "big"), signed.encode(), padding.PKCS1v15(), SHA256())
    assert (read.header["typ"], key["kty"], key["alg"]) == ("JWT", "RSA", "RS256")


def number(text):
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


async def test_authlib_believes_it_too(world):
    """Authlib's own reading of OpenID Connect 3.1.3.7: nonce, at_hash, auth_time, azp and the rest."""
    flow = Flow(world)
    answer = await flow.tokens(nonce="n-1", max_age="600")
    read = jwt.decode(answer["id_token"], KeySet.import_key_set(await world.keyring.jwks(A)), algorithms=["RS256"])
    params = {"nonce": "n-1", "client_id": "app", "max_age": 600, "access_token": answer["access_token"]}
    claims = CodeIDToken(read.claims, read.header, params=params)
    claims.validate(now=world.clock.seconds, leeway=0)
    with pytest.raises(Exception, match="at_hash"):
        CodeIDToken(read.claims, read.header, params=params | {"access_token": "other"}).validate(
            now=world.clock.seconds
        )


async def test_it_says_no_more_than_that(world):
    """OAUTH-26: the whole of it; fhirUser absolute, at the API that the access token is for."""
    flow = Flow(world, session=session(ANA, world.clock.at, ago=100))
    answer = await flow.tokens(scope="openid fhirUser profile launch/patient patient/*.rs")
    now = world.clock.seconds
    assert opened(answer["id_token"])[1] == {
        "iss": ISSUER, "sub": "ana", "aud": "app", "iat": now, "exp": now + 600, "auth_time": now - 100,
        "at_hash": at_hash(answer["access_token"]), "fhirUser": f"{PATIENT_BASE}/Patient/ana",
        "profile": f"{PATIENT_BASE}/Patient/ana",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "told"),
    [("openid", set()), ("openid fhirUser", {"fhirUser"}), ("openid profile", {"profile"})],
)
async def test_what_was_granted_is_told(world, scope, told):
    answer = await Flow(world).tokens(scope=f"{scope} launch/patient patient/*.rs")
    assert {"fhirUser", "profile"} & opened(answer["id_token"])[1].keys() == told


async def test_a_practitioner_is_one(world):
    """SMART-16."""
    answer = await Flow(world, YOLANDA).tokens(scope="openid fhirUser user/*.rs")
    assert opened(answer["id_token"])[1]["fhirUser"] == f"{PATIENT_BASE}/Practitioner/y"


def test_at_hash_is_that_of_the_specification():
    """OpenID Connect 3.1.3.6, worked by hand: the left 128 bits of SHA-256, base64url."""
    assert at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


async def test_id_tokens_open_nothing(world):
    """OAUTH-15: as access token at every door, as refresh token, as client assertion, at introspection."""
    answer = await Flow(world).tokens()
    for surface in (PATIENT, SYSTEM):
        with pytest.raises(LoginRequired):
            await world.verifier.verify(answer["id_token"], A, surface)
    for form in (
        {"grant_type": "refresh_token", "refresh_token": answer["id_token"]},
        {"grant_type": "refresh_token", "refresh_token": answer["access_token"]},
        {"grant_type": "authorization_code", "code": answer["access_token"]},
    ):
        with pytest.raises(OAuthError):
            await world.ask(**form, **Flow(world).proof)
    with pytest.raises(LoginRequired):
        await world.verifier.verify(answer["refresh_token"], A, PATIENT)


async def kit(world, kind):
    """A good token of a kind, and what signed it."""
    answer = await Flow(world).tokens()
    header, claims = opened(answer[kind])
    from careweft.oauth.tokens import signer

    key = world.signing.kept[header["kid"]]
    return Kit(header, claims, signer(key.private, key.alg))


@pytest.mark.parametrize("name", ATTACKS)
async def test_forged_tokens_of_people_are_refused(world, name):
    """OATK-01 to OATK-06: the corpus against FHIR doors, introspection, userinfo and launch; none is believed."""
    for kind in ("access_token", "id_token"):
        token = ATTACKS[name](await kit(world, kind))
        with pytest.raises(LoginRequired):
            await world.verifier.verify(token, A, PATIENT)
        with pytest.raises(OAuthError):
            await world.auth.userinfo.answer(A, token, CONTEXT)
        with pytest.raises(OAuthError):
            await world.auth.launching.answer(A, token, {}, CONTEXT)


def test_the_corpus_is_large():
    assert len(ATTACKS) >= 120


async def test_the_kit_makes_good_tokens(world):
    assert (await world.verifier.verify(good(await kit(world, "access_token")), A, PATIENT)).account == "ana"


async def told(world, token, tenant=A):
    return await world.auth.userinfo.answer(tenant, token, CONTEXT)


async def test_userinfo_tells_what_was_granted(world):
    """The same subject as the ID token; the name only where profile was granted; one audit entry."""
    answer = await Flow(world).tokens(scope="openid fhirUser profile launch/patient patient/*.rs")
    assert await told(world, answer["access_token"]) == {
        "sub": "ana", "name": "Ana",
        "fhirUser": f"{PATIENT_BASE}/Patient/ana", "profile": f"{PATIENT_BASE}/Patient/ana",
    }  # fmt: skip
    assert (world.spent.entries[-1].action, world.spent.entries[-1].user) == ("userinfo", "Patient/ana")
    assert await told(world, (await Flow(world).tokens(scope="openid patient/*.rs"))["access_token"]) == {"sub": "ana"}


async def test_userinfo_is_for_who_may(world):
    """Without openid 403; a service's token, another tenant, an ended permit, an account that was switched off: no."""
    bare = (await Flow(world).tokens(scope="patient/*.rs"))["access_token"]
    service = (await world.token())["access_token"]
    for token in (bare, service):
        with pytest.raises(InsufficientScope):
            await told(world, token)
    answer = await Flow(world).tokens()
    with pytest.raises(InvalidToken):
        await told(world, answer["access_token"], B)
    world.people.accounts.pop("ana")
    with pytest.raises(InvalidToken) as refused:
        await told(world, answer["access_token"])
    assert refused.value.headers()["WWW-Authenticate"].startswith("Bearer")
    assert refused.value.entry.action == "userinfo"


async def test_rotation_fails_no_verification(world):
    """OAUTH-25: ID tokens through a rotation, each by the keys that are published when it is looked at."""
    tokens = []
    for minute in range(25):
        if minute == 3:
            await world.keyring.rotate(A.number)
        flow = Flow(world)
        tokens.append((await flow.tokens(prompt="consent"))["id_token"])
        keys = KeySet.import_key_set(await world.keyring.jwks(A))
        for token in tokens:
            jwt.decode(token, keys, algorithms=["RS256"])
        world.clock.pass_(minutes=1)
        world.watch.at += REREAD + 1
    assert len({opened(token)[0]["kid"] for token in tokens}) == 2
    assert AHEAD.total_seconds() < 25 * 60
