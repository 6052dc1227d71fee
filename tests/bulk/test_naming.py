"""The Provenance of an export about patients is that of their records and of what these refer to, by a plain rule."""

import json
from dataclasses import replace
from random import Random

import pytest

from tests.bulk.test_export import group, person
from tests.bulk.yard import SMALL, yard
from tests.web.desk import Json
from tests.world import DRILL, Database

pytestmark = pytest.mark.anyio

ROUNDS = 20 if DRILL else 2
PATIENTS, EACH, PROVENANCE = "abcdef", 3, 60
WAYS = {"one patient after the other": (0, 2), "patients at once": (0, 100), "all records": (1000, 2)}
"""`many` and `named` of Limits."""


def world(chance: Random) -> list[Json]:
    """Observations, some of a second patient too, or of somebody who is not here; organizations that they refer to."""
    found: list[Json] = [person(one) for one in PATIENTS]
    found += [{"resourceType": "Organization", "id": f"org{n}", "name": "x"} for n in range(4)]
    for one in (*PATIENTS, "nobody"):
        for n in range(EACH):
            by = [{"reference": f"Organization/org{chance.randrange(3)}"}] if chance.random() < 0.3 else []
            by += [{"reference": f"Patient/{chance.choice(PATIENTS)}"}] if chance.random() < 0.2 else []
            found.append({"resourceType": "Observation", "id": f"{one}{n}", "status": "final", "code": {"text": "x"},
                          "subject": {"reference": f"Patient/{one}"}, "performer": by})  # fmt: skip
    return found


def provenance(n: int, chance: Random, records: list[Json]) -> Json:
    """About any of these, in one of the ways that it may be said in; its agent may be whoever."""
    targets = []
    for one in chance.sample(records, chance.randrange(1, 4)):
        name = f"{one['resourceType']}/{one['id']}"
        targets.append({"reference": chance.choice([name, name, f"{name}/_history/1", "Observation/never"])})
    who = {"reference": chance.choice(["Organization/org3", f"Patient/{chance.choice(PATIENTS)}"])}
    return {"resourceType": "Provenance", "id": f"p{n}", "recorded": "2026-05-17T00:00:00Z", "target": targets,
            "agent": [{"who": who}]}  # fmt: skip


def expected(records: list[Json], papers: list[Json], whom: str) -> set[str]:
    """Papers about a record in one of these compartments, or about what these records and their papers refer to."""

    def about(one: Json) -> set[str]:
        return {target["reference"].partition("/_history/")[0] for target in one["target"]}

    out = {f"Patient/{one}" for one in whom}
    shared: set[str] = set()
    for one in records:
        if one["resourceType"] == "Observation":
            named = {one["subject"]["reference"], *(by["reference"] for by in one["performer"])}
            if named & {f"Patient/{who}" for who in whom}:
                out.add(f"Observation/{one['id']}")
                shared |= {name for name in named if name.startswith("Organization/")}
    found: set[str] = set()
    while True:
        more = {one["id"] for one in papers if about(one) & (out | shared)} - found
        if not more:
            return found
        found |= more
        for one in papers:
            named = about(one) | {agent["who"]["reference"] for agent in one["agent"]}
            shared |= {name for name in named if one["id"] in more and name.startswith("Organization/")}


@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize("way", WAYS)
async def test_provenance_comes_with_the_records_that_it_names(database: Database, tmp_path, way, seed):
    """Each once, as it was at the moment of the export, however it is found and whatever changes meanwhile."""
    chance = Random(seed)
    many, named = WAYS[way]
    limits = replace(SMALL, many=many, named=named)
    async with yard(database, tmp_path, working=False, limits=limits) as made, made.exporter() as client:
        records = world(chance)
        papers = [provenance(n, chance, records) for n in range(PROVENANCE)]
        await made.put(*records, *papers, group("some", *PATIENTS[:3]), group("all", *PATIENTS))
        paths = {"/Group/some/$export": PATIENTS[:3], "/Group/all/$export": PATIENTS, "/Patient/$export": PATIENTS}
        exports = []
        for path in paths:
            begun = await client.kick_off(path)
            await made.work()
            exports.append(await client.finished(begun))
        # planned, and then changed
        begun = [await client.kick_off(path) for path in paths]
        for _ in begun:
            assert await made.worker.once()
        free = [n for n, one in enumerate(papers) if n % 4 == 0 and "'Patient/" not in str(one["target"])]
        others = [one for one in records if one["resourceType"] != "Patient"]  # a record stays with its patient
        await made.put(*(provenance(n, chance, others) for n in free))
        await made.remove(*(f"Provenance/p{n}" for n in range(1, PROVENANCE, 4)))
        await made.work()
        changed = [await client.finished(one) for one in begun]

    for whom, export, later in zip(paths.values(), exports, changed, strict=True):
        wanted = sorted(f"Provenance/{one}" for one in expected(records, papers, whom))
        assert 0 < len(wanted) < PROVENANCE
        assert export.names("Provenance") == wanted
        assert later.names("Provenance") == wanted
        texts = [sorted(json.dumps(one) for one in which.records("Provenance")) for which in (export, later)]
        assert texts[0] == texts[1]
