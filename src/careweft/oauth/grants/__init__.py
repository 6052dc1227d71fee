"""The grants this server knows. A grant says what is its own; the frame in `oauth.token` does the rest and cannot be
forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ...access.scopes import Scope
from ...ports.clients import Client
from ...surfaces.model import Surface
from ..request import TokenRequest


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a redeemed grant entitles its client to: `scopes` on `surface`, for `patient` where one is in context.

    `words` are the other words of the granted scope, such as `sensitive/SUD`.
    """

    client: Client
    surface: Surface
    scopes: tuple[Scope, ...]
    patient: str | None = None
    grant: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """`name` is the grant_type, `redeem` what it comes to; it raises OAuthError."""

    name: str
    redeem: Callable[[TokenRequest, Client], Authorization]
