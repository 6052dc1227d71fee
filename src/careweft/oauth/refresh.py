"""Refresh tokens made and read: what is shown is worth nothing without the server's own key, and nothing of it is kept.

A token names its permit and its generation, under an HMAC whose key is the permit's own: `rt_<permit>_<n>_<mac>`. Every
use turns the permit to the next generation (rotation); of the generations before it only the last one still works, for
the few seconds of grace, and comes to the same successor (D-10). Any older one is a token that somebody kept.
"""

import hashlib
import hmac
import re
from dataclasses import field

from ..ports.permits import Permit
from ..values import dataclass

SHAPE = re.compile(r"rt_([0-9a-f]{40})_([0-9]{1,9})_([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Shown:
    """A refresh token of ours: whose permit, and of which generation."""

    permit: str
    generation: int


@dataclass(frozen=True, slots=True)
class Refreshing:
    """Makes and reads refresh tokens. `key` is derived from the master key, which is not in the database."""

    key: bytes = field(repr=False)

    def text(self, permit: Permit) -> str | None:
        """The refresh token of this permit as it stands, None where it has none."""
        return None if permit.lasting is None else self._text(permit.tenant, permit.id, permit.generation)

    def read(self, tenant: int, text: str) -> Shown | None:
        """What a text says that this server made for this tenant, None for any other."""
        shape = SHAPE.fullmatch(text)
        if shape is None:
            return None
        permit, generation = shape[1], int(shape[2])
        return Shown(permit, generation) if hmac.compare_digest(self._text(tenant, permit, generation), text) else None

    def _text(self, tenant: int, permit: str, generation: int) -> str:
        own = hmac.digest(self.key, f"permit {tenant} {permit}".encode(), hashlib.sha256)
        return f"rt_{permit}_{generation}_{hmac.digest(own, str(generation).encode(), hashlib.sha256).hex()}"
