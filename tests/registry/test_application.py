"""Registering an application."""

from dataclasses import replace

import pytest
from joserfc.jwk import ECKey, RSAKey

from careweft.registry.application import Application, register
from careweft.registry.refusal import RegistrationRefused

EC = {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "ec"}
RSA = {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "rsa"}
SECRET = Application(name="Night report", type="system", access="provider", auth="secret")
KEYED = replace(SECRET, auth="private-key-jwt", jwks={"keys": [EC, RSA]})
PHONE = Application(name="My Health", type="patient", access="provider", auth="none", platform="native")


def made(asked, **more):
    return register(
        asked,
        7,
        identifier=lambda: "id-1",
        secret=lambda: "shown once",
        digest=lambda text: text.encode()[::-1],
        **more,
    )


def test_a_backend_service_gets_an_id_and_a_secret():
    """The id is ours; the secret is shown here and kept as its digest, and neither repr has it."""
    registered = made(SECRET)

    assert registered.secret == "shown once"
    assert registered.client.id == "id-1"
    assert registered.client.tenant == 7
    assert registered.client.secrets == ((b"ecno nwohs", None),)
    assert registered.client.scopes == ("system/*.rs",)
    assert not registered.client.approved
    assert made(SECRET, approved=True).client.approved
    assert "shown once" not in repr(registered)
    assert "ecno" not in repr(registered)


@pytest.mark.parametrize(
    "asked", [KEYED, replace(SECRET, auth="private-key-jwt", jwks_uri="https://keys.example.org/a"), PHONE]
)
def test_who_has_no_secret_gets_none(asked):
    registered = made(asked)

    assert registered.secret is None
    assert registered.client.secrets == ()
    assert (registered.client.jwks, registered.client.jwks_uri) == (asked.jwks, asked.jwks_uri)


@pytest.mark.parametrize(
    ("asked", "scopes"),
    [
        (SECRET, ("system/*.rs",)),
        (replace(SECRET, access="intake"), ("system/*.cud",)),
        (replace(SECRET, scopes=("system/Observation.rs?category=laboratory", "system/Patient.read")), None),
        (replace(PHONE, scopes=("openid", "fhirUser", "launch/patient", "patient/*.rs", "user/Patient.rs")), None),
        (replace(PHONE, type="practitioner"),
         ("launch", "launch/patient", "openid", "fhirUser", "offline_access", "user/*.rs", "patient/*.rs")),
    ],
)  # fmt: skip
def test_scopes_are_those_asked_for_or_the_usual_ones(asked, scopes):
    assert made(asked).client.scopes == (scopes or asked.scopes)


PRIVATE = {**ECKey.generate_key("P-256").as_dict(private=True), "kid": "p"}


@pytest.mark.parametrize(
    ("asked", "changes", "said"),
    [
        (SECRET, {"type": "admin"}, "type wants one of patient, practitioner, system"),
        (SECRET, {"platform": "toaster"}, "platform wants"),
        (SECRET, {"access": "both"}, "access wants"),
        (SECRET, {"auth": "password"}, "auth wants"),
        (SECRET, {"name": ""}, "name wants 1 to 100"),
        (SECRET, {"name": "x" * 101}, "name wants 1 to 100"),
        (SECRET, {"name": " x"}, "single spaces"),
        (SECRET, {"name": "a\nb"}, "single spaces"),
        (SECRET, {"name": "My\u200bHealth"}, "invisible"),
        (SECRET, {"name": "\u202ehtlaeH"}, "invisible"),
        (SECRET, {"name": "M\u0443 \u041dealth"}, "one alphabet"),
        (SECRET, {"name": "ＭｙHealth"}, "NFKC"),
        (SECRET, {"auth": "none"}, "auth none is for native"),
        (PHONE, {"platform": "web"}, "auth none is for native"),
        (SECRET, {"auth": "private-key-jwt"}, "exactly one of jwks_uri and jwks"),
        (KEYED, {"jwks_uri": "https://keys.example.org/a"}, "exactly one"),
        (KEYED, {"auth": "secret"}, "the others want neither"),
        (KEYED, {"jwks": None, "jwks_uri": "http://keys.example.org/a"}, "https on port 443"),
        (KEYED, {"jwks": {}}, "1 to 20 keys"),
        (KEYED, {"jwks": []}, "1 to 20 keys"),
        (KEYED, {"jwks": {"keys": []}}, "1 to 20 keys"),
        (KEYED, {"jwks": {"keys": ["x"]}}, "1 to 20 keys"),
        (KEYED, {"jwks": {"keys": [EC] * 21}}, "1 to 20 keys"),
        (KEYED, {"jwks": {"keys": [EC, EC]}}, "different kid"),
        (KEYED, {"jwks": {"keys": [PRIVATE]}}, "key 1 of jwks is a private key"),
        (KEYED, {"jwks": {"keys": [{"kty": "oct", "k": "AAAA", "kid": "s"}]}}, "is a private key"),
        (KEYED, {"jwks": {"keys": [{**EC, "kid": ""}]}}, "wants a kid"),
        (KEYED, {"jwks": {"keys": [{**EC, "kid": 1}]}}, "wants a kid"),
        (KEYED, {"jwks": {"keys": [{**EC, "crv": "P-521"}]}}, "P-256 or P-384"),
        (KEYED, {"jwks": {"keys": [{**EC, "x": EC["y"], "y": EC["x"]}]}}, "no point on its curve"),
        (KEYED, {"jwks": {"keys": [{**EC, "x": "*"}]}}, "base64url"),
        (KEYED, {"jwks": {"keys": [{**EC, "x": 5}]}}, "base64url"),
        (KEYED, {"jwks": {"keys": [{**EC, "use": "enc"}]}}, "for signatures"),
        (KEYED, {"jwks": {"keys": [{**RSA, "n": RSA["n"][:-100]}]}}, "2048 to 8192 bits"),
        (KEYED, {"jwks": {"keys": [{**RSA, "e": "AQ"}]}}, "2048 to 8192 bits"),
        (KEYED, {"jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "o"}]}}, "wants kty RSA"),
        (SECRET, {"redirect_uris": ("https://app.example.org/cb",)}, "has no redirect_uri"),
        (PHONE, {"redirect_uris": ("https://app.example.org/cb",) * 2}, "each once"),
        (PHONE, {"redirect_uris": tuple(f"https://app.example.org/{n}" for n in range(21))}, "at most 20"),
        (PHONE, {"redirect_uris": ("http://app.example.org/cb",)}, "redirect_uri wants https"),
        (PHONE, {"origins": ("https://app.example.org/",)}, "origin wants"),
        (SECRET, {"scopes": ("patient/*.rs",)}, "given system scopes"),
        (PHONE, {"scopes": ("system/*.rs",)}, "given patient and user scopes"),
        (SECRET, {"scopes": ("openid",)}, "SMART scopes such as system"),
        (SECRET, {"scopes": ("system/Nothing.rs",)}, "not 'system/Nothing.rs'"),
        (PHONE, {"scopes": ("admin",)}, "not 'admin'"),
        (SECRET, {"scopes": ("system/Patient.rs",) * 2}, "once each"),
        (PHONE, {"bulk": True}, "of type system"),
        (PHONE, {"access": "intake"}, "of type system"),
        (SECRET, {"lifetime": 43201}, "60 to 43200 seconds, not 43201"),
        (SECRET, {"lifetime": 0}, "60 to 43200"),
        (SECRET, {"lifetime": -1}, "60 to 43200"),
    ],
)  # fmt: skip
def test_what_is_refused(asked, changes, said):
    """Each row: one thing wrong, and what the refusal says of it."""
    with pytest.raises(RegistrationRefused, match=said):
        made(replace(asked, **changes))


@pytest.mark.parametrize("lifetime", [None, 60, 43200])
def test_the_longest_lifetime_is_twelve_hours(lifetime):
    """OAUTH-17."""
    assert made(replace(SECRET, lifetime=lifetime)).client.lifetime == lifetime


def test_a_refusal_repeats_no_key():
    """Whoever sends a private key by mistake does not find it in a log."""
    with pytest.raises(RegistrationRefused) as refused:
        made(replace(KEYED, jwks={"keys": [PRIVATE]}))

    assert PRIVATE["d"] not in str(refused.value)
    assert PRIVATE["d"] not in repr(replace(KEYED, jwks={"keys": [PRIVATE]}))


@pytest.mark.parametrize(
    "name", ["Night report", "Gesundheit für alle", "健康アプリ", "Моё здоровье", "Dr. O'Neil & Søn 2", "COVID-19 α"]
)
def test_names_of_all_languages_are_taken(name):
    assert made(replace(SECRET, name=name)).client.name == name


BROWSER = replace(PHONE, platform="browser", redirect_uris=("https://app.example.org/cb",))


@pytest.mark.parametrize(
    ("asked", "changes", "said"),
    [
        (BROWSER, {"auth": "secret"}, "a browser application can keep no secret"),
        (BROWSER, {"redirect_uris": ("com.example.app:/cb",)}, "redirect_uri wants https"),
        (PHONE, {"launch_url": "http://app.example.org"}, "launch_url wants https"),
        (PHONE, {"home": "javascript:alert(1)"}, "home wants https"),
        (PHONE, {"policy": "https://10.0.0.1/p"}, "policy wants a host name"),
        (PHONE, {"logo": "data:image/png;base64,AA"}, "logo wants https"),
        (PHONE, {"terms": "https://user@app.example.org"}, "terms wants neither"),
        (PHONE, {"publisher": "Ex\u0430mple"}, "name wants words of one alphabet"),
        (SECRET, {"launch_url": "https://app.example.org"}, "a backend service is not launched"),
        (SECRET, {"scopes": ("openid",)}, "scope wants SMART scopes"),
        (PHONE, {"scopes": ("launch/create",)}, "scope wants SMART scopes"),
        (PHONE, {"refresh_days": 91}, "refresh_days wants 92"),
        (PHONE, {"refresh_days": 4000}, "refresh_days wants 92"),
        (PHONE, {"refresh_limit": 91}, "refresh_limit wants"),
        (PHONE, {"grace": 61}, "grace wants 0 to 60"),
        (PHONE, {"grace": -1}, "grace wants 0 to 60"),
    ],
)
def test_what_an_app_for_people_may_not_say(asked, changes, said):
    """OAUTH-19, OATK-13, WEB-01: what the consent page shows, and how long a refresh token may live."""
    with pytest.raises(RegistrationRefused, match=said):
        made(replace(asked, **changes))


def test_an_app_for_people_is_registered_as_it_is():
    """Everything that the consent page and the refresh tokens need; a browser application by its name alone."""
    more = {"launch_url": "http://localhost:3000/launch", "publisher": "Example", "home": "https://app.example.org",
            "refresh_days": 365, "refresh_limit": None, "grace": 5, "require_par": True}  # fmt: skip
    client = made(replace(BROWSER, **more)).client
    assert {name: getattr(client, name) for name in more} == more
    assert (client.confidential, client.verified) == (False, False)


def test_an_ehr_may_launch():
    """A backend service with the right, and nothing else, is registered too."""
    assert made(replace(SECRET, scopes=("launch/create",))).client.scopes == ("launch/create",)
