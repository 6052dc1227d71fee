"""What a provider's tokens have to say: each claim that is wrong or missing is refused (OIDC Core 3.1.3.7)."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from careweft.accounts.federation import Upstream
from careweft.adapters.fetch import Document
from careweft.adapters.upstream import EVENT, OpenIdProvider

ISSUER = "https://idp.example.org"
UPSTREAM = Upstream(1, ISSUER, "Maple sign-in", "careweft", "s e:cret")
RSA, OTHER = (RSAKey.generate_key(2048, {"kid": "r"}) for _ in range(2))
EC = ECKey.generate_key("P-256", {"kid": "e"})
GOOD = {"iss": ISSUER, "aud": "careweft", "sub": "ana", "nonce": "n"}
OUT = {"iss": ISSUER, "aud": "careweft", "sub": "ana", "sid": "s", "events": {EVENT: {}}, "jti": "j"}
GONE, SECOND = "(gone)", timedelta(seconds=1)


class Idp:
    """A provider as the adapter sees it: its documents, and what its token endpoint was asked."""

    def __init__(self, token=None, **document):
        self.token, self.asked = token, []
        self.document = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks",
        } | document

    async def get(self, url):
        assert url == f"{ISSUER}/.well-known/openid-configuration"
        return Document(self.document, None)

    async def post(self, url, form, authorization=None):
        self.asked.append((url, dict(form), authorization))
        return Document({"access_token": "x", **({"id_token": self.token} if self.token else {})}, None)

    async def fetch(self, _url, _kid):
        return {"keys": [one.as_dict(private=False) | {"alg": alg} for one, alg in ((RSA, "RS256"), (EC, "ES256"))]}

    def provider(self):
        return OpenIdProvider(self, self, lambda: datetime.now(UTC))


def signed(claims, key=RSA, alg="RS256", **header):
    now = int(time.time())
    said = {"iat": now, "exp": now + 300} | claims
    held = {name: now + value // SECOND if isinstance(value, timedelta) else value for name, value in said.items()}
    held = {name: value for name, value in held.items() if value is not GONE}
    return jwt.encode({"alg": alg, "kid": key.kid} | header, held, key, algorithms=[alg])


async def redeemed(token):
    return await Idp(token).provider().redeem(UPSTREAM, {"code": "c"}, "n")


@pytest.mark.parametrize(
    ("claims", "how"),
    [
        (GOOD, {}),
        (GOOD, {"key": EC, "alg": "ES256"}),
        (GOOD, {"typ": "JWT"}),
        (GOOD | {"aud": ["careweft"]}, {}),
        (GOOD | {"aud": ["careweft", "x"], "azp": "careweft"}, {}),
    ],
    ids=["RS256", "ES256", "typ", "list", "azp"],
)
async def test_a_good_token_tells_who_it_is(claims, how):
    assert (await redeemed(signed(claims, **how)))["sub"] == "ana"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://idp.example.org/"},
        {"iss": "https://evil.example"},
        {"iss": GONE},
        {"aud": "somebody"},
        {"aud": GONE},
        {"aud": ["careweft", "somebody"]},
        {"azp": "somebody"},
        {"nonce": "another"},
        {"nonce": GONE},
        {"exp": timedelta(seconds=-120)},
        {"exp": GONE},
        {"exp": True},
        {"exp": "2099"},
        {"iat": timedelta(seconds=900)},
        {"iat": timedelta(seconds=-3600)},
        {"iat": GONE},
        {"sub": GONE},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a" * 256},
    ],
    ids=str,
)
async def test_a_claim_that_is_wrong_lets_nobody_in(wrong):
    """Each row: what is changed (or gone) in an ID token that is right otherwise."""
    with pytest.raises(OSError, match="fails"):
        await redeemed(signed(GOOD | wrong))


@pytest.mark.parametrize(
    "token",
    [
        signed(GOOD, OTHER),
        signed(GOOD)[:-4] + "AAAA",
        signed(GOOD, OctKey.import_key(b"s e:cret" * 4, {"kid": "r"}), "HS256"),
        signed(GOOD, RSAKey.generate_key(2048, {"kid": "nobody's"})),
        signed(GOOD, typ="at+jwt"),
        signed(GOOD, typ="logout+jwt"),
        "a.b.c",
        "",
        None,
    ],
    ids=["key", "signature", "HS256", "unknown key", "at+jwt", "logout+jwt", "abc", "empty", "none"],
)
async def test_a_token_that_nobody_signed_lets_nobody_in(token):
    with pytest.raises(OSError, match=r"believed|such key"):
        await redeemed(token)


async def test_the_token_request_proves_who_we_are():
    """client_secret_basic, its parts encoded as RFC 6749 2.3.1 says; without a secret PKCE alone."""
    idp = Idp(signed(GOOD))
    await idp.provider().redeem(UPSTREAM, {"code": "c"}, "n")
    url, form, authorization = idp.asked[0]

    assert (url, form) == (f"{ISSUER}/token", {"code": "c"})
    assert authorization == "Basic Y2FyZXdlZnQ6cytlJTNBY3JldA=="
    public = Idp(signed(GOOD))
    await public.provider().redeem(Upstream(1, ISSUER, "x", "careweft"), {"code": "c"}, "n")
    assert public.asked[0][1:] == ({"code": "c", "client_id": "careweft"}, None)


@pytest.mark.parametrize(
    "document", [{"issuer": "https://evil.example"}, {"authorization_endpoint": "javascript:alert(1)"}], ids=str
)
async def test_a_document_that_is_another_providers_is_not_followed(document):
    with pytest.raises(OSError, match="provider"):
        await Idp(**document).provider().authorization(UPSTREAM)


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({}, True),
        ({"sid": GONE}, True),
        ({"sub": GONE}, True),
        ({"sub": GONE, "sid": GONE}, False),
        ({"events": GONE}, False),
        ({"events": {}}, False),
        ({"events": {EVENT: None}}, False),
        ({"nonce": "n"}, False),
        ({"aud": "somebody"}, False),
        ({"iss": "https://evil.example"}, False),
        ({"exp": timedelta(seconds=-120)}, False),
    ],
    ids=str,
)
async def test_a_logout_token_says_so(changes, good):
    """Each row: what is changed in a logout token, and whether it ends anything (Back-Channel Logout 2.6)."""
    token = signed(OUT | changes, typ="logout+jwt")
    if good:
        assert (await Idp().provider().logged_out(UPSTREAM, token))["jti"] == "j"
    else:
        with pytest.raises(OSError, match="fails"):
            await Idp().provider().logged_out(UPSTREAM, token)
