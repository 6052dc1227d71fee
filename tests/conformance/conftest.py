"""One installation with the sample people for all conformance tests of a worker, and the four APIs to it."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from careweft import surfaces
from careweft.app import House
from careweft.store.embedded import Embedded
from tests import world
from tests.journeys.town import (
    Caller,
    Installation,
    feed,
    installation,
    new_app,
    new_tenant,
    patient_token,
    system_token,
)
from tests.platform import MAPLE, SIDES

from .cast import Cast
from .kit import Api

Apis = dict[str, Api]


@dataclass(frozen=True)
class Served:
    """The installation, served by two processes as in operation, and who its people are."""

    at: Installation
    cast: Cast


@pytest.fixture(scope="session")
def served(cluster: Embedded) -> Iterator[Served]:
    """The cast of twenty, taken in and served."""
    cast = Cast()

    async def populate(house: House) -> None:
        await feed(house, await new_tenant(house, MAPLE, "Maple Clinic"), cast.records)

    with world.borrowed(cluster) as database, installation(database.server_url) as at:
        at.inside(populate)
        at.given = {"CAREWEFT_EXPORTS_AT_ONCE": "100"}
        at.serve(2)
        yield Served(at, cast)


@pytest.fixture(scope="session")
def apis(served: Served) -> Iterator[Apis]:
    """The four APIs by id, over the cast of twenty."""
    tokens = dict[str, dict[str, str]]()

    async def minted(house: House) -> None:
        tenant = await house.tenant(MAPLE)
        for side in SIDES:
            app = await new_app(house, tenant, side)
            tokens[surfaces.find(side, "system").id] = {"": await system_token(house, app)}
            given = await asyncio.gather(*(patient_token(house, app, one) for one in served.cast.patients))
            tokens[surfaces.find(side, "patient").id] = dict(zip(served.cast.patients, given, strict=True))

    served.at.inside(minted)
    with contextlib.closing(Caller(served.at.port)) as caller:
        yield {one.id: Api(one, caller, served.cast, tokens[one.id]) for one in surfaces.ALL}
