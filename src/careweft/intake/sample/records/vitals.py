"""Vital signs: a plausible body of that age, measured at visits (US Core vital signs profiles)."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from careweft.intake.sample.codings import (
    ABSENT,
    LOINC,
    TERMS,
    Json,
    both,
    coding,
    concept,
    instant,
    profiles,
    quantity,
)
from careweft.intake.sample.life import Visit
from careweft.intake.sample.scene import Scene

from ....values import dataclass

CATEGORY = [concept(TERMS + "observation-category", "vital-signs", "Vital Signs")]

# years: height cm and weight kg of girls, of boys, and head circumference cm
_GROWTH = (
    (0.0, 49.5, 3.3, 50.0, 3.4, 34.5),
    (0.5, 65.5, 7.3, 67.5, 7.9, 42.8),
    (1.0, 74.0, 9.0, 75.7, 9.7, 45.5),
    (2.0, 86.0, 11.8, 87.5, 12.4, 47.8),
    (5.0, 108.5, 17.8, 109.5, 18.4, 50.5),
    (10.0, 138.5, 32.0, 138.5, 32.0, 52.5),
    (14.0, 159.5, 49.5, 163.5, 51.0, 54.5),
    (18.0, 163.0, 60.0, 176.5, 71.0, 56.0),
    (45.0, 163.0, 71.0, 176.5, 86.0, 56.0),
    (95.0, 158.0, 63.0, 171.0, 75.0, 56.0),
)


@dataclass(frozen=True, slots=True)
class Vital:
    """One vital sign with a single quantity."""

    profile: str
    loinc: str
    name: str
    unit: str
    ucum: str


_VITALS = {
    "height": Vital("us-core-body-height", "8302-2", "Body height", "cm", "cm"),
    "weight": Vital("us-core-body-weight", "29463-7", "Body weight", "kg", "kg"),
    "bmi": Vital("us-core-bmi", "39156-5", "Body mass index (BMI) [Ratio]", "kg/m2", "kg/m2"),
    "pulse": Vital("us-core-heart-rate", "8867-4", "Heart rate", "beats/min", "/min"),
    "breath": Vital("us-core-respiratory-rate", "9279-1", "Respiratory rate", "breaths/min", "/min"),
    "temperature": Vital("us-core-body-temperature", "8310-5", "Body temperature", "Cel", "Cel"),
    "head": Vital("us-core-head-circumference", "9843-4", "Head Occipital-frontal circumference", "cm", "cm"),
    "head%": Vital(
        "head-occipital-frontal-circumference-percentile",
        "8289-1",
        "Head Occipital-frontal circumference Percentile",
        "%",
        "%",
    ),
    "bmi%": Vital("pediatric-bmi-for-age", "59576-9", "Body mass index (BMI) [Percentile] Per age and sex", "%", "%"),
    "weight%": Vital("pediatric-weight-for-height", "77606-2", "Weight-for-length Per age and sex", "%", "%"),
}


def write(scene: Scene) -> Iterator[Json]:
    """The vital signs of every visit at which they are taken."""
    build = scene.chance.spread() * 0.04, max(-0.2, scene.chance.spread() * 0.12)
    unread = scene.person.index % 7 == 5
    for visit in scene.life.visits:
        for key, value in _measured(scene, visit, build):
            yield _observation(scene, visit, _VITALS[key], value)
        if "pressure" in visit.kind.vitals and scene.person.age(visit.day) >= 3:
            yield _pressure(scene, visit, unread=unread)
            unread = False
        if "oxygen" in visit.kind.vitals:
            yield _oxygen(scene, visit)


def _measured(scene: Scene, visit: Visit, build: tuple[float, float]) -> Iterator[tuple[str, Decimal]]:
    chance, age, taken = scene.chance, scene.person.age(visit.day), visit.kind.vitals
    height, weight, head = _body(scene, age, build)
    if "weight" in taken:
        yield "weight", (kilos := chance.around(weight, weight * 0.01, 1))
        if "height" in taken:
            yield "height", (tall := chance.around(height, 0.2, 1))
            yield from _derived(scene, age, kilos, tall, head)
    if "pulse" in taken:
        yield "pulse", chance.around(118 - 18 * age if age < 2 else max(70, 95 - age), 7)
    if "breath" in taken:
        yield "breath", chance.around(max(15.0, 34 - 5 * age), 1.2)
    if "temperature" in taken:
        yield "temperature", chance.around(37.9 if visit.reason else 36.8, 0.3, 1)


def _derived(scene: Scene, age: float, kilos: Decimal, tall: Decimal, head: float) -> Iterator[tuple[str, Decimal]]:
    """Body mass index from two years on; percentiles and head circumference for children."""
    percentile = Decimal(scene.chance.number(8, 94))
    if age >= 2:
        yield "bmi", (kilos / (tall / 100) ** 2).quantize(Decimal("0.1"))
    if 2 <= age < 20:
        yield "bmi%", percentile
    if age < 3:
        yield "head", scene.chance.around(head, 0.3, 1)
        yield "head%", percentile
        yield "weight%", percentile


def _body(scene: Scene, age: float, build: tuple[float, float]) -> tuple[float, float, float]:
    column = 1 if scene.person.sex == "female" else 3
    low, high = next(((a, b) for a, b in pairwise(_GROWTH) if age <= b[0]), _GROWTH[-2:])
    share = min(1.0, (age - low[0]) / (high[0] - low[0]))
    height, weight, head = (low[c] + share * (high[c] - low[c]) for c in (column, column + 1, 5))
    heavy = 1.35 if scene.life.has("obesity", scene.life.end) else 1.0
    return height * (1 + build[0]), weight * (1 + build[0]) ** 2 * (1 + build[1]) * heavy, head


def _observation(scene: Scene, visit: Visit, vital: Vital, value: Decimal) -> Json:
    return _base(scene, visit, vital.profile, concept(LOINC, vital.loinc, vital.name)) | {
        "valueQuantity": quantity(value, vital.unit, vital.ucum)
    }


def _base(scene: Scene, visit: Visit, profile: str, code: Json) -> Json:
    return {
        "resourceType": "Observation",
        "id": scene.chance.id("Observation"),
        "meta": profiles(profile),
        "status": "final",
        "category": CATEGORY,
        "code": code,
        "subject": scene.patient,
        "encounter": scene.encounter(visit),
        "effectiveDateTime": instant(visit.start),
        "performer": [scene.clinician(visit)],
    }


def _pressure(scene: Scene, visit: Visit, *, unread: bool) -> Json:
    """Both pressures; now and then one of them could not be read (for some of the cast, always the first time)."""
    chance, age = scene.chance, scene.person.age(visit.day)
    high = 18 if scene.life.has("hypertension", visit.day) else 0
    parts = [
        _part("8480-6", "Systolic blood pressure", chance.around(min(124, 92 + age * 1.2) + high, 7)),
        _part("8462-4", "Diastolic blood pressure", chance.around(min(78, 56 + age) + high / 2, 5)),
    ]
    if chance.whether(0.02) or unread:
        which = scene.person.index // 7 % 2
        parts[which] = {"code": parts[which]["code"], "dataAbsentReason": concept(ABSENT, "unknown", "Unknown")}
    code = concept(LOINC, "85354-9", "Blood pressure panel with all children optional")
    return _base(scene, visit, "us-core-blood-pressure", code) | {"component": parts}


def _part(loinc: str, name: str, value: Decimal, unit: str = "mmHg", ucum: str = "mm[Hg]") -> Json:
    return {"code": concept(LOINC, loinc, name), "valueQuantity": quantity(value, unit, ucum)}


def _oxygen(scene: Scene, visit: Visit) -> Json:
    """Saturation; with the flow and concentration of given oxygen in hospital."""
    code = both(
        (
            coding(LOINC, "2708-6", "Oxygen saturation in Arterial blood"),
            coding(LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
        ),
        "Oxygen saturation",
    )
    observation = _base(scene, visit, "us-core-pulse-oximetry", code) | {
        "valueQuantity": quantity(scene.chance.around(97, 0.7), "%", "%")
    }
    if visit.kind.act[0] == "IMP":
        observation["component"] = [
            _part("3151-8", "Inhaled oxygen flow rate", Decimal(scene.chance.number(2, 6)), "L/min", "L/min"),
            _part("3150-0", "Inhaled oxygen concentration", Decimal(scene.chance.number(28, 44)), "%", "%"),
        ]
    return observation
