"""When care was given, as `start` and `end` of operations ask: https://hl7.org/fhir/R4/patient-operation-everything.html

What happened has a date and is asked for it; what is the case (an allergy, a problem, a plan, a coverage) is always in
scope, and so is what has no date at all.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from ..definitions import SEARCH
from .context import Context
from .parse import group
from .query import AnyOf, Test

DATES: Mapping[str, str] = MappingProxyType({
    "Appointment": "date",
    "DiagnosticReport": "date",
    "Encounter": "date",
    "ExplanationOfBenefit": "service-date",
    "Immunization": "date",
    "MedicationDispense": "whenhandedover",
    "MedicationRequest": "authoredon",
    "Observation": "date",
    "Procedure": "date",
    "QuestionnaireResponse": "authored",
    "ServiceRequest": "authored",
    "Specimen": "collected",
})  # fmt: skip
"""The search parameter that says when what is recorded happened, of each type that records what happens."""


def within(type_: str, start: str, end: str, context: Context) -> Iterator[AnyOf]:
    """What confines a type to care between `start` and `end`, each "" where that side is open. Raises BadValue.

    A document is judged by the period of the care that it documents, and where it names none by its own date.
    """
    codes = ("period", "date") if type_ == "DocumentReference" else (DATES[type_],) if type_ in DATES else ()
    for prefix, text in (("ge", start), ("le", end)):
        if not text:
            continue
        group(SEARCH["Observation"]["date"], "", prefix + text, context)  # refused also where no type asks for it
        known: list[Test] = []  # that an earlier code has a value
        for code in codes:
            param = SEARCH[type_][code]
            dated, missing = (group(param, *one, context).tests for one in (("", prefix + text), ("missing", "true")))
            yield AnyOf((*known, *dated, *missing))
            known += group(param, "missing", "false", context).tests
