"""A command's work on a loop of its own: in the main thread, and in one where no signal may be caught."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from careweft.cli.awaited import awaited


async def seven() -> int:
    await asyncio.sleep(0)
    return 7


def test_what_it_comes_to_is_returned_in_any_thread() -> None:
    with ThreadPoolExecutor(1) as apart:
        assert awaited(seven()) == apart.submit(lambda: awaited(seven())).result() == 7
