"""What a claim says in support of itself: the supportingInfo slices of each CARIN profile."""

from collections.abc import Callable
from decimal import Decimal

from careweft.intake.sample.catalogue.claims import AMBULANCE, CODES
from careweft.intake.sample.codings import UCUM, Json, carin, coding, period, ref
from careweft.intake.sample.records.bills import Bill
from careweft.intake.sample.scene import Scene


def support(scene: Scene, bill: Bill) -> list[Json]:
    """The supportingInfo of a bill, numbered in the order of its kind's row; an ambulance ride adds its own seven."""
    said = [(kind, _coded(scene, bill, kind) or _SAID[kind](scene, bill)) for kind in bill.kind.support]
    if bill.ambulance:
        said += [(kind, _ride(element, *value)) for kind, element, value in AMBULANCE]
    return [
        {"sequence": n, "category": carin("C4BBSupportingInfoType", kind)} | what
        for n, (kind, what) in enumerate(said, 1)
    ]


def _coded(scene: Scene, bill: Bill, kind: str) -> Json | None:
    code = CODES.get((kind, bill.kind.key)) or CODES.get((kind, ""))
    if code and kind == "discharge-status" and scene.person.death == bill.end:
        code = code[0], "20"
    return {"code": {"coding": [coding(*code)]}} if code else None


def _count(value: int) -> Json:
    return {"valueQuantity": {"value": value}}


_SAID: dict[str, Callable[[Scene, Bill], Json]] = {
    "admissionperiod": lambda _, bill: {"timingPeriod": period(bill.start, bill.end)},
    "clmrecvddate": lambda _, bill: {"timingDate": bill.end.isoformat()},
    "servicefacility": lambda _, bill: {"valueReference": ref(bill.provider)},
    "medicalrecordnumber": lambda scene, _: {"valueString": scene.record_number},
    "patientaccountnumber": lambda scene, _: {"valueString": "ACC" + scene.chance.digits("account", 8)},
    "orthodontics": lambda *_: {"valueQuantity": {"value": 0, "unit": "month", "system": UCUM, "code": "mo"}},
    "prosthesis": lambda *_: {"valueBoolean": False},
    "dayssupply": lambda _, bill: _count(bill.course.medicine.days if bill.course else 0),
    "refillnum": lambda _, bill: _count(bill.fill),
    "refillsauthorized": lambda _, bill: _count(bill.course.medicine.refills if bill.course else 0),
}


def _ride(element: str, value: str, unit: str) -> Json:
    match element:
        case "valueQuantity":
            return {"valueQuantity": {"value": Decimal(value), "unit": unit, "system": UCUM, "code": unit}}
        case "reason":
            return {"reason": coding("https://x12.org/codesystem.x12.org/ambulance-transport-reason-codes", value)}
        case _:
            return {"valueString": value}
