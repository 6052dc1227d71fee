"""Reach: a union of ways, one for each scope that holds; SCOPE-06, AUTHZ-08, AUTHZ-11."""

import itertools
from datetime import UTC, datetime

import pytest

from careweft.access.decide import Denied
from careweft.access.filters import groups
from careweft.access.narrow import narrow, reach
from careweft.access.reach import REACH, How, Reach, Way
from careweft.fhir.definitions import COMPARTMENT
from careweft.fhir.search.chain import hops
from careweft.fhir.search.context import Context
from careweft.fhir.search.parse import parse
from careweft.fhir.search.query import Include, Query
from careweft.surfaces import ALL

from .world import PATIENT, SYSTEM, caller, of_p1

LAB = ("category", "laboratory")
VITAL = ("category", "vital-signs")
FINAL = ("status", "final")


def way(*only, patient="p1", how=How.COMPARTMENT, level="patient"):
    return Way(level, how, patient, groups("Observation", only))


def ways(scopes, type_="Observation", letter="s"):
    found = reach(of_p1(scopes), PATIENT, type_, letter)
    return set(found.ways) if isinstance(found, Reach) else None


TRUTH = [
    # scopes of one token, what shows Observations to it by search
    ("patient/Observation.rs", {way()}),
    ("patient/Observation.rs?category=laboratory", {way(LAB)}),
    ("patient/Observation.rs?category=laboratory patient/Observation.rs?category=vital-signs", {way(LAB), way(VITAL)}),
    ("patient/Observation.rs?category=laboratory&status=final", {way(LAB, FINAL)}),
    ("patient/Observation.rs?category=laboratory patient/Observation.rs", {way(LAB), way()}),
    ("patient/Observation.r?category=laboratory patient/Observation.s?category=vital-signs", {way(VITAL)}),
    ("patient/Observation.rs?category=laboratory patient/*.rs", {way(LAB), way()}),
    ("patient/Observation.r patient/Condition.rs", None),
    ("patient/Observation.read", {way()}),
    ("patient/Observation.rs patient/Observation.read patient/Observation.rs", {way()}),
    ("patient/Observation.rs system/Observation.rs", {way()}),
]


@pytest.mark.parametrize(("scopes", "expected"), TRUTH)
def test_each_scope_is_a_way_of_its_own(scopes, expected):
    """SCOPE-06: filters are never merged; each stands beside its own compartment."""
    assert ways(scopes) == expected


def test_letters_have_reaches_of_their_own():
    """A filter on `r` says nothing of `s`."""
    scopes = "patient/Observation.r?category=laboratory patient/Observation.s?category=vital-signs"
    assert ways(scopes, letter="r") == {way(LAB)}
    assert ways(scopes, letter="s") == {way(VITAL)}


def test_a_filter_is_and_within_a_scope():
    """Two parameters in one scope are two groups of one way."""
    (only,) = ways("patient/Observation.rs?category=laboratory&status=final")
    assert len(only.where) == 2


def test_an_open_way_makes_the_others_needless():
    found = reach(caller("system/Observation.rs?category=laboratory system/*.rs"), SYSTEM, "Observation", "s")
    assert found.ways == (Way("system", How.SHARED),)
    assert found.wide


def test_a_filtered_system_scope_is_not_open():
    found = reach(caller("system/Observation.rs?category=laboratory"), SYSTEM, "Observation", "s")
    assert found.ways == (way(LAB, patient=None, how=How.SHARED, level="system"),)
    assert not found.wide


HOWS = [
    ("Patient", How.COMPARTMENT),
    ("Observation", How.COMPARTMENT),
    ("Coverage", How.COMPARTMENT),
    ("ExplanationOfBenefit", How.COMPARTMENT),
    ("Appointment", How.COMPARTMENT),
    ("Schedule", How.COMPARTMENT),
    ("Device", How.OWN),
    ("Provenance", How.TARGET),
    ("Binary", How.OWNER),
    ("Organization", How.SHARED),
    ("Practitioner", How.SHARED),
    ("PractitionerRole", How.SHARED),
    ("Location", How.SHARED),
    ("Medication", How.SHARED),
    ("Group", How.NEVER),
    ("Person", How.NEVER),
    ("AuditEvent", How.NEVER),
]


@pytest.mark.parametrize(("type_", "how"), HOWS)
def test_the_reach_table(type_, how):
    """Decision 19, row by row."""
    assert REACH[type_] is how


def test_the_reach_table_is_hl7_s_compartment_but_for_the_exceptions():
    """Every other type that the surfaces offer is in the table as HL7 has it, or never shown."""
    named = {type_ for type_, _ in HOWS if REACH[type_] is not How.COMPARTMENT}
    for offer in (offer for surface in ALL for offer in surface.offers if offer.type not in named):
        assert REACH.get(offer.type, How.NEVER) is (How.COMPARTMENT if offer.type in COMPARTMENT else How.NEVER)


@pytest.mark.parametrize("type_", [type_ for type_, how in HOWS if how is How.SHARED])
def test_shared_types_are_open_to_a_patient(type_):
    found = reach(of_p1(f"patient/{type_}.rs"), PATIENT, type_, "r")
    assert found.wide
    assert found.ways == (Way("patient", How.SHARED),)


@pytest.mark.parametrize("type_", ["Patient", "Device", "Provenance", "Binary", "Observation"])
def test_everything_else_is_confined_to_the_patient(type_):
    found = reach(of_p1(f"patient/{type_}.rs"), PATIENT, type_, "r")
    assert [one.patient for one in found.ways] == ["p1"]
    assert not found.wide


@pytest.mark.parametrize("surface", ALL, ids=lambda one: one.id)
def test_no_scope_no_reach(surface):
    """AUTHZ-11: for every type and letter, whatever data exist: a token without the scope is denied."""
    who = caller(f"{surface.audience}/Patient.d", "p1" if surface.audience == "patient" else None)
    for offer, letter in itertools.product(surface.offers, "rs"):
        assert isinstance(reach(who, surface, offer.type, letter), Denied)


def test_a_reach_cannot_be_made_by_hand():
    """Only narrow seals one: a type, not a habit."""
    with pytest.raises(TypeError):
        Reach("Observation", (Way("system", How.SHARED),), object())


def search(type_, *includes, scopes, surface=PATIENT):
    who = of_p1(scopes) if surface is PATIENT else caller(scopes)
    return narrow(Query(type_, includes=includes), who, surface)


def test_a_search_without_right_is_denied():
    assert isinstance(search("Observation", scopes="patient/Patient.rs"), Denied)
    assert isinstance(search("Observation", scopes="patient/Observation.r"), Denied)
    assert isinstance(search("Binary", scopes="patient/*.rs"), Denied)


def test_includes_bring_what_may_be_read():
    """`_include` wants r on each type that it may bring; what may not be shown is absent."""
    include = Include("Observation", "subject")
    found = search("Observation", include, scopes="patient/Observation.rs patient/Patient.r patient/Device.s")
    assert set(found.forward) == {"Patient"}
    assert not found.backward


def test_a_granular_scope_confines_what_is_included():
    """SCOPE-05: an included Condition passes the filter of the Condition scope."""
    only = "patient/Condition.rs?category=problem-list-item"
    found = search("Encounter", Include("Encounter", "diagnosis", "Condition"), scopes=f"patient/Encounter.rs {only}")
    assert found.forward["Condition"].ways == (
        Way("patient", How.COMPARTMENT, "p1", groups("Condition", (("category", "problem-list-item"),))),
    )


def test_a_target_narrows_what_is_included():
    found = search("Observation", Include("Observation", "performer", "Practitioner"), scopes="patient/*.rs")
    assert set(found.forward) == {"Practitioner"}


def test_a_star_includes_every_reference():
    payer = ALL[3]
    found = search("ExplanationOfBenefit", Include("ExplanationOfBenefit", "*"), scopes="system/*.rs", surface=payer)
    assert {"Patient", "Coverage", "Organization", "Practitioner", "PractitionerRole", "Location"} <= set(found.forward)


def test_an_include_never_brings_what_the_surface_does_not_offer():
    found = search("Coverage", Include("Coverage", "*"), scopes="system/*.rs", surface=SYSTEM)
    assert set(found.forward) <= set(SYSTEM.by_type)
    assert "ExplanationOfBenefit" not in found.forward


def test_includes_never_bring_a_group_to_a_patient():
    found = search("Observation", Include("Observation", "subject"), scopes="patient/*.rs")
    assert "Group" not in found.forward
    assert "Patient" in found.forward


def test_each_hop_of_an_include_that_iterates_wants_its_own_right():
    """AUTHZ-07: what is brought along on the way is read and searched like anything else."""
    includes = (
        Include("Observation", "encounter"),
        Include("Encounter", "practitioner", "Practitioner", iterate=True),
        Include("Provenance", "target", reverse=True, iterate=True),
    )
    scopes = "patient/Observation.rs patient/Practitioner.r patient/Provenance.r"
    found = search("Observation", *includes, scopes=scopes)
    assert (set(found.forward), set(found.backward)) == ({"Practitioner"}, set())
    found = search("Observation", *includes, scopes=f"{scopes} patient/Encounter.r patient/Provenance.s")
    assert (set(found.forward), set(found.backward)) == ({"Encounter", "Practitioner"}, {"Provenance"})


def test_revincludes_want_s():
    """A reverse include is a search of the other type."""
    backwards = Include("Provenance", "target", reverse=True)
    assert set(search("Observation", backwards, scopes="patient/Observation.rs patient/Provenance.s").backward) == {
        "Provenance"
    }
    assert not search("Observation", backwards, scopes="patient/Observation.rs patient/Provenance.r").backward
    assert not search("Observation", backwards, scopes="patient/Observation.rs patient/Provenance.r").forward


def test_dates_in_a_scope_are_read_in_the_tenant_s_zone():
    """Decision 21: a whole day is the tenant's day."""
    who = of_p1("patient/Observation.rs?date=2024-01-01")
    utc, east = (reach(who, PATIENT, "Observation", "s", zone).ways[0].where for zone in ("UTC", "Pacific/Auckland"))
    assert utc != east


def followed(text, scopes, surface=PATIENT):
    """A search by one chain, and what is sought on its way."""
    type_, _, rest = text.partition("?")
    types = surface.by_type
    here = Context(datetime(2024, 5, 17, tzinfo=UTC), UTC, "")
    query = parse(type_, types[type_], [tuple(rest.split("=", 1))], here, others=types).query
    return narrow(query, of_p1(scopes) if surface is PATIENT else caller(scopes), surface)


CHAINS = [
    # search, scopes, the types that are sought (None: denied)
    ("Observation?patient.name=x", "patient/Observation.rs patient/Patient.s", {"Patient"}),
    ("Observation?patient.name=x", "patient/Observation.rs patient/Patient.r", None),
    ("Observation?patient.name=x", "patient/Observation.rs", None),
    ("Observation?patient.organization.name=x", "patient/Observation.rs patient/Patient.rs", None),
    ("Observation?patient.organization.name=x", "patient/*.rs", {"Patient", "Organization"}),
    ("Observation?subject.name=x", "patient/Observation.rs patient/Patient.rs", {"Patient"}),
    ("Observation?subject.name=x", "patient/Observation.rs patient/Practitioner.rs", None),
    ("Observation?subject:Location.name=x", "patient/Observation.rs patient/Patient.rs", None),
    ("Observation?subject._id=x", "patient/*.rs", {"Device", "Location", "Patient"}),
    ("Patient?_has:Observation:patient:code=x", "patient/Patient.rs patient/Observation.s", {"Observation"}),
    ("Patient?_has:Observation:patient:code=x", "patient/Patient.rs patient/Observation.r", None),
    ("Patient?_has:Group:member:code=x", "patient/*.rs", None),
    ("Encounter?patient._has:Group:member:code=x", "patient/*.rs", None),
    ("Patient?_has:Observation:patient:performer:Practitioner.name=x", "patient/Patient.rs patient/Observation.rs",
     None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "scopes", "types"), CHAINS)
def test_every_step_of_a_chain_wants_the_right_to_search_there(text, scopes, types):
    """AUTHZ-10: as the search of that type itself; an unnamed type only goes where the caller may search."""
    found = followed(text, scopes)
    assert (None if isinstance(found, Denied) else set(found.sought)) == types
    if types is not None:
        assert {hop.type for hop in hops(found.query.where)} == types


def test_a_chain_is_denied_as_the_search_of_its_type_is():
    """The same words: neither says more than the other."""
    direct = search("Patient", scopes="patient/Observation.rs")
    assert followed("Observation?patient.name=x", "patient/Observation.rs") == direct


def test_a_step_has_the_reach_of_its_type():
    """The patient's compartment, and the granular filters of scopes with the letter s."""
    scopes = "patient/Patient.rs patient/Observation.r patient/Observation.s?category=laboratory"
    found = followed("Patient?_has:Observation:patient:code=x", scopes)
    assert set(found.sought["Observation"].ways) == {way(LAB)}
    assert found.wide is False
    assert followed("Patient?_has:Observation:patient:code=x", "system/*.rs", SYSTEM).wide
