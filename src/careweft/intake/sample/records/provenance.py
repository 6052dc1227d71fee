"""Provenance of everything: one per visit for what was written there, one for the rest, one for the payer's records;
and one per organization for what belongs to no single person.
"""

from collections.abc import Iterator
from datetime import date, datetime, time

from careweft.intake.sample.chance import Chance
from careweft.intake.sample.codings import US_CORE_TERMS, Json, concept, instant, profiles, ref, term
from careweft.intake.sample.scene import Scene
from careweft.intake.sample.world import World, named

_AUTHOR = term("provenance-participant-type", "author", "Author")
_TRANSMITTER = concept(US_CORE_TERMS + "us-core-provenance-participant-type", "transmitter", "Transmitter")
_PAYER = ("Coverage", "ExplanationOfBenefit")
_APART = ("Binary", "Slot")
"""A slot is nobody's, a Binary its document's; a patient sees a Provenance only where they see its every target."""


def write(scene: Scene, resources: list[Json]) -> Iterator[Json]:
    """Provenances that between them target each resource of the person once."""
    targets: dict[str, list[Json]] = {}
    for resource in resources:
        targets.setdefault(_occasion(resource), []).append(ref(resource))
    for visit in scene.life.visits:
        key = scene.encounter(visit)["reference"]
        if key in targets:
            yield _provenance(
                scene.chance,
                targets[key],
                instant(visit.end),
                scene.clinician(visit),
                named(scene.site(visit).organization),
            )
    for office in ("registration", "apart"):
        if office in targets:
            yield _provenance(
                scene.chance,
                targets[office],
                scene.registered(),
                named(scene.doctor),
                named(scene.home.organization),
            )
    yield _of_office(scene.chance, targets["payer"], scene.covers[0].payer, scene.today)


def of_world(seed: int, world: World, today: date) -> Iterator[Json]:
    """Who says what is said of organizations, places, practitioners and medicines: each organization itself."""
    offices = [(payer, [payer]) for payer in world.payers]
    offices += [(site.organization, list(site.resources())) for site in world.sites]
    offices.append((world.pharmacy.organization, list(world.medications.values())))
    for number, (office, resources) in enumerate(offices):
        yield _of_office(Chance(seed, f"provenance/{number}"), list(map(ref, resources)), office, today)


def of_group(group: Json, today: date) -> Json:
    """Who says who belongs to a Group: the organization that manages it."""
    manager = group["managingEntity"]
    return _provenance(Chance(0, group["id"]), [ref(group)], _at_night(today), manager, manager)


def _of_office(chance: Chance, targets: list[Json], office: Json, today: date) -> Json:
    """What an organization writes without any one person."""
    return _provenance(chance, targets, _at_night(today), named(office), named(office))


def _at_night(today: date) -> str:
    return instant(datetime.combine(today, time(0, 30)))


def _occasion(resource: Json) -> str:
    """The reference of the encounter at which it was written, or which office wrote it."""
    if resource["resourceType"] in _PAYER:
        return "payer"
    if resource["resourceType"] in _APART:
        return "apart"
    if resource["resourceType"] == "Encounter":
        return f"Encounter/{resource['id']}"
    context = resource.get("encounter") or resource.get("context") or {}
    if "encounter" in context:
        context = context["encounter"][0]
    return str(context.get("reference", "registration"))


def _provenance(chance: Chance, targets: list[Json], recorded: str, author: Json, organization: Json) -> Json:
    return {
        "resourceType": "Provenance",
        "id": chance.id("Provenance"),
        "meta": profiles("us-core-provenance"),
        "target": targets,
        "recorded": recorded,
        "activity": term("v3-DataOperation", "CREATE", "create"),
        "agent": [
            {"type": _AUTHOR, "who": author, "onBehalfOf": organization},
            {"type": _TRANSMITTER, "who": organization, "onBehalfOf": organization},
        ],
    }
