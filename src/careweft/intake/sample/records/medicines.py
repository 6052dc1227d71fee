"""MedicationRequest for every course, MedicationDispense for every fill."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from careweft.intake.sample.catalogue.medicines import Medicine
from careweft.intake.sample.codings import (
    OURS,
    RXNORM,
    SCT,
    TERMS,
    UCUM,
    Json,
    concept,
    identifier,
    instant,
    period,
    profiles,
    ref,
    term,
)
from careweft.intake.sample.life import Course
from careweft.intake.sample.scene import Scene
from careweft.intake.sample.world import named

_CATEGORY = TERMS + "medicationrequest-category"


def write(scene: Scene) -> Iterator[Json]:
    """Orders, each followed by its fills; some orders are only what the person reports."""
    for number, course in enumerate(scene.life.courses):
        request = _request(scene, course, number)
        yield request
        for turn, day in enumerate(course.fills):
            yield _dispense(scene, course, request, day, turn)


def drug(scene: Scene, medicine: Medicine) -> Json:
    """The medication element: a code, or a reference to a Medication."""
    if medicine.as_resource:
        return {"medicationReference": ref(scene.world.medications[medicine.rxnorm]) | {"display": medicine.name}}
    return {"medicationCodeableConcept": concept(RXNORM, medicine.rxnorm, medicine.name)}


def _request(scene: Scene, course: Course, number: int) -> Json:
    medicine, visit = course.medicine, course.visit
    reported = "reported" in scene.person.traits and number == 0
    setting = ("discharge", "Discharge") if visit.kind.act[0] == "IMP" else ("outpatient", "Outpatient")
    request: Json = {
        "resourceType": "MedicationRequest",
        "id": scene.chance.id("MedicationRequest"),
        "meta": profiles("us-core-medicationrequest"),
        "identifier": [identifier(OURS + "prescription", "P" + scene.chance.digits("prescription", 9))],
        "status": "completed" if course.stop else "stopped" if scene.person.death else "active",
        "intent": "order",
        "category": [concept(_CATEGORY, "community", "Community") if reported else concept(_CATEGORY, *setting)],
    }
    request |= {"reportedReference": scene.clinician(visit)} if reported else {"reportedBoolean": False}
    return (
        request
        | drug(scene, medicine)
        | {
            "subject": scene.patient,
            "encounter": scene.encounter(visit),
            "authoredOn": instant(visit.end),
            "requester": scene.clinician(visit),
            "reasonCode": [concept(SCT, course.problem.row.snomed, course.problem.row.name)],
            "reasonReference": [scene.condition(course.problem)],
            "dosageInstruction": [_dosage(course)],
            "dispenseRequest": {
                "validityPeriod": period(visit.end.date()),
                "numberOfRepeatsAllowed": medicine.refills,
                "quantity": _units(medicine, Decimal(medicine.quantity)),
                "expectedSupplyDuration": {"value": medicine.days, "unit": "days", "system": UCUM, "code": "d"},
            },
            "substitution": {"allowedBoolean": True},
        }
    )


def _dosage(course: Course) -> Json:
    medicine = course.medicine
    repeat = (
        {"frequency": medicine.per_day, "period": 1, "periodUnit": "d"}
        if medicine.per_day
        else {"frequency": 1, "period": 6, "periodUnit": "h"}
    )
    return {
        "sequence": 1,
        "text": medicine.sig,
        "timing": {"repeat": repeat},
        "asNeededBoolean": not medicine.per_day,
        "route": concept(SCT, medicine.route, medicine.route_name),
        "doseAndRate": [
            {
                "type": term("dose-rate-type", "ordered", "Ordered"),
                "doseQuantity": _units(medicine, Decimal(medicine.dose)),
            }
        ],
    }


def _units(medicine: Medicine, value: Decimal) -> Json:
    return {"value": value, "unit": medicine.label, "system": UCUM, "code": medicine.unit}


def _dispense(scene: Scene, course: Course, request: Json, day: date, turn: int) -> Json:
    evening = datetime.combine(day, time(18, 5 * (turn + 1)))
    handed = instant(max(evening, course.visit.end + timedelta(minutes=40)))
    pharmacy = scene.world.pharmacy
    return {
        "resourceType": "MedicationDispense",
        "id": scene.chance.id("MedicationDispense"),
        "meta": profiles("us-core-medicationdispense"),
        "status": "completed",
        **drug(scene, course.medicine),
        "subject": scene.patient,
        "context": scene.encounter(course.visit),
        "performer": [{"actor": named(pharmacy.practitioners[0])}, {"actor": named(pharmacy.organization)}],
        "location": ref(pharmacy.location),
        "authorizingPrescription": [ref(request)],
        "type": term("v3-ActCode", "RF" if turn else "FF", "Refill" if turn else "First Fill"),
        "quantity": _units(course.medicine, Decimal(course.medicine.quantity)),
        "daysSupply": {"value": course.medicine.days, "unit": "days", "system": UCUM, "code": "d"},
        "whenPrepared": handed,
        "whenHandedOver": handed,
        "dosageInstruction": [_dosage(course)],
    }
