"""A server that has just begun and is met by many at once."""

import asyncio
from collections import Counter

import httpx
import pytest

from careweft import surfaces
from tests.web.desk import opened
from tests.world import Database

pytestmark = pytest.mark.anyio


async def test_all_who_come_at_once_to_a_cold_server_are_answered(database: Database, tmp_path):
    """What the first request has to know of tenant, keys and applications is not asked for once by each of them."""
    api = surfaces.find("provider", "system")
    async with opened(database, tmp_path) as desk:
        token = await desk.bearer("system/*.rs", api)
        tenant = desk.tenant
        await desk.load({"resourceType": "Patient", "id": "ana"})
    async with (
        opened(database, tmp_path) as cold,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(cold.front),
            base_url=api.url(cold.house.settings.public_url, tenant.id),
            headers={"authorization": f"Bearer {token}"},
        ) as client,
    ):
        answers = await asyncio.gather(*(client.get("/Patient/ana") for _ in range(256)))
    assert Counter(one.status_code for one in answers) == {200: 256}
