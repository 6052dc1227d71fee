"""What hangs on sensitive records: an export holds what a read of the same token shows, whatever hangs on what."""

from random import Random

import pytest

from careweft.store.columns import LONG, TOGETHER, WEIGHT, Pace
from tests.bulk.yard import yard
from tests.web.desk import FHIR
from tests.world import DRILL, Database

pytestmark = pytest.mark.anyio

LABEL = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
ROUNDS = 20 if DRILL else 2
EACH = 12
"""Records of each type."""


def meta(chance: Random) -> dict:
    return {"meta": LABEL} if chance.random() < 0.25 else {}


def target(chance: Random, end: str) -> dict:
    """Something that is here, or was, or never was, said in one of the ways that it may be said in."""
    type_ = chance.choice(["Observation", "Observation", "DocumentReference", "Binary", "Provenance"])
    name = f"{type_}/{type_[0].lower()}{chance.randrange(EACH + 2)}{end}"
    return {"reference": chance.choice([name, name, name, f"{name}/_history/1", f"https://elsewhere.example/{name}"])}


def world(chance: Random, end: str) -> list[dict]:
    """Observations, documents and their attachments, some sensitive; and Provenance of any of them."""
    about = {"subject": {"reference": "Patient/a"}}
    found = [{"resourceType": "Patient", "id": "a"}]
    for n in range(EACH):
        held = [{"attachment": {"url": f"Binary/b{chance.randrange(EACH)}{end}"}}]
        context = chance.choice([{}, {"securityContext": {"reference": f"Observation/o{chance.randrange(EACH)}{end}"}}])
        found += [
            {"resourceType": "Observation", "id": f"o{n}{end}", "status": "final", "code": {"text": "x"}, **about,
             **meta(chance)},
            {"resourceType": "DocumentReference", "id": f"d{n}{end}", "status": "current", "content": held, **about,
             **meta(chance)},
            {"resourceType": "Binary", "id": f"b{n}{end}", "contentType": "text/plain", "data": "aGk=", **context,
             **meta(chance)},
        ]  # fmt: skip
    for n in range(4 * EACH):
        targets = [target(chance, end) for _ in range(chance.randrange(1, 4))]
        agent = {"who": {"display": "x"}, "onBehalfOf": target(chance, end)} if chance.random() < 0.2 else {}
        found.append({"resourceType": "Provenance", "id": f"p{n}{end}", "recorded": "2026-05-17T00:00:00Z",
                      "target": targets, "agent": [agent or {"who": {"display": "x"}}], **meta(chance)})  # fmt: skip
    return found


@pytest.mark.parametrize("end", ["", "-4f1c8a5e-3c47-8385-ada1"])
@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_an_export_holds_what_a_read_shows(database: Database, tmp_path, seed, end):
    """As ordinary system client, with names short and long: labels come, go and are deleted with what carried them."""
    chance = Random(seed)
    async with yard(database, tmp_path) as made, made.exporter("system/*.rs") as client:
        await made.put(*world(chance, end))
        again = {one["id"]: one for one in world(chance, end)}
        await made.put(*(again[f"{of}{n}{end}"] for of in "od" for n in chance.sample(range(EACH), 4)))
        await made.remove(*(f"Observation/o{n}{end}" for n in chance.sample(range(EACH), 2)))
        names = (await client.export(params=[("_type", "Provenance")])).names()
        shown = [
            f"Provenance/p{n}{end}"
            for n in range(4 * EACH)
            if (await client.http.get(f"/Provenance/p{n}{end}", headers={"accept": FHIR})).status_code == 200
        ]

    assert names == sorted(shown)
    assert 0 < len(shown) < 4 * EACH


@pytest.mark.parametrize("seed", range(50))
def test_rows_are_gone_through_once(seed):
    """Whatever they weigh, a range as a list of them; about WEIGHT comes at once where all weigh the same."""
    chance = Random(seed)
    weights = {rid: chance.choice([0, 100, LONG]) for rid in sorted(chance.sample(range(1, 20_000), 3_000))}
    kept = [rid for rid in weights if chance.random() < 0.9]  # what is listed need not be shown
    for among in (max(weights), list(weights)):
        pace, seen = Pace(among), []
        while (asked := pace.next()) is not None:
            above, some, rows = asked
            assert rows <= TOGETHER
            listed = [one for one in kept if above < one and (one <= some if isinstance(some, int) else one in some)]
            passed = listed[:rows]
            seen += passed
            pace.seen(len(passed), sum(weights[one] for one in passed), passed[-1] if passed else None)
        assert seen == kept
    pace = Pace(10**9)
    for weight in (100, 5_000, 60):
        for _ in range(6):
            rows = pace.rows
            pace.seen(rows, rows * weight, pace.above + rows)
        assert pace.rows == min(TOGETHER, WEIGHT // weight)


async def test_what_was_changed_since_is_judged_by_what_it_was(database: Database, tmp_path):
    """It goes out as it was at the moment of the export, so what it hung on then decides, not what it hangs on now."""
    records = [
        {"resourceType": "Patient", "id": "a"},
        {"resourceType": "Observation", "id": "dark", "status": "final", "code": {"text": "x"}, "meta": LABEL},
        {"resourceType": "Observation", "id": "open", "status": "final", "code": {"text": "x"}},
    ]
    about = {name: {"resourceType": "Provenance", "recorded": "2026-05-17T00:00:00Z",
                    "target": [{"reference": f"Observation/{name}"}], "agent": [{"who": {"display": "x"}}]}
             for name in ("dark", "open")}  # fmt: skip
    async with yard(database, tmp_path, working=False) as made, made.exporter("system/*.rs") as client:
        await made.put(*records, about["dark"] | {"id": "was-dark"}, about["open"] | {"id": "was-open"})
        begun = await client.kick_off("/$export", [("_type", "Provenance")])
        assert await made.worker.once()  # the moment is fixed
        await made.put(about["open"] | {"id": "was-dark"}, about["dark"] | {"id": "was-open"})
        await made.work()
        export = await client.finished(begun)

    assert export.names() == ["Provenance/was-open"]
