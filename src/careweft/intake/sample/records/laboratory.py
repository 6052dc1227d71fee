"""Laboratory: the order, the specimen, one Observation per analyte, and the report that binds them."""

from collections.abc import Iterator
from datetime import timedelta

from careweft.intake.sample.catalogue.laboratory import Analyte, Panel
from careweft.intake.sample.chance import rounded
from careweft.intake.sample.codings import (
    LOINC,
    OURS,
    SCT,
    Json,
    concept,
    identifier,
    instant,
    profiles,
    quantity,
    ref,
    term,
)
from careweft.intake.sample.life import Problem, Visit
from careweft.intake.sample.records.observations import category, observe
from careweft.intake.sample.scene import Scene
from careweft.intake.sample.world import named

_TISSUE = ("119376003", "Tissue specimen")
_DIAGNOSIS = ("22637-3", "Pathology report final diagnosis Narrative")
_LAB = term("v2-0074", "LAB", "Laboratory")
_FLAGS = {
    "H": term("v3-ObservationInterpretation", "H", "High"),
    "L": term("v3-ObservationInterpretation", "L", "Low"),
    "N": term("v3-ObservationInterpretation", "N", "Normal"),
}


def write(scene: Scene) -> Iterator[Json]:
    """What the laboratory leaves of every order."""
    for visit in scene.life.visits:
        for panel, problem in visit.orders:
            yield from _ordered(scene, visit, panel, problem)


def _ordered(scene: Scene, visit: Visit, panel: Panel, problem: Problem | None) -> Iterator[Json]:
    order = _order(scene, visit, panel, problem)
    specimen = _specimen(scene, visit, panel.specimen)
    results = [_result(scene, visit, analyte, order, specimen) for analyte in panel.analytes]
    yield order
    yield specimen
    yield from results
    yield _report(scene, visit, panel, order, results) | {"specimen": [ref(specimen)]}


def tissue(scene: Scene, visit: Visit, order: Json, text: str) -> tuple[Json, Json]:
    """What was taken out, and what the pathologist sees in it."""
    specimen = _specimen(scene, visit, _TISSUE)
    return specimen, _finding(scene, visit, _DIAGNOSIS, order, specimen) | {"valueString": text}


def _order(scene: Scene, visit: Visit, panel: Panel, problem: Problem | None) -> Json:
    order: Json = {
        "resourceType": "ServiceRequest",
        "id": scene.chance.id("ServiceRequest"),
        "meta": profiles("us-core-servicerequest"),
        "status": "completed",
        "intent": "order",
        "category": [concept(SCT, "108252007", "Laboratory procedure")],
        "code": concept(LOINC, panel.loinc, panel.name),
        "subject": scene.patient,
        "encounter": scene.encounter(visit),
        "occurrencePeriod": {"start": instant(visit.start), "end": instant(visit.start + timedelta(days=1))},
        "authoredOn": instant(visit.start),
        "requester": scene.clinician(visit),
        "performer": [named(scene.world.laboratory.organization)],
    }
    if problem:
        order["reasonCode"] = [concept(SCT, problem.row.snomed, problem.row.name)]
        order["reasonReference"] = [scene.condition(problem)]
    return order


def _specimen(scene: Scene, visit: Visit, kind: tuple[str, str]) -> Json:
    return {
        "resourceType": "Specimen",
        "id": scene.chance.id("Specimen"),
        "meta": profiles("us-core-specimen"),
        "identifier": [identifier(OURS + "specimen", "S" + scene.chance.digits("specimen", 9))],
        "status": "available",
        "type": concept(SCT, *kind),
        "subject": scene.patient,
        "receivedTime": instant(visit.start + timedelta(hours=3)),
        "collection": {
            "collector": scene.clinician(visit),
            "collectedDateTime": instant(visit.start + timedelta(minutes=12)),
        },
    }


def _result(scene: Scene, visit: Visit, analyte: Analyte, order: Json, specimen: Json) -> Json:
    found = _finding(scene, visit, (analyte.loinc, analyte.name), order, specimen)
    return found | _value(scene, visit, analyte)


def _finding(scene: Scene, visit: Visit, code: tuple[str, str], order: Json, specimen: Json) -> Json:
    """An Observation of the laboratory that does not yet say what was found."""
    observation = observe(scene, visit, "us-core-observation-lab", [category("laboratory")], concept(LOINC, *code))
    return observation | {
        "basedOn": [ref(order)],
        "issued": instant(visit.start + timedelta(hours=9)),
        "performer": [named(scene.world.laboratory.organization)],
        "specimen": ref(specimen),
    }


def _value(scene: Scene, visit: Visit, analyte: Analyte) -> Json:
    """Words, a finding, or a number: usually inside its range, unless an illness of that day moves it."""
    chance = scene.chance
    if analyte.words:
        return {"valueString": chance.one(analyte.words)}
    if analyte.findings:
        usual = chance.whether(0.85)
        return {"valueCodeableConcept": concept(SCT, *(analyte.findings[0] if usual else analyte.findings[-1]))}
    middle, spread = (analyte.low + analyte.high) / 2, (analyte.high - analyte.low) / 6
    for illness, shifted in analyte.shift.items():
        if scene.life.has(illness, visit.day):
            middle, spread = shifted
    value = chance.around(middle, spread, analyte.digits)
    low, high = (rounded(bound, analyte.digits) for bound in (analyte.low, analyte.high))
    flag = "H" if value > high else "L" if value < low else "N"
    low_end, high_end = (quantity(bound, analyte.unit, analyte.ucum) for bound in (low, high))
    return {
        "valueQuantity": quantity(value, analyte.unit, analyte.ucum),
        "interpretation": [_FLAGS[flag]],
        "referenceRange": [{"low": low_end, "high": high_end}],
    }


def _report(scene: Scene, visit: Visit, panel: Panel, order: Json, results: list[Json]) -> Json:
    laboratory = scene.world.laboratory
    return {
        "resourceType": "DiagnosticReport",
        "id": scene.chance.id("DiagnosticReport"),
        "meta": profiles("us-core-diagnosticreport-lab"),
        "identifier": [identifier(OURS + "report", "R" + scene.chance.digits("report", 9))],
        "basedOn": [ref(order)],
        "status": "final",
        "category": [_LAB],
        "code": concept(LOINC, panel.loinc, panel.name),
        "subject": scene.patient,
        "encounter": scene.encounter(visit),
        "effectiveDateTime": instant(visit.start),
        "issued": instant(visit.start + timedelta(hours=9)),
        "performer": [named(laboratory.practitioners[0]), named(laboratory.organization)],
        "result": [ref(result) for result in results],
    }
