"""Expressions of search parameters find what FHIRPath says that they find."""

import re
import warnings

import pytest

from careweft.fhir.definitions import RESOURCES, SEARCH
from careweft.fhir.expressions import UnreadableError, read
from careweft.fhir.paths import leads_to, values
from careweft.fhir.search.kinds import KINDS
from tests.fhir.records import resources_of

ANA = {
    "resourceType": "Patient",
    "name": [{"given": ["Ana", None, "Lucía"]}, {"family": "Ruiz"}],
    "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "2"}, "odd"],
    "deceasedDateTime": "2020",
    "generalPractitioner": [
        {"reference": "Practitioner/1"},
        {"reference": "https://x.example/Organization/2/_history/1"},
    ],
    "extension": [{"url": "http://a.example", "valueCode": "x"}, {"url": "http://b.example", "valueBoolean": True}],
    "contained": [{"resourceType": "Organization", "name": "Inside"}],
    "birthDate": ["not", "one"],
    "gender": "female",
}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("Patient.name.given", ["Ana", None, "Lucía"]),
        ("Patient.name.family | Patient.gender", ["Ruiz", "female"]),
        ("Observation.status", []),
        ("Resource.gender", ["female"]),
        ("DomainResource.gender", ["female"]),
        ("Patient.nonsense", []),
        ("Patient.gender.nonsense", []),
        ("Patient.birthDate", []),
        ("Patient.telecom.where(system = 'email').value", ["2"]),
        ("Patient.telecom.where(system='fax').value", []),
        ("Patient.telecom.where(system='email' or system='phone').value", ["1", "2"]),
        ("Patient.telecom.where(system='email' and value='1')", []),
        ("Patient.telecom.where(system != 'email').value", ["1"]),
        ("Patient.deceased", ["2020"]),
        ("Patient.deceased as dateTime", ["2020"]),
        ("(Patient.deceased as boolean)", []),
        ("Patient.deceased.ofType(dateTime)", ["2020"]),
        ("Patient.deceased.exists() and Patient.deceased != false", [True]),
        ("Patient.multipleBirth.exists()", [False]),
        ("Patient.telecom.exists(system = 'fax')", [False]),
        ("Patient.generalPractitioner.where(resolve() is Practitioner).reference", ["Practitioner/1"]),
        ("Patient.generalPractitioner.where(resolve() is Organization).exists()", [True]),
        ("Patient.extension('http://a.example').value", ["x"]),
        ("Patient.extension.where(url = 'http://b.example').value as boolean", [True]),
        ("Patient.extension('http://b.example').value as code", []),
        ("Patient.contained.name", ["Inside"]),
        ("Patient.name[1].family", ["Ruiz"]),
        ("Patient.name.first().given", ["Ana", None, "Lucía"]),
        ("(Patient.name.given | Patient.name.family)[0]", ["Ana"]),
    ],
)
def test_what_is_found(expression, found):
    """An expression, and the values that it finds in Ana's record."""
    assert [node.value for node in values(ANA, expression)] == found


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "Patient.",
        "Patient.name[",
        "Patient.name[x]",
        "Patient name",
        "Patient.repeat(name)",
        "(Patient.name",
        "'open",
        "a" * 5000,
        "Patient.name.where()",
        "Patient..name",
        "Patient.name as",
        "Patient.name;",
        "Patient | ",
    ],
)
def test_what_is_not_understood_is_refused(expression):
    """Anything beyond the part of FHIRPath that is spoken here."""
    with pytest.raises(UnreadableError):
        read(expression)


def test_every_expression_is_understood():
    """Those of base R4 and of the guides."""
    for type_ in RESOURCES:
        for param in SEARCH[type_].values():
            if param.kind in KINDS:
                read(param.expression)


@pytest.mark.parametrize(
    ("reference", "type_"),
    [
        ({"reference": "Patient/1"}, "Patient"),
        ({"reference": "https://x.example/fhir/Patient/1/_history/2"}, "Patient"),
        ({"reference": "#p", "type": "Patient"}, ""),
        ({"type": "Patient"}, "Patient"),
        ({"reference": 7}, ""),
        ("Patient/1", ""),
    ],
)
def test_references_lead_to_the_type_that_they_name(reference, type_):
    """Nothing is fetched to know what a reference leads to."""
    assert leads_to(reference) == type_


def test_another_engine_finds_the_same():
    """fhirpathpy, told what `resolve()` means here, on published records, for every parameter of their types."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import fhirpathpy
        from fhirpathpy.models import models
    differing, compiled = set(), {}
    for resource in resources_of(each=2):
        for param in SEARCH[resource["resourceType"]].values():
            if param.kind not in KINDS:
                continue
            plain = theirs_of(param.expression)
            if plain not in compiled:
                compiled[plain] = fhirpathpy.compile(plain, models["r4"])
            theirs = compiled[plain](resource)
            ours = [node.value for node in values(resource, param.expression)]
            if distinct(ours) != distinct(theirs):
                differing.add((param.type, param.code))
    assert not differing


def theirs_of(expression):
    """The same for an engine that resolves nothing, and whose `as` takes one value."""
    expression = re.sub(r"resolve\(\) is (\w+)", r"$this.reference.contains('\1/')", expression)
    return re.sub(r" as (\w+)", r".ofType(\1)", expression).replace(".as(", ".ofType(")


def distinct(found):
    """Values as a set: a union of FHIRPath holds nothing twice, and that engine drops what has only extensions."""
    return {repr(one) for one in found if not (isinstance(one, dict) and set(one) == {"extension"})}
