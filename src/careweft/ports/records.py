"""The clinical record of one tenant, already bound to it: no method takes a tenant, so none can take the wrong one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from ..access.reach import Narrowed, Reach
from ..values import dataclass

Resource = dict[str, Any]


class Version(NamedTuple):
    """One version as it leaves: `body` is final JSON, None for a deletion; `patients` are whom it is about."""

    type: str
    id: str
    version: int
    updated: datetime
    body: bytes | None
    patients: tuple[str, ...] = ()


class Shown(NamedTuple):
    """A resource as a search shows it: `entry` is its place under the base URL and its final JSON, in the words of a
    Bundle's entry (`Type/id","resource":{...}`), so that a Bundle is one join.
    """

    type: str
    id: str
    patients: tuple[str, ...]
    entry: bytes

    @property
    def body(self) -> bytes:
        """The final JSON alone."""
        return self.entry[len(self.type) + len(self.id) + len('/","resource":') :]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: sort keys (None: no value) and row of the last match, and the highest row at page 1
    (decision 22).

    `seen` is what page 1 could see; `late` says that the order is through, and what has changed since page 1 is left:
    it may have moved to where the pager had been.
    """

    keys: tuple[str | None, ...]
    rid: int
    top: int
    seen: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of matches, what was included with them, and where to go on (None: this was the last)."""

    matches: Sequence[Shown]
    included: Sequence[Shown] = ()
    following: Place | None = None
    cut: bool = False
    """Includes were cut at their limit."""
    total: int | None = None
    """How many match and are shown, where that was asked for or is known without counting."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write came to: `created`, `updated`, `deleted` or `unchanged` (same content makes no new version)."""

    outcome: str
    version: int
    updated: datetime


class Records(Protocol):
    """Reads show what `reach` allows; what it does not show is the same as what never was."""

    async def read(self, type_: str, id_: str, reach: Reach) -> Version | None:
        """The current version, its tombstone (body None) where the caller could see it before, or None."""
        ...

    async def version(self, type_: str, id_: str, version: int, reach: Reach) -> Version | None:
        """One version, checked by its own compartment and today's rights."""
        ...

    async def history(
        self, type_: str, id_: str, reach: Reach, count: int, before: int | None = None
    ) -> Sequence[Version]:
        """Versions, newest first, at most `count`, below version `before`."""
        ...

    async def search(self, narrowed: Narrowed, after: Place | None = None) -> Page:
        """A page of what is found and shown. Raises `Unavailable` where a parameter's index is being rebuilt."""
        ...
