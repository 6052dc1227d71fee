"""Workers, web processes and PostgreSQL are killed with -9 while an export runs: it ends, and its files are those of an
undisturbed one (security.md CRASH-04, CRASH-05). A few kills in make test, thirty in make drill.
"""

import asyncio
import contextlib
import gzip
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from careweft import surfaces
from careweft.oauth import secrets
from careweft.registry.application import Application, register
from careweft.store import embedded
from careweft.store.embedded import Embedded
from careweft.store.migrate import migrate
from tests.bulk.yard import sample
from tests.journeys.town import App, Caller, Installation, feed, installation, new_tenant, system_token, within
from tests.platform import MAPLE
from tests.world import count

KILLS = count(3, 30)
SYSTEM = surfaces.find("provider", "system")
BROKEN = (OSError, AssertionError, json.JSONDecodeError)


@dataclass
class Site:
    at: Installation
    folder: Path
    cluster: Embedded
    app: App

    def token(self) -> str:
        return self.at.inside(lambda house: system_token(house, self.app))

    def asked(self, path: str, token: str, **more):
        """An answer, as soon as there is anybody to give it."""
        until = time.monotonic() + 90
        while True:
            caller = Caller(self.at.port)
            try:
                answer = caller.ask(path, token, **more)
                if answer.status not in (429, 503):
                    return answer
            except BROKEN:
                pass
            finally:
                caller.close()
            assert time.monotonic() < until, path
            time.sleep(0.5)

    def begin(self, token: str) -> str:
        base = SYSTEM.url(self.at.url, MAPLE)
        answer = self.asked(f"{base}/$export", token, Prefer="respond-async")
        assert answer.status == 202, answer.body
        return answer.headers["content-location"]

    def files(self, status: str, token: str) -> dict[str, tuple[int, str]]:
        """Every file of a finished export: lines and content, by type and place."""
        manifest = json.loads(self.asked(status, token).body)
        found = {}
        for place, item in enumerate(manifest["output"]):
            answer = self.asked(item["url"], token, Accept_Encoding="gzip")
            text = gzip.decompress(answer.body)
            assert text.count(b"\n") == item["count"]
            found[f"{item['type']} {place}"] = (item["count"], hashlib.sha256(text).hexdigest())
        return found

    def done(self, status: str, token: str, seconds: float = 240) -> None:
        until = time.monotonic() + seconds
        while (answer := self.asked(status, token)).status != 200:
            assert answer.status == 202, (answer.status, answer.body)
            assert time.monotonic() < until, answer.headers.get("x-progress")
            time.sleep(2)

    def children(self, word: str) -> list[int]:
        """The processes that the server started, with this word in their command line."""
        line = ["ps", "-o", "pid=,args=", "--ppid", str(self.at.process.pid)]
        listed = subprocess.run(line, capture_output=True, text=True, check=False).stdout.splitlines()
        rows = (one.split(None, 1) for one in listed)
        return [int(pid) for pid, words in rows if f" {word} " in f"{words} "]


@pytest.fixture
def site() -> Iterator[Site]:
    """An installation over a cluster of its own, whose data outlive kills."""
    folder = Path(tempfile.mkdtemp(prefix="careweft-crash-"))
    cluster = embedded.start(folder)
    try:
        asyncio.run(migrate(cluster.url))
        with installation(cluster.server_url) as at:
            made = Site(at, folder, cluster, at.inside(populated))
            kept = at.env
            at.env = lambda: kept() | {"CAREWEFT_EXPORT_FILE_BYTES": "262144"}  # type: ignore[method-assign]
            at.serve(workers=2)
            yield made
            at.stop()
            made.cluster.stop()
    finally:
        with contextlib.suppress(Exception):
            embedded.start(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


async def populated(house) -> App:
    tenant = await new_tenant(house, MAPLE, "Maple")
    await feed(house, tenant, sample(count(6, 20)))
    asked = Application(name="Analytics", type="system", access="provider", auth="secret", scopes=("system/*.rs",),
                        bulk=True, lifetime=3600)  # fmt: skip
    made = register(asked, tenant.number, identifier=secrets.identifier, secret=secrets.make, digest=secrets.digest,
                    approved=True)  # fmt: skip
    await house.clients.save(made.client)
    return App(tenant.id, made.client.id, made.secret, "system/*.rs")


def test_an_export_survives_whatever_is_killed(site):
    """Worker, web process, PostgreSQL, at random moments: the job goes on by itself, to the same files."""
    chance = Random(20261127)
    token = site.token()
    undisturbed = site.begin(token)
    site.done(undisturbed, token)
    wanted = site.files(undisturbed, token)
    kills = 0
    while kills < KILLS:
        status = site.begin(token)
        for _ in range(min(3, KILLS - kills)):
            time.sleep(chance.random() * 1.5)
            kill(site, ("worker", "serve", "database")[kills % 3])
            kills += 1
        site.done(status, token)
        assert site.files(status, token) == wanted
    left = [one for one in (site.at.data / "exports" / MAPLE).rglob("*") if one.is_file()]
    assert left


def kill(site: Site, what: str) -> None:
    """kill -9, and for the database a start after it."""
    if what == "database":
        os.kill(site.cluster.pid, signal.SIGKILL)
        within(10, lambda: not site.cluster.running())
        before, site.cluster = site.cluster, embedded.start(site.folder)
        before.stop()
    else:
        for pid in site.children(what)[:1]:
            os.kill(pid, signal.SIGKILL)
    within(60, site.at.ready)
