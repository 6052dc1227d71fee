"""The frame of every Observation that is not a vital sign (https://hl7.org/fhir/us/core/STU6.1/observations.html)."""

from careweft.intake.sample.codings import TERMS, US_CORE_TERMS, Json, concept, instant, profiles
from careweft.intake.sample.life import Visit
from careweft.intake.sample.scene import Scene

_NAMES = {
    "laboratory": "Laboratory",
    "social-history": "Social History",
    "survey": "Survey",
    "imaging": "Imaging",
    "procedure": "Procedure",
    "exam": "Exam",
}
_CATEGORIES = {code: concept(TERMS + "observation-category", code, name) for code, name in _NAMES.items()}


def category(code: str) -> Json:
    """An observation category."""
    return _CATEGORIES[code]


def screening(code: str, name: str) -> Json:
    """A US Core screening category, such as sdoh."""
    return concept(US_CORE_TERMS + "us-core-category", code, name)


def observe(scene: Scene, visit: Visit, profile: str, categories: list[Json], code: Json) -> Json:
    """An Observation made at a visit; what was found is for the caller to add."""
    return {
        "resourceType": "Observation",
        "id": scene.chance.id("Observation"),
        "meta": profiles(profile),
        "status": "final",
        "category": categories,
        "code": code,
        "subject": scene.patient,
        "encounter": scene.encounter(visit),
        "effectiveDateTime": instant(visit.start),
        "performer": [scene.clinician(visit)],
    }
