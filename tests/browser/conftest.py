"""One demonstration and one Chromium for all tests with a browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.world import chromium

from .demo import Demo, demonstration

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    chromium()  # nothing is started where nobody could look at it
    with demonstration() as running:
        yield running


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """A running Chromium. Its driver runs an event loop in this thread: no async test of another module may meet it."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(chrome: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page in a profile of its own; each is closed at the end."""
    contexts = []

    def opened(**options: Any) -> Any:
        context = chrome.new_context(**options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
