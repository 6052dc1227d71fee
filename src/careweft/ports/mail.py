"""Letters to people: kept until they are sent, and never more than an address should have to bear (WEB-14)."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Protocol

from ..values import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail in plain text. Its body may hold a link that nobody else must see."""

    to: str
    subject: str
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter in the outbox, and when it was put there and sent."""

    letter: Letter
    made: datetime
    sent: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter that is to be sent now."""

    id: int
    letter: Letter


class Mail(Protocol):
    """The outbox."""

    @property
    def works(self) -> bool:
        """Whether letters reach anybody: by SMTP, or in preview by the mailbox page."""
        ...

    async def post(self, tenant: int, letter: Letter, now: datetime) -> bool:
        """Keep a letter to be sent; False, and nothing is kept, where the address has had three within the hour."""
        ...

    async def box(self, tenant: int, limit: int = 50) -> Sequence[Posted]:
        """The latest letters, newest first: for the mailbox page of preview."""
        ...
