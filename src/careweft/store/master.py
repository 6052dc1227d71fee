"""The master key: 32 random bytes in a file outside the database, under which its secrets are sealed.

AES-256-GCM, NIST SP 800-38D: https://csrc.nist.gov/pubs/sp/800/38/d/final
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SIZE = 32
NONCE = 12
VERSION = b"\x01"


class KeyFileError(RuntimeError):
    """The master key's file cannot be used."""


class Master:
    """Seals and opens under the master key; its repr shows nothing of it."""

    __slots__ = ("_key", "_random")

    def __init__(self, key: bytes, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        if len(key) != SIZE:
            raise KeyFileError(f"a master key has {SIZE} bytes, this one has {len(key)}")
        self._key = key
        self._random = random

    def seal(self, plain: bytes, context: str) -> bytes:
        """`plain`, readable only with this key and for the same `context`, such as the row it belongs to."""
        nonce = self._random(NONCE)
        return VERSION + nonce + AESGCM(self.derive("seal")).encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises ValueError where it was altered, moved, or sealed under another key."""
        if sealed[:1] != VERSION:
            raise ValueError("not sealed by this version of careweft")
        nonce, text = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
        try:
            return AESGCM(self.derive("seal")).decrypt(nonce, text, context.encode())
        except (InvalidTag, ValueError):
            raise ValueError("sealed under another master key, or altered") from None

    def derive(self, purpose: str) -> bytes:
        """A key of its own for one purpose (RFC 5869), so that no key does two things."""
        return HKDF(SHA256(), SIZE, salt=None, info=b"careweft " + purpose.encode()).derive(self._key)


def load(file: Path, random: Callable[[int], bytes] = secrets.token_bytes) -> Master:
    """The master key in `file`, made at the first start. Raises KeyFileError where it is no key of our own."""
    try:
        create(file, random(SIZE))
    except FileExistsError:
        pass
    except OSError as failure:
        raise KeyFileError(f"the master key {file} cannot be made: {failure.strerror}") from None
    return Master(read(file))


def create(file: Path, key: bytes) -> None:
    """Write a new key: whole or not at all, on disk before its name appears, and never over another one."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(key)
            opened.flush()
            os.fsync(opened.fileno())
        os.link(draft, file)  # fails where the name is taken, so of two processes that start at once one wins
    finally:
        draft.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(file: Path) -> bytes:
    """The key's bytes, from a regular file that only its owner can read."""
    try:
        with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            key = opened.read(SIZE + 1)
    except OSError as failure:
        raise KeyFileError(f"the master key {file} cannot be read: {failure.strerror}") from None
    if mode & 0o077:
        raise KeyFileError(f"the master key {file} is open to others (mode {mode & 0o777:o}); chmod 600 it")
    return key
