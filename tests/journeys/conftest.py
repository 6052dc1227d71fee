"""One town for all journeys of a worker."""

import contextlib
from collections.abc import Iterator

import pytest

from careweft.store.embedded import Embedded
from tests import world
from tests.journeys.town import Caller, Town, founded


@pytest.fixture(scope="session")
def town(cluster: Embedded) -> Iterator[Town]:
    """Maple and Birch with the same ids, Cedar with none; nobody changes what is there."""
    with world.borrowed(cluster) as database, founded(database) as found:
        yield found


@pytest.fixture(scope="session")
def caller(town: Town) -> Iterator[Caller]:
    """A connection to the town's server."""
    with contextlib.closing(Caller(town.at.port)) as made:
        yield made
