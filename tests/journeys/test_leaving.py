"""A caller who leaves takes its statement along, and nobody else's (FATK-03)."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import asyncpg
import pytest

from careweft import surfaces
from tests.journeys.town import Town
from tests.platform import MAPLE

pytestmark = pytest.mark.anyio
SYSTEM = surfaces.find("provider", "system").id
WAITING = """select count(*) from pg_stat_activity
  where datname = current_database() and application_name = 'careweft' and wait_event_type = 'Lock'"""
SAID = "select status, reason from audit where request_id = $1"


def request(town: Town, path: str, number: str) -> bytes:
    """A request as bytes, with its own number."""
    url = urlsplit(f"{town.base(SYSTEM)}/{path}")
    head = [
        f"GET {url.path}?{url.query} HTTP/1.1",
        f"Host: {url.netloc}",
        f"Authorization: Bearer {town.tokens[MAPLE, SYSTEM]}",
        f"X-Request-ID: {number}",
    ]
    return "\r\n".join([*head, "", ""]).encode()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Twenty seconds are ten times what it may take."""
    for _ in range(400):
        if await holds():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it never came to that")


async def test_a_search_whose_caller_left_is_cancelled_and_another_is_answered(town):
    """Two searches wait for the same lock; one caller hangs up: its statement goes, the other stays and is answered."""
    numbers = "0d1f2b9c-6a38-4a53-9a44-6a2d5a3c1f01", "0d1f2b9c-6a38-4a53-9a44-6a2d5a3c1f02"
    admin = await asyncpg.connect(town.database.admin_url)
    watcher = await asyncpg.connect(town.database.admin_url)
    callers = [socket.create_connection(("localhost", town.at.port)) for _ in numbers]

    async def waiting(count: int) -> bool:
        return await watcher.fetchval(WAITING) == count

    try:
        async with admin.transaction():
            await admin.execute("lock table res in access exclusive mode")
            for caller, number in zip(callers, numbers, strict=True):
                caller.sendall(request(town, "Observation?_count=1", number))
            await until(lambda: waiting(2))
            callers[0].close()
            await until(lambda: waiting(1))
        callers[1].settimeout(20)
        answer = await asyncio.to_thread(callers[1].recv, 64)

        async def recorded() -> bool:
            return bool(await watcher.fetch(SAID, numbers[0]))

        await until(recorded)
        left, stayed = [(await watcher.fetch(SAID, number))[0] for number in numbers]
    finally:
        for caller in callers:
            caller.close()
        await watcher.close()
        await admin.close()

    assert answer.startswith(b"HTTP/1.1 200")
    assert (left["status"], stayed["status"]) == (499, 200)
    assert "left" in left["reason"]
