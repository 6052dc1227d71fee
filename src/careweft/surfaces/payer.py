"""The two payer APIs: what the provider ones offer, with CARIN Blue Button 2.0.0 profiles, and claims.

https://hl7.org/fhir/us/carin-bb/STU2/CapabilityStatement-c4bb.html
"""

from dataclasses import replace

from .model import Offer, Surface
from .offers import SHARED, exported, joined, offer
from .provider import BULK_GUIDE, BULK_SERVER, US_CORE_GUIDE, US_CORE_SERVER

CARIN = "http://hl7.org/fhir/us/carin-bb/StructureDefinition/"
CARIN_GUIDE = "http://hl7.org/fhir/us/carin-bb/ImplementationGuide/hl7.fhir.us.carin-bb|2.0.0"
CARIN_SERVER = "http://hl7.org/fhir/us/carin-bb/CapabilityStatement/c4bb"

PROFILED = frozenset({"Patient", "Coverage", "Organization", "Practitioner", "RelatedPerson"})
CLAIM_PROFILES = (
    "C4BB-ExplanationOfBenefit",
    "C4BB-ExplanationOfBenefit-Inpatient-Institutional",
    "C4BB-ExplanationOfBenefit-Outpatient-Institutional",
    "C4BB-ExplanationOfBenefit-Oral",
    "C4BB-ExplanationOfBenefit-Pharmacy",
    "C4BB-ExplanationOfBenefit-Professional-NonClinician",
)

CLAIMS = (
    replace(
        offer(
            "ExplanationOfBenefit",
            by="patient type identifier service-date service-start-date billable-period-start status use created "
            "provider care-team coverage insurer payee claim encounter enterer facility disposition",
            more="ExplanationOfBenefit:*",
        ),
        profiles=tuple(CARIN + one for one in CLAIM_PROFILES),
    ),
)


def profiled(one: Offer) -> Offer:
    """The same offer, with the CARIN profile of its type beside US Core's where there is one."""
    return replace(one, profiles=(*one.profiles, f"{CARIN}C4BB-{one.type}")) if one.type in PROFILED else one


def surfaces(shared: tuple[Offer, ...] = SHARED) -> tuple[Surface, Surface]:
    """Patient access and system access, offering `shared` and claims."""
    offers = joined((*map(profiled, shared), *CLAIMS))
    patient = Surface(
        id="careweft-payer-patient-access-server",
        name="careweft-payer-patient-access",
        side="payer",
        base="/payer/patient-access/v2/{tenant}",
        audience="patient",
        offers=offers,
        guides=(US_CORE_GUIDE, CARIN_GUIDE),
        instantiates=(US_CORE_SERVER, CARIN_SERVER),
    )
    system = Surface(
        id="careweft-payer-system-access-server",
        name="careweft-payer-system-access",
        side="payer",
        base="/payer/system-access/v2/{tenant}",
        audience="system",
        offers=tuple(map(exported, offers)),
        operations=("$export",),
        guides=(US_CORE_GUIDE, CARIN_GUIDE, BULK_GUIDE),
        instantiates=(US_CORE_SERVER, CARIN_SERVER, BULK_SERVER),
        exports="/payer/export-status/v2/{tenant}/jobs",
    )
    return patient, system


PATIENT_ACCESS, SYSTEM_ACCESS = surfaces()
