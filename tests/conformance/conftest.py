"""One installation with the sample people for all conformance tests of a worker, and the four APIs to it."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from careweft import surfaces
from careweft.app import House
from careweft.store.embedded import Embedded
from tests import world
from tests.journeys.town import Caller, feed, installation, new_app, new_tenant, patient_token, system_token
from tests.platform import MAPLE, SIDES

from .cast import Cast
from .kit import Api

Apis = dict[str, Api]


@pytest.fixture(scope="session")
def apis(cluster: Embedded) -> Iterator[Apis]:
    """The four APIs by id, served, over the cast of twenty."""
    cast, tokens = Cast(), dict[str, dict[str, str]]()

    async def populate(house: House) -> None:
        tenant = await new_tenant(house, MAPLE, "Maple Clinic")
        await feed(house, tenant, cast.records)
        for side in SIDES:
            app = await new_app(house, tenant, side)
            tokens[surfaces.find(side, "system").id] = {"": await system_token(house, app)}
            minted = await asyncio.gather(*(patient_token(house, app, one) for one in cast.patients))
            tokens[surfaces.find(side, "patient").id] = dict(zip(cast.patients, minted, strict=True))

    with world.borrowed(cluster) as database, installation(database.server_url) as at:
        at.inside(populate)
        at.serve()
        with contextlib.closing(Caller(at.port)) as caller:
            yield {one.id: Api(one, caller, cast, tokens[one.id]) for one in surfaces.ALL}
