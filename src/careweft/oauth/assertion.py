"""Client assertions, private_key_jwt: https://hl7.org/fhir/smart-app-launch/STU2/client-confidential-asymmetric.html

What the assertion says of itself is checked first, by rules that are the same for everybody; only then is the client
looked at, and everything that depends on it fails with one and the same answer (OAUTH-10).
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from ..ports.clients import Client
from ..ports.keys import KeySets
from ..surfaces.issuers import V2
from ..values import dataclass
from . import jose
from .errors import InvalidClient, InvalidRequest

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
INVALID = "Invalid client assertion JWT"
TYPES = (None, "jwt", "client-authentication+jwt")
LIFE = 300
LEEWAY = 60
LONGEST_JTI = 512


@dataclass(frozen=True, slots=True)
class Assertion:
    """A client assertion whose claims are in order; whose it is stands only after `authenticate`."""

    jws: jose.Jws
    client_id: str
    jti: str = field(repr=False)
    until: datetime

    @classmethod
    def read(cls, text: str, type_: str | None, audiences: tuple[str, ...], now: datetime) -> "Assertion":
        """Take it apart and check what anyone can check: raises InvalidRequest or InvalidClient (SMART-09)."""
        if type_ != JWT_BEARER:
            raise InvalidClient(f"client_assertion_type has to be {JWT_BEARER}")
        try:
            jws = jose.read(text, V2.algorithms, TYPES)
            client_id, jti = named(jws.claims)
            until = timely(jws.claims, now.timestamp())
            aimed(jws.claims, audiences)
        except jose.Unreadable as wrong:
            raise InvalidRequest("Invalid client_assertion format", reason=str(wrong)) from wrong
        except jose.Untrusted as wrong:
            raise InvalidClient(f"{INVALID}: {wrong}") from wrong
        return cls(jws, client_id, jti, until)

    async def authenticate(self, client: Client | None, key_sets: KeySets) -> None:
        """Check the signature with the client's registered key; raises InvalidClient, always with the same words."""
        try:
            key = await registered(self.jws, client, key_sets)
            jose.verify(self.jws, key)
        except (jose.Untrusted, OSError) as wrong:
            raise InvalidClient(INVALID, reason=str(wrong)) from wrong


def named(claims: Mapping[str, Any]) -> tuple[str, str]:
    """The client and the jti; `iss` and `sub` are both the client."""
    issuer, subject, jti = (claims.get(name) for name in ("iss", "sub", "jti"))
    if not isinstance(issuer, str) or not issuer or issuer != subject:
        raise jose.Untrusted("iss and sub both have to be the client_id")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise jose.Untrusted(f"jti has to be a string of 1 to {LONGEST_JTI} characters")
    return issuer, jti


def timely(claims: Mapping[str, Any], now: float) -> datetime:
    """When it ends: in the future and at most 300 s away; `iat` and `nbf` are honoured where they are given."""
    ends = number(claims, "exp")
    if ends is None or not now < ends <= now + LIFE:
        raise jose.Untrusted(f"exp has to be in the future, at most {LIFE} s from now")
    begins, made = number(claims, "nbf"), number(claims, "iat")
    if begins is not None and begins > now + LEEWAY:
        raise jose.Untrusted("nbf is in the future")
    if made is not None and not now - LIFE <= made <= now + LEEWAY:
        raise jose.Untrusted(f"iat has to be at most {LIFE} s ago, and not in the future")
    return datetime.fromtimestamp(ends, UTC) + timedelta(seconds=LEEWAY)


def number(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate, None where it is absent; a bool, a string or a year beyond 9999 is none (OATK-06)."""
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 253402300800:
        raise jose.Untrusted(f"{name} has to be a number of seconds")
    return float(value)


def aimed(claims: Mapping[str, Any], audiences: tuple[str, ...]) -> None:
    """`aud` is this tenant's token URL or issuer, byte for byte, and nothing beside it (D-03)."""
    given = claims.get("aud")
    only = given[0] if isinstance(given, list) and len(given) == 1 else given
    if not isinstance(only, str) or only not in audiences:
        raise jose.Untrusted(f"aud has to be {audiences[0]}, alone")


async def registered(jws: jose.Jws, client: Client | None, key_sets: KeySets) -> jose.Json:
    """The one key that is registered for this client under that kid and fits the algorithm (SMART-11)."""
    nobodys = decoy(jws.alg)  # whoever asks, so that the first to ask waits as long
    if client is None:
        return nobodys
    if "jku" in jws.header and (client.jwks_uri is None or jws.header["jku"] != client.jwks_uri):
        raise jose.Untrusted("jku is not the registered URL")
    found = await key_sets.fetch(client.jwks_uri, jws.kid) if client.jwks_uri else client.jwks
    keys = found.get("keys") if isinstance(found, dict) else None
    fitting = [one for one in keys if named_so(one, jws)] if isinstance(keys, list) else []
    if len(fitting) != 1:
        raise jose.Untrusted(f"{len(fitting)} keys of that kid and kind are registered, one is wanted")
    key: jose.Json = fitting[0]
    return key


@cache
def decoy(alg: str) -> jose.Json:
    """Checked against where there is no client, so that it takes as long; nobody can sign for it (OAUTH-10)."""
    from joserfc.jwk import ECKey  # noqa: PLC0415 - as `jose` has it
    from joserfc.util import int_to_base64  # noqa: PLC0415

    if alg not in jose.CURVES:
        return {"kty": "RSA", "n": int_to_base64((1 << 2047) + (1 << 1025) + 1), "e": "AQAB"}
    return dict(ECKey.generate_key(jose.CURVES[alg], private=False).as_dict(private=False))


def named_so(key: object, jws: jose.Jws) -> bool:
    """Has this JWK the kid of the assertion, and the kind of its algorithm?"""
    return isinstance(key, dict) and key.get("kid") == jws.kid and key.get("kty") == jose.KEY_TYPES[jws.alg]
