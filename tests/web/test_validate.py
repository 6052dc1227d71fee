"""$validate through the whole application: https://hl7.org/fhir/R4/resource-operation-validate.html"""

import json
import uuid

import pytest

from careweft import surfaces
from tests.fhir.validate.people import GOOD, US_CORE
from tests.web.desk import FHIR, opened

ANA = {"resourceType": "Patient", "id": "ana", "gender": "female", "name": [{"family": "Lovelace"}]}
BEN = {"resourceType": "Patient", "id": "ben", "gender": "cat"}
DOCUMENT = GOOD["note"]


@pytest.fixture(scope="module")
async def clinic(module_database, tmp_path_factory):
    async with opened(module_database, tmp_path_factory.mktemp("validate")) as made:
        await made.load(ANA, BEN)
        yield made


def issues(reply):
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert told["resourceType"] == "OperationOutcome"
    return [(one["severity"], one["code"], *one.get("expression", ())) for one in told["issue"]]


async def posted(clinic, path, body, scope="system/*.rs", **more):
    async with clinic.caller(scope) as client:
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        return await client.post(path, content=content, headers={"content-type": FHIR} | more)


def parameters(resource=None, **simple):
    listed = [{"name": name, "valueUri" if name == "profile" else "valueCode": value} for name, value in simple.items()]
    return {
        "resourceType": "Parameters",
        "parameter": [*listed, *([{"name": "resource", "resource": resource}] if resource else [])],
    }


WELL = ("information", "informational")
NO_TEXT = ("warning", "invariant", "Patient")
NO_IDENTIFIER = ("error", "required", "Patient.identifier")


@pytest.mark.parametrize(
    ("path", "body", "found"),
    [
        ("Patient/$validate", GOOD["patient"], [WELL]),
        ("Patient/$validate", ANA, [NO_TEXT]),
        ("Patient/$validate", parameters(ANA), [NO_TEXT]),
        ("Patient/$validate", ANA | {"birthDate": "2024-02-30"}, [("error", "value", "Patient.birthDate"), NO_TEXT]),
        ("Patient/$validate?profile=" + US_CORE + "patient", ANA, [NO_IDENTIFIER, NO_TEXT]),
        ("Patient/$validate", parameters(ANA, profile=US_CORE + "patient", mode="profile"),
         [NO_IDENTIFIER, NO_TEXT]),
        ("Patient/$validate?profile=" + US_CORE + "patient|9.9.9", ANA, [("error", "not-supported"), NO_TEXT]),
        ("Patient/$validate?profile=" + US_CORE + "goal", ANA, [("error", "not-supported"), NO_TEXT]),
        ("Patient/$validate?mode=create", GOOD["patient"], [("error", "not-supported")]),
        ("Patient/$validate", DOCUMENT, [("error", "value")]),
        ("Patient/$validate", {"resourceType": "Unicorn"}, [("error", "value")]),
        ("Patient/$validate", {"resourceType": ["Patient", "Patient"]}, [("error", "value")]),
        ("DocumentReference/$validate?mode=create", DOCUMENT, [WELL]),
        ("DocumentReference/$validate?mode=create", DOCUMENT | {"meta": {"tag": [{"code": "SUBSETTED"}]}},
         [("error", "business-rule", "DocumentReference.meta.tag")]),
        ("Patient/ana/$validate", parameters(mode="profile", profile=US_CORE + "patient"),
         [NO_IDENTIFIER, NO_TEXT]),
        ("Patient/ana/$validate", parameters(ANA | {"id": "eve"}, mode="update"),
         [("error", "not-supported"), ("error", "value", "Patient.id"), NO_TEXT]),
        ("Patient/ana/$validate", parameters(mode="delete"), [("error", "not-supported")]),
    ],
)  # fmt: skip
async def test_a_body_is_validated(clinic, path, body, found):
    """Each row: where it is sent, what, and the issues that come back with 200."""
    assert issues(await posted(clinic, path, body)) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("Patient/ana/$validate", [NO_TEXT]),
        ("Patient/ben/$validate", [("error", "code-invalid", "Patient.gender"), NO_TEXT]),
        ("Patient/ana/$validate?mode=delete", [("error", "not-supported")]),
        (
            "Patient/ana/$validate?profile=" + US_CORE + "patient",
            [NO_IDENTIFIER, NO_TEXT],
        ),
    ],
)
async def test_what_is_there_is_validated(clinic, path, found):
    async with clinic.caller("system/Patient.r") as client:
        assert issues(await client.get(path)) == found


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Patient/$validate", b"{", 400),
        ("Patient/$validate", parameters(), 400),
        ("Patient/$validate?mode=delete", ANA, 400),
        ("Patient/$validate?mode=guess", ANA, 400),
        ("Patient/$validate?mode=profile", ANA, 400),
        ("Patient/$validate?colour=red", ANA, 400),
        ("Patient/$validate", parameters(ANA, colour="red"), 400),
        ("Patient/$validate", {"resourceType": "Parameters", "parameter": {"name": "mode"}}, 400),
        ("Patient/$validate?" + "&".join(["profile=" + US_CORE + "patient"] * 9), ANA, 400),
        ("Patient/never-was/$validate", ANA, 404),
        ("Unicorn/$validate", ANA, 404),
    ],
)
async def test_what_is_asked_wrongly_is_refused(clinic, path, body, status):
    assert (await posted(clinic, path, body)).status_code == status


async def test_in_xml(clinic):
    """XML in and out."""
    body = '<Patient xmlns="http://hl7.org/fhir"><gender value="cat"/></Patient>'
    async with clinic.caller("system/Patient.r") as client:
        headers = {"content-type": "application/fhir+xml", "accept": "application/fhir+xml"}
        reply = await client.post("Patient/$validate", content=body, headers=headers)

    assert reply.status_code == 200
    assert '<expression value="Patient.gender"/>' in reply.text


@pytest.mark.parametrize(
    ("scope", "status"), [("system/Patient.r", 200), ("system/Patient.s", 403), ("system/Observation.rs", 403)]
)
async def test_it_needs_the_right_to_read(clinic, scope, status):
    assert (await posted(clinic, "Patient/$validate", ANA, scope)).status_code == status


async def test_a_patient_validates_nobody_elses_record(clinic):
    """Another patient's record looks as one that never was."""
    async with clinic.caller("patient/Patient.rs", patient="ana") as client:
        known = [(await client.get(f"Patient/{one}/$validate")).status_code for one in ("ana", "ben", "never-was")]

    assert known == [200, 404, 404]


async def test_it_is_audited(clinic):
    """Whom it looked at, and what was asked; nothing of the body."""
    mark = uuid.uuid4().hex
    await posted(clinic, "Patient/ana/$validate", parameters(ANA | {"name": [{"family": mark}]}, mode="update"))
    last = await clinic.audited()

    assert (last["action"], last["patients"], last["id"], last["status"]) == ("$validate", ["ana"], "ana", 200)
    assert mark not in repr(last)


async def test_it_is_told_by_every_api():
    for surface in surfaces.ALL:
        assert all("$validate" in offer.operations for offer in surface.offers)
