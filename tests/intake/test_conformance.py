"""Records held to R4 on their way in, and a whole tenant surveyed."""

import json
from collections import Counter

import pytest

from careweft import surfaces
from careweft.fhir.definitions import codes
from careweft.fhir.profiles.base import HL7, base
from careweft.fhir.profiles.model import Element, Slicing, Snapshot, TypeRef
from careweft.fhir.validate.known import accepts
from careweft.fhir.validate.validator import Validator, World
from careweft.intake.conformance import MOST_KINDS, OTHER, Checked, Held, Survey
from careweft.intake.load import Intake
from careweft.intake.pieces import Piece
from careweft.store.survey import BATCH, every
from tests.store import shelf

GOOD = {"resourceType": "Patient", "id": "ana", "gender": "female", "birthDate": "1984-02-29"}
BAD = {"resourceType": "Patient", "id": "ben", "gender": "cat", "birthDate": "1984-02-30"}
LEAF = "https://profiles.example/leaf"


@pytest.fixture
async def mine(database):
    async with shelf.shelf(database) as made:
        yield made


async def loaded(mine, mode, *resources):
    intake = Intake(mine.feed, mine.tenant.id, surfaces.OFFERED, held=Held(mode, accepts))
    for line, one in enumerate(resources, 1):
        await intake.add(Piece("some.ndjson", line, json.dumps(one).encode()))
    return await intake.finish()


@pytest.mark.parametrize(("mode", "created", "refused"), [("off", 2, 0), ("report", 2, 0), ("refuse", 1, 1)])
async def test_a_load_holds_records_to_r4(mine, mode, created, refused):
    """Each row: how a load validates, and how many of a good and a bad record come in."""
    report = await loaded(mine, mode, GOOD, BAD)

    assert (report.total("created"), report.total("refused")) == (created, refused)
    assert (report.checked is None) is (mode == "off")


async def test_a_report_counts_each_kind_and_names_the_first(mine):
    report = await loaded(mine, "report", GOOD, BAD, BAD | {"id": "cyd", "gender": "female"})
    found = report.as_json()["validation"]

    assert (found["records"], found["failing"]) == (3, 2)
    assert [(one["count"], one["first"]) for one in found["kinds"]] == [
        (2, ["some.ndjson:2", "some.ndjson:3"]),
        (1, ["some.ndjson:2"]),
    ]
    assert "first at some.ndjson:2" in "\n".join(report.lines())


async def test_a_refusal_says_why(mine):
    report = await loaded(mine, "refuse", BAD)

    assert str(report.refused[0]) == (
        "some.ndjson:1: Patient.gender: wants a code of the value set "
        "http://hl7.org/fhir/ValueSet/administrative-gender, not 'cat', and 1 more"
    )


def test_endless_kinds_of_error_take_no_endless_memory():
    """A feed with a new wrong code in every record."""
    checked = Checked()
    for number in range(MOST_KINDS + 500):
        checked.add(accepts({"resourceType": "Patient", "gender": f"x{number}"}), "somewhere")

    assert len(checked.kinds) == MOST_KINDS + 1
    assert checked.kinds[OTHER].count == 500


def leaf():
    """A profile of Patient: gender and a named identifier are must-support, and a gender has to be there."""
    children = (
        Element("Patient.meta", max=1, types=(TypeRef("Meta"),)),
        Element("Patient.id", max=1, types=(TypeRef("id"),)),
        Element("Patient.gender", min=1, max=1, types=(TypeRef("code"),), must_support=True),
        Element("Patient.deceased[x]", max=1, types=(TypeRef("boolean"), TypeRef("dateTime")), must_support=True),
        Element("Patient.identifier", types=(TypeRef("Identifier"),), slicing=Slicing((("value", "system"),))),
        Element(
            "Patient.identifier",
            "mrn",
            types=(TypeRef("Identifier"),),
            must_support=True,
            children=(
                Element("Patient.identifier.system", fixed="https://mrn.example", max=1, types=(TypeRef("uri"),)),
                Element("Patient.identifier.value", must_support=True, max=1, types=(TypeRef("string"),)),
            ),
        ),
    )
    return Snapshot(LEAF, "1.0", "Patient", "resource", (Element("Patient", children=children),))


@pytest.fixture
def survey():
    profile = leaf()
    known = World(lambda url: profile if url == LEAF else base(url.removeprefix(HL7)), codes, frozenset((LEAF,)))
    return Survey(Validator(known), [LEAF, "https://profiles.example/unknown"])


def of_leaf(**elements):
    return {"resourceType": "Patient", "id": "x", "meta": {"profile": [LEAF]}, **elements}


MRN = "Patient.identifier:mrn"


@pytest.mark.parametrize(
    ("resources", "missing"),
    [
        ([], ["Patient.gender", "Patient.deceased[x]", MRN, f"{MRN}.value"]),
        ([of_leaf(gender="male", deceasedBoolean=False)], [MRN, f"{MRN}.value"]),
        (
            [of_leaf(_gender={"extension": [{"url": "u", "valueCode": "unknown"}]})],
            ["Patient.gender", "Patient.deceased[x]", MRN, f"{MRN}.value"],
        ),
        (
            [
                of_leaf(
                    identifier=[{"system": "https://other.example", "value": "1"}],
                    gender="male",
                    deceasedDateTime="2020",
                )
            ],
            [MRN, f"{MRN}.value"],
        ),
        (
            [of_leaf(identifier=[{"system": "https://mrn.example"}]), of_leaf(gender="male", deceasedDateTime="2020")],
            [f"{MRN}.value"],
        ),
        (
            [
                of_leaf(
                    identifier=[{"system": "https://mrn.example", "value": "1"}], gender="male", deceasedDateTime="2020"
                )
            ],
            [],
        ),
    ],
)
def test_what_is_never_seen(survey, resources, missing):
    """Each row: records, and the must-support elements that none of them holds."""
    for one in resources:
        survey.add(one)

    assert survey.as_json()["profiles"][f"{LEAF}|1.0"]["must_support_never_seen"] == missing


def test_which_records_fail_and_why(survey):
    for one in (of_leaf(), of_leaf(gender="male"), BAD):
        survey.add(one)
    told = survey.as_json()

    assert (told["records"], told["failing"]) == (3, 2)
    assert told["profiles"][f"{LEAF}|1.0"]["issues"] == [
        {"issue": "Patient.gender: wants at least 1", "count": 1, "first": ["Patient/x"]}
    ]
    assert told["profiles"]["Patient"]["failing"] == 1


async def test_every_record_of_a_tenant_is_seen_once_and_no_other(mine):
    """More than a batch of them; what was deleted is gone."""
    people = [GOOD | {"id": f"p{number}"} for number in range(BATCH + 3)]
    await loaded(mine, "off", *people)
    seen = Counter([one["id"] async for one in every(mine.clinical, mine.tenant)])

    assert seen == Counter(one["id"] for one in people)
