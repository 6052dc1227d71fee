"""Telling an STU3 resource from an R4 one: by elements that STU3 had and R4 has not."""

from collections.abc import Mapping
from typing import Any

STU3_ONLY: Mapping[str, frozenset[str]] = {
    "AllergyIntolerance": frozenset({"assertedDate"}),
    "CarePlan": frozenset({"context", "definition"}),
    "CareTeam": frozenset({"context"}),
    "Claim": frozenset({"organization", "information", "employmentImpacted", "hospitalization"}),
    "Condition": frozenset({"context", "assertedDate"}),
    "Coverage": frozenset({"grouping", "sequence"}),
    "Device": frozenset({"model", "lotNumberText"}),
    "DiagnosticReport": frozenset({"context", "image", "codedDiagnosis"}),
    "DocumentReference": frozenset({"class", "created", "indexed"}),
    "Encounter": frozenset({"incomingReferral", "reason"}),
    "EpisodeOfCare": frozenset({"condition"}),
    "ExplanationOfBenefit": frozenset(
        {"organization", "information", "hospitalization", "totalCost", "totalBenefit", "employmentImpacted"}
    ),
    "Goal": frozenset({"status"}),
    "Immunization": frozenset({"notGiven", "date", "practitioner", "explanation", "vaccinationProtocol"}),
    "Location": frozenset({"definition"}),
    "MedicationDispense": frozenset({"notDone", "notDoneReasonCodeableConcept", "notDoneReasonReference"}),
    "MedicationRequest": frozenset({"context", "definition"}),
    "Observation": frozenset({"context", "comment", "related"}),
    "Patient": frozenset({"animal"}),
    "Procedure": frozenset({"context", "definition", "notDone", "notDoneReason"}),
    "QuestionnaireResponse": frozenset({"context", "parent"}),
    "ServiceRequest": frozenset({"context"}),
}


def stu3(resource: Mapping[str, Any]) -> str | None:
    """The name of an element that only STU3 gives this type, or None."""
    only = STU3_ONLY.get(str(resource.get("resourceType")), frozenset())
    return None if only.isdisjoint(resource) else next(name for name in resource if name in only)
