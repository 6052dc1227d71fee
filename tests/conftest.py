"""Fixtures that every room's tests share: one PostgreSQL for the whole run, and databases that cost a copy."""

import gc
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from careweft.store import embedded, launch
from careweft.store.embedded import Embedded
from tests import world
from tests.world import Database

# A crash test makes a cluster of its own; here nothing needs to outlive the machine.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "256MB"}
FOLDER = pytest.StashKey[Path]()
NAME = "careweft-tests-"
HOUR = 3600.0
NEEDS = {"node": "node", "browser": "chromium"}
"""What a marker says that a test needs, in the words of CAREWEFT_REQUIRE."""

hypothesis.settings.register_profile("careweft", deadline=None, database=None, print_blob=True)
hypothesis.settings.load_profile("careweft")


def pytest_configure(config: pytest.Config) -> None:
    """The controller names one folder for the database of all workers; not under pytest's own, which bars others."""
    given = getattr(config, "workerinput", {}).get("cluster")
    if given is None:
        sweep(Path(tempfile.gettempdir()))
        given = tempfile.mkdtemp(prefix=NAME)
    config.stash[FOLDER] = Path(given)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Modules and tests stay to the end: the collector of cycles does not look at them again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker of xdist where the database is."""
    node.workerinput["cluster"] = str(node.config.stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """The controller clears up, also after workers that were killed."""
    folder = config.stash.get(FOLDER, None)
    if folder is None or hasattr(config, "workerinput"):
        return
    if (folder / "started").exists():
        embedded.start(folder).stop()
    shutil.rmtree(folder, ignore_errors=True)


def sweep(temporary: Path) -> None:
    """Stop and remove what runs of ours that were killed have left, once it is an hour old and nobody's."""
    for folder in temporary.glob(f"{NAME}*"):
        lock = folder / "users.lock"
        if folder.stat().st_uid != os.geteuid() or time.time() - folder.stat().st_mtime < HOUR or not lock.exists():
            continue
        with lock.open() as users:
            if not embedded.alone(users.fileno()):
                continue
        launch.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Where CAREWEFT_REQUIRE says node or chromium, a test that needs it and was skipped has failed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]  # pluggy's result, typed as None
    needs = {what for marker, what in NEEDS.items() if item.get_closest_marker(marker)}
    if report.skipped and needs & world.REQUIRED:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CAREWEFT_REQUIRE says that it must run"


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Async tests run as the server does: asyncio on uvloop."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Embedded]:
    """The run's PostgreSQL: the first worker starts it, the last one stops it."""
    running = embedded.start(pytestconfig.stash[FOLDER], settings=QUICK)
    yield running
    running.stop()


@pytest.fixture
def database(cluster: Embedded) -> Iterator[Database]:
    """A migrated database for one test."""
    with world.borrowed(cluster) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def module_database(cluster: Embedded) -> Iterator[Database]:
    """A migrated database that the tests of one module share: for tests that only read what the module put there."""
    with world.borrowed(cluster) as fresh:
        yield fresh


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes that are no text are named by their length: a gzip holds the time, and workers have to agree on names."""
    return f"{argname}-{len(val)}-bytes" if isinstance(val, bytes) and not val.isascii() else None
