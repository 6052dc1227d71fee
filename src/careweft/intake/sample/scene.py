"""What every record of one person is written from: person, life, world, and references between the records."""

from datetime import date, datetime, timedelta

from ...values import dataclass
from .chance import Chance
from .codings import Json, instant
from .life import Life, Problem, Visit
from .person import Person
from .world import Site, World, named


@dataclass(frozen=True, slots=True)
class Cover:
    """One insurance of the person."""

    id: str
    payer: Json
    member: str
    start: date
    end: date | None
    primary: bool

    def spans(self, day: date) -> bool:
        """Whether a service of that day is covered."""
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Scene:
    """One person's life in the world, ready to be written down; ids that several records need are fixed here."""

    person: Person
    life: Life
    world: World
    subscriber: str  # member id of the household's plan
    patient_id: str
    related_id: str
    record_number: str  # at the clinic
    encounter_ids: tuple[str, ...]
    problem_ids: tuple[str, ...]
    covers: tuple[Cover, ...]
    today: date

    @property
    def chance(self) -> Chance:
        """Draws and ids for this person."""
        return self.person.chance

    @property
    def patient(self) -> Json:
        """A reference to the Patient."""
        return {"reference": f"Patient/{self.patient_id}"}

    def encounter(self, visit: Visit) -> Json:
        """A reference to the visit's Encounter."""
        return {"reference": f"Encounter/{self.encounter_ids[visit.number]}"}

    def condition(self, problem: Problem) -> Json:
        """A reference to the problem's Condition."""
        return {"reference": f"Condition/{self.problem_ids[problem.number]}"}

    def site(self, visit: Visit) -> Site:
        """Where the visit takes place."""
        return self.world.site(visit.kind.site, self.person.household.clinic)

    def practitioner(self, visit: Visit) -> Json:
        """Who sees the person at the visit: the same one at the same place, always."""
        people = self.site(visit).practitioners
        return people[self.person.index % len(people)]

    def clinician(self, visit: Visit) -> Json:
        """A reference to that practitioner."""
        return named(self.practitioner(visit))

    @property
    def home(self) -> Site:
        """The person's own clinic."""
        return self.world.site("clinic", self.person.household.clinic)

    @property
    def doctor(self) -> Json:
        """The practitioner who knows the person best."""
        people = self.home.practitioners
        return people[self.person.index % len(people)]

    def registered(self) -> str:
        """When the person's record was opened."""
        return instant(datetime.combine(self.life.start, datetime.min.time()) + timedelta(hours=8))


def scene(person: Person, life: Life, world: World, subscriber: str, today: date) -> Scene:
    """Fix the ids of a life and its insurance."""
    chance = person.chance
    return Scene(
        person,
        life,
        world,
        subscriber,
        chance.id("Patient"),
        chance.id("RelatedPerson"),
        "MRN" + chance.digits("mrn", 8),
        tuple(chance.id("Encounter") for _ in life.visits),
        tuple(chance.id("Condition") for _ in life.problems),
        tuple(_covers(person, life, world, subscriber)),
        today,
    )


def _covers(person: Person, life: Life, world: World, subscriber: str) -> list[Cover]:
    chance, first = person.chance, max(person.birth, life.start - timedelta(days=365))
    payer = world.payers[person.household.plan % len(world.payers)]
    covers = [Cover(chance.id("Coverage"), payer, f"{subscriber}-{person.index % 10:02}", first, person.death, True)]
    if "second-cover" in person.traits:
        other = world.payers[(person.household.plan + 1) % len(world.payers)]
        covers.append(Cover(chance.id("Coverage"), other, "S" + chance.digits("member", 9), first, person.death, False))
    return covers
