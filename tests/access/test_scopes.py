"""Scopes: SCOPE-01, SCOPE-02, SCOPE-03, SCOPE-09."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careweft.access.scopes import LETTER, Scope, read_all, spell
from careweft.fhir.definitions import RESOURCES

GOOD = [
    # text, level, type, letters, filter
    ("patient/Patient.r", "patient", "Patient", "r", ()),
    ("patient/Patient.rs", "patient", "Patient", "rs", ()),
    ("user/Observation.cruds", "user", "Observation", "cruds", ()),
    ("system/*.rs", "system", "*", "rs", ()),
    ("system/*.c", "system", "*", "c", ()),
    ("system/*.us", "system", "*", "us", ()),
    ("patient/Observation.read", "patient", "Observation", "rs", ()),
    ("patient/Observation.write", "patient", "Observation", "cud", ()),
    ("patient/Observation.*", "patient", "Observation", "cruds", ()),
    ("patient/*.*", "patient", "*", "cruds", ()),
    ("patient/*.read", "patient", "*", "rs", ()),
    ("patient/Observation.rs?category=laboratory", "patient", "Observation", "rs", (("category", "laboratory"),)),
    (
        "patient/Condition.rs?category=http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item",
        "patient",
        "Condition",
        "rs",
        (("category", "http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item"),),
    ),
    (
        "patient/Observation.s?category=a&status=final",
        "patient",
        "Observation",
        "s",
        (("category", "a"), ("status", "final")),
    ),
    (
        "patient/Observation.rs?category=a&category=b",
        "patient",
        "Observation",
        "rs",
        (("category", "a"), ("category", "b")),
    ),
    ("patient/Observation.rs?code=a,b", "patient", "Observation", "rs", (("code", "a,b"),)),
    ("patient/Observation.rs?date=ge2020-01-01", "patient", "Observation", "rs", (("date", "ge2020-01-01"),)),
    ("patient/Observation.rs?_tag=x", "patient", "Observation", "rs", (("_tag", "x"),)),
    ("patient/*.rs?category=laboratory", "patient", "*", "rs", (("category", "laboratory"),)),
]

BAD = [
    "",
    "openid",
    "fhirUser",
    "offline_access",
    "launch",
    "launch/patient",
    "CCD",
    "patient/Patient",
    "patient/Patient.",
    "patient/.rs",
    "/Patient.rs",
    "patient/Patient.sr",
    "patient/Patient.dus",
    "patient/Patient.rr",
    "patient/Patient.rsx",
    "patient/Patient.reads",
    "patient/Patient.re",
    "patient/Patient.READ",
    "patient/Patient.Rs",
    "Patient/Patient.rs",
    "patient/patient.rs",
    "patient/Patients.rs",
    "patient/Messaging.write",
    "patient/Resource.rs",
    "patient/DomainResource.rs",
    "patient/HumanName.rs",
    "patient/**.rs",
    "patient/Pat*.rs",
    " patient/Patient.rs",
    "patient/Patient.rs ",
    "patient/Patient.rs\n",
    "patient/Patient.rs?",
    "patient/Patient.rs?name",
    "patient/Patient.rs?name=",
    "patient/Patient.rs?=x",
    "patient/Patient.rs?name=x&",
    "patient/Patient.rs?&name=x",
    "patient/Patient.rs?name=x y",
    'patient/Patient.rs?name="x',
    "patient/Patient.rs?name=%41",
    "patient/Patient.rs?name=é",
    "patient/Patient.read?name=x",
    "patient/Patient.*?name=x",
    "patient/Patient.rs?nonsense=x",
    "patient/Observation.rs?code:in=http://x",
    "patient/Observation.rs?code:not=a",
    "patient/Observation.rs?code:text=a",
    "patient/Observation.rs?code:missing=true",
    "patient/Observation.rs?patient.birthdate=1980",
    "patient/Observation.rs?subject:Patient=1",
    "patient/Observation.rs?subject:Patient.name=x",
    "patient/Observation.rs?_has:Provenance:target:agent=1",
    "patient/Observation.rs?_filter=code",
    "patient/Observation.rs?_count=1",
    "patient/Observation.rs?_include=Observation:patient",
    "patient/Observation.rs?_sort=date",
    "patient/Observation.rs?_format=json",
    "patient/Observation.rs?date=yesterday",
    "patient/Observation.rs?date=ap2020",
    "patient/Observation.rs?code=a,,b",
    "patient/Observation.rs?code-value-quantity=a$5",
    "patient/*.rs?nonsense=x",
    "patient/*.rs?code:in=x",
    "patient/Observation.rs?category=" + "x" * 2000,
    "organization/Patient.rs",
    "patient/Patient.rs;system/*.rs",
    "patient/Patient.rs,patient/Observation.rs",
    "patient/Patient.rs?category=x",
    "patient/Location.rs?near=1|2|3",
]


@pytest.mark.parametrize(("text", "level", "type_", "may", "only"), GOOD)
def test_reads_what_smart_defines(text, level, type_, may, only):
    """Each spelling has one meaning, and goes back out as it was written."""
    scope = Scope.read(text)
    assert scope == Scope(level, type_, frozenset(may), only)
    assert str(scope) == text


@pytest.mark.parametrize("text", BAD)
def test_reads_nothing_else(text):
    """What is not in the grammar, or could not be held to, is no scope: it is never read as something near it."""
    assert Scope.read(text) is None


@pytest.mark.parametrize(("v1", "v2"), [("read", "rs"), ("write", "cud"), ("*", "cruds")])
@pytest.mark.parametrize("level", ["patient", "user", "system"])
@pytest.mark.parametrize("type_", ["*", "Patient", "Binary"])
def test_both_spellings_mean_the_same(level, type_, v1, v2):
    """SCOPE-02, as values; that the decisions are the same follows from here and is tested with them."""
    assert Scope.read(f"{level}/{type_}.{v1}") == Scope.read(f"{level}/{type_}.{v2}")


@pytest.mark.parametrize(
    ("may", "v1", "spelled"),
    [
        ("rs", True, "read"),
        ("cud", True, "write"),
        ("cruds", True, "*"),
        ("r", True, "r"),
        ("sr", False, "rs"),
        ("duc", False, "cud"),
    ],
)
def test_spells_in_the_asked_generation(may, v1, spelled):
    """`.read` where it was asked for and says exactly that, else the letters in their order."""
    assert spell(Scope("system", "Patient", frozenset(may)), v1=v1) == f"system/Patient.{spelled}"


def test_a_granular_scope_is_never_spelled_as_smart_1():
    scope = Scope.read("patient/Observation.rs?code=a.read")
    assert not scope.spelled_v1
    assert spell(scope, v1=True) == "patient/Observation.rs?code=a.read"


def test_interactions_and_letters():
    """SCOPE-03: the whole table; what is not in it has no letter and can be done by nobody."""
    assert LETTER == {
        "create": "c",
        "read": "r",
        "vread": "r",
        "history-instance": "r",
        "update": "u",
        "patch": "u",
        "delete": "d",
        "search-type": "s",
        "$everything": "r",
        "$export": "r",
        "$validate": "r",
        "$docref": "s",
        "search-system": "s",
        "history-type": "s",
        "history-system": "s",
    }


def test_a_string_of_scopes():
    """What is no resource scope is left out, the rest keeps its order."""
    assert [str(one) for one in read_all("openid system/Patient.rs  launch system/*.r")] == [
        "system/Patient.rs",
        "system/*.r",
    ]


INDEPENDENT = re.compile(r"^(patient|user|system)/(\*|[A-Za-z]+)\.(c?r?u?d?s?|read|write|\*)$")


@settings(max_examples=300)
@given(
    st.sampled_from(["patient", "user", "system", "Patient", "launch"]),
    st.sampled_from(["*", "Patient", "Observation", "patient", "Foo", "Resource", ""]),
    st.text("cruds*READread.write", max_size=6),
)
def test_agrees_with_a_second_reading_of_the_grammar(level, type_, suffix):
    """SCOPE-01: a second parser of the same grammar says the same of random texts."""
    text = f"{level}/{type_}.{suffix}"
    found = INDEPENDENT.match(text)
    expected = bool(found and suffix and (type_ == "*" or type_ in RESOURCES))
    assert (Scope.read(text) is not None) == expected
