"""What many ask for at once is asked of the database once, and nobody is told what was read before a change."""

import asyncio

import pytest

from careweft.store.memory import Memory

pytestmark = pytest.mark.anyio


class Slow:
    """A read whose answer comes when it is let go."""

    def __init__(self) -> None:
        self.begun: list[asyncio.Future[str]] = []

    async def __call__(self) -> str:
        self.begun.append(asyncio.get_running_loop().create_future())
        return await self.begun[-1]


async def asking(memory: Memory[str, str], read: Slow, count: int = 1) -> list["asyncio.Task[str | None]"]:
    tasks = [asyncio.create_task(memory.get("key", read)) for _ in range(count)]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_many_at_once_are_one_read():
    memory, read = Memory(), Slow()
    tasks = await asking(memory, read, 50)
    read.begun[0].set_result("found")
    assert await asyncio.gather(*tasks) == ["found"] * 50
    assert len(read.begun) == 1
    assert memory.held("key") == "found"


async def test_who_asks_after_a_change_is_not_told_what_was_read_before_it():
    memory, read = Memory(), Slow()
    early = await asking(memory, read, 2)
    memory.drop("key")
    late = await asking(memory, read, 2)
    assert len(read.begun) == 2
    read.begun[1].set_result("new")
    read.begun[0].set_result("old")
    assert await asyncio.gather(*early, *late) == ["old", "old", "new", "new"]
    assert memory.held("key") == "new"


async def test_who_goes_away_takes_the_answer_from_nobody():
    memory, read = Memory(), Slow()
    first, *others = await asking(memory, read, 3)
    first.cancel()
    await asyncio.wait([first])
    read.begun[0].set_result("found")
    assert await asyncio.gather(*others) == ["found", "found"]


async def test_a_read_that_fails_fails_for_all_and_is_begun_anew():
    memory, read = Memory(), Slow()
    tasks = await asking(memory, read, 3)
    read.begun[0].set_exception(OSError("away"))
    assert [type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)] == [OSError] * 3
    (again,) = await asking(memory, read)
    read.begun[1].set_result("found")
    assert await again == "found"
