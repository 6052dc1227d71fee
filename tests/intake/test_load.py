"""The intake over the real store: other people's records, what a second load does, deletions, snapshots."""

import json
from collections import Counter, defaultdict

import pytest

from careweft import surfaces
from careweft.intake.load import KEPT, Intake
from careweft.intake.pieces import Piece, files, pieces
from tests.store import shelf
from tests.store.house import connected
from tests.world import count, shared

COUNTS = """
select rt, count(*) filter (where body is not null) as live, max(ver) as highest from body where tenant = $1 group by rt
"""


@pytest.fixture
async def mine(database):
    async with shelf.shelf(database) as made:
        yield made


async def load(mine, *paths, **more):
    """The intake that took these paths, finished."""
    intake = Intake(mine.feed, mine.tenant.id, surfaces.OFFERED, **more)
    for path in files(paths):
        for piece in pieces(path):
            await intake.add(piece)
    await intake.finish()
    return intake


def distinct(paths):
    """How many distinct ids each type of these files has, read with nothing of ours; lines of STU3 are left out."""
    had = defaultdict(set)
    for path in paths:
        if path.suffix in (".json", ".ndjson"):
            for text in path.read_text().splitlines() if path.suffix == ".ndjson" else [path.read_text()]:
                content = json.loads(text)
                found = (
                    [one["resource"] for one in content["entry"]] if content["resourceType"] == "Bundle" else [content]
                )
                for one in found:
                    had[one["resourceType"]].add(one["id"])
    return {type_: len(ids) for type_, ids in had.items()}


async def stored(mine, database):
    """How many live resources of each type the store holds, and the highest version of any."""
    from careweft.fhir.definitions import RESOURCES

    names = {number: name for name, number in RESOURCES.items()}
    async with connected(database.admin_url) as admin:
        rows = await admin.fetch(COUNTS, mine.tenant.number)
    return {names[row["rt"]]: row["live"] for row in rows}, max((row["highest"] for row in rows), default=0)


META = {"versionId": "7", "lastUpdated": "1999-01-01T00:00:00Z", "source": "urn:s"}


@pytest.mark.parametrize("words", ["Short", "Long " * (KEPT // 4)], ids=["short", "long"])
@pytest.mark.parametrize("meta", [{}, {"meta": {}}, {"meta": META}, {"meta": dict(reversed(META.items()))}])
async def test_a_record_is_the_same_however_its_text_is_laid_out(mine, tmp_path, meta, words):
    """On a line without a space, over many lines, as one entry of a Bundle: all the same content."""
    record = {"resourceType": "Basic", "id": "b", **meta, "code": {"text": words}}
    texts = {
        "a.ndjson": json.dumps(record, separators=(",", ":")),
        "b.json": json.dumps(record, indent=2),
        "c.json": json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": record}]}),
    }
    outcomes = []
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        intake = await load(mine, tmp_path / name)
        outcomes += intake.report.counts

    assert outcomes == [("Basic", "created"), ("Basic", "unchanged"), ("Basic", "unchanged")]


@pytest.mark.parametrize(
    ("folder", "every", "refused"),
    [("synthea-bundles", count(5, 1), 0), ("bulk-ndjson", 1, 0), ("claims", 1, 500)],
)
async def test_other_peoples_records_load_whole(mine, database, folder, every, refused):
    """Every distinct Type/id of the input is stored once; refused lines are reported; a second load changes nothing."""
    source = sorted(one for one in shared(f"data/{folder}").rglob("*") if one.is_file())[::every]

    first = await load(mine, *source)
    counts, _ = await stored(mine, database)
    second = await load(mine, *source)
    again, highest = await stored(mine, database)

    assert source
    assert distinct(source) == counts
    assert refused == len(first.report.refused)
    assert counts == again
    assert highest == 1
    assert {"unchanged", "refused"} >= {outcome for _, outcome in second.report.counts}


async def test_stu3_lines_are_named_as_such(mine):
    """The gzipped claims are STU3: each line is refused with that word, its file and its number."""
    report = (await load(mine, shared("data/claims/EOB-500.ndjson.gz"))).report

    assert [n + 1 for n in range(500)] == [one.line for one in report.refused]
    assert {"EOB-500.ndjson.gz"} == {one.file for one in report.refused}
    assert all("STU3 ExplanationOfBenefit" in one.reason for one in report.refused)


async def test_types_that_no_api_offers_are_kept_and_counted(mine):
    """Claim and ImagingStudy of a Bundle are stored, and the report says that nobody is shown them."""
    source = next(
        path for path in sorted(shared("data/synthea-bundles").iterdir()) if b'"ImagingStudy"' in path.read_bytes()
    )

    report = (await load(mine, source)).report

    assert {"Claim", "ImagingStudy"} == set(report.unoffered)
    assert not report.refused


def text(number, **resource):
    """A resource as a piece."""
    return Piece("here", number, json.dumps(resource).encode())


def deletion(number, *urls):
    """A Bundle of deletions, as Bulk Data writes them."""
    entries = [{"request": {"method": "DELETE", "url": url}} for url in urls]
    return text(number, resourceType="Bundle", type="transaction", entry=entries)


async def taken(mine, *texts, **more):
    """An intake that took these texts."""
    intake = Intake(mine.feed, mine.tenant.id, surfaces.OFFERED, **more)
    for one in texts:
        await intake.add(one)
    await intake.finish()
    return intake


ANA = {"resourceType": "Patient", "id": "ana"}
PULSE = {
    "resourceType": "Observation",
    "id": "pulse",
    "status": "final",
    "code": {"text": "pulse"},
    "subject": {"reference": "Patient/ana"},
}


async def test_deletions_are_tombstones_and_come_back_as_new_versions(mine):
    """A DELETE entry deletes once; what never was is absent; the same record again is a further version."""
    await taken(mine, text(1, **ANA), text(2, **PULSE))

    gone = await taken(mine, deletion(1, "Observation/pulse", "Observation/never"))
    back = await taken(mine, text(1, **PULSE))

    assert Counter({("Observation", "deleted"): 1, ("Observation", "absent"): 1}) == gone.report.counts
    assert Counter({("Observation", "created"): 1}) == back.report.counts
    found = await mine.records.read("Observation", "pulse", shelf.everything("Observation"))
    assert found.version == 3


async def test_a_line_under_another_patient_is_refused(mine):
    """An id that exists under one patient cannot be taken over by another's record."""
    await taken(mine, text(1, **ANA), text(2, **PULSE))

    report = (await taken(mine, text(1, **{**PULSE, "subject": {"reference": "Patient/bea"}}))).report

    (refusal,) = report.refused
    assert "another patient" in refusal.reason
    assert "ana" not in refusal.reason


async def test_a_snapshot_deletes_what_is_no_longer_there(mine):
    """Of the types that came, what did not come is deleted; other types stay; nothing after a refused line."""
    other = {**PULSE, "id": "other"}
    await taken(mine, text(1, **ANA), text(2, **PULSE), text(3, **other))

    whole = await taken(mine, text(1, **other), keep_seen=True)
    broken = await taken(mine, text(1, **ANA), Piece("here", 2, b"{"), keep_seen=True)

    assert await whole.snapshot() == 1
    with pytest.raises(ValueError, match="nothing is deleted"):
        await broken.snapshot()
    assert (await mine.records.read("Observation", "pulse", shelf.everything("Observation"))).body is None
    assert (await mine.records.read("Patient", "ana", shelf.everything("Patient"))).body is not None


async def test_the_same_id_twice_in_a_load_makes_the_later_one_current(mine):
    """Two contents under one id are two versions in their order; two equal ones are one."""
    changed = {**PULSE, "status": "amended"}

    report = (await taken(mine, text(1, **PULSE), text(2, **PULSE), text(3, **changed))).report

    assert (
        Counter({("Observation", "created"): 1, ("Observation", "unchanged"): 1, ("Observation", "updated"): 1})
        == report.counts
    )
    found = await mine.records.read("Observation", "pulse", shelf.everything("Observation"))
    assert found.version == 2
    assert b"amended" in found.body
