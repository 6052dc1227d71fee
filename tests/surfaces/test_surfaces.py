"""The tables of the four APIs, against what R4, US Core 6.1.0 and CARIN Blue Button ask for."""

import json
import re
import tarfile

import pytest

from careweft.fhir.definitions import RESOURCES, SEARCH
from careweft.fhir.search.parse import modifiers
from careweft.surfaces import ALL, INTAKE, INTERACTIONS, SHARED, build, find
from careweft.surfaces.offers import EVERY, offer
from tests.world import shared

SURFACES = pytest.mark.parametrize("surface", ALL, ids=lambda one: one.id)
PROVIDER_PATIENT = find("provider", "patient")

# behaviour.md 4.1
TYPES = {
    "Patient",
    "Practitioner",
    "Organization",
    "Location",
    "RelatedPerson",
    "AllergyIntolerance",
    "Condition",
    "Procedure",
    "Observation",
    "DiagnosticReport",
    "Immunization",
    "Specimen",
    "MedicationRequest",
    "MedicationDispense",
    "Encounter",
    "EpisodeOfCare",
    "ServiceRequest",
    "CarePlan",
    "CareTeam",
    "Coverage",
    "Device",
    "DocumentReference",
    "Binary",
    "Group",
    "Provenance",
    "Appointment",
    "Goal",
    "PractitionerRole",
    "QuestionnaireResponse",
    "Schedule",
    "Slot",
}

# conformance-profiles.md annex A and annex B: parameters joined by +, for each type
SEARCHES = {
    "AllergyIntolerance": "patient patient+clinical-status",
    "CarePlan": "patient+category patient+category+status patient+category+status+date patient+category+date",
    "CareTeam": "patient+status role patient+role",
    "Condition": "patient+category patient patient+recorded-date patient+asserted-date "
    "patient+category+clinical-status patient+onset-date patient+abatement-date "
    "patient+clinical-status patient+category+encounter patient+code",
    "Coverage": "patient",
    "Device": "patient patient+type patient+status",
    "DiagnosticReport": "patient+category patient patient+category+date patient+code patient+code+date patient+status",
    "DocumentReference": "patient _id patient+type patient+category+date patient+category patient+status "
    "patient+type+period",
    "Encounter": "patient _id date+patient identifier patient+type class+patient patient+status patient+location "
    "patient+discharge-disposition",
    "Goal": "patient patient+target-date patient+description patient+lifecycle-status",
    "Immunization": "patient patient+date patient+status",
    "Location": "name address address-city address-state address-postalcode",
    "MedicationDispense": "patient patient+status+type patient+status",
    "MedicationRequest": "patient+intent patient+intent+status patient+intent+encounter patient+intent+authoredon",
    "Observation": "patient+category patient+category+date patient+code patient+code+date patient+category+status",
    "Organization": "name address",
    "Patient": "_id identifier name birthdate+name gender+name birthdate+family family+gender death-date+family",
    "Practitioner": "name identifier _id",
    "PractitionerRole": "specialty practitioner",
    "Procedure": "patient patient+date patient+code+date patient+status",
    "QuestionnaireResponse": "patient _id patient+questionnaire patient+authored patient+status",
    "RelatedPerson": "_id patient name patient+name",
    "ServiceRequest": "patient _id patient+category+authored patient+category patient+code patient+status "
    "patient+code+authored",
    "Specimen": "_id patient",
    "Group": "code member type",
}
CLAIMS = {
    "_id",
    "patient",
    "_lastUpdated",
    "type",
    "identifier",
    "service-date",
    "service-start-date",
    "billable-period-start",
}
WRITTEN = {"create", "update", "patch", "delete"}
FILED = {"DocumentReference": {"create", "update"}, "DiagnosticReport": {"create", "update"}, "Binary": {"create"}}
CLAIM_INCLUDES = ("patient", "provider", "care-team", "coverage", "insurer", "payee", "*")


@SURFACES
def test_offers_every_type_of_the_documented_list(surface):
    assert set(surface.by_type) >= TYPES
    assert len(surface.by_type) == len(surface.offers)


@SURFACES
def test_reads_and_searches_every_type_but_binary(surface):
    """Read, vread, history and search for all; Binary is read by id alone. Documents and reports are filed at the
    provider APIs.
    """
    for one in surface.offers:
        wanted = {"read"} if one.type == "Binary" else {"read", "vread", "history-instance", "search-type"}
        assert one.can - WRITTEN == wanted, one.type
        assert one.can & WRITTEN == (FILED.get(one.type, set()) if surface.side == "provider" else set()), one.type
        assert one.can <= set(INTERACTIONS)


@SURFACES
def test_offers_what_is_defined(surface):
    """Each type, parameter, combination and include exists in the definitions."""
    for one in surface.offers:
        assert one.type in RESOURCES
        assert all(param in SEARCH[one.type] for param in one.params), one.type
        assert all(set(group) <= set(one.params) for group in one.together), one.type
        assert len(one.params) == len(set(one.params)), one.type
        for include in one.includes:
            source, param = include.split(":")
            assert source == one.type
            assert param == "*" or SEARCH[source][param].kind == "reference"


@SURFACES
def test_every_parameter_can_be_asked(surface):
    """No offered parameter is of a kind, or a composite of a form, that the search engine does not know."""
    assert all(modifiers(SEARCH[one.type][param]) for one in surface.offers for param in one.params)


@SURFACES
@pytest.mark.parametrize("type_", sorted(SEARCHES))
def test_us_core_searches(surface, type_):
    """Parameters and combinations of annexes A and B."""
    one = surface.by_type[type_]
    for search in SEARCHES[type_].split():
        params = tuple(search.split("+"))
        assert set(params) <= set(one.params)
        assert len(params) == 1 or params in one.together


@SURFACES
def test_what_every_search_has(surface):
    """`_id _lastUpdated _profile _tag _security`, and Provenance comes along in reverse."""
    for one in (one for one in surface.offers if "search-type" in one.can):
        assert set(EVERY.split()) <= set(one.params)
        assert one.revincludes == ("Provenance:target",)


@SURFACES
def test_medications_can_be_included(surface):
    assert "MedicationRequest:medication" in surface.by_type["MedicationRequest"].includes
    assert "MedicationDispense:medication" in surface.by_type["MedicationDispense"].includes


@pytest.mark.parametrize("audience", ["patient", "system"])
def test_claims_are_on_payer_only(audience):
    """CARIN Blue Button: parameters, includes and profiles of ExplanationOfBenefit, and Coverage on both sides."""
    payer, provider = find("payer", audience), find("provider", audience)
    assert "ExplanationOfBenefit" not in provider.by_type
    assert {"Coverage"} <= set(provider.by_type) & set(payer.by_type)
    claims = payer.by_type["ExplanationOfBenefit"]
    assert set(claims.params) >= CLAIMS
    assert {f"ExplanationOfBenefit:{one}" for one in CLAIM_INCLUDES} <= set(claims.includes)
    assert "Coverage:payor" in payer.by_type["Coverage"].includes
    assert len(claims.profiles) == 6


def profiles(surface):
    return {profile for one in surface.offers for profile in one.profiles}


def named(text):
    """The profiles of annex A, by the headings that number them 10.x."""
    return re.findall(r"^### 10\.\d+ \w+ — ([a-z-]+)", text, re.MULTILINE)


@SURFACES
def test_the_42_profiles(surface):
    """10.1.05: the offers together list all 42 profiles of annex A, each with its type."""
    page = shared("reference/conformance-profiles.md")
    wanted = {"http://hl7.org/fhir/us/core/StructureDefinition/" + one for one in named(page.read_text())}
    assert len(wanted) == 42
    assert wanted <= profiles(surface)


def resources(archive):
    with tarfile.open(shared(f"oracle/{archive}")) as files:
        for member in files:
            if member.name.endswith(".json") and (file := files.extractfile(member)):
                yield member.name.split("/")[-1], json.load(file)


@SURFACES
def test_us_core_s_own_statement(surface):
    """USC-02: every parameter and combination of US Core's CapabilityStatement, for each type that is offered."""
    statement = dict(resources("hl7.fhir.us.core-6.1.0.tgz"))["CapabilityStatement-us-core-server.json"]
    for asked in (one for one in statement["rest"][0]["resource"] if one["type"] in surface.by_type):
        one = surface.by_type[asked["type"]]
        assert {param["name"] for param in asked.get("searchParam", ())} <= set(one.params)
        for group in (extension["extension"] for extension in asked.get("extension", ()) if "extension" in extension):
            assert tuple(part["valueString"] for part in group if part["url"] == "required") in one.together
        brought = {":".join(include.split(":")[:2]) for include in asked.get("searchInclude", ())}
        assert brought - {"PractitionerRole:endpoint"} <= set(one.includes)  # Endpoint is not offered


def test_profiles_exist():
    """Each profile URL is one that US Core 6.1.0 or CARIN Blue Button 2.0.0 publishes, for the type that names it."""
    known = {}
    for archive in ("hl7.fhir.us.core-6.1.0.tgz", "hl7.fhir.us.carin-bb-2.0.0.tgz"):
        for name, one in resources(archive):
            if name.startswith("StructureDefinition-"):
                known[one["url"]] = one["type"]
    for one in (one for surface in ALL for one in surface.offers):
        assert all(known[profile] == one.type for profile in one.profiles), one.type


FACTS = [
    ("provider", "patient", "careweft-provider-patient-access-server", "/provider/patient-access/v2/{tenant}"),
    ("provider", "system", "careweft-provider-system-access-server", "/provider/system-access/v2/{tenant}"),
    ("payer", "patient", "careweft-payer-patient-access-server", "/payer/patient-access/v2/{tenant}"),
    ("payer", "system", "careweft-payer-system-access-server", "/payer/system-access/v2/{tenant}"),
]


@pytest.mark.parametrize(("side", "audience", "id_", "base"), FACTS)
def test_who_they_are(side, audience, id_, base):
    """Identifiers and paths; each names this software (decision 18) and says which guides it follows."""
    surface = find(side, audience)
    assert (surface.id, surface.base, surface.fhir, surface.default_format) == (id_, base, "4.0.1", "json")
    assert surface.name.startswith("careweft-")
    assert "http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server" in surface.instantiates
    assert ("http://hl7.org/fhir/us/carin-bb/CapabilityStatement/c4bb" in surface.instantiates) == (side == "payer")
    assert surface.url("https://fhir.example", "T") == "https://fhir.example" + base.format(tenant="T")


def test_one_row_puts_a_type_on_all_four():
    """A row in the shared tuple is all that a new resource type takes."""
    flag = offer("Flag", by="patient date identifier")
    for surface in build((*SHARED, flag)):
        assert surface.by_type["Flag"].can == {"read", "vread", "history-instance", "search-type"}
        assert surface.by_type["Flag"].includes == ("Flag:patient",)
    assert build() == ALL


def test_an_include_that_leads_nowhere_is_not_offered():
    """Claim is on no surface, so that ExplanationOfBenefit:claim would bring nothing."""
    assert "ExplanationOfBenefit:claim" not in find("payer", "system").by_type["ExplanationOfBenefit"].includes


def test_there_is_no_fifth():
    with pytest.raises(KeyError):
        find("provider", "public")


def test_the_intake_takes_every_record_and_no_message():
    """Also types that no API offers yet are kept; Bundles and outcomes are messages, not records."""
    assert set(INTAKE.by_type) == set(RESOURCES) - {"Bundle", "Parameters", "OperationOutcome", "CapabilityStatement"}
    assert all(offer.can == {"create", "update", "delete"} for offer in INTAKE.offers)
    assert INTAKE not in ALL
