"""Procedures with their orders, the implants they leave, and the studies they yield."""

from collections.abc import Iterator
from datetime import timedelta

from careweft.intake.sample.catalogue.procedures import PATHOLOGY, Implant, Procedure
from careweft.intake.sample.codings import (
    LOINC,
    SCT,
    US_CORE_TERMS,
    Json,
    concept,
    instant,
    period,
    profiles,
    quantity,
    ref,
)
from careweft.intake.sample.life import Problem, Visit
from careweft.intake.sample.records.documents import report
from careweft.intake.sample.records.laboratory import tissue
from careweft.intake.sample.records.observations import category, observe
from careweft.intake.sample.scene import Scene
from careweft.intake.sample.world import named


def write(scene: Scene) -> Iterator[Json]:
    """Everything that was done, visit by visit."""
    for visit in scene.life.visits:
        for work, problem in visit.works:
            order = _order(scene, visit, work, problem)
            yield order
            device = _device(scene, visit, work.implant) if work.implant else None
            if device:
                yield device
            yield _procedure(scene, visit, work, problem, order=order, device=device)
            yield from _study(scene, visit, work, order)


def _category(work: Procedure) -> Json:
    code, name = work.category
    return concept(SCT if code.isdigit() else US_CORE_TERMS + "us-core-category", code, name)


def _order(scene: Scene, visit: Visit, work: Procedure, problem: Problem) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "id": scene.chance.id("ServiceRequest"),
        "meta": profiles("us-core-servicerequest"),
        "status": "completed",
        "intent": "order",
        "category": [_category(work)],
        "code": concept(SCT, work.snomed, work.name),
        "subject": scene.patient,
        "encounter": scene.encounter(visit),
        "occurrencePeriod": period(visit.start, visit.end),
        "authoredOn": instant(visit.start),
        "requester": scene.clinician(visit),
        "reasonCode": [concept(SCT, problem.row.snomed, problem.row.name)],
        "reasonReference": [scene.condition(problem)],
    }


def _procedure(
    scene: Scene, visit: Visit, work: Procedure, problem: Problem, *, order: Json, device: Json | None
) -> Json:
    procedure: Json = {
        "resourceType": "Procedure",
        "id": scene.chance.id("Procedure"),
        "meta": profiles("us-core-procedure"),
        "basedOn": [ref(order)],
        "status": "completed",
        "category": _category(work),
        "code": concept(SCT, work.snomed, work.name),
        "subject": scene.patient,
        "encounter": scene.encounter(visit),
        "performedDateTime": instant(visit.start + timedelta(minutes=15)),
        "performer": [{"actor": scene.clinician(visit), "onBehalfOf": named(scene.site(visit).organization)}],
        "location": ref(scene.site(visit).location),
        "reasonCode": [concept(SCT, problem.row.snomed, problem.row.name)],
        "reasonReference": [scene.condition(problem)],
    }
    if device:
        procedure["focalDevice"] = [
            {"action": concept(SCT, "257867005", "Insertion - action"), "manipulated": ref(device)}
        ]
    return procedure


def _device(scene: Scene, visit: Visit, implant: Implant) -> Json:
    """An implant with the whole Unique Device Identifier, in the human-readable form of GS1."""
    made, expires = visit.day - timedelta(days=200), visit.day + timedelta(days=1500)
    lot, serial = "L" + scene.chance.digits("lot", 5), "SN" + scene.chance.digits("serial", 8)
    hrf = f"(01){implant.di}(11){made:%y%m%d}(17){expires:%y%m%d}(10){lot}(21){serial}"
    return {
        "resourceType": "Device",
        "id": scene.chance.id("Device"),
        "meta": profiles("us-core-implantable-device"),
        "udiCarrier": [
            {
                "deviceIdentifier": implant.di,
                "issuer": "http://hl7.org/fhir/NamingSystem/gs1",
                "jurisdiction": "http://hl7.org/fhir/NamingSystem/fda-udi",
                "carrierHRF": hrf,
                "entryType": "barcode",
            }
        ],
        "status": "active",
        "distinctIdentifier": serial,
        "manufacturer": implant.maker,
        "manufactureDate": made.isoformat(),
        "expirationDate": expires.isoformat(),
        "lotNumber": lot,
        "serialNumber": serial,
        "deviceName": [{"name": implant.name, "type": "user-friendly-name"}],
        "type": concept(SCT, implant.snomed, implant.name),
        "patient": scene.patient,
    }


def _study(scene: Scene, visit: Visit, work: Procedure, order: Json) -> Iterator[Json]:
    """The result and the report of a study, when the procedure is one."""
    if not work.report:
        return
    results: list[Json] = []
    if work.report.value:
        loinc, name, unit, mean, spread = work.report.value
        kind = "procedure" if unit == "words" and loinc == "8601-7" else "imaging"
        found = (
            {"valueString": work.report.text}
            if unit == "words"
            else {"valueQuantity": quantity(scene.chance.around(float(mean), float(spread), 1), unit, unit)}
        )
        results.append(
            observe(scene, visit, "us-core-observation-clinical-result", [category(kind)], concept(LOINC, loinc, name))
            | {"basedOn": [ref(order)]}
            | found
        )
        if loinc == "8601-7":
            rhythm = observe(
                scene,
                visit,
                "us-core-observation-clinical-result",
                [category("exam")],
                concept(LOINC, "8884-9", "Heart rate rhythm"),
            )
            results.append(
                rhythm
                | {"basedOn": [ref(order)], "valueCodeableConcept": concept(SCT, "49436004", "Atrial fibrillation")}
            )
    if work.report.category == PATHOLOGY:
        specimen, finding = tissue(scene, visit, order, work.report.text)
        yield specimen
        results.append(finding)
    yield from results
    yield from report(scene, visit, work.report, order, results)
