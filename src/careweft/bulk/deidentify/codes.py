"""Which codes are no identifiers: those of public systems that have the shape of their system's codes.

A code of a tenant's own system may name a ward, a plan or a person, so it is left out; so is a code that no code of its
system looks like, and every text beside a code.
"""

import re
from functools import cache

from ...fhir.definitions.hierarchy import CHILDREN

_LISTED = """
http://hl7.org/fhir/us/core/CodeSystem/careplan-category   assess-plan
http://hl7.org/fhir/us/core/CodeSystem/condition-category   health-concern
http://hl7.org/fhir/us/core/CodeSystem/us-core-category   sdoh cognitive-status functional-status disability-status
http://hl7.org/fhir/us/core/CodeSystem/us-core-category   treatment-intervention-preference care-experience-preference
http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication   coinsurance noncovered memberliability discount
http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication   paidbypatient paidtopatient paidtoprovider priorpayerpaid
http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudicationDiscriminator   benefitpaymentstatus adjustmentreason
http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudicationDiscriminator   billingnetworkstatus renderingnetworkstatus
http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudicationDiscriminator   allowedunits rejectreason
http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimProcedureType   principal other
http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBInstitutionalClaimSubType   inpatient outpatient
http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBPayerAdjudicationStatus   innetwork outofnetwork other paid denied
http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBPayerAdjudicationStatus   partiallypaid contracted noncontracted
http://terminology.hl7.org/CodeSystem/adjudication   submitted copay eligible deductible unallocdeduct eligpercent tax
http://terminology.hl7.org/CodeSystem/adjudication   benefit
http://terminology.hl7.org/CodeSystem/admit-source   hosp-trans emd outp born gp mp nursing psych rehab other
http://terminology.hl7.org/CodeSystem/allergyintolerance-verification   unconfirmed confirmed refuted entered-in-error
http://terminology.hl7.org/CodeSystem/claim-type   institutional oral pharmacy professional vision
http://terminology.hl7.org/CodeSystem/condition-category   problem-list-item encounter-diagnosis
http://terminology.hl7.org/CodeSystem/diagnosis-role   AD DD CC CM pre-op post-op billing
http://terminology.hl7.org/CodeSystem/discharge-disposition   home alt-home other-hcf hosp long aadvice exp psy rehab
http://terminology.hl7.org/CodeSystem/discharge-disposition   snf oth
http://terminology.hl7.org/CodeSystem/dose-rate-type   calculated ordered
http://terminology.hl7.org/CodeSystem/ex-diagnosistype   admitting clinical differential discharge laboratory nursing
http://terminology.hl7.org/CodeSystem/ex-diagnosistype   prenatal principal radiology remote retrospective self
http://terminology.hl7.org/CodeSystem/immunization-origin   provider record recall school jurisdiction
http://terminology.hl7.org/CodeSystem/medicationrequest-category   inpatient outpatient community discharge
http://terminology.hl7.org/CodeSystem/observation-category   social-history vital-signs imaging laboratory procedure
http://terminology.hl7.org/CodeSystem/observation-category   survey exam therapy activity
http://terminology.hl7.org/CodeSystem/organization-type   prov dept team govt ins pay edu reli crs cg bus other
http://terminology.hl7.org/CodeSystem/subscriber-relationship   child parent spouse common other self injured
http://terminology.hl7.org/CodeSystem/v2-0074   AU BG BLB CG CH CP CT CTH CUS EC EN GE HM ICU IMG IMM LAB MB MCB MYC
http://terminology.hl7.org/CodeSystem/v2-0074   NMR NMS NRS OSL OT OTH OUS PAR PAT PF PHR PHY PT RAD RC RT RUS RX SP SR
http://terminology.hl7.org/CodeSystem/v2-0074   TX URN VR VUS XRC
http://terminology.hl7.org/CodeSystem/v3-MaritalStatus   A D I L M C P T U S W
"""
_SHAPED = """
http://hl7.org/fhir/sid/cvx                               [0-9]{2,3}
http://hl7.org/fhir/sid/icd-10-cm                         [A-TV-Z][0-9][0-9A-Z](\\.[0-9A-Z]{1,4})?
http://hl7.org/fhir/sid/icd-9-cm                          [0-9VE][0-9]{2,3}(\\.[0-9]{1,2})?
http://hl7.org/fhir/sid/ndc                               [0-9]{4,5}-[0-9]{3,4}-[0-9]{1,2}|[0-9]{10,11}
http://loinc.org                                          [0-9]{1,7}-[0-9]|L[AP][0-9]{1,7}-[0-9]
http://nucc.org/provider-taxonomy                         [0-9]{3}[0-9A-Z]{6}X
http://snomed.info/sct                                    [1-9][0-9]{5,17}
http://www.ada.org/cdt                                    D[0-9]{4}
http://www.ama-assn.org/go/cpt                            [0-9]{4}[0-9FTU]
http://www.cms.gov/Medicare/Coding/ICD10                  [0-9BCDFGHX][0-9A-HJ-NP-Z]{6}
http://www.nlm.nih.gov/research/umls/rxnorm               [0-9]{1,7}
https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets  [A-V][0-9]{4}|[A-Z][0-9A-Z]
https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set   [0-9]{2}
https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software   [0-9]{3}
https://www.nubc.org/CodeSystem/PatDischargeStatus        [0-9]{2}
https://www.nubc.org/CodeSystem/PointOfOrigin             [0-9A-F]
https://www.nubc.org/CodeSystem/PresentOnAdmissionIndicator   [YNUW1]
https://www.nubc.org/CodeSystem/PriorityTypeOfAdmitOrVisit   [1-59]
https://www.nubc.org/CodeSystem/RevenueCodes              [0-9]{4}
https://www.nubc.org/CodeSystem/TypeOfBill                [0-9]{3,4}
https://x12.org/codes/claim-adjustment-reason-codes       [0-9]{1,3}|[AB][0-9]{1,2}
"""  # noqa: E501
_WHOLE = """
condition-clinical condition-ver-status allergyintolerance-clinical data-absent-reason goal-achievement v3-ActCode
v3-ActPriority v3-ActReason v3-NullFlavor v3-ObservationInterpretation v3-ObservationMethod v3-ParticipationType
v3-RoleCode v3-RouteOfAdministration v3-SpecimenType v3-orderableDrugForm v3-substanceAdminSubstitution
"""
WHOLE = tuple(_WHOLE.split())
"""Systems under terminology.hl7.org that R4 lists in full."""
HL7 = "http://terminology.hl7.org/CodeSystem/"

OMB = "urn:oid:2.16.840.1.113883.6.238"
CATEGORIES = {
    "1002-5": "American Indian or Alaska Native",
    "2028-9": "Asian",
    "2054-5": "Black or African American",
    "2076-8": "Native Hawaiian or Other Pacific Islander",
    "2106-3": "White",
    "2131-1": "Other race",
    "2135-2": "Hispanic or Latino",
    "2186-5": "Not Hispanic or Latino",
}
"""Race and ethnicity as the OMB has them; what is finer may be of few people."""

UCUM = "http://unitsofmeasure.org"
_UNITS = """
1 % /min {beats}/min {breaths}/min /h /d 10*3/uL 10*6/uL 10*9/L 10*12/L /uL /[HPF] Cel [degF] L L/min mL mL/min
mL/min/{1.73_m2} dL fL pg ng ug mg g kg [lb_av] [oz_av] mg/dL g/dL g/L ug/dL ug/L ng/mL ng/dL pg/mL mg/L ug/mL
mmol/L umol/L nmol/L pmol/L mol/L meq/L mosm/kg U/L [iU] [iU]/L m[IU]/L u[IU]/mL k[IU]/L [pH] mm[Hg] kPa cm mm m
[in_i] [ft_i] [mi_i] km kg/m2 m2 s min h d wk mo a mg/g mg/kg ug/mg mg/d g/d mL/d {INR} {ratio} {score} {Tscore}
{tbl} {capsule} {puff} {count} {index} {spray} {dose} kcal mV Hz dB {#} {#}/d {pack-years} {cigarettes}/d
"""
UNITS = frozenset(_UNITS.split())
"""Units of which the annotation in braces is known: it may be any text."""


@cache
def listed() -> dict[str, frozenset[str]]:
    """Of each system whose codes are listed here: the codes."""
    found: dict[str, frozenset[str]] = {OMB: frozenset(CATEGORIES)}
    for line in _LISTED.strip().splitlines():
        system, *codes = line.split()
        found[system] = found.get(system, frozenset()) | frozenset(codes)
    return found | {HL7 + one: frozenset(CHILDREN[HL7 + one]) for one in WHOLE}


@cache
def shaped() -> dict[str, re.Pattern[str]]:
    """Of each system that lists its codes elsewhere: what its codes look like."""
    return {system: re.compile(shape, re.ASCII) for system, shape in map(str.split, _SHAPED.strip().splitlines())}


def public(system: object, code: object) -> bool:
    """Is this a code of a public system?

    >>> public("http://loinc.org", "4548-4"), public("http://loinc.org", "Ana Roe"), public("urn:ours", "4548-4")
    (True, False, False)
    """
    if not (isinstance(system, str) and isinstance(code, str)):
        return False
    if (shape := shaped().get(system)) is not None:
        return shape.fullmatch(code) is not None
    return code in listed().get(system, ())
