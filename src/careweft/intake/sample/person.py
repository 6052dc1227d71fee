"""Who the sample people are: households on one plan, and in them persons with an age, a name and traits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from ...values import dataclass
from .cast import CAST, Role
from .chance import Chance
from .names import GIVEN, SURNAMES, TOWNS

RACES = (
    (("2106-3", "White"), 0.62),
    (("2054-5", "Black or African American"), 0.15),
    (("2028-9", "Asian"), 0.08),
    (("1002-5", "American Indian or Alaska Native"), 0.03),
    (("2076-8", "Native Hawaiian or Other Pacific Islander"), 0.02),
    (("UNK", "Unknown"), 0.1),
)
LANGUAGES = ((("en", "English"), 0.84), (("es", "Spanish"), 0.12), (("vi", "Vietnamese"), 0.04))
_TRAITS = (
    ("renamed", 0.04),
    ("moved", 0.08),
    ("smoker", 0.16),
    ("former-smoker", 0.2),
    ("allergic", 0.25),
    ("second-cover", 0.05),
    ("suffix", 0.02),
    ("reported", 0.1),
    ("hispanic", 0.18),
)


@dataclass(frozen=True, slots=True)
class Household:
    """People under one roof: one surname, one town, one plan."""

    number: int
    surname: str
    town: tuple[str, str, str]
    plan: int
    clinic: int


@dataclass(frozen=True, slots=True)
class Person:
    """One person, before anything has happened to them."""

    index: int
    chance: Chance
    household: Household
    head: bool  # holds the household's plan
    sex: str
    birth: date
    death: date | None
    given: tuple[str, str]
    family: str
    race: tuple[str, str]
    language: tuple[str, str]
    illnesses: tuple[str, ...] | None  # certain ones, of the cast; None: drawn
    traits: frozenset[str]

    def age(self, on: date) -> float:
        """Age in years on a day."""
        return (on - self.birth).days / 365.25


def folk(patients: int, seed: int, today: date) -> Iterator[Person]:
    """The people of a sample: the cast, then households of strangers; nobody depends on how many follow."""
    index, number = 0, 0
    while index < patients:
        household = _household(seed, number)
        roles = [role for role in CAST if role.household == number] or _strangers(Chance(seed, f"roles/{number}"))
        for place, role in enumerate(roles):
            if index < patients:
                yield replace(_person(seed, index, household, role, today), head=place == 0)
            index += 1
        number += 1


def _household(seed: int, number: int) -> Household:
    chance = Chance(seed, f"household/{number}")
    return Household(number, chance.one(SURNAMES), chance.one(TOWNS), chance.number(0, 3), chance.number(0, 2))


def _strangers(chance: Chance) -> list[Role]:
    """One, two or more roles: single people, couples, families with children."""
    age = chance.number(20, 88)
    sexes = ("female", "male") if chance.whether(0.5) else ("male", "female")
    roles = [Role(0, age * 12 + chance.number(0, 11), sexes[0])]
    if chance.whether(0.55):
        roles.append(Role(0, max(18 * 12, age * 12 + chance.number(-72, 72)), sexes[1]))
    if 22 <= age <= 58 and chance.whether(0.6):
        eldest = min(17, age - 20)
        roles += [
            Role(0, chance.number(1, eldest * 12), chance.one(("female", "male"))) for _ in range(chance.number(1, 3))
        ]
    return roles


def _person(seed: int, index: int, household: Household, role: Role, today: date) -> Person:
    chance, designed = Chance(seed, f"person/{index}"), role in CAST
    traits = role.traits if designed else _traits(chance, role.months // 12)
    birth = today - timedelta(days=int(role.months * 30.4375) + chance.number(1, 28))
    names = GIVEN[role.sex]
    race = ("1002-5", "American Indian or Alaska Native") if "native" in traits else chance.weighted(RACES)
    first = chance.one(names)
    second = chance.one([name for name in names if name != first])
    return Person(
        index,
        chance,
        household,
        False,
        role.sex,
        birth,
        _death(chance, birth, today, traits),
        (first, second),
        household.surname,
        race,
        chance.weighted(LANGUAGES),
        role.illnesses if designed else None,
        traits,
    )


def _traits(chance: Chance, age: int) -> frozenset[str]:
    drawn = {name for name, likely in _TRAITS if chance.whether(likely)}
    if chance.whether(0.004 + (0.0006 * (age - 60) if age > 60 else 0)):
        drawn.add("deceased")
    if age < 16:
        drawn -= {"renamed", "smoker", "former-smoker", "second-cover"}
    return frozenset(drawn)


def _death(chance: Chance, birth: date, today: date, traits: frozenset[str]) -> date | None:
    """A day in the last year, for those who have died."""
    if "deceased" not in traits:
        return None
    return chance.day(max(birth, today - timedelta(days=300)), today - timedelta(days=20))
