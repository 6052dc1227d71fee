"""The grants this server knows. A grant says what is its own; the frame in `oauth.token` does the rest and cannot be
forgotten.
"""

from dataclasses import field
from datetime import datetime
from typing import Protocol

from ...access.scopes import Scope
from ...ports.clients import Client
from ...ports.permits import Launched, Permit
from ...surfaces.model import Surface
from ...tenancy import Tenant
from ...values import dataclass
from ..request import TokenRequest


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a redeemed grant entitles its client to: `scopes` on `surface`, for `patient` where one is in context.

    `words` are the granted scopes without a resource type, such as `sensitive/SUD`. Where a person granted it, `permit`
    says who and what for; `nonce` goes into the ID token, `refresh_token` into the answer.
    """

    client: Client
    surface: Surface
    scopes: tuple[Scope, ...]
    patient: str | None = None
    words: tuple[str, ...] = ()
    permit: Permit | None = None
    nonce: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def grant(self) -> str | None:
        """The name of the permit that this hangs on."""
        return self.permit.id if self.permit else None

    @property
    def launched(self) -> Launched | None:
        """The context that the answer tells, where a person granted it."""
        return self.permit.launched if self.permit else None


@dataclass(frozen=True, slots=True)
class Given:
    """What a grant has to go by: the request, the client that proved itself, where and when."""

    request: TokenRequest
    client: Client
    tenant: Tenant
    now: datetime


class Grant(Protocol):
    """`name` is the grant_type; `public` whether it is for clients too that have nothing to prove themselves with."""

    @property
    def name(self) -> str:
        """The grant_type."""
        ...

    @property
    def public(self) -> bool:
        """May a client without credentials use it?"""
        ...

    async def redeem(self, given: Given) -> Authorization:
        """What it comes to. Raises OAuthError."""
        ...
