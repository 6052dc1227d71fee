"""Whom `user/` scopes reach: the reach table for every kind of person, and what withholds.

SMART-16, SMART-17, AUTHZ-07, AUTHZ-19, REG-17.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from careweft.access import labels
from careweft.access.decide import Denied
from careweft.access.emergency import EmergencyRefused, opened
from careweft.access.narrow import about, nameable, narrow, reach
from careweft.access.reach import REACH, How, Reach, Way
from careweft.access.rules import PERSONS, RULES
from careweft.access.scopes import itself
from careweft.access.sight import EVERYBODY, NOBODY, Lead, Limited, Sight
from careweft.fhir.labels import BITS, EVERY
from careweft.fhir.search.query import Query
from careweft.surfaces import ALL

from .world import PATIENT, SYSTEM, caller

LED = Sight(frozenset({"p1"}), (Lead("Encounter", "participant", ("Practitioner/y",)),))
PARENT = Sight(frozenset({"p1", "p2"}))


CARER = Sight(frozenset({"p1"}), limited=(Limited("p2", ("Observation",)), Limited("p3", None, sensitive=True)))
SUD = BITS["SUD"]


def person(scopes, sight, patient=None, user="Practitioner/y", granted=0):
    return replace(caller(scopes, patient, user), account="sub", sight=sight, labels=granted)


def ways(who, type_="Observation", letter="s"):
    found = reach(who, PATIENT, type_, letter)
    return found.ways if isinstance(found, Reach) else None


COMPARTMENT, SHARED = How.COMPARTMENT, How.SHARED
TRUTH = [
    # scopes, the sight, the patient in context, how an Observation is reached
    ("user/*.rs", EVERYBODY, None, (Way("user", SHARED),)),
    ("user/*.rs", EVERYBODY, "p9", (Way("user", SHARED),)),
    ("user/*.rs", PARENT, None, (Way("user", COMPARTMENT, sight=PARENT),)),
    ("user/*.rs", PARENT, "p9", (Way("user", COMPARTMENT, sight=PARENT),)),
    ("user/*.rs", LED, None, (Way("user", COMPARTMENT, sight=LED),)),
    ("user/*.rs", NOBODY, None, (Way("user", COMPARTMENT, sight=NOBODY),)),
    ("user/*.rs", None, None, None),
    ("user/Condition.rs", EVERYBODY, None, None),
    ("patient/*.rs", EVERYBODY, "p1", (Way("patient", COMPARTMENT, "p1"),)),
    ("patient/*.rs", PARENT, "p1", (Way("patient", COMPARTMENT, "p1"),)),
    ("patient/*.rs", LED, "p1", (Way("patient", COMPARTMENT, "p1"),)),
    ("patient/*.rs", LED, "p9", (Way("patient", COMPARTMENT, "p9", sight=LED),)),
    ("patient/*.rs", PARENT, "p9", ()),
    ("patient/*.rs", NOBODY, "p1", ()),
    ("patient/*.rs", None, "p1", None),
    (
        "patient/*.rs user/*.rs",
        PARENT,
        "p1",
        (Way("patient", COMPARTMENT, "p1"), Way("user", COMPARTMENT, sight=PARENT)),
    ),
    ("patient/*.rs user/*.rs", EVERYBODY, "p1", (Way("user", SHARED),)),
    ("patient/*.rs user/*.rs", PARENT, None, None),
    ("system/*.rs", EVERYBODY, None, None),
]


@pytest.mark.parametrize(("scopes", "sight", "patient", "expected"), TRUTH)
def test_a_user_level_scope_reaches_as_far_as_its_person_sees(scopes, sight, patient, expected):
    """Decision 19: the context neither widens nor confines `user/`, and no scope shows whom the person may not see."""
    assert ways(person(scopes, sight, patient)) == expected


def among(*patients):
    return Sight(frozenset(patients))


LIMITS = [
    # scopes, the patient in context, labels granted, the type, how it is reached
    ("user/*.rs", None, 0, "Observation", (Way("user", COMPARTMENT, sight=among("p1", "p2", "p3")),)),
    ("user/*.rs", None, 0, "Condition", (Way("user", COMPARTMENT, sight=among("p1", "p3")),)),
    (
        "user/*.rs",
        None,
        SUD,
        "Observation",
        (
            Way("user", COMPARTMENT, sight=among("p1", "p3")),
            Way("user", COMPARTMENT, sight=among("p2"), withheld=EVERY),
        ),
    ),
    ("user/*.rs", None, SUD, "Condition", (Way("user", COMPARTMENT, sight=among("p1", "p3")),)),
    ("user/*.rs", None, SUD, "Organization", (Way("user", SHARED),)),
    ("patient/*.rs", "p2", 0, "Observation", (Way("patient", COMPARTMENT, "p2"),)),
    ("patient/*.rs", "p2", SUD, "Observation", (Way("patient", COMPARTMENT, "p2", withheld=EVERY),)),
    ("patient/*.rs", "p2", 0, "Condition", ()),
    ("patient/*.rs", "p3", SUD, "Condition", (Way("patient", COMPARTMENT, "p3"),)),
    ("patient/*.rs", "p1", SUD, "Condition", (Way("patient", COMPARTMENT, "p1"),)),
]


@pytest.mark.parametrize(("scopes", "patient", "granted", "type_", "expected"), LIMITS)
def test_a_caregiver_reaches_as_far_as_the_patient_allows(scopes, patient, granted, type_, expected):
    """AUTHZ-19, SCOPE-04: of p2 Observations alone, nothing labelled, whatever a token was granted."""
    found = reach(person(scopes, CARER, patient, "RelatedPerson/r", granted), PATIENT, type_, "s")

    assert set(found.ways) == set(expected)


def test_a_caregiver_may_name_the_patient_whom_they_write_about():
    """Also where the Patient itself is not theirs to see."""
    who = person("patient/DocumentReference.c patient/*.rs", CARER, "p2", "RelatedPerson/r")
    assert reach(who, PATIENT, "Patient", "r").ways == ()
    assert nameable(who, PATIENT, "Patient").ways == (Way("patient", COMPARTMENT, "p2"),)
    assert nameable(who, PATIENT, "Condition").ways == ()


@pytest.mark.parametrize(("type_", "how"), [(type_, how) for type_, how in REACH.items() if type_ in PATIENT.by_type])
def test_the_table_holds_for_users_too(type_, how):
    """Shared types are open to every user, Group and Person to none; all others by the sight."""
    found = reach(person(f"user/{type_}.rs", PARENT), PATIENT, type_, "r")
    if how is How.NEVER:
        assert isinstance(found, Denied)
    else:
        assert found.ways == (Way("user", how, sight=None if how is SHARED else PARENT),)
        assert found.wide is (how is SHARED)


@pytest.mark.parametrize("surface", [one for one in ALL if one.audience == "system"], ids=lambda one: one.id)
def test_no_user_enters_by_system_access(surface):
    """A `user/` scope is for patient access alone, whatever else the token says."""
    for offer in surface.offers:
        assert isinstance(reach(person("user/*.rs system/*.rs", EVERYBODY), surface, offer.type, "r"), Denied)


def test_without_the_user_nothing_is_answered():
    """SMART-17: a `user/` scope without fhirUser, or of which nobody said whom it shows, is refused for every type."""
    for who in (person("user/*.rs patient/*.rs", EVERYBODY, "p1", None), person("user/*.rs patient/*.rs", None, "p1")):
        for offer in PATIENT.offers:
            assert isinstance(reach(who, PATIENT, offer.type, "r"), Denied)


@pytest.mark.parametrize(
    ("user", "scope", "granted"),
    [
        ("Practitioner/y", "openid fhirUser patient/*.rs", ["user/Practitioner.r?_id=y"]),
        ("PractitionerRole/z", "fhirUser", ["user/PractitionerRole.r?_id=z"]),
        ("Practitioner/y", "openid profile", []),
        ("Practitioner/y", "xfhirUser", []),
        ("Patient/p1", "fhirUser", []),
        ("Person/q", "fhirUser", []),
        ("Group/g", "fhirUser", []),
        (None, "fhirUser", []),
        ("Practitioner/a b", "fhirUser", []),
    ],
)
def test_fhir_user_opens_the_own_record_of_a_practitioner(user, scope, granted):
    """SMART-16: readable with the token; of the others it lies in reach anyway, or is never shown."""
    assert [str(one) for one in itself(user, scope)] == granted


def test_includes_and_chains_go_by_the_same_sight():
    """AUTHZ-07: every reach of a search has the sight and what is withheld."""
    query = Query("Observation", includes=())
    found = narrow(query, person("user/*.rs", PARENT), PATIENT)
    assert {way.sight for one in (found.reach, *found.forward.values()) for way in one.ways} == {PARENT}


def test_what_is_about_one_patient_is_within_the_sight_too():
    """Operations about a patient: in that compartment, and, where that patient is not surely seen, by the sight."""
    for sight, left in ((EVERYBODY, None), (PARENT, None), (LED, LED)):
        found = about(Query("Observation"), person("user/*.rs", sight), PATIENT, "p2")
        assert found.reach.ways == (Way("user", COMPARTMENT, "p2", sight=left),)
    assert nameable(person("patient/*.c", PARENT, "p9"), PATIENT, "Patient").ways == ()


@pytest.mark.parametrize("word", labels.WORDS)
def test_a_word_opens_its_label_and_no_other(word):
    """REG-17: what is not named stays closed, for patients and systems alike."""
    bit = BITS[word.removeprefix("sensitive/")]
    for who, surface in ((person("user/*.rs", EVERYBODY, granted=bit), PATIENT), (caller("system/*.rs"), SYSTEM)):
        found = reach(who, surface, "Observation", "r")
        assert found.withheld == EVERY & ~who.labels
        assert found.wide
        assert not found.open
    assert labels.opened(labels.words(f"system/*.rs {word} sensitive/NONE")) == bit


@pytest.mark.parametrize("type_", ["Provenance", "Binary"])
def test_what_hangs_on_others_is_looked_at(type_):
    """A row's own labels do not tell what it hangs on, unless nothing is withheld."""
    assert not reach(caller(f"system/{type_}.rs"), SYSTEM, type_, "r").wide


def test_every_rule_says_whom_it_shows():
    """The rows: plain words for each, and leads only where the practitioner has something to lead there."""
    assert list(RULES) == ["tenant", "organization", "care"]
    assert RULES["tenant"].sight((), ()) == EVERYBODY
    assert RULES["organization"].sight(("Practitioner/y",), ()) == NOBODY
    assert {one.to for one in RULES["organization"].sight((), ("Organization/o",)).leads} == {("Organization/o",)}
    assert {one.type for one in RULES["care"].sight(("Practitioner/y",), ()).leads} == {"CareTeam", "Encounter"}
    assert all(one.plain for one in (*RULES.values(), *PERSONS.values()))


NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)
GOOD = {"user": "Practitioner/y", "reason": "unconscious in the emergency room", "minutes": 60}


@pytest.mark.parametrize(
    "change",
    [
        {"user": "Patient/p1"},
        {"user": "RelatedPerson/r"},
        {"reason": "   "},
        {"reason": "because"},
        {"reason": "x" * 501},
        {"minutes": 61},
        {"minutes": 0},
    ],
)
def test_an_emergency_wants_a_practitioner_a_reason_and_an_hour(change):
    """At most sixty minutes; a reason that says something."""
    asked = {**GOOD, **change}
    with pytest.raises(EmergencyRefused):
        opened("e", 1, "sub", asked["user"], asked["reason"], NOON, minutes=asked["minutes"])


def test_an_emergency_ends_by_itself():
    """It holds from its first moment until its last, and its reason is in no repr."""
    one = opened("e", 1, "sub", GOOD["user"], GOOD["reason"], NOON, minutes=30)
    assert [one.holds(NOON + timedelta(minutes=n)) for n in (-1, 0, 29, 30)] == [False, True, True, False]
    assert "unconscious" not in repr(one)
