"""A cookie whose content only this installation can read: what a page remembers of a visitor without a table for it."""

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

from ..values import dataclass
from . import cookies
from .exchange import Request

LONGEST = 4096


@dataclass(frozen=True, slots=True)
class SealedCookie:
    """Of this name, for what lies below this path; `seal` and `unseal` bind what they are given to the name."""

    name: str
    path: str
    seconds: int
    seal: Callable[[bytes, str], bytes]
    unseal: Callable[[bytes, str], bytes]
    secure: bool = False

    def read(self, request: Request) -> dict[str, Any]:
        """What the cookie holds; nothing where it is not ours."""
        value = cookies.read(request.headers.get(b"cookie", b""), longest=LONGEST).get(self.name, "")
        try:
            sealed = urlsafe_b64decode(value + "=" * (-len(value) % 4))
            return dict(json.loads(zlib.decompress(self.unseal(sealed, self.name))))
        except (ValueError, zlib.error):
            return {}

    def keep(self, what: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """The header that keeps this."""
        sealed = self.seal(zlib.compress(json.dumps(what).encode(), 9), self.name)
        value = urlsafe_b64encode(sealed).decode().rstrip("=")
        flags = f"Path={self.path}; Max-Age={self.seconds}; HttpOnly; SameSite=Lax" + "; Secure" * self.secure
        return b"set-cookie", f"{self.name}={value}; {flags}".encode()
