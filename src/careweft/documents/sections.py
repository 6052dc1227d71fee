"""The sections of a patient's summary: one row each, with the LOINC code that C-CDA gives it, and what goes into it."""

from typing import Any

from ..values import dataclass

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category|"


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its title, its LOINC code, the type in it, and the search that confines that."""

    title: str
    code: str
    type: str
    only: tuple[tuple[str, str], ...] = ()


SECTIONS: tuple[Section, ...] = (
    Section("Allergies and Intolerances", "48765-2", "AllergyIntolerance"),
    Section("Problems", "11450-4", "Condition"),
    Section("Medications", "10160-0", "MedicationRequest"),
    Section("Immunizations", "11369-6", "Immunization"),
    Section("Results", "30954-2", "Observation", (("category", f"{CATEGORY}laboratory"),)),
    Section("Reports", "55110-1", "DiagnosticReport"),
    Section("Vital Signs", "8716-3", "Observation", (("category", f"{CATEGORY}vital-signs"),)),
    Section("Social History", "29762-2", "Observation", (("category", f"{CATEGORY}social-history"),)),
    Section("Procedures", "47519-4", "Procedure"),
    Section("Encounters", "46240-8", "Encounter"),
    Section("Plan of Treatment", "18776-5", "CarePlan"),
    Section("Goals", "61146-7", "Goal"),
    Section("Care Team", "85847-2", "CareTeam"),
    Section("Medical Equipment", "46264-8", "Device"),
)
STATUSES = ("status", "lifecycleStatus")
WRONG = "entered-in-error"


def stands(record: dict[str, Any]) -> bool:
    """Is this record still what its author says? What was entered in error belongs into no summary.

    >>> stands({"status": "final"}), stands({"verificationStatus": {"coding": [{"code": "entered-in-error"}]}})
    (True, False)
    """
    verified = record.get("verificationStatus")
    coded = verified.get("coding") if isinstance(verified, dict) else None
    codes = [one.get("code") for one in coded if isinstance(one, dict)] if isinstance(coded, list) else []
    return WRONG not in codes and all(record.get(one) != WRONG for one in STATUSES)
