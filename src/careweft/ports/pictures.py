"""Pictures that were taken in, one for each owner."""

from datetime import datetime
from typing import Protocol

from .journal import Entry


class Pictures(Protocol):
    """An owner is `tenant <number>`, `application <id>` or, until its guided set-up ends, `draft <id>`."""

    async def find(self, digest: str) -> bytes | None:
        """The picture of this name."""
        ...

    async def keep(self, owner: str, digest: str, body: bytes, now: datetime, entry: Entry | None = None) -> None:
        """In the place of the owner's one of before, with its audit entry."""
        ...

    async def drop(self, owner: str, entry: Entry | None = None) -> None:
        """The owner has none any more."""
        ...
