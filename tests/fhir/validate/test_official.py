"""No false alarm: the official examples are valid by their own profiles, less those that truly are not."""

import json

import pytest

from careweft.fhir.json import decode
from careweft.fhir.profiles.guides import CARIN_BB, US_CORE_3, US_CORE_6
from careweft.fhir.validate import known
from careweft.fhir.validate.validator import Validator

from . import official

PACKAGES = {name: f"hl7.fhir.us.{name}" for name in (US_CORE_3, US_CORE_6, CARIN_BB)}

DIV = "text.div holds &reg;, an entity of HTML, which XHTML in FHIR does not have"
INVALID = {
    (US_CORE_3, "DiagnosticReport-cardiology-report.json"): (
        "presentedForm.hash is the text EQH/..AgME, in which .. is no base64"
    ),
    (CARIN_BB, "ExplanationOfBenefit-EOBInpatient2.json"): DIV,
    (CARIN_BB, "ExplanationOfBenefit-EOBOutpatient2.json"): DIV,
    (CARIN_BB, "ExplanationOfBenefit-EOBProfessional1.json"): DIV,
    (CARIN_BB, "ExplanationOfBenefit-EOBProfessional2.json"): DIV,
    (CARIN_BB, "ExplanationOfBenefit-EOBProfessionalTransportation1.json"): DIV,
}
"""Examples that are truly invalid, and why."""


@pytest.mark.parametrize("name", PACKAGES)
def test_no_official_example_is_refused(name):
    """Every example that claims a profile of its package, and every other by its type."""
    if not official.ORACLE.exists():
        pytest.skip("the official packages are not at hand")
    validator = Validator(known.world(name))
    read = ((file, decode(json.dumps(one).encode())) for file, one in official.Guide(PACKAGES[name]).examples())
    found = {
        file: [(one.expression, one.text) for one in validator.issues(resource) if one.severity == "error"]
        for file, resource in read
    }

    refused = {(name, file): issues for file, issues in found.items() if issues}
    assert len(found) > 30
    assert {key: issues for key, issues in refused.items() if key not in INVALID} == {}
    assert {key for key in INVALID if key[0] == name} == set(refused)
