"""What a client sends to an endpoint where it proves itself, read from the form once.

https://www.rfc-editor.org/rfc/rfc6749#section-3.2, https://www.rfc-editor.org/rfc/rfc7662#section-2.1,
https://www.rfc-editor.org/rfc/rfc7009#section-2.1

Nothing after this looks at the form. Parameters without a value count as not sent, unknown ones are passed over,
repeated ones are refused (OAUTH-08); a client shows one way of proving itself, not two (OAUTH-11).
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import field
from urllib.parse import unquote_plus

from ..values import dataclass
from .errors import InvalidClient, InvalidRequest
from .jose import LONGEST_TOKEN

LONGEST = {"scope": 8192, "token": LONGEST_TOKEN, "client_assertion": LONGEST_TOKEN, "client_secret": 1024}
LONGEST_OTHER = 2048
GRANT_FIELDS = ("scope", "code", "redirect_uri", "code_verifier", "refresh_token")
PROOFS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
FORM_FIELDS = (
    "grant_type", "scope", "token", "token_type_hint", "code", "redirect_uri", "code_verifier", "refresh_token", *PROOFS
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a client proves who it is. `basic`: the secret came in the header."""

    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    client_assertion: str | None = field(default=None, repr=False)
    client_assertion_type: str | None = None
    basic: bool = False

    @classmethod
    def read(cls, given: dict[str, str], authorization: str | None) -> "Credentials":
        """The proof in a form and the Authorization header; raises InvalidRequest or InvalidClient."""
        if authorization is not None:
            given = given | basic(authorization, given)
        if "client_assertion" in given and "client_secret" in given:
            raise InvalidRequest("client_secret and client_assertion were both sent; use one way to authenticate")
        return cls(**{one: given[one] for one in PROOFS if one in given}, basic=authorization is not None)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a client asks of the token endpoint."""

    grant_type: str
    credentials: Credentials
    scope: str | None = None
    code: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    code_verifier: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, form: Sequence[tuple[str, str]], authorization: str | None) -> "TokenRequest":
        """The request in the pairs of the form and the Authorization header; raises InvalidRequest or InvalidClient."""
        given = once(form)
        if "grant_type" not in given:
            raise InvalidRequest("grant_type is required")
        own = {one: given[one] for one in GRANT_FIELDS if one in given}
        return cls(given["grant_type"], Credentials.read(given, authorization), **own)


@dataclass(frozen=True, slots=True)
class AboutToken:
    """A token that a client asks about, or takes back. A `token_type_hint` helps nobody here and is passed over."""

    token: str = field(repr=False)
    credentials: Credentials

    @classmethod
    def read(cls, form: Sequence[tuple[str, str]], authorization: str | None) -> "AboutToken":
        """The request in the pairs of the form and the Authorization header; raises InvalidRequest or InvalidClient."""
        given = once(form)
        credentials = Credentials.read(given, authorization)
        if "token" not in given:
            raise InvalidRequest("token is required")
        return cls(given["token"], credentials)


def once(form: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The parameters that carry a value, each sent once and no longer than it may be."""
    names = [name for name, _ in form]
    for name in names:
        if names.count(name) > 1:
            raise InvalidRequest(f"{shown(name)} was sent more than once")
    for name, value in form:
        if len(value) > LONGEST.get(name, LONGEST_OTHER):
            raise _too_long(name)
    return {name: value for name, value in form if value}


def _too_long(name: str) -> InvalidRequest:
    if name == "client_assertion":
        return InvalidRequest("Invalid client_assertion format", reason="longer than any assertion")
    return InvalidRequest(f"{shown(name)} is longer than {LONGEST.get(name, LONGEST_OTHER)} characters")


def shown(name: str) -> str:
    """A parameter's name as it may stand in a message: ours as they are, any other by kind only."""
    return name if name in FORM_FIELDS else "a parameter"


def basic(authorization: str, form: dict[str, str]) -> dict[str, str]:
    """client_id and client_secret of `Authorization: Basic`: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1"""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient("the token endpoint takes Authorization: Basic, no other scheme")
    if "client_secret" in form or "client_assertion" in form:
        raise InvalidRequest("Authorization: Basic and a proof in the body were both sent; use one way to authenticate")
    try:
        client_id, colon, secret = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
        pair = {
            "client_id": unquote_plus(client_id, errors="strict"),
            "client_secret": unquote_plus(secret, errors="strict"),
        }
    except (binascii.Error, UnicodeDecodeError) as wrong:
        raise InvalidClient("Authorization: Basic wants base64 of client_id:client_secret") from wrong
    if not colon or not all(pair.values()):
        raise InvalidClient("Authorization: Basic wants base64 of client_id:client_secret")
    if form.get("client_id", pair["client_id"]) != pair["client_id"]:
        raise InvalidRequest("client_id in the body is not the one of the Authorization header")
    return pair
