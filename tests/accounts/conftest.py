"""One world for the tests of a module: each makes people of its own in it."""

import pytest

from tests.accounts.world import NOON, world


@pytest.fixture(scope="module")
async def town(module_database):
    async with world(module_database) as made:
        yield made


@pytest.fixture
async def here(town):
    """The module's world, at noon again, with nothing counted and no letter in the box."""
    town.clock.at = NOON
    await town.pool.fetch("delete from throttle")
    await town.pool.fetch("delete from outbox")
    return town
