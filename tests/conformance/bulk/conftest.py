"""The test kit's backend services at the clinic of the conformance tests, and what each export brings them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, KeySet, RSAKey

from careweft import surfaces
from careweft.app import House
from careweft.cli.apps import operator, terminal
from careweft.registry.application import Application
from tests.bulk.client import BulkClient, Export, Service
from tests.conformance.cast import Cast
from tests.conformance.conftest import Served
from tests.journeys.town import EVERYTHING, Installation
from tests.platform import MAPLE, SIDES

ALGORITHMS = ("RS384", "ES384")
LEVELS = ("group", "patient", "system")
USUAL = {"provider": "RS384", "payer": "ES384"}
"""With what the exports are asked for where nothing else is said: both ways to sign, on one side each."""
UNOFFERED = {"provider": {"Binary", "ExplanationOfBenefit"}, "payer": {"Binary"}}
"""What is not exported: attachments are Binary, and claims are the payer's."""


@dataclass(frozen=True)
class Clinic:
    """The installation, its people, and the services by side and algorithm."""

    at: Installation
    cast: Cast
    services: dict[tuple[str, str], Service]

    @cached_property
    def group(self) -> str:
        """The Group of everybody."""
        return next(one["id"] for one in self.cast.by_type["Group"] if len(one["member"]) == len(self.cast.patients))

    def path(self, level: str) -> str:
        """Where a level is kicked off."""
        return {"system": "", "patient": "/Patient", "group": f"/Group/{self.group}"}[level] + "/$export"

    def base(self, side: str) -> str:
        return surfaces.find(side, "system").url(self.at.url, MAPLE)

    @asynccontextmanager
    async def client(
        self, side: str, alg: str | None = None, sleep: Callable[[float], Any] | None = None
    ) -> AsyncIterator[BulkClient]:
        """A client with a token that it was given for an assertion."""
        async with httpx.AsyncClient(base_url=self.base(side), timeout=60) as http:
            http.headers["authorization"] = f"Bearer {await self.services[side, alg or USUAL[side]].token(http)}"
            yield BulkClient(http, sleep or hurried())


def hurried() -> Callable[[float], Any]:
    """Shorter waits than a client's, that grow: an export of twenty people is done before it is worth asking."""
    waits = iter([0.1, 0.2, 0.3, 0.4, 0.5])
    return lambda seconds: asyncio.sleep(min(seconds, next(waits, seconds)))


@pytest.fixture(scope="session")
def clinic(served: Served) -> Clinic:
    """Registered as a tenant's owner would: for all records and for exports, with the public half of a key."""
    services = {}

    async def registered(house: House) -> None:
        tenant = await house.tenant(MAPLE)
        for side in SIDES:
            for alg in ALGORITHMS:
                kid = {"kid": f"bulk-{side}-{alg}", "alg": alg, "use": "sig"}
                key = RSAKey.generate_key(2048, kid) if alg == "RS384" else ECKey.generate_key("P-384", kid)
                asked = Application(
                    name=f"Bulk {alg}", type="system", access=side, auth="private-key-jwt", bulk=True, lifetime=3600,
                    scopes=tuple(EVERYTHING.split()), jwks=KeySet([key]).as_dict(private=False),
                )  # fmt: skip
                made = (await house.registry.register(asked, None, operator(), terminal())).registration
                await house.registry.ask(made.id, tenant, "", operator(), terminal())
                await house.registry.approve(made.id, tenant, None, operator(), terminal())
                services[side, alg] = Service(made.id, key, alg, EVERYTHING)

    served.at.inside(registered)
    return Clinic(served.at, served.cast, services)


@pytest.fixture(scope="session")
async def exports(clinic: Clinic) -> dict[tuple[str, str], Export]:
    """The whole of each level of each side, by side and level."""

    async def exported(side: str, level: str) -> tuple[tuple[str, str], Export]:
        async with clinic.client(side) as client:
            return (side, level), await client.export(clinic.path(level))

    return dict(await asyncio.gather(*(exported(side, level) for side in SIDES for level in LEVELS)))
