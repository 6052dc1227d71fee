"""Twenty thousand requests by chance over every door: no 5xx, no stack trace, every answer is what it says it is."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from careweft.app import open_house
from careweft.fhir.json import encode
from careweft.intake.sample import people
from careweft.surfaces import ALL, INTAKE
from careweft.web import Front
from careweft.web.front import Front as Doors
from careweft.web.routes import table
from careweft.web.telemetry import Telemetry
from tests import world
from tests.journeys.town import feed, installation, new_app, new_tenant, patient_token, system_token, token_form
from tests.platform import MAPLE, SIDES
from tests.world import Database

from .shots import Gun, Shot
from .words import Words

pytestmark = pytest.mark.anyio
SHOTS = world.count(2_000, 20_000)
SEED = int(os.environ.get("FUZZ_SEED", "1"))
AT_ONCE = 4
PEOPLE = 3
TRACES = (b"Traceback (most", b'File \\"', b'File "/', b"asyncpg", b"PostgresError", b"site-packages", b"<frozen ")
AGAIN = 8
"""Times that a 503 is asked again: a busy machine may keep a connection waiting, and says so honestly."""


async def fire(front: Doors, shot: Shot) -> tuple[int, dict[bytes, bytes], bytes]:
    """One request through the front, as a server would hand it over."""
    told: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": shot.body, "more_body": False}]

    async def receive() -> Any:
        if not waiting:
            await asyncio.Event().wait()  # the caller stays until the answer is there
        return waiting.pop()

    async def send(message: Any) -> None:
        told.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "scheme": "http", "method": shot.method, "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 80), "headers": shot.headers, "path": shot.path, "raw_path": shot.path.encode("utf-8"),
        "query_string": shot.query.encode("utf-8", "replace"),
    }  # fmt: skip
    await front(scope, receive, send)
    body = b"".join(one.get("body", b"") for one in told)
    return told[0]["status"], {name.lower(): value for name, value in told[0]["headers"]}, body


def complaint(shot: Shot, status: int, headers: dict[bytes, bytes], body: bytes) -> str | None:
    """What is wrong with an answer, if anything is."""
    if status >= 500:
        return f"{status}: {body[:300]!r}"
    if trace := next((one for one in TRACES if one in body), None):
        return f"{status} with {trace!r}"
    if b"content-encoding" in headers or not body:
        return None
    kind = headers.get(b"content-type", b"")
    if b"json" in kind and b"ndjson" not in kind:
        said = json.loads(body)
        if status >= 400 and b"fhir" in kind and (said["resourceType"] != "OperationOutcome" or not said["issue"]):
            return f"{status} without an OperationOutcome"
        if status >= 400 and b"fhir" not in kind and not {"error", "resourceType"} & set(said):
            return f"{status} without an error: {body[:200]!r}"
    return None


@pytest.fixture
async def armed(database: Database) -> AsyncIterator[tuple[Front, Gun]]:
    """The doors over a real database with a few people, and what to fire at them."""
    records = [json.loads(encode(one)) for one in people(PEOPLE, 1, today=date(2026, 1, 15))]
    with installation(database.server_url) as at:
        async with open_house(replace(at.settings(), statement_timeout=60.0)) as house:
            tenant = await new_tenant(house, MAPLE, "Maple Clinic")
            await feed(house, tenant, records)
            patient = next(one["id"] for one in records if one["resourceType"] == "Patient")
            apps = {side: await new_app(house, tenant, side) for side in (*SIDES, "intake")}
            tokens = {INTAKE.id: await system_token(house, apps["intake"])}
            for surface in ALL:
                app = apps[surface.side]
                scope = " ".join(f"patient/{one.type}.cruds" for one in surface.offers)
                patients = surface.audience == "patient"
                tokens[surface.id] = (
                    await patient_token(house, app, patient, scope) if patients else await system_token(house, app)
                )
            site = replace(house.site(), deadline=120.0)
            rows = list(table(site, Telemetry()))
            host = site.base_url.partition("://")[2]
            yield Front(site), Gun(rows, Words(records), tokens, token_form(apps["provider"]), MAPLE, host, SEED)


async def test_nothing_breaks_the_doors(armed: tuple[Front, Gun]) -> None:
    """Every request is answered with less than 500 that tells nothing of the inside; answers of many kinds."""
    front, gun = armed
    wrong: list[str] = []
    statuses: Counter[int] = Counter()
    numbers = iter(range(SHOTS))

    async def volley() -> None:
        for number in numbers:
            shot = gun.shot(number)
            for _ in range(AGAIN):
                status, headers, body = await fire(front, shot)
                if status != 503 or shot.path == "/readyz":
                    break
                await asyncio.sleep(0.5)
            statuses[status] += 1
            found = None if shot.path == "/readyz" and status == 503 else complaint(shot, status, headers, body)
            if found:
                wrong.append(f"{found}\n    {shot}")

    await asyncio.gather(*(volley() for _ in range(AT_ONCE)))

    assert wrong == [], "\n".join(wrong[:20])
    assert {200, 400, 401, 404} <= set(statuses), statuses
    assert statuses[200] > SHOTS / 10, statuses


def test_a_shot_is_a_function_of_its_number() -> None:
    """So that what is found can be found again."""
    records = [json.loads(encode(one)) for one in people(1, 1, today=date(2026, 1, 15))]
    made = [Gun([], Words(records), {}, (), MAPLE, "x") for _ in range(2)]

    assert made[0].words.kinds == made[1].words.kinds
