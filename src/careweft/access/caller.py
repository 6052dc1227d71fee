"""What a verified access token says about the one who calls."""

from dataclasses import field

from ..values import dataclass
from .scopes import Scope
from .sight import Sight


@dataclass(frozen=True, slots=True)
class Caller:
    """Read once from a verified token; `grant` names the chain of tokens it came from, `key` the key that signed it.

    `account` is the person who granted it, `user` that person's fhirUser; `labels` the sensitive records that its words
    open, as bits (`access.labels`). `sight` is no part of the token: the guard fills in whom that person may see.
    """

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
    account: str | None = None
    labels: int = 0
    sight: Sight | None = None
    personal: bool = field(init=False, compare=False, repr=False)
    """A person granted it, so that it reaches no further than that person sees."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "personal", self.account is not None and self.user is not None)
