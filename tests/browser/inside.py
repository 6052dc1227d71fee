"""Work within the demonstration's own house, beside the server: what no page offers."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from careweft import config
from careweft.app import House, open_house
from careweft.cli.place import as_served, standing

from .demo import Demo


def within(demo: Demo, work: Callable[[House], Awaitable[Any]]) -> Any:
    """What `work` comes to, in a thread of its own: the browser's driver keeps an event loop in this one."""

    async def run(settings: config.Settings) -> Any:
        async with open_house(settings) as house:
            return await work(house)

    def apart() -> Any:
        asked = as_served(config.read(data=demo.platform.data, port=demo.platform.port, environment="preview"))
        with standing(asked) as settings:
            return asyncio.run(run(settings))

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(apart).result()
