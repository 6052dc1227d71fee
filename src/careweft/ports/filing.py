"""Filing one record for a tenant: checked against the caller's reach, stored with its audit entry or not at all."""

from collections.abc import Sequence
from dataclasses import field
from typing import Protocol

from ..access.reach import Narrowed, Reach
from ..values import dataclass
from .journal import Entry
from .records import Resource, Version


@dataclass(frozen=True, slots=True)
class Draft:
    """A resource to be stored under this type and id."""

    type: str
    id: str
    resource: Resource = field(repr=False)


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a draft: `created`, `updated`, `unchanged` (same content makes no new version), or `there`, which
    says that If-None-Exist found `version` and nothing was stored.
    """

    outcome: str
    version: Version


class Filing(Protocol):
    """Bound to a tenant. Draft, what stands beside it (its Provenance) and the audit entry: all of it or nothing.

    What `reach` would not show must not be filed: Forbidden.
    """

    async def create(
        self, draft: Draft, reach: Reach, beside: Sequence[Draft], entry: Entry, unless: Narrowed | None = None
    ) -> Filed:
        """A new resource. `unless` is If-None-Exist: one match is `there`, without an entry; more raise
        PreconditionFailed. Of many such creates at once one creates.
        """
        ...

    async def update(self, draft: Draft, reach: Reach, beside: Sequence[Draft], entry: Entry, expected: int) -> Filed:
        """A new version of what is there at version `expected`; PreconditionFailed where it is at another."""
        ...
