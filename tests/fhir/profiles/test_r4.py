"""R4's own extensions: our table is what the tool makes of HL7's package, and our snapshots are the official ones."""

import pytest

from careweft.fhir.profiles.base import HL7
from careweft.fhir.profiles.guides import CARIN_BB, R4, US_CORE_3, US_CORE_6, guide
from tests.fhir.profiles.test_official import between
from tests.world import ROOT
from tools import compile_guides

KEPT = ROOT / "src" / "careweft" / "fhir" / "profiles" / "guides" / f"{R4}.tsv"


@pytest.fixture(scope="module")
def package(wheel):
    return compile_guides.R4(wheel)


def test_the_table_is_what_the_tool_writes(package):
    assert compile_guides.table(package, ()) == KEPT.read_text()


def test_our_snapshots_are_the_official_ones(package):
    """Every extension, element by element."""
    differing = {url: between(guide(R4).snapshot(url), one) for url, one in package.by_url.items()}

    assert len(differing) > 350
    assert {url: what for url, what in differing.items() if what} == {}


@pytest.mark.parametrize("name", [R4, US_CORE_3, US_CORE_6, CARIN_BB])
def test_every_guide_knows_the_extensions_of_r4(name):
    """So that the slice of an extension in a profile is held to what the extension says."""
    known = guide(name).snapshot(f"{HL7}condition-assertedDate")

    assert known is not None
    assert (known.type, known.version) == ("Extension", "4.0.1")
    assert ("http://terminology.hl7.org/CodeSystem/data-absent-reason", "unknown") in guide(name).codes(
        "http://hl7.org/fhir/ValueSet/data-absent-reason"
    )


@pytest.mark.parametrize(
    ("name", "value_set", "count"),
    [(CARIN_BB, "subscriber-relationship", 7), (CARIN_BB, "claim-type", 5), (US_CORE_6, "ucum-bodyweight", 3)],
)
def test_value_sets_of_r4_that_only_guides_bind_to_are_listed(name, value_set, count):
    """Each row: a guide, a value set of R4, how many codes it has."""
    assert len(guide(name).codes(f"http://hl7.org/fhir/ValueSet/{value_set}")) == count
