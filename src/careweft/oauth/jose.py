"""A compact JWS taken apart before any of it is believed: https://www.rfc-editor.org/rfc/rfc7515#section-5.2

Sizes are looked at before anything is decoded (OATK-05); base64url has one spelling, JSON no name twice and no number
that is none (OATK-04, OATK-06). The algorithm comes from the caller's list, never from the token alone (OATK-01,
OATK-02).
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Collection
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from ..values import dataclass

if TYPE_CHECKING:  # loaded by the first token, or soon after a start, which does not wait for it
    from joserfc.jwk import ECKey, RSAKey

Json = dict[str, Any]

LONGEST_TOKEN = 16 * 1024
LONGEST_SEGMENT = 8 * 1024
SEGMENTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
KEY_TYPES = {"RS256": "RSA", "RS384": "RSA", "ES256": "EC", "ES384": "EC"}
CURVES = {"ES256": "P-256", "ES384": "P-384"}
PUBLIC = {"EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e")}
RSA_BITS = range(2048, 8193)
LEAST_EXPONENT = 65537


class Untrusted(Exception):
    """A token that is not believed; the message says why and holds nothing of the token's content."""


class Unreadable(Untrusted):
    """It is no JWT at all."""


@dataclass(frozen=True, slots=True)
class Jws:
    """A JWT taken apart. `signed` is what the signature is over. Not verified until `verify` has returned."""

    header: Json
    claims: Json = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def alg(self) -> str:
        """The algorithm, once `read` has checked it."""
        return str(self.header["alg"])

    @property
    def kid(self) -> str:
        """The key's id, once `read` has checked it."""
        return str(self.header["kid"])


def read(token: str, algorithms: Collection[str], types: Collection[str | None]) -> Jws:
    """Take a compact JWS with JSON claims apart; `types` are the `typ` it may have, in lower case, None for absent.

    Raises Unreadable where it is no JWT, Untrusted where its header asks for what is not done here.
    """
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise Unreadable("longer than 16 KB, or not ASCII")
    parts = token.split(".")
    if any(len(part) > LONGEST_SEGMENT for part in parts) or not SEGMENTS.fullmatch(token):
        raise Unreadable("not three base64url parts of at most 8 KB")
    header, claims = members(decode(parts[0])), members(decode(parts[1]))
    check_header(header, algorithms, types)
    return Jws(header, claims, f"{parts[0]}.{parts[1]}".encode(), decode(parts[2]))


def decode(part: str) -> bytes:
    """The bytes of one base64url part in its only spelling: no padding, no stray bits at the end."""
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as wrong:
        raise Unreadable("not base64url") from wrong
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != part.encode():
        raise Unreadable("not base64url in its canonical spelling")
    return raw


def members(raw: bytes) -> Json:
    """A JSON object: UTF-8, no name twice, no NaN or Infinity, no number beyond a double."""
    try:
        found = json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as wrong:
        raise Unreadable("a part is not JSON, or says a name twice") from wrong
    if not isinstance(found, dict):
        raise Unreadable("a part is not a JSON object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond all bounds")
    return number


def check_header(header: Json, algorithms: Collection[str], types: Collection[str | None]) -> None:
    """The allow-lists: algorithm, typ, a kid to look up, no extension that changes the meaning (RFC 8725)."""
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(alg, str) or alg not in algorithms:
        raise Untrusted(f"alg has to be one of {', '.join(algorithms)}")
    if any(name in header for name in ("crit", "b64", "zip", "enc")) or "cty" in header:
        raise Untrusted("crit, b64, zip, enc and cty are not taken")
    if not isinstance(kid, str) or not 0 < len(kid) <= 256 or not kid.isprintable():
        raise Untrusted("kid has to name one key")
    if (typ.lower().removeprefix("application/") if isinstance(typ, str) else typ) not in types:
        raise Untrusted("typ is not that of such a token")


def verify(jws: Jws, key: Json) -> None:
    """Check the signature with one public JWK; raises Untrusted. Only the JWK's public members are ever read."""
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jws import JWSRegistry  # noqa: PLC0415

    try:
        public = imported(key, jws.alg)
        good = JWSRegistry.algorithms[jws.alg].verify(jws.signed, jws.signature, public)
    except (JoseError, ValueError, TypeError, KeyError) as wrong:
        raise Untrusted("the key does not fit the signature") from wrong
    if not good:
        raise Untrusted("the signature does not hold")


def imported(key: Json, alg: str) -> "ECKey | RSAKey":
    """The public key of a JWK that may verify `alg`: its kind, curve and strength fit (SMART-09, SMART-11)."""
    if not fits(key, alg):
        raise Untrusted("the key is not for this algorithm")
    return _imported(tuple((name, str(key[name])) for name in PUBLIC[KEY_TYPES[alg]]))


@lru_cache(1024)
def _imported(members_: tuple[tuple[str, str], ...]) -> "ECKey | RSAKey":
    """The key of these members, remembered: to make it takes as long as to verify with it."""
    from joserfc.jwk import ECKey, RSAKey  # noqa: PLC0415

    public: dict[str, str | list[str]] = dict(members_)
    if public["kty"] == "EC":
        return ECKey.import_key(public)
    numbers = {name: int.from_bytes(decode(str(public[name])), "big") for name in ("n", "e")}
    if numbers["n"].bit_length() not in RSA_BITS or numbers["e"] < LEAST_EXPONENT or numbers["e"].bit_length() > 64:
        raise Untrusted("an RSA key of 2048 to 8192 bits is wanted")
    return RSAKey.import_key(public)


def fits(key: Json, alg: str) -> bool:
    """Is this JWK, by what it says of itself, one that verifies `alg`?"""
    operations = key.get("key_ops", ["verify"])
    return (
        key.get("kty") == KEY_TYPES[alg]
        and key.get("crv") == CURVES.get(alg)
        and key.get("use", "sig") == "sig"
        and key.get("alg", alg) == alg
        and isinstance(operations, list)
        and "verify" in operations
    )
