"""Appointment and its Slot: the next visit of everyone alive, and some kept ones."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from careweft.intake.sample.codings import OURS, SCT, Json, concept, identifier, instant, ref, term
from careweft.intake.sample.scene import Scene
from careweft.intake.sample.world import named, slot


def write(scene: Scene) -> Iterator[Json]:
    """The coming appointment, and that of the last kept visit at the person's own clinic."""
    kept = [visit for visit in scene.life.visits if visit.kind.site == "clinic"]
    if kept:
        yield from _appointment(scene, kept[-1].start, "fulfilled")
    if not scene.person.death:
        day = scene.today + timedelta(days=5 + scene.person.index % 40)
        yield from _appointment(scene, datetime.combine(day, time(10 + scene.person.index % 6)), "booked")


def _appointment(scene: Scene, start: datetime, status: str) -> Iterator[Json]:
    place = scene.home.practitioners.index(scene.doctor)
    busy = slot(scene.chance, scene.home.schedules[place], start, "busy")
    yield busy
    answered = "accepted"
    yield {
        "resourceType": "Appointment",
        "id": scene.chance.id("Appointment"),
        "identifier": [identifier(OURS + "appointment", "A" + scene.chance.digits("appointment", 9))],
        "status": status,
        "serviceType": busy["serviceType"],
        "appointmentType": term("v2-0276", "FOLLOWUP", "A follow up visit from a previous appointment"),
        "reasonCode": [concept(SCT, "390906007", "Follow-up encounter")],
        "start": busy["start"],
        "end": instant(start + timedelta(minutes=20)),
        "minutesDuration": 20,
        "slot": [ref(busy)],
        "created": instant(start - timedelta(days=21)),
        "participant": [
            {"actor": scene.patient, "required": "required", "status": answered},
            {"actor": named(scene.doctor), "required": "required", "status": answered},
            {"actor": ref(scene.home.location), "status": answered},
        ],
    }
