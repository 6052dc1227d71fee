"""Registered applications, as the authorization server and the doors know them."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from ..values import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """An application that one tenant authorized.

    `type` patient, practitioner or system; `access` provider, payer or intake; `auth` secret, private-key-jwt or none;
    `secrets` are hashes with the moment each ends (None: no end); `lifetime` seconds of an access token, None for the
    default; `origins` may call from a browser.

    `platform` web keeps a secret on its server, native and browser run on the person's own device. `publisher` and the
    URLs are told on the consent page, `verified` whether somebody checked them; `logout_uris` are where its people come
    back to once they have signed out. `require_par` takes its authorization
    requests by PAR alone. Refresh tokens live `refresh_days` from each use and at most `refresh_limit` days (None: no
    end); `grace` are the seconds in which the one before the last still works, None for the default (D-10).
    What the tenant narrowed it to: `networks` whence it calls and `groups` that it exports (empty: any), and `expires`,
    when it is not approved any more.
    """

    id: str
    tenant: int
    name: str
    type: str
    platform: str
    access: str
    auth: str
    scopes: tuple[str, ...]
    secrets: tuple[tuple[bytes, datetime | None], ...] = field(default=(), repr=False)
    jwks_uri: str | None = None
    jwks: dict[str, Any] | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = ()
    logout_uris: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    bulk: bool = False
    lifetime: int | None = None
    approved: bool = False
    enabled: bool = True
    launch_url: str | None = None
    publisher: str | None = None
    home: str | None = None
    policy: str | None = None
    terms: str | None = None
    logo: str | None = None
    verified: bool = False
    require_par: bool = False
    refresh_days: int = 92
    refresh_limit: int | None = 1096
    grace: int | None = None
    networks: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    expires: datetime | None = None
    created: datetime | None = field(default=None, compare=False)
    """Since when the tenant knows it; told by what keeps it, never to it."""

    @property
    def confidential(self) -> bool:
        """Has it something to prove itself with?"""
        return self.auth != "none"


class Clients(Protocol):
    """Finds and keeps the applications of all tenants."""

    async def find(self, tenant: int, client_id: str) -> Client | None:
        """The tenant's application of that id."""
        ...

    async def save(self, client: Client) -> None:
        """Create or change; a change that takes a right away also writes a revocation."""
        ...

    async def origins(self, tenant: int) -> frozenset[str]:
        """Every origin that an enabled application of this tenant registered."""
        ...

    async def networks(self, tenant: int) -> Mapping[str, tuple[str, ...]]:
        """Whence those applications of this tenant may call that may not call from anywhere, by their ids."""
        ...

    def fences(self, tenant: int) -> Mapping[str, tuple[str, ...]] | None:
        """What `networks` would answer from memory, the same object for as long as it does; else None."""
        ...

    async def all(self, tenant: int) -> list[Client]:
        """Every application of the tenant, oldest first."""
        ...
