"""What is granted of what was asked for: SMART-14, SCOPE-02, SCOPE-07, AUTHZ-06."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweft.access.decide import Allowed, decide
from careweft.access.scopes import LETTER, read_all
from careweft.oauth.errors import InvalidScope
from careweft.oauth.scope import granted
from tests.access.world import caller

from .world import SYSTEM

LAB, VITAL = "?category=laboratory", "?category=vital-signs"
GRANTS = [
    # asked, registered, granted
    ("system/*.rs", "system/*.rs", "system/*.rs"),
    ("system/Patient.rs", "system/*.rs", "system/Patient.rs"),
    ("system/Patient.read", "system/*.rs", "system/Patient.read"),
    ("system/Patient.rs", "system/*.read", "system/Patient.rs"),
    ("system/*.read", "system/*.cruds", "system/*.read"),
    ("system/*.*", "system/*.rs", "system/*.read"),
    ("system/*.*", "system/*.r", "system/*.r"),
    ("system/*.cruds", "system/Patient.rs", "system/Patient.rs"),
    ("system/*.rs", "system/Patient.rs system/Observation.r", "system/Patient.rs system/Observation.r"),
    ("system/Patient.cruds", "system/*.rs", "system/Patient.rs"),
    ("system/Patient.rs system/Encounter.rs", "system/Patient.rs", "system/Patient.rs"),
    ("system/Patient.rs system/Patient.rs", "system/*.rs", "system/Patient.rs"),
    ("openid system/Patient.rs fhirUser launch", "system/*.rs", "system/Patient.rs"),
    ("system/Patient.rs patient/Patient.rs user/*.rs", "system/*.rs patient/*.rs user/*.rs", "system/Patient.rs"),
    ("system/Patient.rs system/Nothing.rs", "system/*.rs", "system/Patient.rs"),
    ("system/Patient.rs system/ExplanationOfBenefit.rs", "system/*.rs", "system/Patient.rs"),  # not offered on provider
    (f"system/Observation.rs{LAB}", "system/*.rs", f"system/Observation.rs{LAB}"),
    ("system/Observation.rs", f"system/Observation.rs{LAB}", f"system/Observation.rs{LAB}"),
    ("system/Observation.read", f"system/Observation.rs{LAB}", f"system/Observation.rs{LAB}"),
    ("system/*.rs", f"system/Observation.rs{LAB}", f"system/Observation.rs{LAB}"),
    (
        f"system/Observation.rs{LAB}",
        f"system/Observation.r{VITAL}",
        "system/Observation.r?category=laboratory&category=vital-signs",
    ),
    ("system/Patient.rs", "system/Patient.r system/Patient.s", "system/Patient.r system/Patient.s"),
    ("system/Patient.rs", "system/*.rs system/Patient.r", "system/Patient.rs"),
]


@pytest.mark.parametrize(("asked", "registered", "expected"), GRANTS)
def test_the_common_part_is_granted(asked, registered, expected):
    assert " ".join(map(str, granted(asked, registered.split(), SYSTEM))) == expected


@pytest.mark.parametrize(
    ("asked", "registered"),
    [
        ("", "system/*.rs"),
        ("   ", "system/*.rs"),
        ("openid", "system/*.rs"),
        ("system/Patient.sr", "system/*.rs"),
        ("system/Patient.dus", "system/*.cruds"),
        ("SYSTEM/Patient.rs", "system/*.rs"),
        ("system/Patient.rs", ""),
        ("system/Patient.rs", "system/Encounter.rs"),
        ("system/Patient.c", "system/*.rs"),
        ("patient/*.rs", "system/*.rs"),
        ("user/*.rs", "user/*.rs"),
        ("system/ExplanationOfBenefit.rs", "system/*.rs"),
        ("system/Group.rs\tsystem/*.rs", "system/*.rs"),
        ("system/Patient.rs", "patient/*.rs"),
        ("system/Patient.rs?name=%41", "system/*.rs"),
        ("system/Messaging.write", "system/*.*"),
    ],
)
def test_nothing_in_common_is_refused(asked, registered):
    with pytest.raises(InvalidScope) as refused:
        granted(asked, registered.split(), SYSTEM)
    assert refused.value.description.startswith("Invalid scope")


def test_a_grant_fits_into_a_header():
    """SCOPE-07: 400 granular scopes are refused and not cut."""
    many = " ".join(f"system/Observation.rs?code={number}" for number in range(400))
    with pytest.raises(InvalidScope):
        granted(many, ["system/*.rs"], SYSTEM)


LISTS = st.lists(
    st.builds(
        "system/{}.{}".format,
        st.sampled_from(["*", "Patient", "Encounter"]),
        st.sampled_from(["r", "s", "rs", "read", "c", "cruds", "*", "write"]),
    ),
    min_size=1,
    max_size=4,
).map(" ".join)


def may(scopes):
    """What a caller with these scopes may do, as decide says it."""
    who = caller(scopes)
    return {
        (type_, one)
        for type_, one in itertools.product(("Patient", "Encounter", "Goal"), LETTER)
        if isinstance(decide(who, SYSTEM, type_, one), Allowed)
    }


@given(LISTS, LISTS)
def test_a_grant_is_exactly_what_both_allow(asked, registered):
    """AUTHZ-06: for every request, allowed(granted) = allowed(asked) and allowed(registered)."""
    try:
        found = " ".join(map(str, granted(asked, registered.split(), SYSTEM)))
    except InvalidScope:
        found = ""
    assert may(found) == may(asked) & may(registered)
    assert all(read_all(found)) or not found
