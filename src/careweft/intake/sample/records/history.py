"""Social history: smoking, occupation, pregnancy and intent, orientation, and allergies told at the first visit."""

from collections.abc import Iterator
from datetime import date

from careweft.intake.sample.codings import (
    LOINC,
    SCT,
    TERMS,
    Json,
    coding,
    concept,
    instant,
    period,
    profiles,
    term,
)
from careweft.intake.sample.life import Visit
from careweft.intake.sample.records.observations import category, observe
from careweft.intake.sample.scene import Scene

_SMOKING = {
    "smoker": ("449868002", "Smokes tobacco daily"),
    "former-smoker": ("8517006", "Ex-smoker"),
    "": ("266919005", "Never smoked tobacco"),
}
_WORK = TERMS + "PHOccupationalDataForHealthODH"
_JOBS = (
    (
        ("31-1014.00.007136", "Certified Nursing Assistant (CNA) [Nursing Assistants]"),
        ("621610.008495", "Home nursing services"),
    ),
    (
        ("53-3032.00.024703", "Truck Driver [Heavy and Tractor-Trailer Truck Drivers]"),
        ("484121.006533", "Trucking, long-distance"),
    ),
)
_INTENT = ("454381000124105", "Not sure of desire to become pregnant")
_ALLERGIES = (
    (("91935009", "Allergy to peanut"), "food", "high", ("271807003", "Eruption of skin"), "moderate"),
    (("91936005", "Allergy to penicillin"), "medication", "high", ("39579001", "Anaphylaxis"), "severe"),
    (("418689008", "Allergy to grass pollen"), "environment", "low", ("76067001", "Sneezing"), "mild"),
    (("300913006", "Allergy to shellfish"), "food", "low", ("126485001", "Urticaria"), "mild"),
)


def write(scene: Scene) -> Iterator[Json]:
    """What is asked at the last general visit, and the allergies."""
    visits = [visit for visit in scene.life.visits if visit.kind.key in ("wellness", "child")] or scene.life.visits[:1]
    for visit in visits[-1:]:
        age = scene.person.age(visit.day)
        if age >= 13:
            yield _smoking(scene, visit)
        if age >= 18:
            yield _occupation(scene, visit)
        if scene.person.sex == "female" and 15 <= age <= 50:
            yield from _pregnancy(scene, visit)
        if age >= 16 and scene.person.index % 4 == 0:
            yield _social(scene, visit, "us-core-observation-sexual-orientation", "76690-7", "Sexual orientation") | {
                "valueCodeableConcept": concept(SCT, "20430005", "Heterosexual")
            }
    if scene.life.visits:
        yield _allergy(scene, scene.life.visits[0])


def _social(scene: Scene, visit: Visit, profile: str, loinc: str, name: str) -> Json:
    return observe(scene, visit, profile, [category("social-history")], concept(LOINC, loinc, name))


def _smoking(scene: Scene, visit: Visit) -> Json:
    habit = next((name for name in ("smoker", "former-smoker") if name in scene.person.traits), "")
    return _social(scene, visit, "us-core-smokingstatus", "72166-2", "Tobacco smoking status") | {
        "issued": instant(visit.start),
        "valueCodeableConcept": concept(SCT, *_SMOKING[habit]),
    }


def _occupation(scene: Scene, visit: Visit) -> Json:
    """The job since coming of age; a third of the industries are not known."""
    job, industry = scene.chance.one(_JOBS)
    person = scene.person
    since = date(person.birth.year + 18 + scene.chance.number(0, 2), 7, 1)
    unknown = person.index % 3 == 2
    observation = _social(scene, visit, "us-core-observation-occupation", "11341-5", "History of Occupation")
    del observation["effectiveDateTime"]
    return observation | {
        "effectivePeriod": period(min(since, visit.day)),
        "valueCodeableConcept": concept(_WORK, *job),
        "component": [
            {
                "code": concept(LOINC, "86188-0", "History of Occupation Industry"),
                "valueCodeableConcept": term("data-absent-reason", "unknown", "Unknown")
                if unknown
                else concept(_WORK, *industry),
            }
        ],
    }


def _pregnancy(scene: Scene, visit: Visit) -> Iterator[Json]:
    expecting = scene.life.has("pregnancy", visit.day)
    status = ("77386006", "Pregnant") if expecting else ("60001007", "Not pregnant")
    yield _social(scene, visit, "us-core-observation-pregnancystatus", "82810-3", "Pregnancy status") | {
        "valueCodeableConcept": concept(SCT, *status)
    }
    yield _social(
        scene,
        visit,
        "us-core-observation-pregnancyintent",
        "86645-9",
        "Pregnancy intention in the next year - Reported",
    ) | {"valueCodeableConcept": concept(SCT, *_INTENT)}


def _allergy(scene: Scene, visit: Visit) -> Json:
    """One allergy, or the statement that none is known."""
    allergic = "allergic" in scene.person.traits
    allergy: Json = {
        "resourceType": "AllergyIntolerance",
        "id": scene.chance.id("AllergyIntolerance"),
        "meta": profiles("us-core-allergyintolerance"),
        "clinicalStatus": term("allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": term("allergyintolerance-verification", "confirmed", "Confirmed"),
        "code": concept(SCT, "716186003", "No known allergy"),
        "patient": scene.patient,
        "encounter": scene.encounter(visit),
        "recordedDate": instant(visit.start),
        "recorder": scene.clinician(visit),
    }
    if allergic:
        code, kind, criticality, sign, severity = scene.chance.one(_ALLERGIES)
        allergy |= {
            "type": "allergy",
            "category": [kind],
            "criticality": criticality,
            "code": concept(SCT, *code),
            "reaction": [{"manifestation": [{"coding": [coding(SCT, *sign)], "text": sign[1]}], "severity": severity}],
        }
    return allergy
