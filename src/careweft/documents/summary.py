"""A patient's summary of care as a FHIR document: https://hl7.org/fhir/R4/documents.html

A Bundle of a Composition and of the records themselves, as they are: nothing is left out without a word, and nothing is
said that the records do not say. A section without records says that none was found, which is not that there is none.
"""

import html
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from ..values import dataclass
from .sections import Section

Json = dict[str, Any]
LOINC = "http://loinc.org"
SUMMARY = {"system": LOINC, "code": "34133-9", "display": "Summary of episode note"}
TITLE = "Summary of care"
XHTML = "http://www.w3.org/1999/xhtml"
EMPTY = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
URN = "urn:ietf:rfc:3986"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A section with what was found for it; `cut` where there is more than that."""

    section: Section
    records: Sequence[Json]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """Whose document, which, when, by whom, of which care, and what it was not given to see."""

    id: str
    patient: Json
    organization: Json
    at: datetime
    start: str = ""
    end: str = ""
    withheld: tuple[str, ...] = ()


def document(made: Made, chapters: Sequence[Chapter], beside: Iterable[Json], base: str) -> Json:
    """The document Bundle; `beside` are shared records that the others refer to, `base` where all of them live."""
    composed = composition(made, chapters)
    records = [made.patient, *(one for chapter in chapters for one in chapter.records), *beside]
    known = {f"{base}/{one['resourceType']}/{one['id']}": one for one in records}
    return {
        "resourceType": "Bundle",
        "identifier": {"system": URN, "value": f"urn:uuid:{made.id}"},
        "type": "document",
        "timestamp": instant(made.at),
        "entry": [
            {"fullUrl": f"{base}/Composition/{made.id}", "resource": composed},
            *({"fullUrl": url, "resource": one} for url, one in known.items()),
        ],
    }


def composition(made: Made, chapters: Sequence[Chapter]) -> Json:
    """The Composition: https://hl7.org/fhir/R4/composition.html"""
    care = {name: text for name, text in (("start", made.start), ("end", made.end)) if text}
    told: Json = {
        "resourceType": "Composition",
        "id": made.id,
        "text": {"status": "generated", "div": div([heading(made), *withheld(made)])},
        "status": "final",
        "type": {"coding": [SUMMARY], "text": TITLE},
        "subject": {"reference": f"Patient/{made.patient['id']}"},
        "date": instant(made.at),
        "author": [made.organization],
        "title": TITLE,
        "custodian": made.organization,
    }
    if care:
        told["event"] = [{"period": care}]
    told["section"] = [section(one) for one in chapters]
    return told


def heading(made: Made) -> str:
    """What the document is, in a sentence."""
    span = f" for care from {made.start or 'the beginning'} to {made.end or 'now'}" if made.start or made.end else ""
    return paragraph(f"{TITLE}{span}, made on {made.at:%Y-%m-%d} of the records of {made.organization['display']}.")


def withheld(made: Made) -> Iterator[str]:
    """What the one who asked has no right to, by type."""
    if made.withheld:
        yield paragraph(f"Not included, for want of a right to them: {', '.join(made.withheld)}.")


def section(chapter: Chapter) -> Json:
    """One section with a table of its records for people and their references for machines."""
    row = chapter.section
    told: Json = {
        "title": row.title,
        "code": {"coding": [{"system": LOINC, "code": row.code}], "text": row.title},
    }
    if not chapter.records:
        none = {"coding": [{"system": EMPTY, "code": "unavailable", "display": "Unavailable"}]}
        text = {"status": "generated", "div": div([paragraph("No records were found.")])}
        return told | {"text": text, "emptyReason": none}
    note = [paragraph(f"The latest {len(chapter.records)}; there are more.")] if chapter.cut else []
    text = {"status": "generated", "div": div([*note, table(chapter.records)])}
    return told | {
        "text": text,
        "entry": [{"reference": f"{one['resourceType']}/{one['id']}"} for one in chapter.records],
    }


def table(records: Iterable[Json]) -> str:
    """A row for each record: when, what, how it stands."""
    rows = "".join(
        f"<tr><td>{escaped(when(one))}</td><td>{escaped(what(one))}</td><td>{escaped(standing(one))}</td></tr>"
        for one in records
    )
    return f"<table><thead><tr><th>Date</th><th>What</th><th>Status</th></tr></thead><tbody>{rows}</tbody></table>"


DATES = ("effectiveDateTime", "performedDateTime", "occurrenceDateTime", "onsetDateTime", "authoredOn", "recordedDate",
         "startDate", "created", "issued", "date")  # fmt: skip
PERIODS = ("effectivePeriod", "performedPeriod", "onsetPeriod", "period")


def when(record: Json) -> str:
    """The day that a record is about, "" where it names none.

    >>> when({"onsetDateTime": "2001-05-01T10:00:00Z"}), when({"period": {"start": "2024", "end": "2025"}}), when({})
    ('2001-05-01', '2024 to 2025', '')
    """
    for name in DATES:
        if isinstance(record.get(name), str):
            return str(record[name])[:10]
    for name in PERIODS:
        if isinstance(span := record.get(name), dict):
            found = (str(span[end])[:10] for end in ("start", "end") if end in span)
            return " to ".join(found)
    return ""


NAMES = ("code", "vaccineCode", "medicationCodeableConcept", "type", "category", "description")


def what(record: Json) -> str:
    """What a record is about, in its own words, and its value where it has one."""
    name = record.get("title") or next((said for one in NAMES if (said := words(record.get(one)))), "")
    name = name or str(part(record.get("medicationReference"), "display")) or record["resourceType"]
    parts = [name, value(record), *(f"{words(one.get('code'))} {value(one)}" for one in listed(record, "component"))]
    return ": ".join([parts[0], "; ".join(one for one in parts[1:] if one)]) if any(parts[1:]) else parts[0]


def value(record: Json) -> str:
    """An observed value as people write it."""
    quantity = record.get("valueQuantity")
    if isinstance(quantity, dict):
        return f"{part(quantity, 'comparator')}{part(quantity, 'value')} {part(quantity, 'unit')}".strip()
    said = words(record.get("valueCodeableConcept"))
    return said or "".join(
        str(record[one]) for one in ("valueString", "valueInteger", "valueDateTime") if one in record
    )


def standing(record: Json) -> str:
    """Its status, in a word."""
    names = ("clinicalStatus", "lifecycleStatus", "status")
    return next((said for one in names if (said := words(record.get(one)))), "")


def words(said: Any) -> str:
    """What a code, a concept, or the first of a list says to people.

    >>> words({"coding": [{"code": "x", "display": "Asthma"}]}), words([{"text": "Lab"}]), words("final"), words(None)
    ('Asthma', 'Lab', 'final', '')
    """
    if isinstance(said, list):
        return words(said[0]) if said else ""
    if not isinstance(said, dict):
        return said if isinstance(said, str) else ""
    coded = listed(said, "coding")
    shown, codes = [one.get("display") for one in coded], [one.get("code") for one in coded]
    return next((one for one in (said.get("text"), *shown, said.get("display"), *codes) if isinstance(one, str)), "")


def listed(value_: Json, name: str) -> list[Any]:
    """The objects in a list of this name, none where there is no such list."""
    found = value_.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def part(value_: Any, name: str) -> Any:
    """What an object has under this name, "" where that is nothing."""
    return value_.get(name, "") if isinstance(value_, dict) else ""


def div(parts: Iterable[str]) -> str:
    """A narrative."""
    return f'<div xmlns="{XHTML}">{"".join(parts)}</div>'


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escaped(text)}</p>"


def escaped(text: str) -> str:
    """Text as XHTML; what no XML can hold is left out."""
    return html.escape("".join(one for one in text if one >= " " or one in "\t\n"))


def instant(at: datetime) -> str:
    """A moment as FHIR writes it."""
    return at.isoformat(timespec="milliseconds")
