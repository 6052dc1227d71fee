"""Twenty definitions checked by hand against eleven people (village.py): the store and the plain meaning say the same.

https://hl7.org/fhir/R4/group.html; the measures are in the manner of those that payers are held to.
"""

from dataclasses import replace

import pytest

from careweft.insight.groups.algebra import plainly, population
from careweft.insight.groups.asked import Sight, asked, people
from careweft.insight.groups.definition import Definition
from tests.insight import village
from tests.insight.village import A1C, CVX, ICD, LOINC, NOON, VERIFIED
from tests.store import shelf

DIABETES = f"include Condition?code={ICD}|E11.9,{ICD}|E11.65"
MEASURED = f"Observation?code={LOINC}|{A1C}"
EVERYBODY = "ana ben cai dot eve fay gus hal ivy joe kim"

CASES = [
    # why, definition, who is in
    ("everybody there is a record of", "include Patient", EVERYBODY),
    ("two codes of one system; c10 is about a herd, c11 about nobody here", DIABETES, "ana ben cai eve fay hal"),
    ("cai was measured on the very day, ben the day before it",
     f"{DIABETES}\nexclude {MEASURED}&date=ge{{today-12m}}", "ben eve fay"),
    ("a refuted diagnosis is none",
     f"{DIABETES}\nexclude Condition?code={ICD}|E11.9&verification-status={VERIFIED}|refuted", "ana ben cai eve hal"),
    ("who died is out", f"{DIABETES}\nexclude Patient?deceased=true", "ana ben cai eve fay"),
    ("one record has both; ben's poor value is old, cai's of the day counts",
     f"include {MEASURED}&value-quantity=gt9&date=ge{{today-12m}}", "cai"),
    ("65 and older: ana has been since March", "include Patient?birthdate=le{today-65y}", "ana ben cai eve hal"),
    ("65 to 76: ben has his 76th birthday, cai was born a year less a day before him",
     "include Patient?birthdate=ge{today-76y}&birthdate=lt{today-65y}", "ana ben eve"),
    ("no flu shot this year; what was not done is none: dot is in",
     f"include Patient\nexclude Immunization?vaccine-code={CVX}|140&date={{year}}&status=completed",
     "ana ben cai dot fay hal ivy joe kim"),
    ("last year's flu shots", f"include Immunization?vaccine-code={CVX}|140&date={{year-1}}", "ben"),
    ("either way in: hypertension or a child",
     f"include Condition?code={ICD}|I10\ninclude Patient?birthdate=gt{{today-18y}}", "ana gus hal joe"),
    ("an excluding line beats every including one, in whatever order",
     f"exclude Patient?gender=male\n{DIABETES}\ninclude Patient/ben", "ana eve fay"),
    ("both diagnoses: two questions that the same person answers",
     f"include Patient?_has:Condition:patient:code={ICD}|E11.9&_has:Condition:patient:code={ICD}|I10", "ana hal"),
    ("Dr Roe's patients, by a chain", "include Patient?general-practitioner:Practitioner.name=roe", "ana cai"),
    ("records of Dr Roe's patients lead to the patients",
     f"include {MEASURED}&patient.general-practitioner=Practitioner/roe", "ana cai"),
    ("ivy drew joe's blood: a record is about its subject alone", f"include {MEASURED}&performer=Patient/ivy", "joe"),
    ("a list by hand; nobody by the name of zoe is known",
     "include Patient/dot\ninclude Patient/kim\ninclude Patient/zoe", "dot kim"),
    ("a list by hand, less who asked to be left out",
     "# the study\ninclude Patient/dot\ninclude Patient/kim\n\nexclude Patient/kim", "dot"),
    ("what is said in New York: 04:30 UTC on the 28th is still today, 05:30 is tomorrow",
     f"include Observation?code={LOINC}|8867-4&date={{today}}", "dot"),
    ("encoded as in a URL; :not and :missing as the engine has them",
     "include Patient?address-city=Salem&gender:not=male\ninclude Patient?active:missing=false", "eve fay"),
    ("this month's measurements", f"include {MEASURED}&date={{month}}", "joe"),
    ("nobody at all is a Group too", "include Patient?family=nobody", ""),
]  # fmt: skip


@pytest.fixture(scope="module")
async def mine(module_database):
    """The village's records, and those of another tenant with the same ids, of whom everybody is ill."""
    async with shelf.process(module_database) as clinical:
        made = await shelf.tenant(clinical, village.ZONE)
        await made.put(*village.RECORDS)
        other = await shelf.tenant(clinical, village.ZONE)
        await other.put(
            *village.PEOPLE, *(village.condition(f"x{n}", one["id"], "E11.9") for n, one in enumerate(village.PEOPLE))
        )
        yield made


@pytest.mark.parametrize(("why", "text", "who"), CASES)
async def test_checked_by_hand(mine, why, text, who):
    """Each row: why, a definition, and who is in: by the store in sets, and by the plain meaning one by one."""
    sight = Sight(mine.tenant, "https://fhir.example", NOON)
    definition = Definition.read(text)
    queries = asked(definition, sight)
    named = people(definition.included)
    sets = await (await mine.clinical.people(mine.tenant)).found([sight.narrowed(one) for one in (*queries, named)])
    plain = [plainly(one, sight.context, village.look) for one in queries]

    assert sorted(population(definition, sets[:-1], sets[-1]).members) == who.split(), why
    assert list(sets[:-1]) == plain


def test_who_is_named_and_not_known_is_told():
    """A list by hand may be older than the records."""
    definition = Definition.read("include Patient/ana\ninclude Patient/zoe")

    assert population(definition, (), frozenset({"ana"})).unknown == {"zoe"}


async def test_the_day_moves(mine):
    """The next day cai's measurement is twelve months and a day old."""
    text = f"{DIABETES}\nexclude {MEASURED}&date=ge{{today-12m}}"
    definition, tomorrow = (
        Definition.read(text),
        replace(Sight(mine.tenant, "https://fhir.example", NOON), now=NOON.replace(day=28)),
    )
    sets = await (await mine.clinical.people(mine.tenant)).found(
        [tomorrow.narrowed(one) for one in asked(definition, tomorrow)]
    )

    assert sorted(population(definition, sets, frozenset()).members) == ["ben", "cai", "eve", "fay"]
