"""The applications that tenants registered, for the authorization server and the doors."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..ports.clients import Client
from ..ports.clock import Clock
from ..ports.journal import Entry
from ..registry.rights import takes_away
from .journal import APPEND, columns
from .listen import Listener
from .memory import Memory
from .pool import Connection, Pool, Row

FIELDS = (
    "id", "tenant", "name", "type", "platform", "access", "auth", "scopes", "secrets", "secret_ends", "jwks_uri",
    "jwks", "redirect_uris", "logout_uris", "origins", "bulk", "lifetime", "approved", "enabled", "launch_url",
    "publisher", "home", "policy", "terms", "logo", "verified", "require_par", "refresh_days", "refresh_limit", "grace",
    "networks", "groups", "expires",
)  # fmt: skip
LISTS = ("scopes", "redirect_uris", "logout_uris", "origins", "networks", "groups")
NAMES = ", ".join(FIELDS)
FIND = f"select {NAMES}, created from client where tenant = $1 and id = $2"
ALL = f"select {NAMES}, created from client where tenant = $1 order by created, id"
SAVE = (
    f"insert into client ({NAMES}) values ({', '.join(f'${n}' for n in range(1, len(FIELDS) + 1))})"
    f" on conflict (tenant, id) do update set {', '.join(f'{name} = excluded.{name}' for name in FIELDS[2:])}"
)
ORIGINS = (
    "select distinct unnest(origins) from client"
    " where tenant = $1 and enabled and approved and (expires is null or expires > now())"
)
NETWORKS = "select id, networks from client where tenant = $1 and networks <> '{}'"
REVOKE = (
    "insert into revocation (tenant, key) select number, 'client:' || $2 || '@' || id from tenant where number = $1"
)
"""In this tenant alone: others authorized the same application for themselves."""


class PostgresClients:
    """ports.Clients; what it found is held in memory until it changes, and never longer than three seconds."""

    def __init__(self, pool: Pool, listener: Listener, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._memory: Memory[tuple[int, str], Client] = Memory()
        self._origins: Memory[int, frozenset[str]] = Memory()
        self._networks: Memory[int, Mapping[str, tuple[str, ...]]] = Memory()
        listener.hear("client", self._changed)

    async def find(self, tenant: int, client_id: str) -> Client | None:
        """The tenant's application of that id, not approved once that has expired. Raises Unavailable."""
        found = await self._memory.get((tenant, client_id), lambda: self._read(tenant, client_id))
        if found is None or found.expires is None or found.expires > self._clock():
            return found
        return replace(found, approved=False)

    async def all(self, tenant: int) -> list[Client]:
        """Every application of the tenant, oldest first. Raises Unavailable."""
        return [read(row) for row in await self._pool.fetch(ALL, tenant)]

    async def origins(self, tenant: int) -> frozenset[str]:
        """Every origin that an enabled, approved application of this tenant registered. Raises Unavailable."""
        return await self._origins.get(tenant, lambda: self._read_origins(tenant)) or frozenset()

    async def networks(self, tenant: int) -> Mapping[str, tuple[str, ...]]:
        """Whence those of this tenant's applications may call that may not call from anywhere. Raises Unavailable."""
        return await self._networks.get(tenant, lambda: self._read_networks(tenant)) or {}

    def fences(self, tenant: int) -> Mapping[str, tuple[str, ...]] | None:
        """As ports.Clients."""
        return self._networks.held(tenant)

    async def save(self, client: Client, entry: Entry | None = None) -> None:
        """Create or change, with its audit entry; what takes a right away revokes the tokens too. Raises Unavailable.

        All in one transaction: no moment at which the change holds and its revocation or its entry is missing.
        """
        async with self._pool.connection() as connection, connection.transaction():
            await put(connection, client, self._clock())
            if entry is not None:
                await connection.execute(APPEND, *columns([entry]))
        self._changed(f"{client.tenant} {client.id}")

    def _changed(self, what: str) -> None:
        tenant, _, id_ = what.partition(" ")
        if not id_:
            self._memory.clear()
            self._origins.clear()
            self._networks.clear()
            return
        self._memory.drop((int(tenant), id_))
        self._origins.drop(int(tenant))
        self._networks.drop(int(tenant))

    async def _read(self, tenant: int, client_id: str) -> Client | None:
        if "\0" in client_id or not client_id.isascii():  # ids are ours, and ours are neither
            return None
        row = await self._pool.fetchrow(FIND, tenant, client_id)
        return None if row is None else read(row)

    async def _read_origins(self, tenant: int) -> frozenset[str]:
        return frozenset(row[0] for row in await self._pool.fetch(ORIGINS, tenant))

    async def _read_networks(self, tenant: int) -> Mapping[str, tuple[str, ...]]:
        return {row["id"]: tuple(row["networks"]) for row in await self._pool.fetch(NETWORKS, tenant)}


async def put(connection: Connection, client: Client, now: datetime) -> None:
    """Write the row of a client, and the revocation where that takes a right away; within the caller's transaction."""
    row = await connection.fetchrow(FIND + " for update", client.tenant, client.id)
    await connection.execute(SAVE, *values(client))
    if row is not None and takes_away(read(row), client, now):
        await connection.execute(REVOKE, client.tenant, client.id)


def read(row: Row) -> Client:
    """A row as a Client."""
    values: dict[str, Any] = dict(row)
    ends = values.pop("secret_ends")
    values["secrets"] = tuple((bytes(hash_), end) for hash_, end in zip(values["secrets"], ends, strict=True))
    values["jwks"] = values["jwks"] and json.loads(values["jwks"])
    return Client(**values | {name: tuple(values[name]) for name in LISTS})


def values(client: Client) -> Sequence[Any]:
    """A Client as the values of a row, in the order of FIELDS."""
    held = {name: getattr(client, name) for name in FIELDS if name != "secret_ends"} | {
        "secrets": [hash_ for hash_, _ in client.secrets],
        "secret_ends": [end for _, end in client.secrets],
        "jwks": None if client.jwks is None else json.dumps(client.jwks),
    }
    return [list(value) if isinstance(value, tuple) else value for value in (held[name] for name in FIELDS)]
