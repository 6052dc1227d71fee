"""Client assertions: SMART-09, SMART-10, SMART-11, OATK-01 to OATK-06, OATK-08, D-03."""

import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, RSAKey

from careweft.oauth.errors import InvalidClient, InvalidRequest, OAuthError
from careweft.surfaces.issuers import V2

from .forge import ATTACKS, Kit, good, jws
from .world import BASE, EC384, ISSUER, JWKS_URI, KEYS, RSA, START, TOKEN_URL, A, B, World, by_assertion

NOW = int(START.timestamp())


@pytest.fixture
def world():
    return World()


def kit(world, alg="ES384", client_id="key", **claims):
    key = KEYS[alg]
    return Kit({"alg": alg, "kid": key.kid, "typ": "JWT"}, world.claims(client_id, **claims), key)


async def ask(world, assertion, **more):
    return await world.ask(**by_assertion(assertion), **more)


@pytest.mark.parametrize("client_id", ["key", "inline"])
@pytest.mark.parametrize("alg", V2.algorithms)
async def test_private_key_jwt_opens(world, alg, client_id):
    """RS384 and ES384, and RS256 and ES256 where such a key is registered; by URL and by value (SMART-13)."""
    answer = await ask(world, good(kit(world, alg, client_id)))
    assert answer["scope"] == "system/*.rs"
    assert world.key_sets.fetched == ([JWKS_URI] if client_id == "key" else [])


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
@pytest.mark.parametrize("name", ATTACKS)
async def test_forged_assertions_are_refused(world, name, alg):
    """The corpus again, against both kinds of key: refused in OAuth's words, quickly, and no foreign URL is asked."""
    token = ATTACKS[name](kit(world, alg))
    begun = time.perf_counter()
    with pytest.raises((InvalidClient, InvalidRequest)) as refused:
        await ask(world, token)
    assert time.perf_counter() - begun < 0.25
    assert set(world.key_sets.fetched) <= {JWKS_URI}
    assert not world.spent.entries
    assert refused.value.entry.status == refused.value.status


MATRIX = [
    # claim, value, is it good?
    ("iss", None, False),
    ("iss", "", False),
    ("iss", "other", False),
    ("iss", ["key"], False),
    ("iss", 5, False),
    ("iss", {"a": 1}, False),
    ("iss", "KEY", False),
    ("sub", None, False),
    ("sub", "", False),
    ("sub", "other", False),
    ("sub", ["key"], False),
    ("aud", None, False),
    ("aud", "", False),
    ("aud", TOKEN_URL, True),
    ("aud", ISSUER, True),
    ("aud", [TOKEN_URL], True),
    ("aud", [ISSUER], True),
    ("aud", [TOKEN_URL, ISSUER], False),
    ("aud", [], False),
    ("aud", [TOKEN_URL, "https://attacker.example"], False),
    ("aud", [[TOKEN_URL]], False),
    ("aud", {"aud": TOKEN_URL}, False),
    ("aud", TOKEN_URL + "/", False),
    ("aud", ISSUER + "/", False),
    ("aud", TOKEN_URL.upper(), False),
    ("aud", BASE, False),
    ("aud", TOKEN_URL.replace(A.id, B.id), False),
    ("aud", ISSUER.replace(A.id, B.id), False),
    ("aud", 7, False),
    ("aud", f"{ISSUER}/introspect", False),
    ("aud", TOKEN_URL.replace("https", "http"), False),
    ("exp", None, False),
    ("exp", NOW, False),
    ("exp", NOW - 1, False),
    ("exp", NOW + 1, True),
    ("exp", NOW + 299, True),
    ("exp", NOW + 300, True),
    ("exp", NOW + 301, False),
    ("exp", NOW + 3600, False),
    ("exp", NOW + 100.5, True),
    ("exp", str(NOW + 100), False),
    ("exp", True, False),
    ("exp", False, False),
    ("exp", -1, False),
    ("exp", 10**30, False),
    ("exp", [NOW + 100], False),
    ("exp", {}, False),
    ("exp", "9", False),
    ("exp", (NOW + 100) * 1000, False),
    ("iat", None, True),
    ("iat", NOW - 300, True),
    ("iat", NOW - 301, False),
    ("iat", NOW + 60, True),
    ("iat", NOW + 61, False),
    ("iat", "now", False),
    ("iat", True, False),
    ("iat", -1, False),
    ("nbf", NOW, True),
    ("nbf", NOW + 60, True),
    ("nbf", NOW + 61, False),
    ("nbf", "x", False),
    ("nbf", 10**30, False),
    ("nbf", True, False),
    ("nbf", False, False),
    ("nbf", -1, False),
    ("jti", None, False),
    ("jti", "", False),
    ("jti", 5, False),
    ("jti", ["a"], False),
    ("jti", "j" * 512, True),
    ("jti", "j" * 513, False),
    ("jti", "j" * 65536, False),
    ("jti", True, False),
]


@pytest.mark.parametrize(("claim", "value", "is_good"), MATRIX)
async def test_claims_one_by_one(world, claim, value, is_good):
    """SMART-09: each claim missing, empty, of the wrong type, too early, too late, too long."""
    token = good(kit(world, **{claim: value}))
    if is_good:
        assert (await ask(world, token))["token_type"] == "Bearer"
    else:
        with pytest.raises((InvalidClient, InvalidRequest)):
            await ask(world, token)
        assert not world.spent.entries


@pytest.mark.parametrize(
    "typ", ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt", None]
)
async def test_types_an_assertion_may_have(world, typ):
    """Some well-known clients send no typ at all."""
    made = kit(world)
    made.header = {name: value for name, value in (made.header | {"typ": typ}).items() if value is not None}
    assert await ask(world, good(made))


async def test_an_access_token_is_no_assertion(world):
    made = kit(world)
    made.header["typ"] = "at+jwt"
    with pytest.raises(InvalidClient):
        await ask(world, good(made))


@pytest.mark.parametrize(
    ("client_id", "jku", "is_good"),
    [
        ("key", JWKS_URI, True),
        ("key", JWKS_URI + "/", False),
        ("key", JWKS_URI.upper(), False),
        ("key", "", False),
        ("key", None, True),
        ("key", "https://attacker.example/jwks.json", False),
        ("key", [JWKS_URI], False),
        ("key", JWKS_URI + "#x", False),
        ("key", "http://client.example/jwks.json", False),
        ("inline", JWKS_URI, False),
    ],
)
async def test_jku_is_the_registered_url_or_absent(world, client_id, jku, is_good):
    """SMART-11: byte for byte, and where it is not, nothing is fetched."""
    made = kit(world, client_id=client_id)
    made.header |= {"jku": jku} if jku is not None else {}
    if is_good:
        assert await ask(world, good(made))
    else:
        with pytest.raises(InvalidClient):
            await ask(world, good(made))
        assert not world.key_sets.fetched


def public(key, **changed):
    return {name: value for name, value in (key.as_dict(private=False) | changed).items() if value is not None}


SETS = [
    ("no set", {}, False),
    ("no list", {"keys": {"a": 1}}, False),
    ("empty", {"keys": []}, False),
    ("a list", [], False),
    ("the same kid twice", {"keys": [public(EC384), public(EC384)]}, False),
    ("the kid on another kind of key too", {"keys": [public(EC384), public(RSA, kid=EC384.kid)]}, True),
    ("the kid on another kind of key only", {"keys": [public(RSA, kid=EC384.kid)]}, False),
    ("no kid", {"keys": [public(EC384, kid=None)]}, False),
    ("another kid", {"keys": [public(EC384, kid="x")]}, False),
    ("for encryption", {"keys": [public(EC384, use="enc")]}, False),
    ("use absent", {"keys": [public(EC384, use=None)]}, True),
    ("for another algorithm", {"keys": [public(EC384, alg="ES256")]}, False),
    ("for this algorithm", {"keys": [public(EC384, alg="ES384")]}, True),
    ("to sign", {"keys": [public(EC384, key_ops=["sign"])]}, False),
    ("to verify", {"keys": [public(EC384, key_ops=["verify"])]}, True),
    ("key_ops no list", {"keys": [public(EC384, key_ops="verify")]}, False),
    ("another curve", {"keys": [public(ECKey.generate_key("P-256"), kid=EC384.kid)]}, False),
    ("a point off the curve", {"keys": [public(EC384, y=public(EC384)["x"])]}, False),
    ("coordinates no text", {"keys": [public(EC384, x=5)]}, False),
    ("coordinates away", {"keys": [public(EC384, x=None)]}, False),
    ("a symmetric key", {"keys": [{"kty": "oct", "kid": EC384.kid, "k": "c2VjcmV0"}]}, False),
    ("garbage beside it", {"keys": [None, 1, "x", [], {}, {"kty": "AKP", "kid": "pq"}, public(EC384)]}, True),
]


@pytest.mark.parametrize(("name", "keys", "is_good"), SETS)
async def test_exactly_one_fitting_key(world, name, keys, is_good):
    """SMART-11: none or several of that kid and kind is a refusal, not a guess."""
    world.change("inline", jwks=keys)
    token = good(kit(world, client_id="inline"))
    if is_good:
        assert await ask(world, token)
    else:
        with pytest.raises(InvalidClient) as refused:
            await ask(world, token)
        assert refused.value.description == "Invalid client assertion JWT"


def small_rsa():
    """An RSA key of 1024 bits, as a JWK: nothing here would make or take one."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return RSAKey.generate_key(1024, {"kid": "rsa-1"})


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("1024 bits", small_rsa().as_dict(private=False)),
        ("e is 1", public(RSA, e="AQ")),
        ("e is 3", public(RSA, e="Aw")),
        ("e is even", public(RSA, e="AQAA")),
        ("n of 16384 bits", public(RSA, n="_" * 2731)),
    ],
)
async def test_weak_keys_verify_nothing(world, name, key):
    """OATK-04: short keys, toy exponents, and keys that take long."""
    world.change("inline", jwks={"keys": [key]})
    with pytest.raises(InvalidClient):
        await ask(world, good(kit(world, "RS384", "inline")))


def toy_exponent():
    """An RSA key with e = 3."""
    return RSAKey.import_key(rsa.generate_private_key(3, 2048), {"kid": "rsa-1"})


@pytest.mark.parametrize("make", [small_rsa, toy_exponent])
async def test_a_weak_key_s_own_signature_is_refused(world, make):
    """Well signed by the registered key, which is too small or has a toy exponent."""
    key = make()
    world.change("inline", jwks={"keys": [key.as_dict(private=False)]})
    with pytest.raises(InvalidClient):
        await ask(world, jws({"alg": "RS384", "kid": "rsa-1", "typ": "JWT"}, world.claims("inline"), key, "RS384"))


async def test_a_jti_is_used_once(world):
    """SMART-10: the second time is a replay, with another scope too."""
    token = good(kit(world))
    await ask(world, token)
    with pytest.raises(InvalidClient) as refused:
        await world.ask(**by_assertion(token, "system/Patient.rs"))
    assert "jti" in refused.value.description
    assert len(world.spent.entries) == 1


async def test_clients_do_not_share_jtis(world):
    """OATK-08: the same jti of another client is another one; so it is in another tenant."""
    world.clients.kept[2, "key"] = world.clients.kept[1, "key"]
    await ask(world, good(kit(world, jti="same")))
    await ask(world, good(kit(world, client_id="inline", jti="same")))
    other = TOKEN_URL.replace(A.id, B.id)
    await ask(world, good(kit(world, jti="same", aud=other)), tenant=B)


async def test_an_assertion_that_buys_nothing_is_not_spent(world):
    """A refused scope leaves the jti as it was: what was not issued was not used."""
    token = good(kit(world))
    with pytest.raises(OAuthError):
        await world.ask(**by_assertion(token, "system/Nothing.rs"))
    assert await ask(world, token)


async def test_an_assertion_of_another_tenant_is_nothing_here(world):
    with pytest.raises(InvalidClient):
        await ask(world, good(kit(world)), tenant=B)


@pytest.mark.parametrize("client_id", ["nobody", "off", "secret", "public", "foreign"])
async def test_one_answer_for_every_wrong_client(world, client_id):
    """OAUTH-10: unknown, switched off, registered for another way, another tenant's: the answer of a bad signature."""
    wrong = kit(world, client_id="key")
    wrong.key = ECKey.generate_key("P-384")
    answers = []
    for made in (wrong, kit(world, client_id=client_id)):
        with pytest.raises(InvalidClient) as refused:
            await ask(world, good(made))
        answers.append((refused.value.status, refused.value.body(), refused.value.headers()))
    assert answers[0] == answers[1]


async def test_a_key_set_that_cannot_be_fetched(world):
    """The client's fault, in the same words; the reason is in the audit entry."""
    world.key_sets.sets.clear()
    with pytest.raises(InvalidClient) as refused:
        await ask(world, good(kit(world)))
    assert refused.value.description == "Invalid client assertion JWT"
    assert refused.value.entry.reason == "invalid_client: connection refused"


@pytest.mark.parametrize(
    "type_", [None, "", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "not_an_assertion_type"]
)
async def test_the_assertion_type_is_the_one_there_is(world, type_):
    """8.1.03 of the certification kit."""
    form = by_assertion(good(kit(world))) | {"client_assertion_type": type_}
    with pytest.raises(InvalidClient):
        await world.ask(**{name: value for name, value in form.items() if value is not None})


@pytest.mark.parametrize(
    ("text", "error"), [("not a jwt", InvalidRequest), ("a.b.c", InvalidRequest), ("a.b", InvalidRequest)]
)
async def test_what_is_no_jwt_is_an_invalid_request(world, text, error):
    """The documented words for it."""
    with pytest.raises(error) as refused:
        await ask(world, text)
    assert refused.value.description == "Invalid client_assertion format"


async def test_a_client_id_beside_the_assertion_is_the_same(world):
    assert await world.ask(**by_assertion(good(kit(world))), client_id="key")
    with pytest.raises(InvalidClient):
        await world.ask(**by_assertion(good(kit(world))), client_id="inline")
