"""Encounter for every visit, and EpisodeOfCare for long treatments."""

from collections.abc import Iterator

from careweft.intake.sample.codings import (
    OURS,
    SCT,
    TERMS,
    Json,
    coding,
    concept,
    identifier,
    period,
    profiles,
    ref,
    term,
)
from careweft.intake.sample.life import Problem, Visit
from careweft.intake.sample.scene import Scene
from careweft.intake.sample.world import named

_PERFORMER = term("v3-ParticipationType", "PPRF", "primary performer")


def write(scene: Scene) -> Iterator[Json]:
    """The visits in order, then the episodes they belong to."""
    for visit in scene.life.visits:
        yield _encounter(scene, visit)
    for problem in scene.life.problems:
        if problem.lasting and problem.row.every <= 3:
            yield _episode(scene, problem)


def _encounter(scene: Scene, visit: Visit) -> Json:
    kind, site = visit.kind, scene.site(visit)
    when = period(visit.start, visit.end)
    encounter: Json = {
        "resourceType": "Encounter",
        "id": scene.encounter_ids[visit.number],
        "meta": profiles("us-core-encounter"),
        "identifier": [identifier(OURS + "encounter", "V" + scene.chance.digits("visit", 9), "VN")],
        "status": "finished",
        "class": coding(TERMS + "v3-ActCode", *kind.act),
        "type": [concept(SCT, kind.snomed, kind.name)],
        "subject": scene.patient,
        "participant": [{"type": [_PERFORMER], "period": when, "individual": scene.clinician(visit)}],
        "period": when,
        "length": {"value": kind.minutes, "unit": "min", "system": "http://unitsofmeasure.org", "code": "min"},
        "location": [{"location": ref(site.location)}],
        "serviceProvider": named(site.organization),
    }
    if visit.reason:
        row = visit.reason.row
        encounter["reasonCode"] = [concept(SCT, row.snomed, row.name)]
        encounter["reasonReference"] = [scene.condition(visit.reason)]
        encounter["diagnosis"] = [
            {
                "condition": scene.condition(visit.reason),
                "use": term("diagnosis-role", "AD", "Admission diagnosis"),
                "rank": 1,
            }
        ]
    if kind.act[0] == "IMP":
        died = scene.person.death == visit.end.date()
        leave = ("exp", "Expired") if died else ("home", "Home")
        encounter["hospitalization"] = {
            "admitSource": term("admit-source", "emd", "From accident/emergency department"),
            "dischargeDisposition": term("discharge-disposition", *leave),
        }
    return encounter


def _episode(scene: Scene, problem: Problem) -> Json:
    start = max(problem.onset, scene.life.start)
    ended = scene.person.death
    return {
        "resourceType": "EpisodeOfCare",
        "id": scene.chance.id("EpisodeOfCare"),
        "identifier": [identifier(OURS + "episode", "E" + scene.chance.digits("episode", 8))],
        "status": "finished" if ended else "active",
        "type": [concept(SCT, "394802001", "General medicine")],
        "diagnosis": [{"condition": scene.condition(problem), "rank": 1}],
        "patient": scene.patient,
        "managingOrganization": named(scene.home.organization),
        "period": period(start, ended),
        "careManager": named(scene.doctor),
    }
