"""The demonstration: sample tenants with sample people, a backend service, a token and three curl lines."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import surfaces
from ..access.labels import WORDS
from ..adapters import clock
from ..app import House, open_house
from ..config import Settings
from ..fhir.json import encode
from ..intake.load import Intake
from ..intake.pieces import Piece
from ..intake.sample import people
from ..oauth.frame import Context
from ..registry.application import Application
from ..tenancy import Tenant
from ..web.trial import LOGINS, SAMPLES
from . import demo_apps, demo_people
from .apps import operator, terminal
from .demo_files import remember, remembered
from .demo_people import Login

SCOPES = ("system/*.rs", *WORDS)
"""Of its services: what is sensitive among the sample people's records shows too."""
TENANTS = (
    ("43477c76-ceb6-47ed-81c8-1b7c0ae10ca6", "Maple Clinic", 1),
    ("d6c40265-c5c6-494f-b1aa-a27bf9a8c3f1", "Birch Health Plan", 2),
)
"""The sample tenants: id, name, and the seed of their people."""
SANDBOX = TENANTS[1][0]
"""Authorizes every application that asks."""
SIDES = ("provider", "payer")


async def prepare(settings: Settings, patients: int) -> str:
    """Make what is missing, and say what there is."""
    async with open_house(settings) as house:
        for id_, name, seed in TENANTS:
            if await house.tenants.find(id_) is None:
                await made(house, id_, name, seed, patients)
        tenant = await house.tenant(TENANTS[0][0])
        services = await registered(house, tenant, settings.data / "demo-apps.json")
        await demo_apps.applications(house, tenant, settings.data / SAMPLES)
        passwords = remembered(settings.data / "demo-passwords.json")
        logins = await demo_people.logins(house, TENANTS, passwords)
        remember(settings.data / "demo-passwords.json", passwords)
        await demo_apps.told(house, logins, settings.data / LOGINS)
        return "\n".join([text async for text in told(house, tenant, services, logins)])


async def made(house: House, id_: str, name: str, seed: int, patients: int) -> None:
    """One sample tenant with its people."""
    print(f"making {name} with {patients} sample people ...", flush=True)
    tenant = await house.tenants.create(name, id_, "UTC", (), ())
    await house.keyring.signing(tenant.number)
    if id_ == SANDBOX:
        entry = terminal().entry(clock.now(), "tenant set", operator().id, tenant.number, None)
        await house.tenants.save(replace(tenant, sandbox=True), entry)
    intake = Intake(await house.clinical.feed(tenant), tenant.id, surfaces.OFFERED)
    for number, resource in enumerate(people(patients, seed, today=datetime.now(UTC).date()), 1):
        await intake.add(Piece("sample", number, encode(resource)))
    report = await intake.finish()
    if report.refused:
        raise ValueError(f"{len(report.refused)} sample records were refused, the first: {report.refused[0]}")


async def registered(house: House, tenant: Tenant, file: Path) -> Mapping[str, Any]:
    """The demonstration's backend services, one for each side; their secrets lie in a file that only we may read."""
    known = remembered(file)
    if known and all([await house.clients.find(tenant.number, one["client_id"]) for one in known.values()]):
        return known
    made = {}
    for side in SIDES:
        asked = Application(
            name=f"Demonstration service, {side}", type="system", access=side, auth="secret", scopes=SCOPES, bulk=True
        )
        one = await demo_apps.registered(house, tenant, asked)
        made[side] = {"client_id": one.client_id, "client_secret": one.client_secret}
    remember(file, made)
    return made


async def told(house: House, tenant: Tenant, services: Mapping[str, Any], logins: Sequence[Login]) -> Any:
    """What the terminal says, line by line."""
    client = services["provider"]
    form = [("grant_type", "client_credentials"), ("scope", " ".join(SCOPES)), *client.items()]
    answer = await house.tokens.answer(tenant, form, None, Context(str(uuid.uuid4())))
    yield ""
    yield f"careweft is running on {house.settings.public_url}  (preview; stop with Ctrl+C)"
    for id_, name, _ in TENANTS:
        yield ""
        yield f"{name}  {id_}"
        for api, url in house.urls(await house.tenant(id_)).items():
            yield f"  {api:<33} {url}"
    yield ""
    yield f"People who sign in at {tenant.name}:"
    for one in (one for one in logins if one.tenant == tenant.name):
        yield f"  {one.username:<14} {one.password:<20} {one.name}, {one.says}"
    yield ""
    yield f"Sample apps and the whole of this: {house.settings.public_url}/"
    yield f"EHR simulator: {house.settings.public_url}/simulator"
    yield ""
    yield f"A backend service is registered at {tenant.name}:"
    for side in SIDES:
        yield f"  {side:<9} client_id {services[side]['client_id']}  client_secret {services[side]['client_secret']}"
    yield ""
    yield "Try it (the token is good for an hour):"
    yield ""
    for line in tries(house, tenant, answer["access_token"]):
        yield line


def tries(house: House, tenant: Tenant, token: str) -> Iterator[str]:
    """A token and three requests that work when pasted."""
    base = surfaces.find("provider", "system").url(house.settings.public_url, tenant.id)
    yield f"TOKEN={token}"
    yield f"curl -s '{base}/metadata?_pretty=true' | head -20"
    for search in (
        "Patient?_count=3&_pretty=true",
        "Observation?category=vital-signs&date=ge2020&_count=2&_pretty=true",
    ):
        yield f"curl -s -H \"Authorization: Bearer $TOKEN\" '{base}/{search}'"
    yield "The service may export everybody too: docs/tutorial/export-a-group.md"
    yield ""
    yield "Then, in a second terminal: docs/tutorial/first-ten-minutes.md"
