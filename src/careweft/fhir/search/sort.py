"""By what a search can be sorted: https://hl7.org/fhir/R4/search.html#sort

Up to three keys, each a date, string, number or quantity parameter, `_lastUpdated` or `_id`. `key` says what each of
them is of a resource; the store has to agree with it.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from ..definitions import SEARCH
from ..outcomes import BadValue
from .evaluate import values
from .kinds.date import span
from .kinds.prefix import shown
from .kinds.string import fold
from .query import ALWAYS_BEFORE, Amount, Sort, Span, Text

KEYS = 3
ORDERED = ("date", "string", "number", "quantity")

# The clinical date of each type, where it has one that a resource holds at most once.
MAIN_DATE = {
    "AllergyIntolerance":     "date",
    "Appointment":            "date",
    "AuditEvent":             "date",
    "CarePlan":               "date",
    "CareTeam":               "date",
    "Claim":                  "created",
    "Composition":            "date",
    "Condition":              "onset-date",
    "Consent":                "date",
    "DiagnosticReport":       "date",
    "DocumentReference":      "date",
    "Encounter":              "date",
    "EpisodeOfCare":          "date",
    "ExplanationOfBenefit":   "created",
    "FamilyMemberHistory":    "date",
    "Goal":                   "start-date",
    "ImagingStudy":           "started",
    "Immunization":           "date",
    "Media":                  "created",
    "MedicationAdministration": "effective-time",
    "MedicationDispense":     "whenhandedover",
    "MedicationRequest":      "authoredon",
    "MedicationStatement":    "effective",
    "Observation":            "date",
    "Patient":                "birthdate",
    "PractitionerRole":       "date",
    "Procedure":              "date",
    "Provenance":             "recorded",
    "QuestionnaireResponse":  "authored",
    "RelatedPerson":          "birthdate",
    "Schedule":               "date",
    "ServiceRequest":         "authored",
    "Slot":                   "start",
    "Specimen":               "collected",
    "Task":                   "authored-on",
}  # fmt: skip


def sortable(type_: str, params: Collection[str] | None = None) -> tuple[str, ...]:
    """The keys that this type can be sorted by, its main date first; of `params` alone where they are given.

    >>> sortable("Observation", ["code", "value-quantity"]), sortable("Device", ["type"])
    (('date', 'value-quantity', '_lastUpdated', '_id'), ('_lastUpdated', '_id'))
    """
    main = MAIN_DATE.get(type_, "")
    others = sorted(
        one.code
        for one in SEARCH[type_].values()
        if one.kind in ORDERED and one.code not in (main, "_lastUpdated") and (params is None or one.code in params)
    )
    return (*((main,) if main else ()), *others, "_lastUpdated", "_id")


def sort(type_: str, text: str, params: Collection[str] | None = None) -> tuple[Sort, ...]:
    """`_sort`: keys with commas between them, each with a minus in front when it descends. Raises BadValue.

    >>> sort("Observation", "-date,_id")
    (Sort(param='date', descending=True), Sort(param='_id', descending=False))
    """
    found = tuple(Sort(one.removeprefix("-"), one.startswith("-")) for one in text.split(","))
    if len(found) > KEYS or len({one.param for one in found}) < len(found):
        raise BadValue(f"_sort wants at most {KEYS} keys, each once")
    keys = sortable(type_, params)
    for one in found:
        if one.param not in keys:
            raise BadValue(f"{_why(type_, one.param)}; {type_} can be sorted by {', '.join(keys)}")
    return found


def _why(type_: str, code: str) -> str:
    param = SEARCH[type_].get(code)
    if param is None or param.kind in ORDERED:
        return f"_sort wants keys that can be sorted by, or those with - in front, not {shown(code, 60)}"
    return f"{code} is a {param.kind} parameter, which has no order"


def key(resource: dict[str, Any], by: Sort, zone: tzinfo = UTC) -> datetime | str | Decimal | None:
    """Where this resource stands by one key; None, which is last in either direction, where it has no such value.

    What repeats stands where it comes first in the order that is asked. Periods and ranges stand by their beginning.
    """
    if by.param == "_id":
        return str(resource["id"])
    if by.param == "_lastUpdated":
        return span(resource["meta"]["lastUpdated"], zone)[0]
    found = list(_beginnings(resource, by.param, zone))
    if by.param == MAIN_DATE.get(resource["resourceType"]):  # of which there is one; odd resources go by the first
        first = min(found, default=None)
        return None if first == ALWAYS_BEFORE else first
    known = [one for one in found if one not in (ALWAYS_BEFORE, -_INFINITE)]
    return (max if by.descending else min)(known, default=None)


_INFINITE = Decimal("Infinity")


def _beginnings(resource: dict[str, Any], code: str, zone: tzinfo) -> Iterator[Any]:
    for value in values(resource, SEARCH[resource["resourceType"]][code], zone):
        match value:
            case Span(start, _):
                yield start
            case Text(text):
                yield fold(text)
            case Amount():
                yield value.low
