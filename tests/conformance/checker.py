"""Does a resource satisfy a search? Said anew in the plainest words, so that the engine is not its own judge.

Tokens, dates as ranges, strings by their beginning, references: https://hl7.org/fhir/R4/search.html. Days and times
without an offset are UTC, as the tenant of these tests is.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from .must import Json, children

PATHS = {
    "abatement-date": "abatementDateTime abatementPeriod",
    "authoredon": "authoredOn",
    "asserted-date": "extension:condition-assertedDate",
    "authored": "authored authoredOn",
    "billable-period-start": "billablePeriod.start",
    "birthdate": "birthDate",
    "CarePlan.date": "period",
    "date": "date effective[x] occurrence[x] performed[x] period",
    "death-date": "deceasedDateTime",
    "discharge-disposition": "hospitalization.dischargeDisposition",
    "family": "name.family",
    "HumanName": "name.family name.given name.prefix name.suffix name.text",
    "Location.name": "name alias",
    "location": "location.location",
    "onset-date": "onsetDateTime onsetPeriod",
    "Organization.name": "name alias",
    "patient": "patient subject beneficiary",
    "period": "context.period",
    "role": "participant.role",
    "service-date": "billablePeriod item.servicedDate item.servicedPeriod",
    "service-start-date": "billablePeriod.start item.servicedDate item.servicedPeriod.start",
    "target-date": "target.dueDate",
    "_id": "id",
    "_lastUpdated": "meta.lastUpdated",
    "address": "address.line address.city address.district address.state address.postalCode address.country "
    "address.text",
    "address-city": "address.city",
    "address-postalcode": "address.postalCode",
    "address-state": "address.state",
}
"""Where a parameter looks; `Type.parameter` goes before the parameter alone, and what has no row is its own name."""
NAMES = ("Patient", "Practitioner", "RelatedPerson")
REFERENCES = frozenset(["patient", "encounter", "location", "practitioner", "questionnaire"])
STRINGS = frozenset(["name", "family", "address", "address-city", "address-state", "address-postalcode"])
DATES = {
    "_lastUpdated",
    "abatement-date",
    "asserted-date",
    "authored",
    "authoredon",
    "billable-period-start",
    "birthdate",
    "date",
    "death-date",
    "onset-date",
    "period",
    "recorded-date",
    "service-date",
    "service-start-date",
    "target-date",
}

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
Range = tuple[datetime, datetime]
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?)?)?(Z|[+-]\d\d:\d\d)?")


def satisfies(resource: Json, asked: list[tuple[str, str]]) -> bool:
    """All parameters hold, each by one of its comma-separated values."""
    return all(any(holds(resource, name, one) for one in split(value)) for name, value in asked)


def holds(resource: Json, name: str, asked: str) -> bool:
    """One value of one parameter."""
    found = list(values(resource, name))
    if name in DATES:
        return any(compares(span(one), asked) for one in found)
    if name in REFERENCES:
        return any(led(one) in whole(name, asked) for one in found)
    if name in STRINGS:
        return any(folded(str(one)).startswith(folded(asked)) for one in found)
    return any(is_token(one, asked) for one in found)


def led(value: Any) -> str:
    """What a Reference or a canonical names."""
    return str(value.get("reference") if isinstance(value, dict) else value)


def values(resource: Json, name: str) -> Iterator[Any]:
    """What the parameter looks at in a resource."""
    type_ = resource["resourceType"]
    if name == "name" and type_ in NAMES:
        paths = PATHS["HumanName"]
    else:
        paths = PATHS.get(f"{type_}.{name}") or PATHS.get(name) or camel(name)
    for path in paths.split():
        if path.startswith("extension:"):
            wanted = path.removeprefix("extension:")
            yield from (one["valueDateTime"] for one in resource.get("extension", ()) if one["url"].endswith(wanted))
        else:
            yield from dug(resource, path.split("."))


def dug(node: Any, steps: list[str]) -> Iterator[Any]:
    """Every value at a path."""
    for value in children(node, steps[0]):
        if len(steps) == 1:
            yield value
        else:
            yield from dug(value, steps[1:])


def camel(name: str) -> str:
    """clinical-status is the element clinicalStatus."""
    first, *rest = name.split("-")
    return first + "".join(one.capitalize() for one in rest)


def split(value: str) -> list[str]:
    """The alternatives; a comma behind a backslash is none."""
    return [one.replace("\\,", ",") for one in re.split(r"(?<!\\),", value)]


def whole(name: str, asked: str) -> tuple[str, ...]:
    """The ways in which a resource may name what was asked for: an id alone is one of the type of the parameter."""
    return (asked,) if "/" in asked else (f"{name.capitalize()}/{asked}",)


def is_token(value: Any, asked: str) -> bool:
    """code, system|code, |code or system|, the code in any case."""
    system, bar, code = asked.rpartition("|")
    for one_system, one_code in tokens(value):
        if (not bar or system == one_system) and (not code or code.casefold() == one_code.casefold()):
            return True
    return False


def tokens(value: Any) -> Iterator[tuple[str, str]]:
    """The pairs of system and code of a code, Coding, CodeableConcept or Identifier."""
    if not isinstance(value, dict):
        yield "", str(value).lower() if isinstance(value, bool) else str(value)
    elif "coding" in value or "text" in value:
        yield from ((one.get("system", ""), one.get("code", "")) for one in value.get("coding", ()))
    else:
        yield value.get("system", ""), value.get("code", value.get("value", ""))


def folded(text: str) -> str:
    """Without case and accents."""
    return "".join(one for one in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(one))


def compares(target: Range, asked: str) -> bool:
    """eq: the target lies in the asked range; gt, lt: some of it lies above or below; ge, le: either."""
    prefix = asked[:2] if asked[:1].isalpha() else "eq"
    low, high = span(asked.removeprefix(prefix))
    within = low <= target[0] and target[1] <= high
    above, below = target[1] > high, target[0] < low
    return {"eq": within, "gt": above, "lt": below, "ge": above or within, "le": below or within}[prefix]


def span(value: Any) -> Range:
    """From the first instant of a date, or a Period, up to the first one after it."""
    if isinstance(value, dict):
        low = span(value["start"])[0] if "start" in value else FIRST
        return low, span(value["end"])[1] if "end" in value else LAST
    found = _DATE.fullmatch(value)
    assert found, f"{value} is no date"
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    numbers = [int(one or alone) for one, alone in zip((year, month, day, hour, minute, second), "111000", strict=True)]
    low = datetime(*numbers, tzinfo=offset(zone)) + timedelta(seconds=float(fraction or 0))  # type: ignore[misc,arg-type]
    return low, low + length(low, month, day, hour, second, fraction)


def length(low: datetime, month: str, day: str, hour: str, second: str, fraction: str) -> timedelta:
    """How long the smallest unit is that was said."""
    if fraction:
        return timedelta(seconds=10.0 ** (1 - len(fraction)))
    if hour:
        return timedelta(seconds=1 if second else 60)
    if day:
        return timedelta(days=1)
    end = low.replace(year=low.year + 1) if not month or low.month == 12 else low
    return (end.replace(month=1 if not month else low.month % 12 + 1)) - low


def offset(zone: str | None) -> Any:
    """The zone of `Z`, `-05:00` or nothing."""
    return datetime.fromisoformat(f"2000-01-01T00:00:00{(zone or 'Z').replace('Z', '+00:00')}").tzinfo
