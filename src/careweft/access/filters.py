"""What a granular scope's parameters mean, said by the search engine's own parser (SCOPE-09).

https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html, "Finer-grained resource constraints"

A scope means what the same search means. Modifiers, chains and result parameters are no filters; nor is `ap` of a date,
which would make a right drift with the clock.
"""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from ..fhir.definitions import RESOURCES, SEARCH
from ..fhir.outcomes import FhirRefusal
from ..fhir.search.context import Context
from ..fhir.search.parse import conditions
from ..fhir.search.query import AnyOf

Pairs = tuple[tuple[str, str], ...]

KINDS = frozenset({"token", "reference", "date", "string", "number", "quantity", "uri"})
TIMELESS = datetime(2000, 1, 1, tzinfo=UTC)


@lru_cache(4096)
def groups(type_: str, only: Pairs, zone: str = "UTC") -> tuple[AnyOf, ...]:
    """One group for each parameter; all of them have to hold. Raises FhirRefusal where a value cannot be read."""
    return conditions(type_, only, Context(TIMELESS, ZoneInfo(zone), ""))


@lru_cache(4096)
def readable(type_: str, only: Pairs) -> bool:
    """Can these parameters be a filter of the type?"""
    if type_ not in RESOURCES or not all(_filters(type_, *one) for one in only):
        return False
    try:
        groups(type_, only)
    except FhirRefusal:
        return False
    return True


def _filters(type_: str, param: str, value: str) -> bool:
    found = SEARCH[type_].get(param)
    drifts = any(one.startswith("ap") for one in value.split(","))
    return found is not None and found.kind in KINDS and not (found.kind == "date" and drifts)
