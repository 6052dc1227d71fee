"""Profiles cost nothing before somebody asks for them."""

import subprocess
import sys

from tests.world import ROOT

SCRIPT = """
import sys, careweft.cli, careweft.app
from careweft.fhir.validate import known
print([name for name in sys.modules if name.startswith("careweft.fhir.profiles")])
from careweft.fhir.profiles.guides import US_CORE_6, guide
guide(US_CORE_6).snapshot("http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient")
print(*guide(US_CORE_6)._grown)
"""


def test_nothing_is_read_before_it_is_asked_for():
    """A start reads no guide; one snapshot grows no others but what it is based on."""
    seen = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "src")},
    ).stdout.splitlines()

    hl7 = "http://hl7.org/fhir/StructureDefinition"
    assert seen[0] == "[]"
    assert set(seen[1].split()) == {
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient",
        *(f"{hl7}/{type_}" for type_ in ("Patient", "Identifier", "HumanName", "ContactPoint", "Address")),
    }
