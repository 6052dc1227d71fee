"""Client secrets and other values that nobody may guess: 256 bits, shown once, kept as a hash (OAUTH-12).

A plain SHA-256 is enough for them: what is hashed is random, so that there is nothing to try.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

NOBODY = hashlib.sha256(secrets.token_bytes(32)).digest()
"""Compared with where there is no client, so that looking takes as long (OAUTH-10)."""


def make() -> str:
    """A new client secret, 256 bits."""
    return secrets.token_urlsafe(32)


def identifier() -> str:
    """A new opaque name for a client, a token or a grant, 160 bits."""
    return secrets.token_hex(20)  # never a leading dash, which a command line would take for an option


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(b"careweft client secret\0" + secret.encode()).digest()


def matches(secret: str, kept: Iterable[tuple[bytes, datetime | None]], now: datetime) -> bool:
    """Is this one of the secrets that hold now? All are compared, in constant time, one more than there are."""
    shown = digest(secret)
    found = False
    for hashed, ends in [*kept, (NOBODY, None)]:
        found |= hmac.compare_digest(shown, hashed) and (ends is None or now < ends)
    return found
