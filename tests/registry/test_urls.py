"""Which URLs an application may register."""

import pytest

from careweft.oauth.authorize.address import redirects
from careweft.registry.refusal import RegistrationRefused
from careweft.registry.urls import check_jwks, check_origin, check_redirect

GOOD = [
    ("https://app.example.org/cb", "web"),
    ("https://app.example.org", "web"),
    ("https://app.example.org:8443/cb?x=1&y=%20", "web"),
    ("https://xn--bcher-kva.example/cb", "native"),
    ("http://127.0.0.1/cb", "native"),
    ("http://127.0.0.1:3000/cb", "web"),
    ("http://[::1]:3000/cb", "native"),
    ("http://localhost:3000/cb", "web"),
    ("https://localhost:3000/cb", "web"),
    ("com.example.app:/oauth", "native"),
    ("com.example.app://oauth", "native"),
]


@pytest.mark.parametrize(("uri", "platform"), GOOD)
def test_a_redirect_uri_is_taken(uri, platform):
    check_redirect(uri, platform)


@pytest.mark.parametrize(
    ("uri", "platform"),
    [
        ("http://app.example.org/cb", "web"),
        ("http://127.0.0.2/cb", "native"),
        ("http://127.0.0.1.evil.example/cb", "native"),
        ("http://localhost.evil.example/cb", "native"),
        ("https://app.example.org/cb#x", "web"),
        ("https://app.example.org/cb#", "web"),
        ("https://*.example.org/cb", "web"),
        ("https://app.example.org/*", "web"),
        ("https://user@app.example.org/cb", "web"),
        ("https://user:secret@app.example.org/cb", "web"),
        ("https://good.example@evil.example/cb", "web"),
        ("https://app.example.org\\@evil.example/cb", "web"),
        ("https://app.example.org/a/../cb", "web"),
        ("https://app.example.org/a/%2e%2E/cb", "web"),
        ("https://app.example.org/./cb", "web"),
        ("https://App.example.org/cb", "web"),
        ("HTTPS://app.example.org/cb", "web"),
        ("https://bücher.example/cb", "web"),
        ("https://app.example.оrg/cb", "web"),  # a Cyrillic o
        ("https://app.example.org/c b", "web"),
        ("https://app.example.org/cb\n", "web"),
        ("https://app.example.org/\tcb", "web"),
        ("https://app.example.org:/cb", "web"),
        ("https://app.example.org:99999/cb", "web"),
        ("https://app.example.org:x/cb", "web"),
        ("https:///cb", "web"),
        ("https://", "web"),
        ("https:app.example.org/cb", "web"),
        ("//app.example.org/cb", "web"),
        ("/cb", "web"),
        ("app.example.org/cb", "native"),
        ("https://203.0.113.7/cb", "web"),
        ("https://2130706433/cb", "web"),
        ("https://0x7f.1/cb", "web"),
        ("javascript:alert(1)", "native"),
        ("data:text/html,x", "native"),
        ("file:///etc/passwd", "native"),
        ("myapp:/cb", "native"),
        ("com.example.app:/cb", "web"),
        ("com.example.app:cb", "native"),
        ("COM.example.app:/cb", "native"),
        ("", "web"),
        ("https://app.example.org/" + "a" * 2000, "web"),
    ],
)
def test_a_redirect_uri_is_refused(uri, platform):
    """OAUTH-03; the refusal does not say the URI again."""
    with pytest.raises(RegistrationRefused) as refused:
        check_redirect(uri, platform)
    assert len(uri) < 12 or uri not in str(refused.value)


HTTPS, LOOP = "https://app.example.org/cb", "http://127.0.0.1/cb"


@pytest.mark.parametrize(
    ("registered", "presented", "platform", "same"),
    [
        (HTTPS, HTTPS, "web", True),
        (HTTPS, HTTPS + "/", "web", False),
        (HTTPS, HTTPS + "?x=1", "web", False),
        (HTTPS, HTTPS + "#x", "web", False),
        (HTTPS, "https://app.example.org:443/cb", "native", False),
        (HTTPS, "https://APP.example.org/cb", "web", False),
        (HTTPS, "https://app.example.org/%63b", "web", False),
        (HTTPS, "https://app.example.org//cb", "web", False),
        (HTTPS, "https://app.example.org/cb\n", "web", False),
        (HTTPS, "https://good@app.example.org/cb", "web", False),
        (LOOP, "http://127.0.0.1:51004/cb", "native", True),
        (LOOP, "http://127.0.0.1:51004/cb", "web", False),
        (LOOP, "http://127.0.0.1:65535/cb", "native", True),
        (LOOP, "http://127.0.0.1:65536/cb", "native", False),
        (LOOP, "http://127.0.0.1:080/cb", "native", False),
        (LOOP, "http://127.0.0.1:/cb", "native", False),
        (LOOP, "http://127.0.0.1:1/cb\n", "native", False),
        (LOOP, "http://127.0.0.1:1@evil.example/cb", "native", False),
        (LOOP, "http://localhost:51004/cb", "native", False),
        (LOOP, "http://[::1]:51004/cb", "native", False),
        (LOOP, "https://127.0.0.1:51004/cb", "native", False),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:4000/cb", "native", True),
        ("http://[::1]/cb", "http://[::1]:4000/cb", "native", True),
        ("com.example.app:/cb", "com.example.app:/cb", "native", True),
        ("com.example.app:/cb", "com.example.app:/CB", "native", False),
    ],
)
def test_which_address_is_the_registered_one(registered, presented, platform, same):
    """Compared as strings; the port of a native application's loopback address is its own affair."""
    assert redirects(registered, presented, platform) is same


@pytest.mark.parametrize(
    ("url", "also", "taken"),
    [
        ("https://keys.example.org/jwks.json", (), True),
        ("https://keys.example.org:443/jwks.json", (), True),
        ("https://keys.example.org:8443/jwks.json", (), False),
        ("http://keys.example.org/jwks.json", (), False),
        ("http://localhost:9000/jwks.json", ("localhost:9000",), True),
        ("http://localhost:9001/jwks.json", ("localhost:9000",), False),
        ("http://127.0.0.1:9000/jwks.json", ("localhost:9000",), False),
        ("https://localhost:9000/jwks.json", ("localhost:9000",), False),
        ("https://127.0.0.1/jwks.json", (), False),
        ("https://[::1]/jwks.json", (), False),
        ("https://localhost/jwks.json", (), False),
        ("https://2130706433/jwks.json", (), False),
        ("https://0177.0.0.1/jwks.json", (), False),
        ("https://keys/jwks.json", (), False),
        ("https://user@keys.example.org/jwks.json", (), False),
        ("https://keys.example.org/jwks.json#a", (), False),
        ("file:///etc/passwd", (), False),
        ("gopher://keys.example.org/", (), False),
        ("https://keys.example.org/ jwks", (), False),
    ],
)
def test_which_key_sets_may_be_fetched(url, also, taken):
    """WEB-03: https on port 443 of a named host, or exactly what preview opened."""
    if taken:
        check_jwks(url, frozenset(also))
    else:
        with pytest.raises(RegistrationRefused):
            check_jwks(url, frozenset(also))


@pytest.mark.parametrize(
    ("origin", "taken"),
    [
        ("https://app.example.org", True),
        ("https://app.example.org:8443", True),
        ("http://localhost:3000", True),
        ("http://127.0.0.1:3000", True),
        ("https://app.example.org/", False),
        ("https://app.example.org:443", False),
        ("http://app.example.org", False),
        ("https://APP.example.org", False),
        ("https://*.example.org", False),
        ("https://app.example.org?x", False),
        ("null", False),
        ("*", False),
        ("", False),
        ("https://app.example.org:08443", False),
    ],
)
def test_which_origins_may_call(origin, taken):
    """OAUTH-30: an origin as browsers send it."""
    if taken:
        check_origin(origin)
    else:
        with pytest.raises(RegistrationRefused):
            check_origin(origin)
