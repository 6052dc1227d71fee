"""Tenants: the organizations whose records the platform holds apart."""

from dataclasses import field

from ..values import dataclass
from .look import Look


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organization.

    `id` is the lower-case UUID of its URLs, `number` the small key of its rows, `zone` the IANA zone in which its
    values without offset are read (fixed at creation), `sdk_scopes` and `care_records` its names in the previous
    generation. A `sandbox` approves every application that asks; its APIs are called from `networks` alone, where any
    are named. `practitioners_see` is the rule of `access.rules` by which its practitioners see patients.
    """

    id: str
    number: int
    name: str
    zone: str = "UTC"
    sdk_scopes: tuple[str, ...] = ()
    care_records: tuple[str, ...] = ()
    sandbox: bool = False
    networks: tuple[str, ...] = ()
    practitioners_see: str = "tenant"
    feed_hours: int | None = None
    """Within so many hours its next load is expected."""
    look: Look = field(default_factory=Look)


PLATFORM = Tenant("platform", 0, "careweft for developers")
"""In the place of a tenant for those who belong to none: developers, administrators. It has no records and no API."""
