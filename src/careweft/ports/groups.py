"""Groups that a tenant defines: what is kept of a definition, and who finds the people that it means."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Protocol

from ..access.reach import Narrowed, Reach
from ..values import dataclass
from .journal import Entry
from .records import Resource, Version, Written


@dataclass(frozen=True, slots=True)
class Defined:
    """A definition as it is kept; `id` is the Group's.

    `text` is what the owner wrote; `code` is `system|code`; `manager` a reference to the Organization that manages the
    Group; `withheld`: withheld records count; `every` the seconds between evaluations. `evaluated` and `size` are of
    the last evaluation, `failure` says why the latest one came to nothing.
    """

    id: str
    name: str
    text: str = field(repr=False)
    code: str | None = None
    manager: str | None = None
    withheld: bool = False
    every: int = 3600
    evaluated: datetime | None = None
    size: int | None = None
    failure: str | None = None


class Definitions(Protocol):
    """The definitions of one tenant."""

    async def all(self) -> Sequence[Defined]:
        """Every one, by name."""
        ...

    async def find(self, id_: str) -> Defined | None:
        """One, or None."""
        ...

    async def keep(self, defined: Defined, due: datetime) -> None:
        """Keep a new one or what changed about one; it is next evaluated at `due`."""
        ...

    async def evaluated(self, id_: str, at: datetime, size: int, due: datetime) -> None:
        """It was evaluated, and came to so many members."""
        ...

    async def failed(self, id_: str, why: str, due: datetime) -> None:
        """It could not be evaluated."""
        ...

    async def remove(self, id_: str) -> None:
        """Forget it."""
        ...


class People(Protocol):
    """Finds people of one tenant in sets."""

    async def found(self, asked: Sequence[Narrowed]) -> Sequence[frozenset[str]]:
        """The ids of the patients whom each of these searches leads to, all as of one moment. Raises Unavailable."""
        ...


class GroupRecords(Protocol):
    """The part of a tenant's records in which Groups are kept."""

    async def read(self, type_: str, id_: str, reach: Reach) -> Version | None:
        """As ports.Records."""
        ...

    async def write(
        self, type_: str, id_: str, resource: Resource | None, entry: Entry, expected: int | None = None
    ) -> Written:
        """Make it the current version, with its audit entry in the same transaction. Raises PreconditionFailed."""
        ...


class Due(Protocol):
    """What is to be done at some time, over all tenants; whoever takes it has it to itself for a while."""

    async def take(self, kind: str, now: datetime, until: datetime) -> tuple[int, str] | None:
        """The number of a tenant and an id whose time has come; it comes again at `until` unless it was settled."""
        ...
