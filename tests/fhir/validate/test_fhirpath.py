"""FHIRPath as invariants use it: https://hl7.org/fhirpath/N1/"""

import json
from decimal import Decimal

import fhirpathpy
import pytest
from fhirpathpy.models import models

from careweft.fhir.definitions import TYPES
from careweft.fhir.definitions.invariants import invariants
from careweft.fhir.json import encode
from careweft.fhir.validate.fhirpath import Env, TooCostly, Unknown, UnreadableError, compiled
from careweft.fhir.validate.fhirpath.values import BUDGET

ANA = {
    "resourceType": "Patient",
    "id": "ana",
    "active": True,
    "name": [{"family": "Lovelace", "given": ["Ana", "Maria"]}, {"_family": {"extension": [{"url": "u"}]}}],
    "birthDate": "1984-02-29",
    "deceasedDateTime": "2024-05-17T10:00:00Z",
    "multipleBirthInteger": 2,
    "contact": [{"period": {"start": "2020-01-02", "end": "2020"}}],
    "managingOrganization": {"reference": "Organization/1"},
    "generalPractitioner": [{"reference": "#gp"}, {"reference": "urn:uuid:1"}],
    "contained": [{"resourceType": "Practitioner", "id": "gp"}],
    "extension": [{"url": "http://a", "valueDecimal": Decimal("1.5")}],
}
CODES = {"http://set": frozenset({("s", "a")})}

ROWS = (
    ("name.family = 'Lovelace'", False),
    ("name.first().family = 'Lovelace'", True),
    ("name[0].given.count() = 2", True),
    ("name.given | name.given", True),
    ("(name.given | name.given).count() = 2", True),
    ("name.family.count() = 2", True),
    ("name[1].family.exists()", True),
    ("name[1].family.hasValue()", False),
    ("Patient.active", True),
    ("Observation.active", False),
    ("active and {}", False),
    ("active or {}", True),
    ("{} implies active", True),
    ("active.not() implies {}", True),
    ("gender.empty() xor active", False),
    ("gender = 'x'", False),
    ("(gender = 'x').empty()", True),
    ("gender.exists().not()", True),
    ("deceased.exists()", True),
    ("deceased is dateTime", True),
    ("deceased is Boolean", False),
    ("(deceased as boolean).empty()", True),
    ("deceased.ofType(dateTime) > birthDate", True),
    ("multipleBirth = 2 and multipleBirth >= 1.5", True),
    ("multipleBirth + 3 * 2 = 8", True),
    ("(multipleBirth + 3) * 2 = 10 and 7 mod 4 = 3 and 7 div 2 = 3", True),
    ("(1 / 0).empty()", True),
    ("contact.period.start > contact.period.end", False),
    ("contact.all(period.start.exists())", True),
    ("contact.where(period.end = '2020').exists()", True),
    ("birthDate.toString().length() >= 8", True),
    ("birthDate.substring(0, 4).toInteger() = 1984", True),
    ("id.matches('^[a-z]+$') and id.startsWith('a') and id.contains('n')", True),
    ("id in ('ana' | 'ben')", True),
    ("('ana' | 'ben') contains id", True),
    ("('a' & {} & 'b') = 'ab'", True),
    ("name.given.isDistinct() and name.given.subsetOf('Ana' | 'Maria' | 'Eve')", True),
    ("name.select(given).intersect('Ana').count() = 1", True),
    ("name.given.exclude('Ana') = 'Maria'", True),
    ("iif(active, 'a', 'b') = 'a'", True),
    ("managingOrganization.resolve() is Organization", True),
    ("generalPractitioner.first().resolve() is Practitioner", True),
    ("generalPractitioner.first().resolve().iif(empty(), false, ofType(Practitioner).exists())", True),
    ("extension('http://a').value = 1.5", True),
    ("extension.where(url = 'http://b').exists()", False),
    ("%resource.id = 'ana' and %context.id = %rootResource.id", True),
    ("name.where(given.exists() and %context.active).count() = 1", True),
    ("descendants().where($this = 'Maria').exists()", True),
    ("children().count() > 5", True),
    ("repeat(contained).count() = 1", True),
    ("id.memberOf('http://set')", False),
    ("'a'.memberOf('http://set')", True),
    ("`id`.exists() and id.trace('x', id).exists()", True),
    ("(true | false).allTrue()", False),
)


@pytest.mark.parametrize(("expression", "holds"), ROWS)
def test_an_expression_of_ana(expression, holds):
    """Each row: an invariant, and whether it holds of Ana; also where nothing is known of her type."""
    env = Env(ANA, lambda url: CODES.get(url, frozenset()))

    assert compiled(expression, "Patient")(ANA, env) is holds
    assert compiled(expression)(ANA, env) is holds


APART = ("resolve()", "memberOf", "hasValue", "%", "given | name.given", "period.start > contact")
"""What another engine does not speak, or where it compares dates of unequal precision, which N1 leaves unsaid."""


@pytest.mark.parametrize(("expression", "holds"), [row for row in ROWS if not any(one in row[0] for one in APART)])
def test_another_engine_says_the_same(expression, holds):
    """fhirpathpy, of the rows that it speaks."""
    found = fhirpathpy.evaluate(json.loads(encode(ANA)), expression, {}, models["r4"])

    assert (bool(found) and found != [False]) is holds


@pytest.mark.parametrize("expression", ["id.memberOf('http://other')", "generalPractitioner.resolve() is Practitioner"])
def test_what_cannot_be_known_is_not_said(expression):
    with pytest.raises(Unknown):
        compiled(expression, "Patient")(ANA, Env(ANA, lambda _: frozenset()))


@pytest.mark.parametrize(
    "expression",
    ["name.", "name.frobnicate()", "%x", "(name", "name name", "a = @2024", "(" * 60 + "a" + ")" * 60, "a" * 5000],
)
def test_what_is_not_spoken_is_refused(expression):
    with pytest.raises(UnreadableError):
        compiled(expression)


def test_every_invariant_of_r4_is_spoken():
    """Each of HL7's own compiles for the type that it is asked of."""
    found = [
        compiled(expression, path if path in TYPES else "")
        for path, rules in invariants().items()
        for _, _, expression in rules
    ]

    assert len(found) > 200


def test_a_record_cannot_make_an_invariant_slow():
    """Each of many components is compared with many codes: at some point that ends."""
    codings = [{"code": str(at)} for at in range(3000)]
    resource = {
        "resourceType": "Observation",
        "valueString": "x",
        "code": {"coding": codings},
        "component": [{"code": {"coding": [{"code": "x"}]}}] * 3000,
    }
    rule = compiled(
        "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()", "Observation"
    )

    assert BUDGET < 3000 * 3000
    with pytest.raises(TooCostly):
        rule(resource, Env(resource, lambda _: frozenset()))
