"""What benchmarks build of the house is built as the house is now."""

import asyncio

import httpx
import pytest

from benchmarks import memory
from careweft.web import front


@pytest.mark.parametrize(("path", "status"), [(memory.PATH, 200), (memory.STATEMENT, 200), ("/healthz", 200)])
def test_the_doors_of_memory_answer(path, status, monkeypatch):
    monkeypatch.setenv(memory.KEY, "")
    headers = memory.headers()
    opened = []
    monkeypatch.setattr(memory, "doors", lambda opening, _: opened.append(opening))
    memory.application()

    async def asked():
        async with opened[0]() as site:
            transport = httpx.ASGITransport(front.Front(site))
            async with httpx.AsyncClient(transport=transport, base_url=memory.BASE_URL) as client:
                return [(await client.get(path, headers=headers)).status_code for _ in range(2)]

    assert asyncio.run(asked()) == [status, status]
