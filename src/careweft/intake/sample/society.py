"""All the sample's people in the one world they share, as a stream of FHIR resources."""

from collections.abc import Callable, Iterator
from datetime import date

from .codings import Json
from .life import live
from .person import folk
from .records import (
    claims,
    conditions,
    coverages,
    documents,
    encounters,
    groups,
    history,
    immunizations,
    laboratory,
    medicines,
    persons,
    plans,
    procedures,
    provenance,
    scheduling,
    surveys,
    vitals,
)
from .scene import Scene, scene
from .world import World, build

WRITERS: tuple[Callable[[Scene], Iterator[Json]], ...] = (
    persons.write,
    coverages.write,
    encounters.write,
    conditions.write,
    history.write,
    vitals.write,
    laboratory.write,
    surveys.write,
    medicines.write,
    procedures.write,
    immunizations.write,
    documents.write,
    plans.write,
    scheduling.write,
    claims.write,
)


def people(patients: int, seed: int, *, today: date) -> Iterator[Json]:
    """Yield the FHIR R4 resources of so many synthetic people: the world first, then person by person, the Groups last.

    The same (patients, seed, today) gives the same resources; decimals are `decimal.Decimal`. Parts may be shared
    between resources: read them, do not change them.
    """
    world = build(seed, today)
    yield from world.resources()
    yield from provenance.of_world(seed, world, today)
    members: list[groups.Member] = []
    for one in _scenes(world, patients, seed, today):
        members.append((one.patient_id, one.covers[0].payer["id"]))
        written = [resource for write in WRITERS for resource in write(one)]
        yield from written
        yield from provenance.write(one, written)
    for group in groups.write(seed, world, members):
        yield group
        yield provenance.of_group(group, today)


def _scenes(world: World, patients: int, seed: int, today: date) -> Iterator[Scene]:
    subscriber = ""
    for person in folk(patients, seed, today):
        if person.head:
            subscriber = "W" + person.chance.digits("subscriber", 9)
        yield scene(person, live(person, today), world, subscriber, today)
