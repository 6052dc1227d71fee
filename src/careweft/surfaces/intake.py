"""Where a tenant's own systems bring records in: no FHIR API, but its tokens are issued and decided on like for one."""

from ..fhir.definitions import RESOURCES
from .model import Offer, Surface

WRITE = frozenset({"create", "update", "delete"})
MESSAGES = frozenset({"Bundle", "Parameters", "OperationOutcome", "CapabilityStatement"})
"""Types that are messages, not records: refused. Every other R4 type is kept, also where no API offers it yet."""


def surface() -> Surface:
    """The intake, which takes every type of record."""
    return Surface(
        id="careweft-intake",
        name="careweft-intake",
        side="intake",
        base="/intake/v1/{tenant}",
        audience="system",
        offers=tuple(Offer(type_, WRITE) for type_ in RESOURCES if type_ not in MESSAGES),
    )
