"""A house with a worker of exports beside its doors, in one process over the real database."""

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from careweft import surfaces
from careweft.access.labels import words
from careweft.access.scopes import read_all
from careweft.adapters import clock
from careweft.app import exporting, open_house
from careweft.bulk.run import Worker
from careweft.bulk.steps import Limits
from careweft.config import Settings
from careweft.intake.sample import people
from careweft.oauth.grants import Authorization
from careweft.ports.clients import Client
from careweft.ports.feed import Arrival
from careweft.surfaces import Surface
from careweft.tenancy import Tenant
from careweft.web import Front
from tests.bulk.client import BulkClient
from tests.web.desk import Desk, Json, new_tenant
from tests.world import Database

TODAY = dt.date(2026, 5, 17)
SMALL = Limits(file=256 * 1024, piece=64 * 1024, rows=80, patients=2, named=40)
"""So small that a handful of people makes many parts, pieces and files."""


@dataclass
class Yard(Desk):
    """A desk whose exports are worked on; `clock` may be moved."""

    worker: Worker
    moved: "Moved"

    async def client(
        self, scope: str = "system/*.rs", *, bulk: bool = True, tenant: Tenant | None = None, **more: Any
    ) -> Client:
        made = Client(
            uuid.uuid4().hex, (tenant or self.tenant).number, "Analytics", "system", "web",
            more.pop("side", "provider"), "secret", tuple(scope.split()), approved=True, bulk=bulk, **more,
        )  # fmt: skip
        await self.house.clients.save(made)
        return made

    async def token(
        self, client: Client, scope: str | None = None, *, api: Surface | None = None, tenant: Tenant | None = None
    ) -> str:
        api = api or surfaces.find(client.access, "system")
        text = " ".join(client.scopes) if scope is None else scope
        granted = Authorization(client, api, read_all(text), words=words(text))
        return (await self.house.tokens.mint.token(tenant or self.tenant, granted, clock.now())).text

    @asynccontextmanager
    async def exporter(
        self,
        scope: str = "system/*.rs",
        *,
        client: Client | None = None,
        side: str = "provider",
        tenant: Tenant | None = None,
        bulk: bool = True,
    ) -> AsyncIterator[BulkClient]:
        """A client of the specification, as a registered one of this house."""
        api = surfaces.find(side, "system")
        client = client or await self.client(scope, side=side, tenant=tenant, bulk=bulk)
        token = await self.token(client, scope, api=api, tenant=tenant)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.front),
            base_url=api.url(self.house.settings.public_url, (tenant or self.tenant).id),
            headers={"authorization": f"Bearer {token}"},
        ) as http:
            yield BulkClient(http, sleep=self.settled)

    async def work(self) -> None:
        """All that there is to do, here and now."""
        while await self.worker.once():
            pass

    async def settled(self, _: float = 0, seconds: float = 60) -> None:
        """Until no export is at work, so that a test does not wait as long as a client would."""
        async with asyncio.timeout(seconds):
            while await self.sql("select from job where state in ('waiting', 'running', 'finishing')"):
                await asyncio.sleep(0.02)

    async def put(self, *records: Json) -> None:
        """Store as a feed does."""
        feed = await self.house.clinical.feed(self.tenant)
        receipts = await feed.put([Arrival(one["resourceType"], one["id"], one) for one in records])
        assert {one.outcome for one in receipts} <= {"created", "updated", "unchanged"}, receipts

    async def remove(self, *names: str) -> None:
        feed = await self.house.clinical.feed(self.tenant)
        await feed.put([Arrival(*name.split("/"), None) for name in names])


@dataclass
class Moved:
    """The clock of the doors."""

    by: dt.timedelta = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return clock.now() + self.by


@asynccontextmanager
async def yard(
    database: Database,
    folder: Path,
    *,
    limits: Limits = SMALL,
    working: bool = True,
    files: Any = None,
    at_once: int = 50,
    change: Callable[[Worker], Worker] = lambda one: one,
    **settings: Any,
) -> AsyncIterator[Yard]:
    """A house over this database, with a new tenant; `working` has its worker at work in the background."""
    given = Settings.read({}, data=folder, database_url=database.server_url, environment="preview", **settings)
    async with open_house(given) as opened:
        house = opened if files is None else replace(opened, files=files)
        async with exporting(house, limits) as made:
            worker = change(made)
            moved = Moved()
            site = house.site()
            site = replace(site, clock=moved, exports=replace(site.exports, at_once=at_once))
            tenant = await new_tenant(house)
            running = asyncio.create_task(worker.run()) if working else None
            yield Yard(house, tenant, database, Front(site), worker, moved)
            if running:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running


@cache
def sample(count: int = 20, seed: int = 3) -> tuple[Json, ...]:
    """Synthetic people, as the platform's own samples."""
    return tuple(people(count, seed, today=TODAY))


def of_type(records: Any, type_: str) -> list[Json]:
    return [one for one in records if one["resourceType"] == type_]


def named(records: Any) -> list[str]:
    return sorted(f"{one['resourceType']}/{one['id']}" for one in records)
