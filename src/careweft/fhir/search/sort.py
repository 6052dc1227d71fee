"""By what a search can be sorted: https://hl7.org/fhir/R4/search.html#sort

One key: the type's main date, `_lastUpdated` or `_id`, so that paging by key stays cheap (architecture decision 22).
"""

from ..outcomes import BadValue
from .kinds.prefix import shown
from .query import Sort

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


def sortable(type_: str) -> tuple[str, ...]:
    """The keys that this type can be sorted by.

    >>> sortable("Observation"), sortable("Device")
    (('date', '_lastUpdated', '_id'), ('_lastUpdated', '_id'))
    """
    main = MAIN_DATE.get(type_)
    return (*((main,) if main else ()), "_lastUpdated", "_id")


def sort(type_: str, text: str) -> Sort:
    """`_sort`: a key, with a minus in front when it descends. Raises BadValue.

    >>> sort("Observation", "-date")
    Sort(param='date', descending=True)
    """
    key = text.removeprefix("-")
    if key not in sortable(type_):
        keys = ", ".join(sortable(type_))
        raise BadValue(f"_sort wants one of {keys} for {type_}, or one with - in front, not {shown(text)}")
    return Sort(key, text.startswith("-"))
