"""What a verified access token says about the one who calls."""

from dataclasses import dataclass

from .scopes import Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """Read once from a verified token; `grant` names the chain of tokens it came from, `key` the key that signed it."""

    client: str
    tenant: str
    audience: str
    scopes: tuple[Scope, ...]
    patient: str | None = None
    user: str | None = None
    grant: str | None = None
    jti: str = ""
    key: str = ""
    expires: float = 0.0
