"""Who belongs to a Group at a moment: read once for each export, which then is about these and no others."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

_PATIENT = re.compile(r"Patient/([A-Za-z0-9.\-]{1,64})(?:/_history/.*)?")


def members(group: dict[str, Any], at: datetime) -> tuple[str, ...]:
    """The ids of the Patients that are active members at this moment, each once, in the Group's order."""
    listed = group.get("member", ())
    return tuple(dict.fromkeys(_ids(listed if isinstance(listed, list) else (), at.date())))


def _ids(listed: Any, day: date) -> Iterator[str]:
    for one in listed:
        if not isinstance(one, dict) or one.get("inactive") is True or not within(one.get("period"), day):
            continue
        entity = one.get("entity")
        link = entity.get("reference") if isinstance(entity, dict) else None
        named = _PATIENT.fullmatch(link) if isinstance(link, str) else None
        if named:
            yield named[1]


def within(period: Any, day: date) -> bool:
    """Does a membership's period hold on this day? Both its ends count; what is not said is open.

    >>> within({"start": "2024-01", "end": "2024-06-30"}, date(2024, 6, 30)), within({"end": "2023"}, date(2024, 1, 1))
    (True, False)
    """
    if not isinstance(period, dict):
        return True
    today = day.isoformat()
    start, end = (str(period.get(name) or "")[:10] for name in ("start", "end"))
    return (not start or start <= today[: len(start)]) and (not end or end >= today[: len(end)])
