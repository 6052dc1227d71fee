"""Condition: what a visit was for (encounter diagnosis), the problem list, and health concerns by category."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from careweft.intake.sample.codings import (
    ICD10,
    SCT,
    TERMS,
    US_CORE_TERMS,
    Json,
    both,
    coding,
    concept,
    instant,
    profiles,
    term,
)
from careweft.intake.sample.life import Problem, Visit
from careweft.intake.sample.scene import Scene

_CONFIRMED = term("condition-ver-status", "confirmed", "Confirmed")
_PROBLEM = concept(TERMS + "condition-category", "problem-list-item", "Problem List Item")
_DIAGNOSIS = concept(TERMS + "condition-category", "encounter-diagnosis", "Encounter Diagnosis")
_CONCERN = concept(US_CORE_TERMS + "condition-category", "health-concern", "Health Concern")
_SCREENED = {
    "sdoh": "SDOH",
    "functional-status": "Functional Status",
    "disability-status": "Disability Status",
    "cognitive-status": "Cognitive Status",
}
_ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"


def write(scene: Scene) -> Iterator[Json]:
    """One Condition per problem; one that healed a while ago also stays on the problem list as resolved."""
    for problem in scene.life.problems:
        yield _condition(scene, scene.problem_ids[problem.number], problem, listed=problem.lasting)
        if problem.abated and problem.row.visit in ("inpatient", "emergency"):
            yield _condition(scene, scene.chance.id("Condition/resolved"), problem, listed=True)


def diagnosis(problem: Problem) -> Json:
    """The illness as a CodeableConcept, clinical and billing codes."""
    row = problem.row
    return both((coding(SCT, row.snomed, row.name), coding(ICD10, row.icd10)), row.name)


def _condition(scene: Scene, id_: str, problem: Problem, *, listed: bool) -> Json:
    visit = _found(scene, problem)
    recorded = (
        visit.start + timedelta(minutes=10)
        if visit
        else datetime.combine(max(problem.onset, scene.life.start), datetime.min.time()) + timedelta(hours=9)
    )
    condition: Json = {
        "resourceType": "Condition",
        "id": id_,
        "meta": profiles(
            "us-core-condition-problems-health-concerns" if listed else "us-core-condition-encounter-diagnosis"
        ),
        "extension": [{"url": _ASSERTED, "valueDateTime": recorded.date().isoformat()}],
        "clinicalStatus": term(
            "condition-clinical", *(("resolved", "Resolved") if problem.abated else ("active", "Active"))
        ),
        "verificationStatus": _CONFIRMED,
        "category": _categories(problem, listed=listed),
        "code": diagnosis(problem),
        "subject": scene.patient,
        "onsetDateTime": problem.onset.isoformat(),
        "recordedDate": instant(recorded),
    }
    if visit:
        condition |= {
            "encounter": scene.encounter(visit),
            "recorder": scene.clinician(visit),
            "asserter": scene.clinician(visit),
        }
    if problem.abated:
        condition["abatementDateTime"] = problem.abated.isoformat()
    return condition


def _categories(problem: Problem, *, listed: bool) -> list[Json]:
    if not listed:
        return [_DIAGNOSIS]
    kind = problem.row.category
    if not kind:
        return [_PROBLEM]
    return [_CONCERN, concept(US_CORE_TERMS + "us-core-category", kind, _SCREENED[kind])]


def _found(scene: Scene, problem: Problem) -> Visit | None:
    """The visit at which it came to light, when that is on record."""
    if problem.onset < scene.life.start:
        return None
    return next((visit for visit in scene.life.visits if visit.reason is problem), None)
