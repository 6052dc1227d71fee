"""Tokens that nobody honest makes: OATK-01 to OATK-06 as rows.

Each row takes a Kit, which is how a good token of some kind looks and what signs it, and gives a bad one.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry

STRANGER = {
    "EC256": ECKey.generate_key("P-256"),
    "EC384": ECKey.generate_key("P-384"),
    "RSA": RSAKey.generate_key(2048),
}


@dataclass
class Kit:
    """A good token's header, claims and private key, and the public JWK that it is checked with."""

    header: dict[str, Any]
    claims: dict[str, Any]
    key: Any

    @property
    def alg(self):
        return self.header["alg"]

    @property
    def public(self):
        return self.key.as_dict(private=False)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(value) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode())


def signature(signed: str, key, alg: str) -> bytes:
    return JWSRegistry.algorithms[alg].sign(signed.encode(), key)


def jws(header, claims, key, alg) -> str:
    """A compact JWS of any header (object or bytes) and claims (object or bytes), signed with `key` by `alg`."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{b64(signature(signed, key, alg))}"


def good(kit: Kit) -> str:
    return jws(kit.header, kit.claims, kit.key, kit.alg)


def header(**changed):
    """The row that changes the header and signs it well; a value of None takes a member out."""

    def row(kit):
        made = {name: value for name, value in (kit.header | changed).items() if value is not None}
        return jws(made, kit.claims, kit.key, kit.alg)

    return row


def unsigned(alg, sig=b""):
    def row(kit):
        made = kit.header | {"alg": alg}
        if alg is None:
            del made["alg"]
        return f"{part(made)}.{part(kit.claims)}.{b64(sig)}"

    return row


def keyed(alg, make):
    """HMAC with something public for a key (OATK-02)."""

    def row(kit):
        signed = f"{part(kit.header | {'alg': alg})}.{part(kit.claims)}"
        digest = getattr(hashlib, f"sha{alg[2:]}")
        return f"{signed}.{b64(hmac.digest(make(kit), signed.encode(), digest))}"

    return row


def pem(kit):
    return kit.key.as_pem(private=False)


def der(kit):
    return kit.key.public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def jwk_bytes(kit):
    return json.dumps(kit.public).encode()


def stranger(kit):
    """A key of the same kind that nobody registered."""
    return STRANGER["RSA" if kit.alg.startswith("RS") else f"EC{kit.alg[2:]}"]


def by_stranger(**changed):
    """Signed by the attacker's own key, which the header offers in some way (OATK-03)."""

    def row(kit):
        more = {name: value(kit) if callable(value) else value for name, value in changed.items()}
        return jws(kit.header | more, kit.claims, stranger(kit), kit.alg)

    return row


def payload(raw):
    """The row that signs other bytes in the place of the claims."""
    return lambda kit: jws(kit.header, raw, kit.key, kit.alg)


def raw_header(make):
    """The row that signs a header of other bytes."""
    return lambda kit: jws(make(json.dumps(kit.header)).encode(), kit.claims, kit.key, kit.alg)


def sig(change):
    """The row that changes the signature's bytes."""

    def row(kit):
        signed, _, last = good(kit).rpartition(".")
        return f"{signed}.{b64(change(base64.urlsafe_b64decode(last + '=' * (-len(last) % 4)), kit))}"

    return row


def text(change):
    """The row that changes the finished text."""
    return lambda kit: change(good(kit))


def flattened(kit):
    protected, claims, last = good(kit).split(".")
    return json.dumps({"protected": protected, "payload": claims, "signature": last})


def general(kit):
    protected, claims, last = good(kit).split(".")
    return json.dumps({"payload": claims, "signatures": [{"protected": protected, "signature": last}]})


def nested(kit):
    return jws(kit.header | {"cty": "JWT"}, good(kit).encode(), kit.key, kit.alg)


def encrypted(kit):
    key = OctKey.generate_key(256)
    return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, json.dumps(kit.claims).encode(), key)


def pbes2(kit):
    """A JWE that asks for a thousand million rounds of PBKDF2."""
    asked = part({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2s": b64(b"salt"), "p2c": 10**9})
    return ".".join([asked, b64(b"k" * 24), b64(b"i" * 12), b64(b"c"), b64(b"t" * 16)])


def der_signature(raw, kit):
    if kit.alg.startswith("RS"):
        return raw[1:]
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


def loose_end(token):
    """The last character with its unused bits set: other text, same bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for number, letter in enumerate(letters):
        other = token[:-1] + letter
        if (
            letters.index(token[-1]) >> 4 == number >> 4
            and letter != token[-1]
            and len(token.rsplit(".", 1)[1]) % 4 == 2
        ):
            return other
    return token + "A" * 3 + "="


def swapped_claims(kit):
    """Other claims under a signature made for these."""
    head, _, last = good(kit).split(".")
    return f"{head}.{part(kit.claims | {'scope': 'system/*.cruds', 'sub': 'other', 'iss': 'other'})}.{last}"


DEEP = b'{"a":' * 1000 + b"1" + b"}" * 1000
ATTACKS = {
    **{
        f"alg {alg!r}, no signature": unsigned(alg, b"x")
        for alg in ("none", "None", "NONE", "nOnE", "", None, 0, ["ES256"], {})
    },
    "alg none, empty signature": unsigned("none"),
    "alg none, real signature": header(alg="none"),
    **{
        f"alg {alg}, real signature": header(alg=alg)
        for alg in ("HS256", "PS256", "PS384", "ES512", "RS512", "EdDSA", "ES256K", "es256")
    },
    **{
        f"{alg} keyed with our {make.__name__}": keyed(alg, make)
        for alg in ("HS256", "HS384")
        for make in (pem, der, jwk_bytes)
    },
    "HS256 keyed with nothing": keyed("HS256", lambda _: b"\0"),
    "HS256 keyed with the kid": keyed("HS256", lambda kit: kit.header["kid"].encode()),
    "signed by a stranger": by_stranger(),
    "jwk in the header": by_stranger(jwk=lambda kit: stranger(kit).as_dict(private=False)),
    "jku in the header": by_stranger(jku="https://attacker.example/jwks.json"),
    "jku of the machine itself": by_stranger(jku="http://127.0.0.1/jwks.json"),
    "x5u in the header": by_stranger(x5u="https://attacker.example/cert.pem"),
    "x5c in the header": by_stranger(x5c=["MIIB"]),
    "a kid that nobody has": header(kid="nobody"),
    "no kid": header(kid=None),
    "kid empty": header(kid=""),
    "kid a list": header(kid=["rsa-1"]),
    "kid a number": header(kid=1),
    "kid an object": header(kid={"$ne": ""}),
    "kid a path": header(kid="../../../dev/null"),
    "kid SQL": header(kid="x' or '1'='1"),
    "kid a URL": header(kid="https://attacker.example/key"),
    "kid with NUL": header(kid="rsa-1\0"),
    "kid with a line end": header(kid="rsa-1\r\nX: y"),
    "kid 5 KB": header(kid="k" * 5000),
    "kid 1 MB": header(kid="k" * 1_000_000),
    "crit exp": header(crit=["exp"]),
    "crit unknown": header(crit=["x"], x=1),
    "crit empty": header(crit=[]),
    "crit a string": header(crit="exp"),
    "crit b64": header(crit=["b64"], b64=False),
    "b64 false": header(b64=False),
    "zip": header(zip="DEF"),
    "enc": header(enc="A128GCM"),
    "typ DPoP": header(typ="dpop+jwt"),
    "typ logout": header(typ="logout+jwt"),
    "typ a number": header(typ=5),
    "typ a list": header(typ=["at+jwt", "JWT"]),
    "alg twice": raw_header(lambda head: head[:-1] + ',"alg":"none"}'),
    "kid twice": raw_header(lambda head: head[:-1] + ',"kid":"nobody"}'),
    "alg twice, the good one last": raw_header(lambda head: '{"alg":"none",' + head[1:]),
    "a name twice": raw_header(lambda head: '{"x":1,"x":2,' + head[1:]),
    "header a list": raw_header(lambda head: f"[{head}]"),
    "header no JSON": raw_header(lambda head: head[:-1]),
    "header with BOM": raw_header(lambda head: "\ufeff" + head),
    "header with a comment": raw_header(lambda head: head + "/**/"),
    "header in UTF-16": lambda kit: jws(json.dumps(kit.header).encode("utf-16"), kit.claims, kit.key, kit.alg),
    "nested": nested,
    "flattened JSON": flattened,
    "general JSON": general,
    "JWE": encrypted,
    "JWE with PBES2": pbes2,
    "other claims": swapped_claims,
    "claims a list": payload(b"[]"),
    "claims a string": payload(b'"x"'),
    "claims null": payload(b"null"),
    "claims no JSON": payload(b"{"),
    "claims deep": payload(DEEP),
    "claims not UTF-8": payload(b'{"iss":"\xff"}'),
    "claims empty": payload(b"{}"),
    "claims with NaN": lambda kit: jws(
        kit.header, json.dumps(kit.claims | {"exp": float("nan")}).encode(), kit.key, kit.alg
    ),
    "claims with 1e400": lambda kit: jws(
        kit.header, json.dumps(kit.claims)[:-1].encode() + b',"x":1e400}', kit.key, kit.alg
    ),
    "claims with exp twice": lambda kit: jws(
        kit.header, json.dumps(kit.claims)[:-1].encode() + b',"exp":9e9}', kit.key, kit.alg
    ),
    "claims with exp twice, the good one last": lambda kit: jws(
        kit.header, b'{"exp":9e9,' + json.dumps(kit.claims)[1:].encode(), kit.key, kit.alg
    ),
    "claims with a name twice further in": lambda kit: jws(
        kit.header, json.dumps(kit.claims)[:-1].encode() + b',"x":{"y":1,"y":2}}', kit.key, kit.alg
    ),
    "a number of 5000 digits": lambda kit: jws(
        kit.header, json.dumps(kit.claims)[:-1].encode() + b',"x":' + b"9" * 5000 + b"}", kit.key, kit.alg
    ),
    "signature empty": text(lambda token: token.rpartition(".")[0] + "."),
    "signature away": text(lambda token: token.rpartition(".")[0]),
    "signature zeros": sig(lambda raw, _: bytes(len(raw))),
    "signature ones": sig(lambda raw, _: b"\xff" * len(raw)),
    "signature short": sig(lambda raw, _: raw[:-1]),
    "signature long": sig(lambda raw, _: raw + b"\0"),
    "signature with a bit flipped": sig(lambda raw, _: raw[:-1] + bytes([raw[-1] ^ 1])),
    "signature halves swapped": sig(lambda raw, _: raw[len(raw) // 2 :] + raw[: len(raw) // 2]),
    "signature in DER": sig(der_signature),
    "empty": text(lambda _: ""),
    "dots": text(lambda _: ".."),
    "one part": text(lambda token: token.split(".")[0]),
    "dot behind": text(lambda token: token + "."),
    "dot before": text(lambda token: "." + token),
    "four parts": text(lambda token: token + ".x"),
    "padding": text(lambda token: token + "="),
    "padding inside": text(lambda token: token.replace(".", "=.", 1)),
    "standard alphabet": text(lambda token: token + "+/"),
    "loose end": text(loose_end),
    "space before": text(lambda token: " " + token),
    "line end behind": text(lambda token: token + "\n"),
    "NUL behind": text(lambda token: token + "\0"),
    "full-width dot": text(lambda token: token.replace(".", "．")),
    "letters beyond ASCII": text(lambda token: token + "é"),
    "17 KB": text(lambda token: token + "A" * 17_000),
    "1 MB": text(lambda _: "A" * 1_000_000),
    "dots, 1 MB": text(lambda _: "." * 1_000_000),
    "header empty": raw_header(lambda _: "{}"),
    "header null": raw_header(lambda _: "null"),
    "header a name and no value": raw_header(lambda head: head[:-1] + ',"x"}'),
    "kid spaces": header(kid="   "),
    "kid a truth": header(kid=True),
    "claims with BOM": lambda kit: jws(kit.header, b"\xef\xbb\xbf" + json.dumps(kit.claims).encode(), kit.key, kit.alg),
    "claims with a comma at the end": lambda kit: jws(
        kit.header, json.dumps(kit.claims)[:-1].encode() + b",}", kit.key, kit.alg
    ),
    "claims with Infinity": lambda kit: jws(
        kit.header, json.dumps(kit.claims | {"exp": float("inf")}).encode(), kit.key, kit.alg
    ),
    "claims twice": lambda kit: jws(kit.header, json.dumps(kit.claims).encode() * 2, kit.key, kit.alg),
    "signature twice": text(lambda token: token + token.rpartition(".")[2]),
    "header and claims swapped": text(lambda token: ".".join([token.split(".")[one] for one in (1, 0, 2)])),
    "a part of 9 KB": lambda kit: jws(kit.header, kit.claims | {"x": "y" * 9000}, kit.key, kit.alg),
}
