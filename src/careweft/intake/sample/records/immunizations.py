"""Immunization: doses given at visits, doses known by report, and a dose refused."""

from collections.abc import Iterator
from datetime import timedelta

from careweft.intake.sample.catalogue.vaccines import REFUSED, Vaccine
from careweft.intake.sample.codings import CVX, SCT, Json, concept, instant, profiles, ref, term
from careweft.intake.sample.life import Visit
from careweft.intake.sample.scene import Scene
from careweft.intake.sample.world import named

_SITE = concept(SCT, "368208006", "Left upper arm structure")
_MUSCLE = concept(SCT, "78421000", "Intramuscular route")


def write(scene: Scene) -> Iterator[Json]:
    """Reported doses first, then those given; who refuses, refuses the first one offered."""
    for vaccine, day in scene.life.past_vaccines:
        yield _immunization(scene, vaccine, day.isoformat()) | {
            "primarySource": False,
            "reportOrigin": term("immunization-origin", "record", "Written Record"),
        }
    refuses = "vaccine-refused" in scene.person.traits or scene.person.index % 25 == 24
    for visit in scene.life.visits:
        for vaccine in visit.vaccines:
            yield _refused(scene, vaccine, visit) if refuses else _given(scene, vaccine, visit)
            refuses = False


def _immunization(scene: Scene, vaccine: Vaccine, day: str) -> Json:
    return {
        "resourceType": "Immunization",
        "id": scene.chance.id("Immunization"),
        "meta": profiles("us-core-immunization"),
        "status": "completed",
        "vaccineCode": concept(CVX, vaccine.cvx, vaccine.name),
        "patient": scene.patient,
        "occurrenceDateTime": day,
    }


def _given(scene: Scene, vaccine: Vaccine, visit: Visit) -> Json:
    return _immunization(scene, vaccine, instant(visit.start + timedelta(minutes=18))) | {
        "encounter": scene.encounter(visit),
        "primarySource": True,
        "location": ref(scene.site(visit).location),
        "lotNumber": "V" + scene.chance.digits("lot", 5),
        "expirationDate": (visit.day + timedelta(days=300)).isoformat(),
        "site": _SITE,
        "route": _MUSCLE,
        "performer": [
            {"function": term("v2-0443", "AP", "Administering Provider"), "actor": scene.clinician(visit)},
            {"actor": named(scene.site(visit).organization)},
        ],
    }


def _refused(scene: Scene, vaccine: Vaccine, visit: Visit) -> Json:
    return _immunization(scene, vaccine, instant(visit.start)) | {
        "status": "not-done",
        "statusReason": term("v3-ActReason", *REFUSED),
        "encounter": scene.encounter(visit),
        "primarySource": True,
    }
