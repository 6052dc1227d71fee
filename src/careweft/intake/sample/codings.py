"""The data types that every sample resource is written with (https://hl7.org/fhir/R4/datatypes.html)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

Json = dict[str, Any]

SCT = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
CVX = "http://hl7.org/fhir/sid/cvx"
NDC = "http://hl7.org/fhir/sid/ndc"
NPI = "http://hl7.org/fhir/sid/us-npi"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
UCUM = "http://unitsofmeasure.org"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
ABSENT_EXTENSION = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
TERMS = "http://terminology.hl7.org/CodeSystem/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
US_CORE_TERMS = "http://hl7.org/fhir/us/core/CodeSystem/"
CARIN = "http://hl7.org/fhir/us/carin-bb/StructureDefinition/"
CARIN_TERMS = "http://hl7.org/fhir/us/carin-bb/CodeSystem/"

OURS = "https://sample.example.org/"
ZONE = "-06:00"


def coding(system: str, code: str, display: str = "") -> Json:
    """A Coding; no display when the code system's owner keeps its wording to itself."""
    return {"system": system, "code": code, "display": display} if display else {"system": system, "code": code}


def concept(system: str, code: str, display: str = "", text: str = "") -> Json:
    """A CodeableConcept with one coding.

    >>> concept(LOINC, "8867-4", "Heart rate")["text"]
    'Heart rate'
    """
    return both((coding(system, code, display),), text or display)


def both(codings: tuple[Json, ...], text: str = "") -> Json:
    """A CodeableConcept that says the same thing in several code systems."""
    return {"coding": list(codings), "text": text} if text else {"coding": list(codings)}


def term(name: str, code: str, display: str = "") -> Json:
    """A CodeableConcept from one of the code systems at terminology.hl7.org."""
    return concept(TERMS + name, code, display)


def carin(name: str, code: str) -> Json:
    """A CodeableConcept from one of the CARIN Blue Button code systems."""
    return {"coding": [coding(CARIN_TERMS + name, code)]}


def quantity(value: Decimal | int, unit: str, code: str) -> Json:
    """A Quantity in UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def money(value: Decimal) -> Json:
    """Money in the only currency of the sample."""
    return {"value": value, "currency": "USD"}


def ref(resource: Json) -> Json:
    """A literal, relative reference to a resource of the set."""
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def identifier(system: str, value: str, type_code: str = "", type_system: str = TERMS + "v2-0203") -> Json:
    """An Identifier, typed when a type code is given."""
    plain = {"system": system, "value": value}
    return {"type": {"coding": [coding(type_system, type_code)]}} | plain if type_code else plain


def instant(moment: datetime) -> str:
    """The moment as a FHIR dateTime with the sample towns' offset.

    >>> instant(datetime(2024, 5, 17, 9, 30))
    '2024-05-17T09:30:00-06:00'
    """
    return moment.isoformat(timespec="seconds") + ZONE


def period(start: date, end: date | None = None) -> Json:
    """A Period; moments keep their time of day, an open end is left out."""
    return {"start": _written(start)} | ({"end": _written(end)} if end else {})


def _written(day: date) -> str:
    return instant(day) if isinstance(day, datetime) else day.isoformat()


def profiles(*names: str) -> Json:
    """A meta that claims profiles; CARIN's invariants want the version said."""
    return {"profile": [CARIN + n + "|2.0.0" if n.startswith("C4BB") else US_CORE + n for n in names]}


def narrative(text: str) -> Json:
    """A one-paragraph narrative."""
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{text}</p></div>'}
