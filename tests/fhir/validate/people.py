"""Valid resources of our own, to plant faults into."""

from typing import Any

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
LOINC, UCUM, SNOMED = "http://loinc.org", "http://unitsofmeasure.org", "http://snomed.info/sct"
HL7_CODES = "http://terminology.hl7.org/CodeSystem/"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p>As told.</p></div>'


def concept(system: str, code: str, **more: Any) -> dict[str, Any]:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}], **more}


def made(type_: str, profile: str = "", **elements: Any) -> dict[str, Any]:
    """A resource with an id and a narrative, claiming a profile of US Core."""
    meta = {"meta": {"profile": [US_CORE + profile]}} if profile else {}
    return {
        "resourceType": type_,
        "id": "one",
        **meta,
        "text": {"status": "generated", "div": DIV},
        **elements,
    }


ANA = {"reference": "Patient/ana"}
GOOD: dict[str, dict[str, Any]] = {
    "patient": made(
        "Patient",
        "patient",
        extension=[
            {
                "url": US_CORE + "race",
                "extension": [
                    {
                        "url": "ombCategory",
                        "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"},
                    },
                    {"url": "text", "valueString": "White"},
                ],
            },
            {"url": US_CORE + "birthsex", "valueCode": "F"},
        ],
        identifier=[
            {"system": "https://clinic.example/mrn", "value": "77", "period": {"start": "2020", "end": "2024-02"}}
        ],
        active=True,
        name=[{"use": "official", "family": "Lovelace", "given": ["Ana", "Maria"]}],
        telecom=[{"system": "phone", "value": "555", "rank": 1}],
        gender="female",
        birthDate="1984-02-29",
        multipleBirthInteger=2,
        address=[{"line": ["1 Elm"], "city": "Ayr", "country": "US"}],
        contact=[{"name": {"text": "Byron"}}],
        communication=[{"language": concept("urn:ietf:bcp:47", "en"), "preferred": True}],
        managingOrganization={"reference": "Organization/north"},
    ),
    "pressure": made(
        "Observation",
        "blood-pressure",
        status="final",
        category=[concept(HL7_CODES + "observation-category", "vital-signs")],
        code=concept(LOINC, "85354-9"),
        subject=ANA,
        effectiveDateTime="2024-05-17T08:30:00Z",
        component=[
            {
                "code": concept(LOINC, code),
                "valueQuantity": {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"},
            }
            for code, value in (("8480-6", 120), ("8462-4", 80))
        ],
    ),
    "lab": made(
        "Observation",
        "observation-lab",
        status="final",
        category=[concept(HL7_CODES + "observation-category", "laboratory")],
        code=concept(LOINC, "2339-0"),
        subject=ANA,
        effectivePeriod={"start": "2024-05-17T08:30:00Z", "end": "2024-05-17T09:30:00Z"},
        issued="2024-05-17T10:00:00.000Z",
        valueQuantity={"value": 5, "unit": "mmol/L", "system": UCUM, "code": "mmol/L"},
        referenceRange=[{"low": {"value": 4}, "high": {"value": 6}}],
    ),
    "condition": made(
        "Condition",
        "condition-encounter-diagnosis",
        clinicalStatus=concept(HL7_CODES + "condition-clinical", "resolved"),
        verificationStatus=concept(HL7_CODES + "condition-ver-status", "confirmed"),
        category=[concept(HL7_CODES + "condition-category", "encounter-diagnosis")],
        code=concept(SNOMED, "38341003"),
        subject=ANA,
        onsetDateTime="2020-01",
        abatementDateTime="2021",
    ),
    "order": made(
        "MedicationRequest",
        "medicationrequest",
        status="active",
        intent="order",
        medicationCodeableConcept=concept("http://www.nlm.nih.gov/research/umls/rxnorm", "860975"),
        subject=ANA,
        requester={"reference": "Practitioner/9"},
        authoredOn="2024-05-17",
        dosageInstruction=[
            {
                "text": "daily",
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": {"value": 1}}],
            }
        ],
    ),
    "note": made(
        "DocumentReference",
        "documentreference",
        identifier=[{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:0"}],
        status="current",
        type=concept(LOINC, "11488-4"),
        category=[
            concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note")
        ],
        subject=ANA,
        date="2024-05-17T10:00:00Z",
        content=[{"attachment": {"contentType": "text/plain", "data": "QSBub3RlLg=="}}],
    ),
    "organization": made(
        "Organization",
        "organization",
        identifier=[{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
        active=True,
        name="North",
        telecom=[{"system": "phone", "value": "555"}],
        address=[{"line": ["1 Elm"], "city": "Ayr"}],
    ),
    "provenance": made(
        "Provenance",
        "provenance",
        target=[ANA],
        recorded="2024-05-17T10:00:00Z",
        agent=[
            {
                "type": concept(HL7_CODES + "provenance-participant-type", "author"),
                "who": {"reference": "Practitioner/9"},
                "onBehalfOf": {"reference": "Organization/north"},
            }
        ],
    ),
    "goal": made(
        "Goal",
        "goal",
        lifecycleStatus="active",
        description={"text": "walk"},
        subject=ANA,
        target=[{"measure": concept(LOINC, "41950-7"), "detailQuantity": {"value": 10}, "dueDate": "2024-06-01"}],
    ),
    "answers": made(
        "QuestionnaireResponse",
        status="completed",
        item=[{"linkId": "1", "answer": [{"valueString": "yes", "item": [{"linkId": "1.1", "text": "and"}]}]}],
    ),
    "kept": made(
        "MedicationRequest",
        status="active",
        intent="plan",
        medicationReference={"reference": "#m"},
        subject=ANA,
        contained=[{"resourceType": "Medication", "id": "m", "code": {"text": "an old pill"}}],
    ),
    "bundle": {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": "ana", "active": True}},
            {
                "fullUrl": "urn:uuid:2",
                "resource": {
                    "resourceType": "Observation",
                    "id": "o",
                    "status": "final",
                    "code": {"text": "pulse"},
                    "subject": {"reference": "urn:uuid:1"},
                },
            },
        ],
    },
    "appointment": made(
        "Appointment",
        status="booked",
        start="2024-05-17T10:00:00Z",
        end="2024-05-17T10:30:00Z",
        participant=[{"actor": ANA, "status": "accepted"}],
    ),
}
