"""One demonstration for all pages of a worker that are followed."""

from collections.abc import Iterator

import pytest

from tests.docs.machine import Machine, started


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with started(tmp_path_factory.mktemp("home")) as running:
        yield running
