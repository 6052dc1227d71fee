"""Notes and reports as documents: a Binary that belongs to the person, and the records that point to it."""

from collections.abc import Iterator
from datetime import timedelta

from careweft.intake.sample.catalogue.procedures import REPORT_CATEGORIES, Report
from careweft.intake.sample.codings import (
    LOINC,
    OURS,
    US_CORE_TERMS,
    Json,
    coding,
    concept,
    identifier,
    instant,
    period,
    profiles,
    ref,
)
from careweft.intake.sample.life import Visit
from careweft.intake.sample.records.contents import Maker, clinical, page, text
from careweft.intake.sample.scene import Scene
from careweft.intake.sample.world import named

_NOTE = concept(US_CORE_TERMS + "us-core-documentreference-category", "clinical-note", "Clinical Note")
_FORMAT = coding(
    "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
    "urn:ihe:iti:xds:2017:mimeTypeSufficient",
    "mimeType Sufficient",
)
_STUDY = ("18748-4", "Diagnostic imaging study")
_PROCEDURE_NOTE = ("28570-0", "Procedure note")
_LAB_REPORT = ("11502-2", "Laboratory report")
_DISCHARGE = "18842-5"


def write(scene: Scene) -> Iterator[Json]:
    """A note of every second visit and of every stay; procedure notes and laboratory letters where they belong."""
    for visit in scene.life.visits:
        if visit.kind.act[0] == "IMP" or visit.number % 2 == 0:
            make = clinical if visit.kind.note[0] == _DISCHARGE else text
            yield from _document(scene, visit, visit.kind.note, _text(scene, visit), make)
        surgical = [work.name for work, _ in visit.works if work.category[0] == "387713003"]
        if surgical:
            yield from _document(scene, visit, _PROCEDURE_NOTE, f"{surgical[0]} performed. No complication.", text)
        if visit.orders and visit.number % 3 == 0:
            names = ", ".join(panel.name for panel, _ in visit.orders)
            yield from _document(scene, visit, _LAB_REPORT, f"Results of: {names}.", page)


def report(scene: Scene, visit: Visit, row: Report, order: Json, results: list[Json]) -> Iterator[Json]:
    """A study's report: the document, and the DiagnosticReport that presents the same attachment."""
    title = (row.loinc, row.name) if row.loinc == "11526-1" else _STUDY
    binary, document = _document(scene, visit, title, row.text, page)
    yield binary
    yield document
    yield {
        "resourceType": "DiagnosticReport",
        "id": scene.chance.id("DiagnosticReport"),
        "meta": profiles("us-core-diagnosticreport-note"),
        "identifier": [identifier(OURS + "report", "R" + scene.chance.digits("report", 9))],
        "basedOn": [ref(order)],
        "status": "final",
        "category": [concept(LOINC, row.category, REPORT_CATEGORIES[row.category])],
        "code": concept(LOINC, row.loinc, row.name),
        "subject": scene.patient,
        "encounter": scene.encounter(visit),
        "effectiveDateTime": instant(visit.start),
        "issued": instant(visit.start + timedelta(hours=6)),
        "performer": [scene.clinician(visit), named(scene.site(visit).organization)],
        **({"result": [ref(result) for result in results]} if results else {}),
        "conclusion": row.text,
        "presentedForm": [document["content"][0]["attachment"]],
    }


def _text(scene: Scene, visit: Visit) -> str:
    about = visit.reason.row.name if visit.reason else "routine care"
    courses = [course.medicine.name for course in scene.life.courses if course.visit is visit]
    plan = f"Ordered: {', '.join(courses)}." if courses else "No new medicines."
    seen = f"{visit.kind.name} on {visit.day}. Seen for: {about}."
    return f"{seen}\n{plan}\nSynthetic note about a person who does not exist."


def _document(scene: Scene, visit: Visit, title: tuple[str, str], said: str, make: Maker) -> Iterator[Json]:
    """The document, after the Binary that holds its content; a procedure note holds its own."""
    content, written = make(scene, visit, title, said), instant(visit.start + timedelta(minutes=25))
    attachment = content.attachment(title[1], written)
    if title == _PROCEDURE_NOTE:
        attachment["data"] = content.encoded
    else:
        binary: Json = {
            "resourceType": "Binary",
            "id": scene.chance.id("Binary"),
            "contentType": content.type,
            "securityContext": scene.patient,
            "data": content.encoded,
        }
        attachment["url"] = f"Binary/{binary['id']}"
        yield binary
    yield {
        "resourceType": "DocumentReference",
        "id": scene.chance.id("DocumentReference"),
        "meta": profiles("us-core-documentreference"),
        "identifier": [identifier(OURS + "document", "D" + scene.chance.digits("document", 9))],
        "status": "current",
        "docStatus": "final",
        "type": concept(LOINC, *title),
        "category": [_NOTE],
        "subject": scene.patient,
        "date": written,
        "author": [scene.clinician(visit)],
        "custodian": named(scene.site(visit).organization),
        "content": [{"attachment": attachment, "format": _FORMAT}],
        "context": {"encounter": [scene.encounter(visit)], "period": period(visit.start, visit.end)},
    }
