"""Resource bodies at rest: compressed with a dictionary, sealed where a tenant has a key (architecture decision 4).

What is stored is the tail of the JSON after `"meta":{"versionId":"3","lastUpdated":"..."`: version and time are decided
by the database, and are put in front of the tail when it is served.
"""

import hashlib
import os
import threading
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from functools import cache
from importlib import resources
from itertools import accumulate, islice
from typing import Any

import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..fhir.instants import in_utc
from ..fhir.json import encode
from ..fhir.outcomes import Unavailable
from ..values import dataclass

LEVEL = 3
NONCE = 12
DECIDED = frozenset({"versionId", "lastUpdated"})
LARGEST = 64 * 1024 * 1024  # no stored body unpacks to more


@cache
def built_in() -> Mapping[int, bytes]:
    """The dictionaries that come with the program, by number; trained on synthetic records only."""
    folder = resources.files(__package__).joinpath("dictionaries")
    if not folder.is_dir():
        return {}
    return {int(one.name.split(".")[0]): one.read_bytes() for one in folder.iterdir() if one.name.endswith(".zdict")}


def tail(resource: dict[str, Any], written: bytes = b"") -> bytes:
    """The stored part of a resource's JSON. A version and time that came with it are dropped: the database decides.

    `written` is the whole in compact JSON, where that is at hand: what stands in the usual order has its tail there.
    """
    if written and (end := _end(resource, written)) is not None:
        return end
    meta = {key: value for key, value in resource.get("meta", {}).items() if key not in DECIDED}
    rest = {key: value for key, value in resource.items() if key not in ("resourceType", "id", "meta")}
    inner, outer = encode(meta)[1:], encode(rest)[1:]
    return (b"," if meta else b"") + inner + (b"," if rest else b"") + outer


def _end(resource: dict[str, Any], written: bytes) -> bytes | None:
    """What stands behind type, id, version and time, where those come first; None where they do not."""
    first = {"resourceType": resource["resourceType"], "id": resource["id"]}
    if "meta" not in resource:
        head, lead = encode(first)[:-1], b"}"
    else:
        meta = resource["meta"]
        decided = {key: meta[key] for key in meta if key in DECIDED}
        head, lead = encode(first | {"meta": decided})[:-2], b"," if len(meta) > len(decided) == 0 else b""
    return lead + written[len(head) :] if written.startswith(head) else None


def whole(type_: str, id_: str, version: int, updated: datetime, rest: bytes) -> bytes:
    """Final JSON: what a tail becomes when it is served."""
    head = (
        f'{{"resourceType":"{type_}","id":"{id_}","meta":{{"versionId":"{version}",'
        f'"lastUpdated":"{in_utc(updated)}+00:00"'
    )
    return head.encode() + rest


def entry(type_: str, id_: str, version: int, updated: datetime, rest: bytes) -> bytes:
    """The same as ports.records.Shown has it, made in the same stroke."""
    head = (
        f'{type_}/{id_}","resource":{{"resourceType":"{type_}","id":"{id_}","meta":{{"versionId":"{version}",'
        f'"lastUpdated":"{in_utc(updated)}+00:00"'
    )
    return head.encode() + rest


@dataclass(frozen=True, slots=True)
class Packed:
    """A body as a row holds it."""

    body: bytes = field(repr=False)
    digest: bytes
    dic: int
    kid: int


class Bodies:
    """Packs and unpacks the bodies of one tenant.

    `dictionaries` by number; `keys` the tenant's opened keys by number, empty where it does not seal; the highest seals
    new bodies. `secret` keys the digest that tells same content from changed content.
    """

    def __init__(
        self, tenant: int, secret: bytes, dictionaries: Mapping[int, bytes], keys: Mapping[int, bytes] | None = None
    ) -> None:
        self.tenant = tenant
        self.outdated = False
        self._secret = secret
        self._kid = max(keys) if keys else 0
        self._ciphers = {kid: AESGCM(key) for kid, key in (keys or {}).items()}
        self._dic = max(dictionaries, default=0)
        loaded = {number: zstandard.ZstdCompressionDict(content) for number, content in dictionaries.items()}
        self._open = {number: _decompressor(one) for number, one in loaded.items()}
        self._many = {number: _Own(one) for number, one in loaded.items()}
        self._press = _compressor(loaded[self._dic]) if loaded else None

    def pack(self, type_: str, id_: str, content: bytes) -> Packed:
        """A tail as it is stored."""
        body = self._press(content) if self._press else content
        if self._kid:
            nonce = os.urandom(NONCE)
            body = nonce + self._ciphers[self._kid].encrypt(nonce, body, self._bound(type_, id_))
        return Packed(body, self.digest(content), self._dic, self._kid)

    def digest(self, content: bytes) -> bytes:
        """What two tails of the same content share."""
        return hashlib.blake2b(content, key=self._secret, digest_size=16).digest()

    def unpack(self, type_: str, id_: str, body: bytes, dic: int, kid: int) -> bytes:
        """The tail that was packed. Raises Unavailable where key or dictionary are not known (yet: another process may
        have made them just now, so `outdated` is set), InvalidTag for an altered body.
        """
        if (kid and kid not in self._ciphers) or (dic and dic not in self._open):
            self.outdated = True
            raise Unavailable("These records are kept under a key that this server does not have.")
        if kid:
            body = self._ciphers[kid].decrypt(body[:NONCE], body[NONCE:], self._bound(type_, id_))
        return self._open[dic](body) if dic else body

    def together(self, data: bytes, lengths: Sequence[int], dic: int) -> Sequence[Any] | None:
        """The tails of bodies that lie behind each other, none of them sealed, in one call that holds up no thread;
        None where one of them is in the way: `unpack` says which, and why.
        """
        if dic not in self._many:
            return None
        places = array("Q", bytes(16 * len(lengths)))
        places[0::2], places[1::2] = (
            array("Q", islice(accumulate(lengths, initial=0), len(lengths))),
            array("Q", lengths),
        )
        try:
            bodies = zstandard.BufferWithSegments(data, places.tobytes())
            found: Sequence[Any] = self._many[dic].press.multi_decompress_to_buffer(bodies)  # type: ignore[assignment]
        except (ValueError, zstandard.ZstdError):
            return None
        return found

    def _bound(self, type_: str, id_: str) -> bytes:
        """A sealed body opens only in the place it was sealed for."""
        return f"{self.tenant}/{type_}/{id_}".encode()


def _compressor(dictionary: zstandard.ZstdCompressionDict) -> Callable[[bytes], bytes]:
    dictionary.precompute_compress(level=LEVEL)
    return zstandard.ZstdCompressor(
        dict_data=dictionary, write_checksum=False, write_content_size=True, write_dict_id=False
    ).compress


def _decompressor(dictionary: zstandard.ZstdCompressionDict) -> Callable[[bytes], bytes]:
    own = _Own(dictionary)
    return lambda body: own.press.decompress(body, max_output_size=LARGEST)


class _Own(threading.local):
    """A decompressor of each thread's own: two threads at once in one end the process."""

    def __init__(self, dictionary: zstandard.ZstdCompressionDict) -> None:
        self.press = zstandard.ZstdDecompressor(dict_data=dictionary)
