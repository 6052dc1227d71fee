"""Profiles in our notation, and the snapshots that grow from them."""

import pytest

from careweft.fhir.profiles import guides
from careweft.fhir.profiles.growth import Unfounded, grown
from careweft.fhir.profiles.guides import CARIN_BB, US_CORE_3, US_CORE_6, Fact, Guide, Profile, elements, guide
from careweft.fhir.profiles.model import Binding, Slicing, TypeRef

CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"


def element(name, url, id_):
    return dict(elements(guide(name).snapshot(url)))[id_]


@pytest.mark.parametrize(
    ("cells", "fact"),
    [
        ([".", "rules a b~2"], Fact((), rules=("a", "b~2"))),
        (["name", "1..*", "S"], Fact(("name",), min=1, max="*", must_support=True)),
        (["name", "..0"], Fact(("name",), max="0")),
        (["name", "1.."], Fact(("name",), min=1)),
        (["code.coding:x", 'fixed "a b"'], Fact(("code", "coding:x"), fixed="a b")),
        (["code", 'pattern {"text":"x"}'], Fact(("code",), pattern={"text": "x"})),
        (["gender", "required http://v"], Fact(("gender",), binding=Binding("required", "http://v"))),
        (["category", "slices open value:a.b pattern:$this"],
         Fact(("category",), slicing=Slicing((("value", "a.b"), ("pattern", "$this"))))),
        (["subject", "type Reference(http://a|http://b) Extension(http://e) code"],
         Fact(("subject",), types=(TypeRef("Reference", (), ("http://a", "http://b")),
                                   TypeRef("Extension", ("http://e",)), TypeRef("code")))),
    ],
)  # fmt: skip
def test_a_line_says(cells, fact):
    assert guides._fact(cells) == fact


def test_a_line_that_says_nothing_known_is_refused():
    with pytest.raises(ValueError, match="sometimes"):
        guides._fact(["name", "sometimes"])


def test_the_same_profile_of_two_versions():
    """us-core-patient asks for a race by its own profile in both; only 6.1.0 has a tribal affiliation."""
    three, six = (guide(one).snapshot(f"{CORE}us-core-patient") for one in (US_CORE_3, US_CORE_6))
    assert "Patient.extension:race" in dict(elements(three))
    assert "Patient.extension:tribalAffiliation" not in dict(elements(three))
    assert "Patient.extension:tribalAffiliation" in dict(elements(six))


def test_blue_button_builds_on_us_core_3():
    assert (
        element(CARIN_BB, "http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Patient", "Patient.name").min == 1
    )
    assert guide(CARIN_BB).snapshot(f"{CORE}us-core-patient|3.1.1") is guide(US_CORE_3).snapshot(
        f"{CORE}us-core-patient"
    )


@pytest.mark.parametrize(
    ("id_", "says"),
    [
        ("Observation.category:VSCat", {"min": 1, "max": 1, "must_support": True}),
        ("Observation.category:VSCat.coding.code", {"fixed": "vital-signs"}),
        ("Observation.component:systolic.value[x]", {"types": (TypeRef("Quantity"),)}),
        ("Observation.component:systolic.value[x].code", {"fixed": "mm[Hg]", "min": 1}),
        ("Observation.subject", {"min": 1}),
    ],
)
def test_what_blood_pressure_has_from_whom(id_, says):
    """Its own, what vital signs ask, and what R4's vital signs ask of those."""
    found = element(US_CORE_6, f"{CORE}us-core-blood-pressure", id_)
    assert {name: getattr(found, name) for name in says} == says


def test_types_of_r4_and_strangers():
    assert guide(US_CORE_6).snapshot("http://hl7.org/fhir/StructureDefinition/Patient").type == "Patient"
    assert guide(US_CORE_6).snapshot("http://example.org/StructureDefinition/x") is None


def test_value_sets():
    """Of R4, of the guide, of the guide below, and those whose codes are nobody's to list."""
    birthsex = "http://hl7.org/fhir/us/core/ValueSet/birthsex"
    assert len(guide(US_CORE_6).codes("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1")) == 4
    assert len(guide(US_CORE_3).codes(birthsex)) == len(guide(CARIN_BB).codes(birthsex)) == 3
    assert not guide(US_CORE_6).codes("http://hl7.org/fhir/us/core/ValueSet/us-core-documentreference-type")


@pytest.mark.parametrize(
    ("above", "path", "words"),
    [
        ("http://hl7.org/fhir/StructureDefinition/Patient", ("nonsense",), "Patient has no nonsense"),
        ("http://hl7.org/fhir/StructureDefinition/Observation", ("value[x]", "code"), "has no type"),
        ("http://example.org/base", (), "which nobody defines"),
    ],
)
def test_a_profile_that_hangs_in_the_air_is_refused(above, path, words):
    with pytest.raises(Unfounded, match=words):
        grown(Profile("http://x", "Patient", above, (Fact(path),)), Guide(US_CORE_6))
