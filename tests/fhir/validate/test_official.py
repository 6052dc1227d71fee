"""No false alarm: the official examples are valid by their own profiles, less those that truly are not."""

import json

import pytest

from careweft.fhir.json import decode
from careweft.fhir.validate.validator import Validator, World

from . import official

PACKAGES = ("hl7.fhir.us.core-3.1.1", "hl7.fhir.us.core-6.1.0", "hl7.fhir.us.carin-bb-2.0.0")

DIV = "text.div is not well-formed: a < or & stands in its text unescaped"
INVALID = {
    ("hl7.fhir.us.core-3.1.1", "DiagnosticReport-cardiology-report.json"): (
        "presentedForm.hash is the text EQH/..AgME, in which .. is no base64"
    ),
    ("hl7.fhir.us.carin-bb-2.0.0", "ExplanationOfBenefit-EOBInpatient2.json"): DIV,
    ("hl7.fhir.us.carin-bb-2.0.0", "ExplanationOfBenefit-EOBOutpatient2.json"): DIV,
    ("hl7.fhir.us.carin-bb-2.0.0", "ExplanationOfBenefit-EOBProfessional1.json"): DIV,
    ("hl7.fhir.us.carin-bb-2.0.0", "ExplanationOfBenefit-EOBProfessional2.json"): DIV,
    ("hl7.fhir.us.carin-bb-2.0.0", "ExplanationOfBenefit-EOBProfessionalTransportation1.json"): DIV,
}
"""Examples that are truly invalid, and why."""


@pytest.mark.parametrize("package", PACKAGES)
def test_no_official_example_is_refused(package):
    """Every example that claims a profile of its package, and every other by its type."""
    if not official.ORACLE.exists():
        pytest.skip("the official packages are not at hand")
    guide = official.Guide(package)
    validator = Validator(World(guide.snapshot, guide.codes))
    found = {
        name: [(one.expression, one.text) for one in validator.issues(resource) if one.severity == "error"]
        for name, resource in ((name, decode(json.dumps(one).encode())) for name, one in guide.examples())
    }

    refused = {(package, name): issues for name, issues in found.items() if issues}
    assert len(found) > 30
    assert {key: issues for key, issues in refused.items() if key not in INVALID} == {}
    assert {key for key in INVALID if key[0] == package} == set(refused)
