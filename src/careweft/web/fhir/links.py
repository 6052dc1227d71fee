"""Paging links: sealed, bound to who searched, good for an hour (FHIR-08, architecture decision 22).

A link carries the place where the page ended and the search itself, under AES-GCM: nothing of it can be read or
changed, and nobody but the same client, for the same patient or user, at the same tenant, API and type can use it. What
the caller may see is decided anew on every page.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import field

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from isal import isal_zlib
from msgspec.structs import replace

from ...access.caller import Caller
from ...fhir.outcomes import BadPage, PageExpired, TooLarge
from ...ports.records import Place
from ...values import dataclass

SECONDS = 3600
NONCE = 12
LONGEST = 7000
"""Of a link's sealed text: with the path before it, it fits the URL that we read."""


class Held(msgspec.Struct, array_like=True, frozen=True):
    """What a link holds: when the search began, where its last page ended, its parameters, when the link ends, and the
    total, with the scopes by which it was counted.
    """

    at: float
    place: tuple[tuple[str | None, ...], int, int, str, bool]
    pairs: list[tuple[str, str]]
    until: float = 0.0
    total: int | None = None
    scopes: str = ""


def held_of(place: Place) -> tuple[tuple[str | None, ...], int, int, str, bool]:
    """A place as a link holds it."""
    return place.keys, place.rid, place.top, place.seen, place.late


@dataclass(frozen=True, slots=True)
class Sealer:
    """Writes and opens links; `key` has 32 bytes, `random` gives nonces, `now` seconds since the epoch."""

    key: bytes = field(repr=False)
    random: Callable[[int], bytes]
    now: Callable[[], float]

    def seal(self, where: str, caller: Caller, held: Held) -> str:
        """The sealed text. `where` is the path the link is for. TooLarge where the search is too long for any link."""
        plain = isal_zlib.compress(_encoder.encode(replace(held, until=self.now() + SECONDS)), 1)
        nonce = self.random(NONCE)
        raw = nonce + AESGCM(self.key).encrypt(nonce, plain, bound(where, caller))
        sealed = urlsafe_b64encode(raw).rstrip(b"=").decode()
        if len(sealed) > LONGEST:
            raise TooLarge("This search is too long to be continued by a link; ask for fewer values at once.")
        return sealed

    def open(self, where: str, caller: Caller, sealed: str) -> Held:
        """What a link holds. BadPage where it was altered or is somebody else's, PageExpired after its hour."""
        try:
            raw = urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4))
            plain = AESGCM(self.key).decrypt(raw[:NONCE], raw[NONCE:], bound(where, caller))
        except (ValueError, InvalidTag):
            raise BadPage from None
        held = _decoder.decode(isal_zlib.decompress(plain))
        if held.until < self.now():
            raise PageExpired
        return held


def bound(where: str, caller: Caller) -> bytes:
    """What a link is tied to beside its content."""
    who = (caller.client, caller.tenant, caller.patient or "", caller.user or "")
    return "\n".join(("careweft page 3", where, *who)).encode()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Held)
