"""The boxes of the consent page and what they grant: SMART-08, SCOPE-02, SCOPE-06, SCOPE-10, conformance.md 3 and 5."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careweft.access.scopes import Scope, read_all
from careweft.oauth.consent import PARTS, chosen, permissions
from careweft.oauth.scope import wider
from tests.world import count

from .world import PATIENT

WORDS = ("launch/patient", "openid", "fhirUser", "profile", "offline_access", "sensitive/SUD")


def boxes(*scopes, **limits):
    return permissions(scopes, PATIENT, **limits)


def keys(*scopes, **limits):
    return [one.key for one in boxes(*scopes, **limits)]


def got(scopes, *ticked, **limits):
    return chosen(scopes, PATIENT, boxes(*scopes, **limits), ticked)


def every(*scopes):
    return [one.key for one in boxes(*scopes)]


def test_each_type_has_a_box_of_its_own():
    """SMART-08; words that a person can refuse have one too, sensitive ones unticked, launch words none."""
    words = ("launch/patient", "openid", "offline_access", "sensitive/SUD")
    offered = boxes(*words, "patient/Patient.rs", "patient/Goal.rs")
    assert {(one.key, one.kind, one.type, one.ticked) for one in offered} == {
        ("record:Goal", "record", "Goal", True),
        ("record:Patient", "record", "Patient", True),
        ("identity:openid", "identity", "openid", True),
        ("lasting:offline_access", "lasting", "offline_access", True),
        ("sensitive:SUD", "sensitive", "sensitive/SUD", False),
    }


def test_a_wildcard_is_every_type_that_a_patient_shows():
    """Each deniable; Group and Person are shown to no patient's token and so are not offered."""
    found = keys("patient/*.rs")
    types = {one.removeprefix("record:") for one in found}
    assert {"Patient", "Condition", "Observation", "Provenance", "Practitioner"} <= types
    assert not {"Group", "Person"} & types
    assert len(found) == len(types)


def test_what_is_written_is_asked_apart():
    assert keys("patient/DocumentReference.crs") == ["record:DocumentReference", "write:DocumentReference"]
    assert got(["patient/DocumentReference.crs"], "record:DocumentReference") == ("patient/DocumentReference.rs",)
    assert got(["patient/DocumentReference.crs"], "write:DocumentReference") == ("patient/DocumentReference.c",)


V1, PLAIN = "patient/Condition.read", "patient/Condition.rs"
LAB = f"category={dict(PARTS['Observation'])['laboratory']}"
VITAL = f"category={dict(PARTS['Observation'])['vital-signs']}"
PROBLEM = f"category={dict(PARTS['Condition'])['problem-list-item']}"
CHOICES = [
    # asked for, ticked, granted
    (["patient/*.rs"], "all", {"patient/*.rs"}),
    (["patient/*.read"], "all", {"patient/*.read"}),
    (["patient/*.cruds"], "all", {"patient/*.cruds"}),
    (["patient/*.rs"], ["record:Patient", "record:Goal"], {"patient/Patient.rs", "patient/Goal.rs"}),
    (["patient/*.read"], ["record:Patient"], {"patient/Patient.read"}),
    (["patient/Patient.rs", "patient/Goal.rs"], ["record:Goal"], {"patient/Goal.rs"}),
    (["patient/Patient.r"], "all", {"patient/Patient.r"}),
    (["patient/Patient.s"], "all", {"patient/Patient.s"}),
    ([PLAIN], ["record:Condition:problem-list-item"], {f"{PLAIN}?{PROBLEM}"}),
    ([V1], ["record:Condition:problem-list-item"], {f"{PLAIN}?{PROBLEM}"}),
    (["patient/Condition.r"], ["record:Condition:problem-list-item"], {f"patient/Condition.r?{PROBLEM}"}),
    (
        ["patient/*.rs"], ["record:Patient", "record:Observation:laboratory", "record:Observation:vital-signs"],
        {"patient/Patient.rs", f"patient/Observation.rs?{LAB}", f"patient/Observation.rs?{VITAL}"},
    ),
    ([f"patient/Observation.rs?{LAB}", f"patient/Observation.rs?{VITAL}"], "all",
     {f"patient/Observation.rs?{LAB}", f"patient/Observation.rs?{VITAL}"}),
    ([f"patient/Observation.rs?{LAB}", f"patient/Observation.rs?{VITAL}"], ["record:Observation:laboratory"],
     {f"patient/Observation.rs?{LAB}"}),
    ([f"patient/Observation.rs?{LAB}"], ["record:Observation"], {f"patient/Observation.rs?{LAB}"}),
    (["patient/Patient.rs", "user/Patient.rs"], ["record:Patient"], {"patient/Patient.rs", "user/Patient.rs"}),
    (["openid", "fhirUser", "patient/Patient.rs"], ["identity:openid"], {"openid"}),
    (["launch/patient", "openid", "patient/Patient.rs"], ["record:Patient"], {"launch/patient", "patient/Patient.rs"}),
    (["launch/patient", "openid"], ["identity:openid"], {"openid"}),
    (["sensitive/SUD", "patient/Patient.rs"], ["record:Patient", "sensitive:SUD"],
     {"sensitive/SUD", "patient/Patient.rs"}),
    (["patient/Patient.rs"], [], set()),
    (["patient/Patient.rs"], ["record:Observation", "nonsense", "record:Patient:x", ""], set()),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "ticked", "granted"), CHOICES, ids=range(len(CHOICES)))
def test_the_granted_scopes_are_those_that_were_ticked(asked, ticked, granted):
    """2.2.09, 9.15: exactly; a wildcard only whole; a part as a granular scope, which v1 cannot spell."""
    found = got(asked, *(every(*asked) if ticked == "all" else ticked))
    assert set(found) == granted
    assert len(found) == len(granted)


def test_granular_choices_leave_no_whole_type():
    """9.15: asked plainly, parts ticked: the answer has granular scopes of the type and no other."""
    asked = ["patient/Condition.rs", "patient/Observation.rs", "patient/Patient.rs"]
    found = got(asked, "record:Patient", "record:Condition:encounter-diagnosis", "record:Observation:survey")
    told = read_all(" ".join(found))
    assert all(one.only for one in told if one.type in ("Condition", "Observation"))
    assert {one.type for one in told} == {"Patient", "Condition", "Observation"}


@pytest.mark.parametrize("type_", PARTS)
def test_parts_are_scopes_that_this_server_holds_to(type_):
    (box,) = boxes(f"patient/{type_}.rs")
    assert [one.word for one in box.parts] == [word for word, _ in PARTS[type_]]
    for part in box.parts:
        assert Scope.read(str(part.scopes[0])) == part.scopes[0]


def test_a_limited_charge_is_offered_less_and_never_everything():
    """`Charge.types`: every box ticked is still no wildcard, and what was not offered is not granted by its key."""
    offered = boxes("patient/*.rs", "sensitive/SUD", types=("Patient", "Goal"), sensitive=False)
    assert {one.key for one in offered} == {"record:Patient", "record:Goal"}
    ticked = {one.key for one in offered} | {"record:Observation", "sensitive:SUD"}
    found = chosen(["patient/*.rs", "sensitive/SUD"], PATIENT, offered, ticked)
    assert set(found) == {"patient/Patient.rs", "patient/Goal.rs"}


ASKABLE = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.builds(
            "{}/{}.{}".format,
            st.sampled_from(["patient", "user"]),
            st.sampled_from(["*", "Patient", "Condition", "Observation", "DocumentReference", "Practitioner"]),
            st.sampled_from(["rs", "r", "s", "read", "crs", "cruds", "*"]),
        ),
        st.sampled_from([f"patient/Observation.rs?{LAB}", f"user/Condition.rs?{PROBLEM}"]),
    ),
    min_size=1, max_size=6, unique=True,
)  # fmt: skip


def test_the_same_asked_for_in_both_spellings_is_granted_in_both():
    """In whatever order: the second was not granted where its pieces came to the same as those of the first."""
    for asked in (["patient/*.rs", "patient/*.*"], ["patient/*.*", "patient/*.rs"]):
        offered = boxes(*asked)
        assert set(chosen(asked, PATIENT, offered, [one.key for one in offered])) == set(asked)


@given(asked=ASKABLE, data=st.data())
@settings(max_examples=count(50, 5000), deadline=None)
def test_nothing_is_granted_that_was_not_asked_for(asked, data):
    """Whatever is ticked: each letter granted lies within a scope that was asked for; and all ticked is all asked."""
    offered = boxes(*asked)
    every_key = [key for one in offered for key in (one.key, *(part.key for part in one.parts))]
    ticked = data.draw(st.sets(st.sampled_from(every_key))) if every_key else set()
    had = read_all(" ".join(asked))
    for text in chosen(asked, PATIENT, offered, ticked):
        scope = Scope.read(text)
        if scope is None:
            assert text in asked
        else:
            for letter in scope.may:
                single = replace(scope, may=frozenset(letter))
                assert any(one == single or wider(one, single) for one in had), (text, letter)
    whole = chosen(asked, PATIENT, offered, every_key)
    for one in had:
        if any(one.covers(box.type) for box in offered if box.scopes):
            assert any(other == one or wider(other, one) for other in read_all(" ".join(whole))) or one.type != "*"
