"""What a search means, row by row: https://hl7.org/fhir/R4/search.html and docs/adr/0101-search-meaning.md"""

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest

from careweft.fhir.definitions import SEARCH
from careweft.fhir.search.context import Context
from careweft.fhir.search.evaluate import holds
from careweft.fhir.search.parse import Offers, parse

BASE = "https://fhir.example/provider/v2/t"
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def finds(resource, url, zone=UTC):
    """Whether this query string finds this resource."""
    type_ = resource["resourceType"]
    query = parse(type_, Offers(SEARCH[type_]), parse_qsl(url, keep_blank_values=True), Context(NOW, zone, BASE)).query
    return holds(resource, query.where, zone)


def observation(**elements):
    return {"resourceType": "Observation", "id": "Pulse-1", "meta": {"lastUpdated": "2024-05-18T10:00:00Z"}, **elements}


PULSE = observation(
    status="final",
    category=[{"coding": [{"system": "http://cat.example", "code": "vital-signs", "display": "Vital Signs"}]}],
    code={
        "coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}],
        "text": "Pulse, at rest",
    },
    subject={"reference": "Patient/ana"},
    effectiveDateTime="2024-05-17T10:00:00+02:00",
    valueQuantity={"value": Decimal("72.5"), "unit": "beats", "system": "http://unitsofmeasure.org", "code": "/min"},
)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("code=http://loinc.org|8867-4", True),
        ("code=8867-4", True),
        ("code=http://loinc.org|", True),
        ("code=|8867-4", False),
        ("code=http://snomed.info/sct|8867-4", False),
        ("code=HTTP://LOINC.ORG|8867-4", False),
        ("code=8867", False),
        ("code=1234-5,8867-4", True),
        ("code:not=8867-4", False),
        ("code:not=1234-5", True),
        ("code:not=1234-5,8867-4", False),
        ("code:text=heart", True),
        ("code:text=rate", False),
        ("code:text=PULSE", True),
        ("code:text=pulse\\, at", True),
        ("code:text=pulse, at", True),
        ("code:missing=false", True),
        ("code:missing=true", False),
        ("method:missing=true", True),
        ("method:not=x", True),
        ("method=x", False),
        ("category=VITAL-signs", True),
        ("status=final", True),
        ("status=FINAL", True),
        ("status=http://hl7.org/fhir/observation-status|final", True),
        ("status=|final", False),
        ("status=http://elsewhere.example|final", False),
        ("_id=Pulse-1", True),
        ("_id=pulse-1", False),
        ("_id=x,Pulse-1", True),
        ("_id:not=Pulse-1", False),
        ("_lastUpdated=2024-05-18", True),
        ("_lastUpdated=gt2024-05-18", False),
        ("status=final&code=8867-4", True),
        ("status=final&code=1", False),
    ],
)
def test_token(url, found):
    """A token parameter, and whether it finds Ana's pulse."""
    assert finds(PULSE, url) is found


@pytest.mark.parametrize(
    ("patient", "url", "found"),
    [
        ({"identifier": [{"system": "urn:mrn", "value": "AB1"}]}, "identifier=urn:mrn|ab1", True),
        ({"identifier": [{"system": "urn:mrn", "value": "AB1"}]}, "identifier=|AB1", False),
        ({"identifier": [{"value": "AB1"}]}, "identifier=|AB1", True),
        ({"identifier": [{"value": "a|b"}]}, "identifier=a\\|b", True),
        ({"identifier": [{"value": "a,b"}]}, "identifier=a\\,b", True),
        ({"identifier": [{"value": "a\\b"}]}, "identifier=a\\\\b", True),
        ({"identifier": [{"value": "1", "type": {"text": "Medical record"}}]}, "identifier:text=medical", True),
        ({"active": True}, "active=true", True),
        ({"active": False}, "active=true", False),
        ({"telecom": [{"system": "email", "value": "Ana@x.example"}]}, "email=ana@x.example", True),
        ({"telecom": [{"system": "email", "value": "Ana@x.example"}]}, "phone:missing=true", True),
        ({"telecom": [{"system": "phone", "value": "555"}]}, "telecom=555", True),
        ({"deceasedBoolean": False}, "deceased=true", False),
        ({"deceasedBoolean": True}, "deceased=true", True),
        ({"deceasedDateTime": "2020"}, "deceased=true", True),
        ({"deceasedDateTime": "2020"}, "death-date=2020", True),
        ({"gender": "female"}, "gender=http://hl7.org/fhir/administrative-gender|female", True),
    ],
)
def test_identifiers_and_flags(patient, url, found):
    """Part of a Patient, a query string, and whether it finds her."""
    assert finds({"resourceType": "Patient", "id": "1", **patient}, url) is found


ANA = {
    "resourceType": "Patient",
    "id": "ana",
    "name": [{"family": "Ordóñez  Pérez", "given": ["Ana", "Lucía"], "prefix": ["Dra."]}, {"text": "Strauß"}],
    "address": [{"line": ["1 Main St, Apt 4"], "city": "Köln", "postalCode": "50667"}],
}


RELAPSE = {
    "resourceType": "Condition",
    "clinicalStatus": {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "relapse"}]
    },
    "identifier": [
        {
            "type": {"coding": [{"system": "urn:types", "code": "MR"}, {"system": "urn:types", "code": "old|MR"}]},
            "system": "urn:mrn",
            "value": "12345",
        },
        {"type": {"coding": [{"system": "urn:types", "code": "SS"}]}, "value": "777"},
    ],
}


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("clinical-status:below=http://terminology.hl7.org/CodeSystem/condition-clinical|active", True),
        ("clinical-status:below=http://terminology.hl7.org/CodeSystem/condition-clinical|relapse", True),
        ("clinical-status:below=active", True),
        ("clinical-status:below=http://terminology.hl7.org/CodeSystem/condition-clinical|inactive", False),
        ("clinical-status:above=http://terminology.hl7.org/CodeSystem/condition-clinical|active", False),
        ("clinical-status:above=http://terminology.hl7.org/CodeSystem/condition-clinical|relapse", True),
        ("clinical-status:in=http://hl7.org/fhir/ValueSet/condition-clinical", True),
        ("clinical-status:in=http://hl7.org/fhir/ValueSet/condition-clinical|4.0.1", True),
        ("clinical-status:in=http://hl7.org/fhir/ValueSet/observation-status", False),
        ("clinical-status:not-in=http://hl7.org/fhir/ValueSet/condition-clinical", False),
        ("verification-status:not-in=http://hl7.org/fhir/ValueSet/condition-ver-status", True),
        ("identifier:of-type=urn:types|MR|12345", True),
        ("identifier:of-type=urn:types|mr|12345", True),
        (r"identifier:of-type=urn:types|old\|MR|12345", True),
        ("identifier:of-type=urn:types|SS|12345", False),
        ("identifier:of-type=urn:types|SS|777", True),
        ("identifier:of-type=urn:other|SS|777", False),
        ("identifier:of-type=urn:types|MR|1,urn:types|MR|12345", True),
    ],
)
def test_codes_by_hierarchy_value_set_and_type(url, found):
    """A token parameter with one of its further modifiers, and whether it finds the relapse."""
    assert finds(RELAPSE, url) is found


@pytest.mark.parametrize(
    ("held", "asked", "found"),
    [
        ("http://a.example/fhir/x", ":below=http://a.example/fhir", True),
        ("http://a.example/fhir/x", ":below=http://a.example/fhir/", True),
        ("http://a.example/fhir/x", ":below=http://a.example", True),
        ("http://a.example/fhir/x", ":below=http://a.example/fhir/x", True),
        ("http://a.example/fhir/x/", ":below=http://a.example/fhir/x", True),
        ("http://a.example/fhirx", ":below=http://a.example/fhir", False),
        ("http://a.example/fhir", ":below=http://a.example/fhir/x", False),
        ("http://a.example/fhir", ":above=http://a.example/fhir/x/y", True),
        ("http://a.example/fhir/", ":above=http://a.example/fhir/x/y", True),
        ("http://a.example", ":above=http://a.example/fhir/x/y", True),
        ("http://a.example/fhir/x", ":above=http://a.example/fhir", False),
        ("http://a.example/fhi", ":above=http://a.example/fhir", False),
    ],
)
def test_urls_by_their_path(held, asked, found):
    """The URL of a Device, a modifier with a URL, and whether one lies under the other."""
    assert finds({"resourceType": "Device", "url": held}, f"url{asked}") is found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("family=ordonez", True),
        ("family=ORDÓÑEZ", True),
        ("family=ordonez perez", True),
        ("family=perez", False),
        ("family:contains=PEREZ", True),
        ("family:exact=ordonez", False),
        ("family:exact=Ordóñez  Pérez", True),
        ("given=luc", True),
        ("name=lucia", True),
        ("name=dra", True),
        ("name=ord", True),
        ("name=strauss", True),
        ("family=strauss", False),
        ("name=x,ana", True),
        ("name=ana&name=lucia", True),
        ("name=ana&name=eva", False),
        ("name=%", False),
        ("name=_na", False),
        ("address-city=koln", True),
        ("address-city=koeln", False),
        ("address=1 main st\\, apt", True),
        ("address=50667", True),
        ("address-postalcode=506", True),
        ("phonetic:missing=false", True),
    ],
)
def test_string(url, found):
    """A string parameter, and whether it finds Ana."""
    assert finds(ANA, url) is found


@pytest.mark.parametrize(
    ("subject", "url", "found"),
    [
        ({"reference": "Patient/ana"}, "patient=Patient/ana", True),
        ({"reference": "Patient/ana"}, "patient=ana", True),
        ({"reference": "Patient/ana"}, "patient=Ana", False),
        ({"reference": "Patient/ana"}, "subject=ana", True),
        ({"reference": "Patient/ana"}, "subject=Group/ana", False),
        ({"reference": "Patient/ana"}, "subject:Patient=ana", True),
        ({"reference": "Patient/ana"}, "subject:Group=ana", False),
        ({"reference": "Patient/ana"}, "subject:Patient=Patient/ana", True),
        ({"reference": "Patient/ana"}, f"patient={BASE}/Patient/ana", True),
        ({"reference": "Patient/ana"}, "patient=https://other.example/Patient/ana", False),
        ({"reference": "Patient/ana/_history/4"}, "patient=ana", True),
        ({"reference": "Patient/ana"}, "patient=Patient/ana/_history/9", True),
        ({"reference": "https://other.example/Patient/ana"}, "patient=https://other.example/Patient/ana", True),
        ({"reference": "https://other.example/Patient/ana"}, "patient=ana", False),
        ({"reference": "Group/ana"}, "patient=ana", False),
        ({"reference": "Group/ana"}, "patient:missing=true", True),
        ({"reference": "Group/ana"}, "subject=ana", True),
        ({"reference": "#ana"}, "subject:missing=true", True),
        ({"identifier": {"system": "urn:mrn", "value": "7"}}, "subject:identifier=urn:mrn|7", True),
        ({"identifier": {"system": "urn:mrn", "value": "7"}}, "subject:identifier=urn:mrn|", True),
        ({"identifier": {"system": "urn:mrn", "value": "7"}}, "subject:identifier=|7", False),
        ({"identifier": {"system": "urn:mrn", "value": "7"}}, "subject:identifier=8", False),
        ({"identifier": {"system": "urn:mrn", "value": "7"}}, "subject=7", False),
        ({"identifier": {"value": "7"}, "type": "Patient"}, "patient:identifier=7", True),
    ],
)
def test_reference(subject, url, found):
    """The subject of an Observation, a query string, and whether it finds it."""
    assert finds(observation(subject=subject), url) is found


NIGHT = {"effectivePeriod": {"start": "2024-05-17T22:00:00Z", "end": "2024-05-18T06:00:00Z"}}
SINCE = {"effectivePeriod": {"start": "2024-05-17"}}
UNTIL = {"effectivePeriod": {"end": "2024-05-17"}}
DAY = {"effectiveDateTime": "2024-05-17"}
INSTANT = {"effectiveInstant": "2024-05-17T10:00:00.250Z"}
PLANNED = {"effectiveTiming": {"event": ["2024-05-01", "2024-05-17"]}}
BOUND = {"effectiveTiming": {"repeat": {"boundsPeriod": {"start": "2024-05-01", "end": "2024-05-31"}}}}


@pytest.mark.parametrize(
    ("effective", "date", "found"),
    [
        (DAY, "2024-05-17", True),
        (DAY, "2024-05", True),
        (DAY, "2024", True),
        (DAY, "2024-05-17T10:00:00Z", False),
        (DAY, "2024-05-16", False),
        (DAY, "ne2024-05-16", True),
        (DAY, "ne2024-05", False),
        (DAY, "gt2024-05-16", True),
        (DAY, "gt2024-05-17", False),
        (DAY, "gt2024-05-17T12:00Z", True),
        (DAY, "lt2024-05-18", True),
        (DAY, "lt2024-05-17", False),
        (DAY, "lt2024-05-17T12:00Z", True),
        (DAY, "ge2024-05-17", True),
        (DAY, "ge2024-05-18", False),
        (DAY, "le2024-05-17", True),
        (DAY, "le2024-05-16", False),
        (DAY, "sa2024-05-16", True),
        (DAY, "sa2024-05-17", False),
        (DAY, "eb2024-05-18", True),
        (DAY, "eb2024-05-17", False),
        (DAY, "ap2024-05-18", True),  # a tenth of the distance to 1 June is more than a day
        (DAY, "ap2024-05-20", False),
        (DAY, "ap2024-05", True),
        (NIGHT, "2024-05-17", False),
        (NIGHT, "2024-05", True),
        (NIGHT, "ge2024-05-17", True),
        (NIGHT, "ge2024-05-18", False),  # no part of it lies after the 18th, and it does not lie within it
        (NIGHT, "le2024-05-18", True),
        (NIGHT, "le2024-05-17", False),
        (NIGHT, "sa2024-05-17", False),
        (NIGHT, "eb2024-05-18", False),
        (NIGHT, "ap2024-05-18", True),
        (SINCE, "gt2030", True),
        (SINCE, "2024-05-17", False),
        (SINCE, "lt2024-05-17", False),
        (SINCE, "le2024-05-17", False),
        (SINCE, "sa2024-05-16", True),
        (UNTIL, "lt1900", True),
        (UNTIL, "gt2024-05-17", False),
        (UNTIL, "eb2024-05-18", True),
        (INSTANT, "2024-05-17T10:00:00Z", True),
        (INSTANT, "2024-05-17T12:00:00 02:00", True),
        (INSTANT, "2024-05-17T10:00:00.2Z", True),
        (INSTANT, "2024-05-17T10:00:00.25Z", True),
        (INSTANT, "2024-05-17T10:00:00.251Z", False),
        (INSTANT, "2024-05-17T10:00Z", True),
        (PLANNED, "2024-05", True),
        (PLANNED, "2024-05-01", False),
        (PLANNED, "ap2024-05-10", True),
        (BOUND, "2024-05", True),
        (BOUND, "sa2024-04-30", True),
        ({"effectivePeriod": {}}, "gt1900", False),
        ({"effectivePeriod": {"start": "2025", "end": "2024"}}, "gt1900", False),
        ({"effectiveDateTime": "yesterday"}, "gt1900", False),
        ({}, "ne2024", False),
    ],
)
def test_date(effective, date, found):
    """When something was observed, a value of `date`, and whether it finds it."""
    assert finds(observation(**effective), f"date={date}".replace("+", "%2B")) is found


@pytest.mark.parametrize(
    ("held", "date", "found"),
    [
        ("2024-05-17", "2024-05-17T04:00:00Z", False),
        ("2024-05-17", "ge2024-05-17T04:00:00Z", True),
        ("2024-05-17", "lt2024-05-17T04:00:00Z", False),
        ("2024-05-17", "lt2024-05-17T04:00:01Z", True),
        ("2024-05-18T03:59:59Z", "2024-05-17", True),
        ("2024-05-17T03:59:59Z", "2024-05-17", False),
        ("2024-05-17T08:00:00", "2024-05-17T12:00:00Z", True),
        ("2024-03-11T03:59:59Z", "2024-03-10", True),  # a day of 23 hours
        ("2024-11-04T04:59:59Z", "2024-11-03", True),  # a day of 25 hours
        ("2024-11-04T05:00:00Z", "2024-11-03", False),
        ("2024-06-01T03:59:59Z", "2024-05", True),
        ("2024-06-01T04:00:00Z", "2024-05", False),
        ("2025-01-01T04:59:59Z", "2024", True),
        ("2025-01-01T04:59:59Z", "gt2024", False),
        ("2024-05-17", "2024-05-17T00:00:00-04:00", False),  # a day is no moment
        ("2024-05-17", "ge2024-05-17T00:00:00-04:00", True),
        ("2024-05-17", "eb2024-05-18T04:00:00Z", True),
        ("2024-05-17", "eb2024-05-18T03:59:59Z", False),
        ("2024-05-17", "sa2024-05-17T03:59:59Z", True),
        ("2024-05-17T20:00:00-07:00", "2024-05-17", True),  # 23:00 in New York
        ("2024-05-17T21:00:00-07:00", "2024-05-17", False),  # midnight there
        ("2024-11-03T01:30:00", "2024-11-03T05:30:00Z", True),  # an hour that comes twice is the first of both
    ],
)
def test_the_tenants_zone(held, date, found):
    """Without offset, days and times are those of the tenant's zone: here New York's."""
    assert finds(observation(effectiveDateTime=held), f"date={date}", ZoneInfo("America/New_York")) is found


ONE_DAY = {"start": "2024-05-17", "end": "2024-05-17"}


@pytest.mark.parametrize(
    ("zone", "date", "found"),
    [
        ("America/New_York", "2024-05-17", True),
        ("America/New_York", "ge2024-05-17T04:00:00Z", True),
        ("America/New_York", "sa2024-05-17T04:00:00Z", False),
        ("Asia/Kolkata", "2024-05-17", True),
        ("Asia/Kolkata", "sa2024-05-16T18:29:59Z", True),
        ("Asia/Kolkata", "sa2024-05-16T18:30:00Z", False),
        ("Asia/Kolkata", "eb2024-05-17T18:30:00Z", True),
        ("Pacific/Kiritimati", "eb2024-05-17T10:00:00Z", True),
        ("Pacific/Kiritimati", "eb2024-05-17T09:59:59Z", False),
    ],
)
def test_a_period_of_whole_days_is_the_zones(zone, date, found):
    """Both ends of a Period, and a date inside a composite, are read where the tenant is."""
    here = ZoneInfo(zone)

    assert finds(observation(effectivePeriod=ONE_DAY), f"date={date}", here) is found
    due = observation(code={"coding": [{"code": "due"}]}, valuePeriod=ONE_DAY)
    assert finds(due, f"code-value-date=due${date}", here) is found


def heavy(value, **more):
    unit = {"unit": "gram", "system": "http://unitsofmeasure.org", "code": "g"}
    return {"valueQuantity": {"value": Decimal(value), **unit, **more}}


@pytest.mark.parametrize(
    ("value", "asked", "found"),
    [
        (heavy("5.4"), "5.4", True),
        (heavy("5.44"), "5.4", True),
        (heavy("5.45"), "5.4", False),
        (heavy("5.35"), "5.4", True),
        (heavy("5.44"), "5.40", False),
        (heavy("95"), "1e2", True),
        (heavy("105"), "1e2", False),
        (heavy("5.44"), "ne5.4", False),
        (heavy("5.45"), "ne5.4", True),
        (heavy("5.41"), "gt5.4", True),
        (heavy("5.4"), "gt5.4", False),
        (heavy("5.4"), "ge5.4", True),
        (heavy("5.39"), "ge5.4", False),
        (heavy("5.39"), "lt5.4", True),
        (heavy("5.4"), "le5.4", True),
        (heavy("5.41"), "sa5.4", True),
        (heavy("5.39"), "eb5.4", True),
        (heavy("90"), "ap100", True),
        (heavy("89"), "ap100", False),
        (heavy("-110"), "ap-100", True),
        (heavy("0.4"), "ap0", True),
        (heavy("5", comparator="<"), "lt1", True),
        (heavy("5", comparator="<"), "gt5", False),
        (heavy("5", comparator="<"), "5", False),
        (heavy("5", comparator=">="), "gt100", True),
        (heavy("5", comparator=">="), "sa4", True),
        (heavy("5.4"), "5.4|http://unitsofmeasure.org|g", True),
        (heavy("5.4"), "5.4|http://unitsofmeasure.org|G", False),
        (heavy("5.4"), "5.4|http://unitsofmeasure.org|gram", False),
        (heavy("5.4"), "5.4|http://unitsofmeasure.org|", True),
        (heavy("5.4"), "5.4|urn:else|g", False),
        (heavy("5.4"), "5.4||g", True),
        (heavy("5.4"), "5.4||gram", True),
        (heavy("5.4"), "5.4||mg", False),
        (heavy("5.4"), "gt5||g", True),
        ({"valueQuantity": {"value": 5, "unit": "mg"}}, "5||mg", True),
        ({"valueQuantity": {"value": 5.5, "unit": "mg"}}, "5.5||mg", True),
        ({"valueQuantity": {"code": "mg"}}, "ne5", False),
        ({"valueSampledData": {"origin": {"value": 1, "code": "g"}, "factor": 2, "data": "1 E 3 U"}}, "ap5||g", True),
        ({"valueSampledData": {"origin": {"value": 1, "code": "g"}, "factor": 2, "data": "1 E 3 U"}}, "gt7||g", False),
        ({"component": [{"valueQuantity": {"value": 5}}]}, "5", False),
    ],
)
def test_quantity(value, asked, found):
    """What was measured, a value of `value-quantity`, and whether it finds it."""
    assert finds(observation(**value), f"value-quantity={asked}") is found


@pytest.mark.parametrize(
    ("prediction", "asked", "found"),
    [
        ({"probabilityDecimal": Decimal("0.8")}, "0.8", True),
        ({"probabilityDecimal": Decimal("0.8")}, "gt0.5", True),
        ({"probabilityRange": {"low": {"value": Decimal("0.2")}, "high": {"value": Decimal("0.4")}}}, "ap0.3", True),
        ({"probabilityRange": {"low": {"value": Decimal("0.2")}, "high": {"value": Decimal("0.4")}}}, "0.3", False),
        ({"probabilityRange": {"low": {"value": Decimal("0.2")}}}, "gt1", True),
        ({"probabilityDecimal": True}, "ne5", False),
    ],
)
def test_number(prediction, asked, found):
    """A predicted probability, a value of `probability`, and whether it finds it."""
    assert finds({"resourceType": "RiskAssessment", "prediction": [prediction]}, f"probability={asked}") is found


@pytest.mark.parametrize(
    ("profile", "asked", "found"),
    [
        ("http://p.example/a", "http://p.example/a", True),
        ("http://p.example/a", "http://p.example/A", False),
        ("http://p.example/a", "http://p.example", False),
        ("http://p.example/a|1.0", "http://p.example/a", True),
        ("http://p.example/a|1.0", "http://p.example/a|1.0", True),
        ("http://p.example/a|1.0", "http://p.example/a|2.0", False),
        ("http://p.example/a", "http://p.example/a|1.0", False),
    ],
)
def test_uri(profile, asked, found):
    """A profile that a resource names, a value of `_profile`, and whether it finds it."""
    assert finds({**observation(), "meta": {"profile": [profile]}}, f"_profile={asked}") is found


PRESSURE = observation(
    code={"coding": [{"system": "http://loinc.org", "code": "85354-9"}, {"system": "urn:own", "code": "bp"}]},
    component=[
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": Decimal(value), "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
        }
        for code, value in (("8480-6", "142"), ("8462-4", "88"))
    ],
)
SMOKER = {"valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "8517006"}]}}


@pytest.mark.parametrize(
    ("resource", "url", "found"),
    [
        (PRESSURE, "component-code-value-quantity=8480-6$gt140", True),
        (PRESSURE, "component-code-value-quantity=http://loinc.org|8480-6$142", True),
        (PRESSURE, "component-code-value-quantity=http://loinc.org|$142", True),
        (PRESSURE, "component-code-value-quantity=urn:own|8480-6$142", False),
        (PRESSURE, "component-code-value-quantity=|8480-6$142", False),
        (PRESSURE, "component-code-value-quantity=8462-4$gt140", False),  # another component is as high
        (PRESSURE, "component-code-value-quantity=8462-4$gt140,8462-4$lt90", True),
        (PRESSURE, "component-code-value-quantity=8480-6$142|http://unitsofmeasure.org|mm[Hg]", True),
        (PRESSURE, "component-code-value-quantity=8480-6$142||kPa", False),
        (PRESSURE, "component-code-value-quantity=85354-9$gt140", False),
        (PRESSURE, "combo-code-value-quantity=8480-6$ap140", True),
        (PRESSURE, "combo-code-value-quantity=85354-9$gt1", False),
        (PRESSURE, "combo-code-value-quantity:missing=false", True),
        (PRESSURE, "code-value-quantity:missing=true", True),
        (PRESSURE, "code-value-quantity=8480-6$gt140", False),
        (PULSE, "code-value-quantity=8867-4$72.5", True),
        (PULSE, "code-value-quantity=8867-4$ge72||beats", True),
        (PULSE, "combo-code-value-quantity=8867-4$lt73", True),
        (PULSE, "component-code-value-quantity=8867-4$lt73", False),
        (observation(**SMOKER), "code-value-concept:missing=true", True),
        (PULSE | SMOKER, "code-value-concept=8867-4$8517006", True),
        (PULSE | SMOKER, "code-value-concept=http://loinc.org|8867-4$http://snomed.info/sct|8517006", True),
        (PULSE | SMOKER, "code-value-concept=8867-4$http://loinc.org|8517006", False),
        (PULSE | SMOKER, "code-value-concept=1$8517006,8867-4$8517006", True),
        (PULSE | SMOKER, "combo-code-value-concept=8867-4$http://snomed.info/sct|", True),
        (PULSE | {"valueDateTime": "2024-02-29"}, "code-value-date=8867-4$2024-02", True),
        (PULSE | {"valueDateTime": "2024-02-29"}, "code-value-date=8867-4$gt2024-03", False),
        (PULSE | {"valuePeriod": {"start": "2024"}}, "code-value-date=8867-4$gt2030", True),
        (PULSE | {"valueDateTime": "2024-02-29"}, "code-value-date=1$2024-02", False),
        (PULSE | {"valueString": "Costs $5, or so"}, "code-value-string=8867-4$costs", True),
        (PULSE | {"valueString": "Costs $5, or so"}, r"code-value-string=8867-4$costs \$5\, or", True),
        (PULSE | {"valueString": "Costs $5, or so"}, "code-value-string=8867-4$so", False),
        (PULSE | {"code": {"coding": [{"code": "a$b"}]}}, r"code-value-quantity=a\$b$72.5", True),
        (PULSE | {"code": {"text": "Pulse"}}, "code-value-quantity:missing=true", True),
        (
            {"resourceType": "DocumentReference", "relatesTo": [
                {"code": "replaces", "target": {"reference": "DocumentReference/1"}},
                {"code": "appends", "target": {"reference": "DocumentReference/2"}}]},
            "relationship=DocumentReference/1$replaces", True,
        ),
        (
            {"resourceType": "DocumentReference", "relatesTo": [
                {"code": "replaces", "target": {"reference": "DocumentReference/1"}},
                {"code": "appends", "target": {"reference": "DocumentReference/2"}}]},
            "relationship=2$replaces", False,
        ),
        (
            {"resourceType": "Group", "characteristic": [
                {"code": {"coding": [{"code": "gender"}]}, "valueCodeableConcept": {"coding": [{"code": "mixed"}]}},
                {"code": {"coding": [{"code": "owner"}]}, "valueBoolean": True}]},
            "characteristic-value=owner$true", True,
        ),
    ],
)  # fmt: skip
def test_composite(resource, url, found):
    """A resource, a query string, and whether both parts lie in one of its elements."""
    assert finds(resource, url) is found


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        ({"resourceType": "ExplanationOfBenefit", "item": [{"servicedDate": "2020-01-02"}]}, "service-date=2020-01"),
        ({"resourceType": "ExplanationOfBenefit", "billablePeriod": {"start": "2020"}}, "service-start-date=2020"),
        ({"resourceType": "Condition", "onsetAge": {"value": 52, "code": "a"}}, "onset-age=gt50"),
        ({"resourceType": "Condition", "onsetDateTime": "2019"}, "onset-age:missing=true"),
        ({"resourceType": "Condition", "onsetDateTime": "2019"}, "onset-date=2019"),
        ({"resourceType": "MedicationRequest", "medicationCodeableConcept": {"coding": [{"code": "1"}]}}, "code=1"),
        ({"resourceType": "MedicationRequest", "medicationReference": {"reference": "Medication/1"}}, "medication=1"),
        ({"resourceType": "MedicationRequest", "dosageInstruction": [{"timing": {"event": ["2024"]}}]}, "date=2024"),
        ({"resourceType": "Goal", "target": [{"dueDate": "2024-05"}, {"dueDate": "2025"}]}, "target-date=2025"),
        ({"resourceType": "Observation", "valueCodeableConcept": {"text": "Positive"}}, "value-string=pos"),
        ({"resourceType": "Provenance", "target": [{"reference": "Observation/1"}]}, "target=Observation/1"),
        (
            {
                "resourceType": "Patient",
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
                        "extension": [{"url": "ombCategory", "valueCoding": {"code": "2106-3"}}],
                    }
                ],
            },
            "race=2106-3",
        ),
    ],
)
def test_expressions_of_every_shape(resource, url):
    """Each row finds: choices, extensions, unions, nested and repeated elements."""
    assert finds(resource, url)
