"""Records on their way in: a batch of resources becomes current, changed or unchanged versions (issue: records in)."""

from collections.abc import Sequence
from dataclasses import field
from typing import Any, Protocol

from ..values import dataclass
from .journal import Entry


@dataclass(frozen=True, slots=True)
class Arrival:
    """One resource to store (with its id), or a deletion (`resource` None).

    `written` is the resource as `fhir.json.encode` writes it, where whoever read it has that at hand.
    """

    type: str
    id: str
    resource: dict[str, Any] | None = field(repr=False)
    written: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an Arrival: `created`, `updated`, `unchanged`, `deleted`, `absent` or `refused` with a reason."""

    outcome: str
    reason: str = ""


class Feed(Protocol):
    """Bound to a tenant. A batch is one transaction: all of it is committed and visible on return, or none of it."""

    async def put(self, arrivals: Sequence[Arrival], entry: Entry | None = None) -> list[Receipt]:
        """Receipts in the order of the arrivals; an id that exists under another patient is refused.

        `entry` is the audit entry of the batch, made durable with it.
        """
        ...

    async def settle(self) -> None:
        """All has been put: what is searched for from now on is found as quickly as what was there before."""
        ...

    async def absent(self, types: Sequence[str], keep: set[tuple[str, str]]) -> int:
        """`--snapshot`: delete what is of these types and not in `keep`; returns how many."""
        ...
