"""conformance.md section 6, 8.2, 8.4, 8.5, and annex E: the same at the level of a Group, of patients and of all."""

import asyncio
import re
import time
from urllib.parse import urlsplit

import httpx
import pytest

from tests.bulk.client import Export
from tests.conformance.bulk.conftest import LEVELS, Clinic
from tests.platform import SIDES

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("side", SIDES), pytest.mark.parametrize("level", LEVELS)]
Exports = dict[tuple[str, str], Export]
DEFINITIONS = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
PROGRESS = re.compile(r"(Queued|Running|Finalizing) \(\d{1,2}% complete\)")


async def test_the_operation_is_declared(clinic: Clinic, side, level):
    """8.2.02: without a token, named export, by the guide's own definition; the server says that it is one of these."""
    async with httpx.AsyncClient(base_url=clinic.base(side)) as http:
        said = (await http.get("/metadata", headers={"accept": "application/fhir+json"})).json()
    (rest,) = said["rest"]
    holders = [rest] if level == "system" else [one for one in rest["resource"] if one["type"].lower() == level]
    declared = {one["name"]: one["definition"].partition("|")[0] for of in holders for one in of["operation"]}

    assert declared["export"] == f"{DEFINITIONS}{level if level != 'system' else ''}{'-' * (level != 'system')}export"
    assert "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data" in {
        one.partition("|")[0] for one in said["instantiates"]
    }


async def test_nobody_exports_without_a_token(clinic: Clinic, side, level):
    """8.2.03: 401, also with a token that is none."""
    async with httpx.AsyncClient(base_url=clinic.base(side)) as http:
        for more in ({}, {"authorization": "Bearer none"}):
            answer = await http.get(clinic.path(level), headers={"prefer": "respond-async", **more})
            assert answer.status_code == 401
            assert answer.json()["resourceType"] == "OperationOutcome"


async def test_an_export_is_kicked_off_polled_and_told(clinic: Clinic, side, level):
    """8.2.04, 8.2.05: 202 and where to ask; 202 with Retry-After in seconds, which is kept to, until 200."""
    waits: list[float] = []

    async def patient(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(seconds)

    async with clinic.client(side, sleep=patient) as client:
        begun = await client.kick_off(clinic.path(level), [("_type", "Patient")])
        url = begun.headers["content-location"]
        started = time.monotonic()
        export = await client.finished(begun)
        took = time.monotonic() - started
        assert (await client.delete(begun)).status_code == 202

    assert begun.status_code == 202
    assert url.startswith(f"{clinic.at.url}/{side}/export-status/v2/")
    assert {one.status_code for one in export.polls} <= {200, 202}, "who keeps to Retry-After is never refused"
    for one in export.polls[:-1]:
        assert PROGRESS.fullmatch(one.headers["x-progress"])
        assert one.headers["retry-after"].isdigit()
    assert took < sum(waits) + 10
    assert set(export.manifest) >= {"transactionTime", "request", "requiresAccessToken", "output", "error"}
    assert export.headers["expires"]


async def test_the_manifest_names_files(clinic: Clinic, exports: Exports, side, level):
    """8.2.06, and TLS (8.1.01, 8.2.01, 8.3.01): each item has its type and a whole URL, of the one host of all of it.

    Which versions of TLS that host speaks is told in tests/web/test_serving.py.
    """
    export = exports[side, level]
    base = clinic.base(side)
    async with httpx.AsyncClient(base_url=base) as http:
        auth = (await http.get("/.well-known/smart-configuration")).json()["token_endpoint"]
    items = export.manifest["output"]

    assert items
    assert export.manifest["request"] == base + clinic.path(level)
    assert all(one["type"] and one["count"] > 0 for one in items)
    assert len({one["url"] for one in items}) == len(items)
    assert {urlsplit(url)[:2] for url in (base, auth, str(export.polls[0].url), *(one["url"] for one in items))} == {
        urlsplit(clinic.at.url)[:2]
    }


async def test_a_deleted_export_is_gone(clinic: Clinic, side, level):
    """8.4.01, 8.4.02: 202, then 404 with an OperationOutcome, at work and done alike."""
    async with clinic.client(side) as client:
        for done in (False, True):
            begun = await client.kick_off(clinic.path(level), [("_type", "Patient,Condition")])
            files = (await client.finished(begun)).manifest["output"] if done else []
            assert (await client.delete(begun)).status_code == 202
            for url in (begun.headers["content-location"], *(one["url"] for one in files)):
                answer = await client.http.get(url)
                assert answer.status_code == 404
                assert answer.json()["resourceType"] == "OperationOutcome"
                assert answer.json()["issue"][0]["severity"] == "error"


@pytest.mark.parametrize(
    ("name", "value"),
    [("_outputFormat", "application/fhir+ndjson"), ("_outputFormat", "application/ndjson"), ("_outputFormat", "ndjson"),
     ("_since", "2020-01-01T00:00:00.000Z"), ("_since", "2020-01-01T00:00:00-05:00")],
)  # fmt: skip
async def test_a_parameter_is_taken(clinic: Clinic, side, level, name, value):
    """8.5.01, 8.5.02: 202, and 202 to DELETE."""
    async with clinic.client(side) as client:
        begun = await client.kick_off(clinic.path(level), [(name, value)])
        assert begun.status_code == 202
        assert (await client.delete(begun)).status_code == 202
