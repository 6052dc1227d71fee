"""A JWK Set that an application registers by value: https://www.rfc-editor.org/rfc/rfc7517#section-5"""

import base64
import binascii
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from .refusal import RegistrationRefused

MOST = 20
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}


def check_set(jwks: object) -> None:
    """Public RSA and EC keys, each with a kid of its own. Raises RegistrationRefused; says no part of a key."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST or not all(isinstance(key, dict) for key in keys):
        raise RegistrationRefused(f'jwks wants {{"keys": [...]}} with 1 to {MOST} keys')
    for number, key in enumerate(keys, 1):
        check_key(f"key {number} of jwks", key)
    if len({key["kid"] for key in keys}) != len(keys):
        raise RegistrationRefused("jwks wants a different kid in each key")


def check_key(what: str, key: dict[str, Any]) -> None:
    """One public key that is strong enough (SMART-09)."""
    if PRIVATE & key.keys():
        raise RegistrationRefused(
            f"{what} is a private key: register the public one, and make a new pair, for this one is known now"
        )
    if not isinstance(key.get("kid"), str) or not 0 < len(key["kid"]) <= 256 or not key["kid"].isprintable():
        raise RegistrationRefused(f"{what} wants a kid")
    if key.get("use", "sig") != "sig" or not {"verify"} & set(key.get("key_ops", ["verify"])):
        raise RegistrationRefused(f"{what} wants to be for signatures")
    if key.get("kty") == "RSA":
        modulus, exponent = number(what, key, "n"), number(what, key, "e")
        if (
            not 2048 <= modulus.bit_length() <= 8192
            or exponent < 65537
            or exponent % 2 == 0
            or exponent.bit_length() > 64
        ):
            raise RegistrationRefused(f"{what} wants RSA of 2048 to 8192 bits with a usual exponent")
    elif key.get("kty") == "EC" and key.get("crv") in CURVES:
        x, y = number(what, key, "x"), number(what, key, "y")
        try:
            ec.EllipticCurvePublicNumbers(x, y, CURVES[key["crv"]]).public_key()
        except ValueError as failure:
            raise RegistrationRefused(f"{what} is no point on its curve") from failure
    else:
        raise RegistrationRefused(f"{what} wants kty RSA, or EC with crv P-256 or P-384")


def number(what: str, key: dict[str, Any], name: str) -> int:
    """A Base64urlUInt (RFC 7518 2)."""
    try:
        text = key[name]
        return int.from_bytes(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True), "big")
    except (KeyError, TypeError, binascii.Error, ValueError):
        raise RegistrationRefused(f"{what} wants {name} in base64url") from None
