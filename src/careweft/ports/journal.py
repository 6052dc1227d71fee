"""The audit journal: one entry per interaction, durable before the first byte leaves (architecture decision 10)."""

from collections.abc import Awaitable
from datetime import datetime
from typing import NamedTuple, Protocol


class Entry(NamedTuple):
    """What happened in one interaction; a tuple, because each read makes one and the journal looks at their columns.

    `tenant` is the tenant's number, None where the request named no tenant that exists; `action` one of FHIR's
    interaction codes or `token`, `load`, ...; `query` the request's own search text, byte by byte; `status` the HTTP
    status; `reason` why it was refused, without clinical content; `patients` the ids of the patients that were shown.
    """

    at: datetime
    tenant: int | None
    action: str
    surface: str
    status: int
    request_id: str
    client: str | None = None
    user: str | None = None
    patient: str | None = None
    jti: str | None = None
    type: str | None = None
    id: str | None = None
    query: bytes | None = None
    patients: tuple[str, ...] = ()
    address: str | None = None
    reason: str | None = None


class Journal(Protocol):
    """Appends entries; many at once share one commit."""

    def write(self, entry: Entry) -> Awaitable[None]:
        """To be awaited until the entry is durable; raises `Unavailable` when it cannot be made so."""
        ...
