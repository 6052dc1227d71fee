"""Workers, web processes and PostgreSQL are killed with -9 while an export runs: it ends, and its files are those of an
undisturbed one (security.md CRASH-04, CRASH-05). A few kills in make test, thirty in make drill.
"""

import asyncio
import contextlib
import gzip
import hashlib
import http.client
import itertools
import json
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from careweft import surfaces
from careweft.oauth import secrets
from careweft.registry.application import Application, register
from careweft.store import embedded
from careweft.store.embedded import Embedded
from careweft.store.migrate import migrate
from careweft.tenancy import Tenant
from tests.bulk.yard import sample
from tests.journeys.town import (
    App,
    Caller,
    Installation,
    begun_by,
    feed,
    installation,
    new_tenant,
    system_token,
    within,
)
from tests.platform import MAPLE
from tests.world import count

KILLS = count(3, 30)
SYSTEM = surfaces.find("provider", "system")
BROKEN = (OSError, AssertionError, json.JSONDecodeError, http.client.HTTPException)


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
            time.sleep(0.1)

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
            time.sleep(0.25)


@pytest.fixture
def site() -> Iterator[Site]:
    """An installation over a cluster of its own, whose data outlive kills."""
    folder = Path(tempfile.mkdtemp(prefix="careweft-crash-"))
    cluster = embedded.start(folder)
    try:
        asyncio.run(migrate(cluster.url))
        with installation(cluster.server_url) as at:
            made = Site(at, folder, cluster, at.inside(populated))
            at.given = {"CAREWEFT_EXPORT_FILE_BYTES": "262144"}
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
    return await registered(house, tenant)


async def registered(house, tenant: Tenant) -> App:
    """A service that may export everything."""
    asked = Application(name="Analytics", type="system", access="provider", auth="secret", scopes=("system/*.rs",),
                        bulk=True, lifetime=3600)  # fmt: skip
    made = register(asked, tenant.number, identifier=secrets.identifier, secret=secrets.make, digest=secrets.digest,
                    approved=True)  # fmt: skip
    await house.clients.save(made.client)
    return App(tenant.id, made.client.id, made.secret, "system/*.rs")


def test_an_export_survives_whatever_is_killed(site):
    """Worker, web process, PostgreSQL, at random moments: the job goes on by itself, to the same files, and whoever
    downloads another export meanwhile has its files whole or not at all.
    """
    chance = Random(20261127)
    token = site.token()
    undisturbed = site.begin(token)
    site.done(undisturbed, token)
    wanted = site.files(undisturbed, token)
    kills, at_work = 0, 0
    with downloading(site, undisturbed, token) as got:
        while kills < KILLS:
            status = site.begin(token)
            for _ in range(min(3, KILLS - kills)):
                time.sleep(chance.random() * 0.7)
                at_work += site.asked(status, token).status == 202
                kill(site, ("worker", "serve", "database")[kills % 3], status, token, chance)
                kills += 1
            site.done(status, token)
            assert site.files(status, token) == wanted
            site.asked(status, token, method="DELETE")
    site.done(undisturbed, token)
    left = [one for one in (site.at.data / "exports" / MAPLE).rglob("*") if one.is_file()]

    assert left
    assert at_work, "not one of the kills met an export at work"
    assert got.whole
    assert got.wrong == []


@dataclass
class Got:
    """Downloads: how many came whole, and what came as if it were whole and was not."""

    whole: int = 0
    wrong: list[str] = field(default_factory=list)


@contextlib.contextmanager
def downloading(site: Site, status: str, token: str) -> Iterator[Got]:
    """Fetches the files of this export again and again; that nobody answers is no fault."""
    items = [(one["url"], next(iter(one["extension"].values()))["gzipSha256"])
             for one in json.loads(site.asked(status, token).body)["output"]]  # fmt: skip
    got, over = Got(), threading.Event()

    def fetch() -> None:
        for url, sha256 in itertools.cycle(items):
            if over.wait(0.05):
                return
            caller = Caller(site.at.port)
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = caller.ask(url, token, Accept_Encoding="gzip")
                if answer.status == 200 and hashlib.sha256(answer.body).hexdigest() == sha256:
                    got.whole += 1
                elif answer.status != 503:
                    got.wrong.append(f"{answer.status}, {len(answer.body)} bytes")
            caller.close()

    fetching = threading.Thread(target=fetch)
    fetching.start()
    try:
        yield got
    finally:
        over.set()
        fetching.join()


def kill(site: Site, what: str, status: str, token: str, chance: Random) -> None:
    """kill -9, of a worker's processes any one; for the database a start after it, and meanwhile a poll is told that
    this passes (BULK-05).
    """
    if what == "database":
        os.kill(site.cluster.pid, signal.SIGKILL)
        within(10, lambda: not site.cluster.running())
        transient(site, status, token)
        before, site.cluster = site.cluster, embedded.start(site.folder)
        before.stop()
    else:
        for pid in site.at.children(what)[:1]:
            os.kill(chance.choice([pid, *begun_by(pid)]), signal.SIGKILL)
    within(60, site.at.ready)


def transient(site: Site, status: str, token: str) -> None:
    """503 with Retry-After and an OperationOutcome whose code says that it passes: not a job that failed."""
    caller = Caller(site.at.port)
    with contextlib.suppress(OSError, http.client.HTTPException):
        answer = caller.ask(status, token)
        assert answer.status == 503, answer.body
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json["issue"][0]["code"] == "transient"
    caller.close()
