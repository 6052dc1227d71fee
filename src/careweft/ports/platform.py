"""What the one who runs the installation sees of it: no record of anybody's, and no content of what was asked."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Protocol

from ..values import dataclass
from .jobs import Job
from .journal import Entry

LONGEST_TERMS = 50_000


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that the job process does by itself: how much of it waits, since when, and how much was given up."""

    name: str
    waiting: int
    oldest: datetime | None = None
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """The last batch of records that a tenant got, and how many batches came in a month."""

    at: datetime
    batches: int


def late(load: Load | None, hours: int | None, now: datetime) -> bool:
    """Is the next load of a tenant overdue that expects one within so many hours (None: whenever it comes)?"""
    return hours is not None and (load is None or now - load.at > timedelta(hours=hours))


@dataclass(frozen=True, slots=True)
class Versions:
    """Of the schema and of PostgreSQL."""

    schema: int
    postgres: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What developers agree to."""

    version: int
    text: str = field(repr=False)
    since: datetime
    by: str


class Platform(Protocol):
    """Every method raises Unavailable; what changes something is one transaction with its audit entry."""

    async def jobs(self, most: int = 100) -> Sequence[Job]:
        """Exports of all tenants: those at work first, then the latest."""
        ...

    async def job(self, id_: str) -> Job | None:
        """One of them, also when it was cancelled."""
        ...

    async def cancel(self, job: Job, entry: Entry) -> bool:
        """End one and have its files removed; False where it is over."""
        ...

    async def retry(self, job: Job, entry: Entry) -> bool:
        """Begin a failed one again under its id; False where it did not fail or its old files are still there."""
        ...

    async def chores(self, now: datetime) -> Sequence[Chore]:
        """What waits for the job process."""
        ...

    async def resend(self, now: datetime, entry: Entry) -> int:
        """Try the letters again that were given up; how many."""
        ...

    async def load(self, tenant: int, now: datetime) -> Load | None:
        """The last load of a tenant within a year."""
        ...

    async def versions(self) -> Versions:
        """What this runs on."""
        ...

    async def terms(self) -> Terms | None:
        """The terms of today; None where there were never any."""
        ...

    async def publish(self, text: str, by: str, entry: Entry) -> Terms:
        """Another version: every developer is asked anew."""
        ...

    async def owes(self, account: str) -> bool:
        """Is there a later version than this account accepted?"""
        ...
