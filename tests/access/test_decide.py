"""Decisions: closed by default, by level, type, letter and context."""

import itertools

import pytest

from careweft.access.decide import Allowed, Denied, decide
from careweft.access.scopes import LETTER
from careweft.surfaces import ALL, find

from .world import PATIENT, SYSTEM, caller, of_p1

OK, NO = Allowed, Denied

ROWS = [
    # surface, caller, type, interaction, answer
    (SYSTEM, caller("system/Patient.rs"), "Patient", "read", OK),
    (SYSTEM, caller("system/Patient.rs"), "Patient", "vread", OK),
    (SYSTEM, caller("system/Patient.rs"), "Patient", "history-instance", OK),
    (SYSTEM, caller("system/Patient.rs"), "Patient", "search-type", OK),
    (SYSTEM, caller("system/*.rs"), "Encounter", "search-type", OK),
    (SYSTEM, caller("system/*.read"), "Encounter", "search-type", OK),
    (SYSTEM, caller("system/Patient.r"), "Patient", "search-type", NO),
    (SYSTEM, caller("system/Patient.s"), "Patient", "read", NO),
    (SYSTEM, caller("system/Patient.cud"), "Patient", "read", NO),
    (SYSTEM, caller("system/Patient.rs"), "Encounter", "read", NO),
    (SYSTEM, caller(""), "Patient", "read", NO),
    (SYSTEM, caller("system/*.cruds"), "Patient", "create", NO),  # no offer has it yet
    (SYSTEM, caller("system/*.cruds"), "Patient", "delete", NO),
    (SYSTEM, caller("system/*.cruds"), "Patient", "$expunge", NO),
    (SYSTEM, caller("system/*.cruds"), "Patient", "", NO),
    (SYSTEM, caller("system/*.cruds"), "Claim", "read", NO),
    (SYSTEM, caller("system/*.cruds"), "ExplanationOfBenefit", "read", NO),
    (find("payer", "system"), caller("system/*.rs"), "ExplanationOfBenefit", "read", OK),
    (SYSTEM, caller("system/*.cruds"), "Binary", "read", OK),
    (SYSTEM, caller("system/*.cruds"), "Binary", "search-type", NO),
    (SYSTEM, caller("system/*.rs"), "Group", "search-type", OK),
    (SYSTEM, of_p1("patient/Patient.rs"), "Patient", "read", NO),
    (SYSTEM, of_p1("system/Patient.rs"), "Patient", "read", NO),
    (SYSTEM, caller("system/Patient.rs", user="Practitioner/1"), "Patient", "read", NO),
    (PATIENT, of_p1("patient/Patient.rs"), "Patient", "read", OK),
    (PATIENT, of_p1("patient/*.read"), "Observation", "search-type", OK),
    (PATIENT, of_p1("patient/Organization.r"), "Organization", "read", OK),
    (PATIENT, of_p1("patient/*.cruds"), "Group", "read", NO),
    (PATIENT, of_p1("patient/Group.rs"), "Group", "search-type", NO),
    (PATIENT, of_p1("patient/*.cruds"), "Slot", "read", NO),
    (PATIENT, caller("patient/Patient.rs"), "Patient", "read", NO),  # SMART-17
    (PATIENT, caller("patient/Patient.rs", ""), "Patient", "read", NO),
    (PATIENT, caller("system/*.rs"), "Patient", "read", NO),
    (PATIENT, of_p1("system/*.rs"), "Patient", "read", NO),
    (PATIENT, caller("user/*.rs", user="Practitioner/1"), "Patient", "read", NO),  # not served yet
    (PATIENT, caller("user/*.rs"), "Patient", "read", NO),
    (PATIENT, of_p1("patient/Patient.rs user/Patient.rs"), "Patient", "read", NO),
    # a user/ scope without fhirUser spoils it
    (PATIENT, of_p1("patient/Observation.rs?category=laboratory"), "Observation", "read", OK),
    (PATIENT, of_p1("patient/Observation.rs?category=laboratory"), "Condition", "read", NO),
    (PATIENT, of_p1("patient/*.rs?category=laboratory"), "Observation", "read", OK),
    (PATIENT, of_p1("patient/*.rs?category=laboratory"), "Patient", "read", NO),  # Patient has no category
]


@pytest.mark.parametrize(("surface", "who", "type_", "interaction", "answer"), ROWS)
def test_decisions(surface, who, type_, interaction, answer):
    assert isinstance(decide(who, surface, type_, interaction), answer)


@pytest.mark.parametrize("surface", ALL, ids=lambda one: one.id)
@pytest.mark.parametrize("letters", ["".join(one) for n in range(1, 6) for one in itertools.combinations("cruds", n)])
def test_letters_times_interactions_times_types(surface, letters):
    """SCOPE-03, all of it: allowed where the offer has the interaction and the scope its letter, denied elsewhere."""
    who = caller(f"{surface.audience}/*.{letters}", "p1" if surface.audience == "patient" else None)
    never = {"Group", "Slot"} if surface.audience == "patient" else set()
    for offer, (interaction, letter) in itertools.product(surface.offers, LETTER.items()):
        may = offer.does(interaction) and letter in letters and offer.type not in never
        assert isinstance(decide(who, surface, offer.type, interaction), Allowed) == may, (offer.type, interaction)


@pytest.mark.parametrize(("v1", "v2"), [("read", "rs"), ("write", "cud"), ("*", "cruds")])
@pytest.mark.parametrize("surface", ALL, ids=lambda one: one.id)
def test_smart_1_and_2_allow_the_same(surface, v1, v2):
    """SCOPE-02: for every type and interaction."""
    patient = "p1" if surface.audience == "patient" else None
    old, new = (caller(f"{surface.audience}/*.{may} {surface.audience}/Patient.{may}", patient) for may in (v1, v2))
    for offer, interaction in itertools.product(surface.offers, LETTER):
        assert decide(old, surface, offer.type, interaction) == decide(new, surface, offer.type, interaction)


def test_the_reason_names_what_is_wanted():
    """A message names the thing and what was wanted."""
    denied = decide(of_p1("patient/Patient.rs"), PATIENT, "Observation", "read")
    assert denied == Denied("a scope patient/Observation.r is needed")
