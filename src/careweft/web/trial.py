"""What the preview's pages are built from: logins, registered samples, a way to speak with this installation."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

from ..ports.mail import Mail
from ..values import dataclass

LOGINS, SAMPLES = "demo-logins.json", "demo-samples.json"
"""The files in which `careweft demo` keeps what it made, readable for its user only."""


class Ask(Protocol):
    """An HTTP request to this installation."""

    def __call__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        form: Mapping[str, str] | None = None,
        told: Mapping[str, Any] | None = None,
    ) -> Awaitable[tuple[int, Any]]:
        """Status and JSON of the answer, to a form or to the JSON `told`. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody as whom one may sign in; `record` is the one that stands for them, such as `Patient/ana`."""

    tenant: str
    who: str
    username: str
    password: str = field(repr=False)
    record: str


@dataclass(frozen=True, slots=True)
class Credential:
    """What an application got when it was registered."""

    tenant: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Preview:
    """`apps` by the key of the sample, `ehr` among them; `seal` and `unseal` keep a sample's tokens in its cookie."""

    logins: Sequence[Login]
    apps: Mapping[str, Credential]
    ask: Ask
    seal: Callable[[bytes, str], bytes]
    unseal: Callable[[bytes, str], bytes]
    mail: Mail
