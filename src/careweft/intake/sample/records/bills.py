"""What there is to bill: one bill per visit, per ambulance ride and per fill of a prescription."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from careweft.intake.sample.catalogue.claims import CLAIMS, ClaimKind
from careweft.intake.sample.codings import CPT, HCPCS, NDC, Json, coding
from careweft.intake.sample.life import Course, Visit
from careweft.intake.sample.scene import Scene

from ....values import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One billed service."""

    code: Json
    price: Decimal
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Bill:
    """What a provider asks to be paid for."""

    kind: ClaimKind
    start: date
    end: date
    provider: Json
    practitioner: Json
    lines: tuple[Line, ...]
    diagnosis: tuple[str, str]
    visit: Visit | None = None
    course: Course | None = None
    fill: int = 0
    ambulance: bool = False


def bills(scene: Scene) -> Iterator[Bill]:
    """Every bill of a life."""
    for visit in scene.life.visits:
        yield _of_visit(scene, visit)
        if "ambulance" in scene.person.traits and visit.kind.act[0] == "IMP":
            yield _of_ride(scene, visit)
    for course in scene.life.courses:
        yield from _of_fills(scene, course)


def _of_visit(scene: Scene, visit: Visit) -> Bill:
    kind = CLAIMS[visit.kind.claim]
    services = [(visit.kind.code, visit.kind.price), *((work.code, work.price) for work, _ in visit.works)]
    if kind.key != "oral":
        services += [(panel.hcpcs, panel.price) for panel, _ in visit.orders]
    return Bill(
        kind,
        visit.day,
        visit.end.date(),
        scene.site(visit).organization,
        scene.practitioner(visit),
        tuple(_line(kind, code, price) for code, price in services),
        _diagnosis(visit),
        visit,
    )


def _line(kind: ClaimKind, code: str, price: str) -> Line:
    system = kind.system or (CPT if code.isdigit() else HCPCS)
    return Line({"coding": [coding(system, code)]}, Decimal(price))


def _diagnosis(visit: Visit) -> tuple[str, str]:
    """What the visit was for, or the ICD-10-CM code of a routine one."""
    if visit.reason:
        return visit.reason.row.icd10, visit.reason.row.name
    match visit.kind.key:
        case "child":
            return "Z00.129", "Encounter for routine child health examination without abnormal findings"
        case "dental":
            return "Z01.20", "Encounter for dental examination and cleaning without abnormal findings"
        case _:
            return "Z00.00", "Encounter for general adult medical examination without abnormal findings"


def _of_ride(scene: Scene, visit: Visit) -> Bill:
    kind = CLAIMS["professional"]
    return Bill(
        kind,
        visit.day,
        visit.day,
        scene.world.hospital.organization,
        scene.practitioner(visit),
        (_line(kind, "A0429", "480.00"),),
        _diagnosis(visit),
        visit,
        ambulance=True,
    )


def _of_fills(scene: Scene, course: Course) -> Iterator[Bill]:
    medicine, row = course.medicine, course.problem.row
    line = Line({"coding": [coding(NDC, medicine.ndc, medicine.name)]}, Decimal(medicine.price), medicine.quantity)
    for number, day in enumerate(course.fills):
        yield Bill(
            CLAIMS["pharmacy"],
            day,
            day,
            scene.world.pharmacy.organization,
            scene.practitioner(course.visit),
            (line,),
            (row.icd10, row.name),
            course=course,
            fill=number,
        )
