"""The API for research: Groups that a tenant approved go out de-identified, and nothing else is done here.

Tokens of applications with `access` research are for it alone, so that they open no record as it was kept. It is no
FHIR API of its own and so not in ALL: its exports are the same doors as those of the APIs for systems.
"""

from .model import Offer, Surface

DEIDENTIFIED = "de-identified"
TYPES = (
    "Patient", "AllergyIntolerance", "CarePlan", "CareTeam", "Condition", "Coverage", "Device", "DiagnosticReport",
    "Encounter", "ExplanationOfBenefit", "Goal", "Immunization", "Location", "Medication", "MedicationDispense",
    "MedicationRequest", "Observation", "Organization", "Practitioner", "PractitionerRole", "Procedure",
    "ServiceRequest", "Specimen",
)  # fmt: skip
"""Those of which anything goes out: of each there are rows in `bulk.deidentify`."""
SEEN = frozenset({"read", "search-type"})
"""What an export does with a type to find its records; no route lets anybody else do it."""


def surface() -> Surface:
    """The row."""
    return Surface(
        id="careweft-research-system-access-server",
        name="careweft-research-system-access",
        side="research",
        base="/research/system-access/v2/{tenant}",
        audience="system",
        offers=(*(Offer(type_, SEEN) for type_ in TYPES), Offer("Group", SEEN, operations=("$export",))),
        exports="/research/export-status/v2/{tenant}/jobs",
        form=DEIDENTIFIED,
    )
