"""Group: everybody, and the members of each payer, for bulk export and attribution.

A Group holds at most `LARGEST` people, because one resource may not grow beyond what a loader accepts; a larger sample
has several parts.
"""

from collections.abc import Iterable, Iterator

from careweft.intake.sample.chance import Chance
from careweft.intake.sample.codings import OURS, Json, concept, identifier, ref
from careweft.intake.sample.world import World, named

Member = tuple[str, str]  # ids of a Patient and of the Organization that pays


LARGEST = 20_000


def write(seed: int, world: World, members: Iterable[Member]) -> Iterator[Json]:
    """One Group of all, then one per payer that has members, each in as many parts as it needs."""
    everyone = list(members)
    yield from _parts(seed, "all", "Everyone", world.clinics[0].organization, [patient for patient, _ in everyone])
    for number, payer in enumerate(world.payers):
        chosen = [patient for patient, paid_by in everyone if paid_by == payer["id"]]
        yield from _parts(seed, f"payer-{number}", f"Members of {payer['name']}", payer, chosen)


def _parts(seed: int, code: str, name: str, manager: Json, patients: list[str]) -> Iterator[Json]:
    for part, at in enumerate(range(0, len(patients), LARGEST)):
        again, called = (f"{code}-{part + 1}", f"{name}, part {part + 1}") if part else (code, name)
        yield _group(Chance(seed, f"group/{again}"), again, called, manager, patients[at : at + LARGEST])


def _group(chance: Chance, code: str, name: str, manager: Json, patients: list[str]) -> Json:
    return {
        "resourceType": "Group",
        "id": chance.id("Group"),
        "identifier": [identifier(OURS + "group", code)],
        "active": True,
        "type": "person",
        "actual": True,
        "code": concept(OURS + "group-code", code, name),
        "name": name,
        "quantity": len(patients),
        "managingEntity": named(manager),
        "member": [{"entity": ref({"resourceType": "Patient", "id": patient})} for patient in patients],
    }
