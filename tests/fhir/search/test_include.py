"""What an include leads to."""

import pytest

from careweft.fhir.search.include import targets
from careweft.fhir.search.query import Include, Ref

PULSE = {
    "resourceType": "Observation",
    "subject": {"reference": "Patient/7"},
    "performer": [
        {"reference": "Practitioner/1"},
        {"reference": "Patient/7/_history/2"},
        {"reference": "https://x.example/Patient/9"},
    ],
    "encounter": {"reference": "#inside"},
}


@pytest.mark.parametrize(
    ("include", "found"),
    [
        (Include("Observation", "patient"), [Ref("Patient", "7")]),
        (Include("Observation", "subject", "Group"), []),
        (Include("Observation", "performer"), [Ref("Practitioner", "1"), Ref("Patient", "7")]),
        (Include("Observation", "performer", "Practitioner"), [Ref("Practitioner", "1")]),
        (Include("Observation", "encounter"), []),
        (Include("Observation", "*", "Patient"), [Ref("Patient", "7")]),
        (Include("Observation", "code"), []),
        (Include("Observation", "nonsense"), []),
        (Include("Encounter", "patient"), []),
        (Include("Observation", "patient", reverse=True), []),
    ],
)
def test_targets(include, found):
    """References within the tenant, each once; nothing contained, nothing elsewhere."""
    assert targets(PULSE, include) == found
