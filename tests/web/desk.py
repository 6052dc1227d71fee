"""The whole application over the real store, in one process: what the tests of writes and operations ask."""

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import httpx

from careweft import surfaces
from careweft.access import labels
from careweft.access.scopes import read_all
from careweft.adapters import clock
from careweft.app import House, open_house
from careweft.config import Settings
from careweft.fhir.json import encode
from careweft.intake.load import Intake
from careweft.intake.pieces import Piece
from careweft.oauth.grants import Authorization
from careweft.ports.clients import Client
from careweft.surfaces import Surface
from careweft.tenancy import Tenant
from careweft.web import Front
from tests.world import Database

Json = dict[str, Any]
FHIR = "application/fhir+json"


@dataclass
class Desk:
    """One tenant of an opened house; asks as whoever a test says."""

    house: House
    tenant: Tenant
    database: Database
    front: Front

    async def bearer(self, scope: str, api: Surface, patient: str | None = None, tenant: Tenant | None = None) -> str:
        """A token of `api` with this scope, for a patient where one is named."""
        tenant = tenant or self.tenant
        client = Client(uuid.uuid4().hex, tenant.number, "Scanner", "system", "web", api.side, "secret", (),
                        approved=True)  # fmt: skip
        await self.house.clients.save(client)
        granted = Authorization(client, api, read_all(scope), patient, words=labels.words(scope))
        return (await self.house.tokens.mint.token(tenant, granted, clock.now())).text

    @asynccontextmanager
    async def caller(
        self, scope: str, side: str = "provider", patient: str | None = None, tenant: Tenant | None = None
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A client whose base URL is the API's: the patient's where one is named, else the system's."""
        api = surfaces.find(side, "patient" if patient else "system")
        token = await self.bearer(scope, api, patient, tenant)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.front),
            base_url=api.url(self.house.settings.public_url, (tenant or self.tenant).id),
            headers={"authorization": f"Bearer {token}", "accept": "*/*"},
        ) as made:
            yield made

    async def load(self, *records: Json, tenant: Tenant | None = None) -> None:
        tenant = tenant or self.tenant
        intake = Intake(await self.house.clinical.feed(tenant), tenant.id, {one["resourceType"] for one in records})
        for number, one in enumerate(records, 1):
            await intake.add(Piece("here", number, encode(one)))
        assert (await intake.finish()).refused == []

    async def sql(self, statement: str, *args: Any) -> list[Any]:
        connection = await asyncpg.connect(self.database.admin_url)
        try:
            return list(await connection.fetch(statement, *args))
        finally:
            await connection.close()

    async def counted(self) -> tuple[int, int, int]:
        """How many records, old versions and audit rows this tenant has."""
        (row,) = await self.sql(
            "select (select count(*) from body where tenant = $1), (select count(*) from hist where tenant = $1),"
            " (select count(*) from audit where tenant = $1)",
            self.tenant.number,
        )
        return tuple(row)

    async def audited(self) -> Json:
        """The newest audit row."""
        (row,) = await self.sql("select * from audit where tenant = $1 order by seq desc limit 1", self.tenant.number)
        return dict(row)


@asynccontextmanager
async def opened(database: Database, folder: Any, **changes: Any) -> AsyncIterator[Desk]:
    """A house over this database, with a new tenant; `changes` are fields of the Site."""
    settings = Settings.read(
        {}, data=folder, database_url=database.server_url, environment="preview", auth_rate=1_000_000
    )
    async with open_house(settings) as house:
        tenant = await new_tenant(house)
        yield Desk(house, tenant, database, Front(replace(house.site(), **changes)))


async def new_tenant(house: House) -> Tenant:
    made = await house.tenants.create("Northwind Clinic", str(uuid.uuid4()), "UTC", (), ())
    await house.keyring.signing(made.number)
    return made


def sent(resource: Json, **headers: str) -> Json:
    """What httpx wants to send a resource; a name of `headers` is written with dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"content": json.dumps(resource), "headers": {"content-type": FHIR, **named}}
