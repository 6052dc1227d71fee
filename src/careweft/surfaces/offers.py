"""What all four APIs offer, one row a type, in the groups of the public documentation.

Parameters and combinations are at least those of US Core 6.1.0:
https://hl7.org/fhir/us/core/STU6.1/CapabilityStatement-us-core-server.html Adding a row to SHARED puts a type on all
four APIs: routes, CapabilityStatement, scopes, parameters and docs follow.
"""

from collections.abc import Mapping
from dataclasses import replace

from ..fhir.definitions import SEARCH
from .model import Offer

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
EVERY = "_id _lastUpdated _profile _tag _security"
READ = "read vread history-instance"
READ_SEARCH = READ + " search-type"
WRITES = {"DocumentReference": "create update", "DiagnosticReport": "create update", "Binary": "create"}
"""What applications file at the provider APIs: documents, reports, and their attachments."""


def offer(
    type_: str,
    *,
    by: str = "",
    together: str = "",
    profiles: str = "",
    can: str = READ_SEARCH,
    more: str = "",
    does: str = "",
) -> Offer:
    """One row: `by` the parameters beside those of EVERY, `together` combinations such as `patient+category`,
    `profiles` the names of US Core profiles, `more` values of `_include` beside one for each reference parameter,
    `does` names of operations; what can be read can be validated.
    """
    params = tuple(f"{EVERY} {by}".split()) if "search-type" in can else ()
    references = tuple(f"{type_}:{one}" for one in params if SEARCH[type_][one].kind == "reference")
    return Offer(
        type_,
        can=frozenset(can.split()),
        params=params,
        together=tuple(tuple(one.split("+")) for one in together.split()),
        includes=(*references, *more.split()),
        revincludes=("Provenance:target",) if params else (),
        profiles=tuple(US_CORE + one for one in profiles.split()),
        operations=(*does.split(), *(("$validate",) if "read" in can.split() else ())),
    )


def written(one: Offer, writes: Mapping[str, str] = WRITES) -> Offer:
    """The same offer with the writes that an API takes of its type, `writes` by type."""
    return replace(one, can=one.can | frozenset(writes.get(one.type, "").split()))


def exported(one: Offer) -> Offer:
    """The same offer on an API for systems: Patients and Groups can be exported with all that is theirs."""
    return replace(one, operations=(*one.operations, "$export")) if one.type in ("Patient", "Group") else one


def joined(offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    """The same offers without the includes that could never bring anything, because no offer is what they lead to."""
    types = {one.type for one in offers}
    return tuple(replace(one, includes=tuple(way for way in one.includes if leads(way, types))) for one in offers)


def leads(include: str, types: set[str]) -> bool:
    """May this `_include` bring one of these types?"""
    source, _, param = include.partition(":")
    found = SEARCH[source].get(param.partition(":")[0])
    return param == "*" or (found is not None and (not found.targets or not types.isdisjoint(found.targets)))


BASE = (
    offer(
        "Patient",
        by="identifier name family given phonetic birthdate death-date deceased gender gender-identity race "
        "ethnicity address address-city address-state address-postalcode address-country address-use telecom "
        "phone email language active link general-practitioner organization",
        together="birthdate+name gender+name birthdate+family family+gender death-date+family",
        profiles="us-core-patient",
        does="$everything",
    ),
    offer(
        "Practitioner",
        by="name family given phonetic identifier active address address-city address-state address-postalcode "
        "address-country address-use communication email phone telecom gender",
        profiles="us-core-practitioner",
    ),
    offer(
        "PractitionerRole",
        by="practitioner specialty organization location role active identifier date email phone telecom",
        profiles="us-core-practitionerrole",
    ),
    offer(
        "Organization",
        by="name address address-city address-state address-postalcode address-country address-use identifier "
        "active type partof phonetic",
        profiles="us-core-organization",
    ),
    offer(
        "Location",
        by="name address address-city address-state address-postalcode address-country address-use identifier "
        "status type operational-status organization partof",
        profiles="us-core-location",
    ),
    offer(
        "RelatedPerson",
        by="patient name identifier relationship active address address-city address-state address-postalcode "
        "birthdate email gender phone telecom",
        together="patient+name",
        profiles="us-core-relatedperson",
    ),
)

CLINICAL = (
    offer(
        "AllergyIntolerance",
        by="patient clinical-status verification-status code category criticality type date onset last-date "
        "manifestation severity route asserter recorder identifier",
        together="patient+clinical-status",
        profiles="us-core-allergyintolerance",
    ),
    offer(
        "Condition",
        by="patient subject category clinical-status verification-status code onset-date asserted-date "
        "recorded-date abatement-date encounter asserter body-site evidence evidence-detail severity stage "
        "identifier",
        together="patient+category patient+category+clinical-status patient+category+encounter "
        "patient+clinical-status patient+code patient+onset-date patient+asserted-date "
        "patient+recorded-date patient+abatement-date",
        profiles="us-core-condition-encounter-diagnosis us-core-condition-problems-health-concerns",
    ),
    offer(
        "Procedure",
        by="patient subject date status code category encounter performer location based-on part-of reason-code "
        "reason-reference identifier",
        together="patient+date patient+status patient+code+date",
        profiles="us-core-procedure",
    ),
    offer(
        "Observation",
        by="patient subject category code date status encounter performer value-quantity value-concept value-date "
        "value-string component-code component-value-concept component-value-quantity combo-code "
        "code-value-quantity code-value-concept code-value-date code-value-string combo-code-value-quantity "
        "combo-code-value-concept component-code-value-quantity component-code-value-concept "
        "data-absent-reason based-on derived-from has-member part-of specimen device focus method identifier",
        together="patient+category patient+code patient+category+date patient+category+status patient+code+date",
        profiles="us-core-observation-lab us-core-observation-pregnancystatus us-core-observation-pregnancyintent "
        "us-core-observation-occupation us-core-respiratory-rate us-core-heart-rate "
        "us-core-body-temperature pediatric-weight-for-height us-core-pulse-oximetry us-core-smokingstatus "
        "us-core-head-circumference us-core-body-height us-core-bmi "
        "us-core-observation-screening-assessment us-core-blood-pressure "
        "us-core-observation-clinical-result pediatric-bmi-for-age "
        "head-occipital-frontal-circumference-percentile us-core-body-weight",
    ),
    offer(
        "DiagnosticReport",
        by="patient subject category code date issued status encounter performer results-interpreter result "
        "specimen based-on conclusion media identifier",
        together="patient+category patient+code patient+category+date patient+code+date patient+status",
        profiles="us-core-diagnosticreport-note us-core-diagnosticreport-lab",
    ),
    offer(
        "Immunization",
        by="patient date status vaccine-code status-reason location lot-number manufacturer performer reason-code "
        "reason-reference reaction reaction-date series target-disease identifier",
        together="patient+date patient+status",
        profiles="us-core-immunization",
    ),
    offer(
        "Specimen",
        by="patient subject type status collected collector bodysite container accession parent identifier",
        profiles="us-core-specimen",
    ),
    offer(
        "MedicationRequest",
        by="patient subject intent status encounter authoredon category code medication requester priority date "
        "intended-dispenser intended-performer identifier",
        together="patient+intent patient+intent+status patient+intent+encounter patient+intent+authoredon",
        profiles="us-core-medicationrequest",
    ),
    offer(
        "MedicationDispense",
        by="patient subject status type code medication prescription context performer receiver responsibleparty "
        "destination whenhandedover whenprepared identifier",
        together="patient+status patient+status+type",
        profiles="us-core-medicationdispense",
    ),
    offer(
        "Medication",
        by="code status form identifier ingredient ingredient-code lot-number expiration-date manufacturer",
        profiles="us-core-medication",
    ),
)

WORKFLOW = (
    offer(
        "Encounter",
        by="patient subject date status class type identifier location discharge-disposition participant "
        "participant-type practitioner service-provider reason-code reason-reference diagnosis episode-of-care "
        "part-of based-on appointment location-period length special-arrangement",
        together="date+patient patient+type class+patient patient+status patient+location "
        "patient+discharge-disposition",
        profiles="us-core-encounter",
    ),
    offer(
        "EpisodeOfCare",
        by="patient date status type organization care-manager condition incoming-referral identifier",
    ),
    offer(
        "ServiceRequest",
        by="patient subject category code authored status intent priority occurrence encounter requester performer "
        "performer-type based-on replaces specimen body-site requisition identifier",
        together="patient+category patient+code patient+status patient+category+authored patient+code+authored",
        profiles="us-core-servicerequest",
    ),
    offer(
        "CarePlan",
        by="patient subject category date status intent encounter care-team condition goal performer activity-code "
        "activity-date activity-reference based-on part-of replaces identifier",
        together="patient+category patient+category+status patient+category+date patient+category+status+date",
        profiles="us-core-careplan",
    ),
    offer(
        "CareTeam",
        by="patient subject status role category date encounter participant identifier",
        together="patient+status patient+role",
        profiles="us-core-careteam",
    ),
    offer(
        "Goal",
        by="patient subject lifecycle-status achievement-status category target-date start-date description identifier",
        together="patient+target-date patient+description patient+lifecycle-status",
        profiles="us-core-goal",
    ),
    offer(
        "Appointment",
        by="patient actor practitioner location date status appointment-type part-status service-category "
        "service-type specialty reason-code reason-reference based-on slot supporting-info identifier",
    ),
    offer("Schedule", by="actor date active service-category service-type specialty identifier"),
    offer("Slot", by="schedule start status appointment-type service-category service-type specialty identifier"),
)

FINANCIAL = (
    offer(
        "Coverage",
        by="patient beneficiary subscriber policy-holder payor status type class-type class-value dependent identifier",
        profiles="us-core-coverage",
    ),
)

SPECIALIZED = (
    offer(
        "Device",
        by="patient type status device-name identifier location manufacturer model organization udi-carrier udi-di url",
        together="patient+type patient+status",
        profiles="us-core-implantable-device",
    ),
    offer(
        "DocumentReference",
        by="patient subject category type date period status author authenticator custodian encounter event "
        "facility format contenttype language location related relatesto relation relationship security-label setting "
        "description identifier",
        together="patient+type patient+status patient+category patient+type+period patient+category+date",
        profiles="us-core-documentreference",
        does="$docref",
    ),
    offer(
        "QuestionnaireResponse",
        by="patient subject status authored questionnaire author source encounter based-on part-of identifier",
        together="patient+questionnaire patient+authored patient+status",
        profiles="us-core-questionnaireresponse",
    ),
    offer(
        "Group",
        by="code member type actual characteristic exclude managing-entity value characteristic-value identifier",
    ),
    offer(
        "Provenance",
        by="target patient recorded when agent agent-role agent-type entity location signature-type",
        profiles="us-core-provenance",
    ),
    offer("Binary", can="read"),
)

SHARED = BASE + CLINICAL + WORKFLOW + FINANCIAL + SPECIALIZED
