"""Who is in a Group at a moment: https://hl7.org/fhir/R4/group-definitions.html#Group.member.period

Somebody may be listed more than once, each time for another stretch; one that holds the moment is enough. A stretch
that cannot be read holds nothing: who may have left is not taken for a member.
"""

from datetime import UTC, datetime, tzinfo
from typing import Any

from .search.kinds.date import outer
from .search.kinds.reference import literal
from .search.query import Ref


def members(group: dict[str, Any], at: datetime, zone: tzinfo = UTC) -> tuple[str, ...]:
    """The ids of the patients who are members at `at`, in the order of the Group, each once.

    >>> left = {"entity": {"reference": "Patient/ben"}, "inactive": True}
    >>> members({"member": [{"entity": {"reference": "Patient/ana"}}, left]}, datetime(2024, 5, 17, tzinfo=UTC))
    ('ana',)
    """
    listed = group.get("member", ())
    found = (patient(one) for one in listed if isinstance(one, dict) and is_in(one, at, zone))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def patient(member: dict[str, Any]) -> str | None:
    """The id of the patient whom an entry names, None where it names something else or somebody elsewhere."""
    entity = member.get("entity")
    link = entity.get("reference") if isinstance(entity, dict) else None
    found = literal(link) if isinstance(link, str) else None
    return found.id if isinstance(found, Ref) and found.type == "Patient" else None


def is_in(member: dict[str, Any], at: datetime, zone: tzinfo = UTC) -> bool:
    """Does this entry make its entity a member at `at`?"""
    if member.get("inactive", False) is not False:
        return False
    if "period" not in member:
        return True
    span = outer(member["period"], zone)
    return span is not None and span[0] <= at < span[1]
