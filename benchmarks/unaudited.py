"""The same installation served by a process whose journal forgets: what a request costs without its audit entry."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from careweft import app, config
from careweft.ports.journal import Entry
from careweft.store import embedded
from careweft.web import Site

from . import rig
from .home import Home


class Forgetting:
    """ports.Journal that keeps nothing."""

    async def write(self, entry: Entry) -> None:
        """Done at once."""


def application() -> Callable[..., Any]:
    """The ASGI application of careweft with one part of it changed."""
    return app.application(adapt=forgetting)


def forgetting(site: Site) -> Site:
    """The same site without a memory."""
    return replace(site, journal=Forgetting())


@contextmanager
def served(one: Home) -> Iterator[tuple[str, int]]:
    """Its URL and process number; it answers under the base URL of the audited one, whose tokens it takes."""
    database = embedded.start(one.data)
    try:
        settings = config.read(data=str(one.data), base_url=one.url).with_database(database.server_url)
        with rig.door("benchmarks.unaudited:application", factory=True, env=handed(settings)) as door:
            yield door
    finally:
        database.stop()


def handed(settings: config.Settings) -> dict[str, str]:
    """The environment that a supervisor would hand down."""
    before = dict(os.environ)
    try:
        config.hand_down(settings)
        return {name: value for name, value in os.environ.items() if name.startswith("CAREWEFT_")}
    finally:
        os.environ.clear()
        os.environ.update(before)
