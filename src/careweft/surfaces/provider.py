"""The two provider APIs: patient access and system access."""

from .model import Offer, Surface
from .offers import SHARED, exported, joined, written

US_CORE_GUIDE = "http://hl7.org/fhir/us/core/ImplementationGuide/hl7.fhir.us.core|6.1.0"
US_CORE_SERVER = "http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server"
BULK_GUIDE = "http://hl7.org/fhir/uv/bulkdata/ImplementationGuide/hl7.fhir.uv.bulkdata|2.0.0"
BULK_SERVER = "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"


def surfaces(shared: tuple[Offer, ...] = SHARED) -> tuple[Surface, Surface]:
    """Patient access and system access, offering `shared`."""
    offers = joined(tuple(map(written, shared)))
    patient = Surface(
        id="careweft-provider-patient-access-server",
        name="careweft-provider-patient-access",
        side="provider",
        base="/provider/patient-access/v2/{tenant}",
        audience="patient",
        offers=offers,
        guides=(US_CORE_GUIDE,),
        instantiates=(US_CORE_SERVER,),
    )
    system = Surface(
        id="careweft-provider-system-access-server",
        name="careweft-provider-system-access",
        side="provider",
        base="/provider/system-access/v2/{tenant}",
        audience="system",
        offers=tuple(map(exported, offers)),
        operations=("$export",),
        guides=(US_CORE_GUIDE, BULK_GUIDE),
        instantiates=(US_CORE_SERVER, BULK_SERVER),
        exports="/provider/export-status/v2/{tenant}/jobs",
    )
    return patient, system


PATIENT_ACCESS, SYSTEM_ACCESS = surfaces()
