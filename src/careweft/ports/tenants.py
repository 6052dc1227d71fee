"""Who the tenants are."""

from collections.abc import Sequence
from typing import Protocol

from ..tenancy import Tenant
from ..tenancy.brand import Branded
from .journal import Entry


class Tenants(Protocol):
    """Finds tenants by the id of their URLs; answers from memory where it can."""

    async def find(self, id_: str) -> Tenant | None:
        """The tenant of this id, letter by letter."""
        ...

    def held(self, id_: str) -> Tenant | None:
        """The tenant that `find` would answer from memory, the same object for as long as it does; else None."""
        ...

    async def all(self) -> Sequence[Tenant]:
        """Every tenant, oldest first."""
        ...

    async def brands(self) -> Sequence[Branded]:
        """Every tenant with what the published lists say of it, oldest first."""
        ...

    async def save_brand(self, one: Branded, entry: Entry) -> None:
        """Keep what the published lists say of a tenant, and when that was looked through, with the audit entry."""
        ...

    async def save(self, tenant: Tenant, entry: Entry) -> None:
        """Keep its settings, with the audit entry."""
        ...

    async def create(
        self,
        name: str,
        id_: str,
        zone: str,
        sdk_scopes: tuple[str, ...],
        care_records: tuple[str, ...],
        entry: Entry | None = None,
    ) -> Tenant:
        """A new tenant, with its audit entry. Raises ValueError where id or zone are none, or the id is taken."""
        ...
