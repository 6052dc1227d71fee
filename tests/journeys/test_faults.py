"""Things break: the database goes and comes back, loaders, workers and PostgreSQL are killed with -9.

Nothing acknowledged is lost, nothing is doubled, no assertion buys twice (SMART-10), no token is without its
journal row (CRASH-01 to CRASH-03, FAIL-02, AUDX-01). `make test` kills a few times, `make drill` the whole count.
"""

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from json import loads
from pathlib import Path
from random import Random

import pytest

from careweft import surfaces
from careweft.intake.sample import write
from careweft.store import embedded
from careweft.store.embedded import Embedded
from tests import world
from tests.journeys.canaries import TODAY, Flock, seen
from tests.journeys.test_revocation import each_worker
from tests.journeys.town import (
    ASSERTION,
    App,
    Caller,
    Town,
    feed,
    installation,
    new_app,
    new_tenant,
    system_token,
    within,
)
from tests.platform import BIRCH, MAPLE
from tests.world import Database, count

SYSTEM = surfaces.find("provider", "system").id
BROKEN = (OSError, http.client.HTTPException)


# The loader ------------------------------------------------------------------------------------------------------


WHOLE = """
select b.rt, b.id, b.ver, b.subject, b.others, b.dic, b.kid, b.body, r.d, r.dz, r.have,
  cardinality(r.tok) as tokens, r.many,
  (select count(*) from res_pat x where x.tenant = b.tenant and x.rid = b.rid) as patients,
  (select count(*) from ix_date x where x.tenant = b.tenant and x.rid = b.rid) as dates,
  (select count(*) from ix_num x where x.tenant = b.tenant and x.rid = b.rid) as numbers,
  (select count(*) from ix_pair x where x.tenant = b.tenant and x.rid = b.rid) as pairs,
  (select count(*) from ix_str x where x.tenant = b.tenant and x.rid = b.rid) as strings
from body b left join res r on r.tenant = b.tenant and r.rid = b.rid
where b.tenant = $1 order by b.rt, b.id
"""


def test_a_loader_killed_at_any_moment_and_started_again(cluster):
    """The same command until it is through: ids, contents, versions and index rows are those of a load that
    nobody killed."""
    chance = Random(20)
    with world.borrowed(cluster) as database, installation(database.server_url) as at:
        town, folder = Town(at, database), at.data / "people"
        sizes = write(folder, count(30, 60), 7, today=TODAY)

        async def build(house) -> list[int]:
            return [(await new_tenant(house, id_, "Clinic")).number for id_ in (MAPLE, BIRCH)]

        whole, killed = at.inside(build)
        begun = time.monotonic()
        at.run("load", "--tenant", MAPLE, str(folder))
        lasts = time.monotonic() - begun
        stored: list[int] = []

        def held() -> int:
            return town.sql("select count(*) from body where tenant = $1", killed)[0][0]

        for turn in range(count(3, 50)):
            loader = subprocess.Popen(at.command("load", "--tenant", BIRCH, str(folder)), env=at.env(),
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
            if turn % 2:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    loader.wait(lasts * chance.uniform(0.4, 0.95))
            else:  # between two batches, however fast the machine is
                while loader.poll() is None and held() <= max(stored, default=0):
                    time.sleep(0.005)
            loader.kill()
            loader.wait()
            stored.append(held())
        at.run("load", "--tenant", BIRCH, str(folder))
        expected, found = (town.sql(WHOLE, number) for number in (whole, killed))
        assert len(expected) == sum(sizes.values())
        assert found == expected
        assert {row["ver"] for row in found} == {1}
        assert town.sql("select count(*) from hist")[0][0] == 0
        assert sorted(stored) == stored
        assert any(0 < one < len(found) for one in stored), "no kill came between the first and the last batch"


# A database of one's own, that may be killed ---------------------------------------------------------------------


@dataclass
class Site:
    """A served installation whose PostgreSQL can be killed and started again, with fsync as operators have it."""

    town: Town
    folder: Path
    cluster: Embedded
    apps: list[App] = field(default_factory=list)
    token: str = ""

    def kill_postgres(self) -> None:
        os.kill(self.cluster.pid, signal.SIGKILL)
        within(10, lambda: not self.cluster.running())

    def start_postgres(self) -> None:
        before, self.cluster = self.cluster, embedded.start(self.folder)
        before.stop()

    def workers(self) -> list[int]:
        """The web processes: what the supervisor spawned and is not the job process."""
        assert self.town.at.process is not None
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.town.at.process.pid)],
            capture_output=True,
            text=True,
            check=False,  # 1 where there is none for the moment
        )
        rows = (line.split(None, 1) for line in listed.stdout.splitlines())
        return [int(pid) for pid, line in rows if " serve " in line]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="careweft-site-"))
    cluster = embedded.start(folder)
    try:
        import asyncio

        from careweft.store.migrate import migrate

        asyncio.run(migrate(cluster.url))
        database = Database("careweft", cluster.url, cluster.server_url, cluster.dsn("careweft_admin"))
        with installation(database.server_url) as at:
            made = Site(Town(at, database), folder, cluster)

            async def build(house) -> None:
                tenant = await new_tenant(house, MAPLE, "Maple")
                await feed(house, tenant, Flock(1, 7, "i").marked("m"))
                made.apps.append(await new_app(house, tenant, "provider", keyed=True))
                made.token = await system_token(house, await new_app(house, tenant, "provider"))

            at.inside(build)
            at.serve(workers=2)
            yield made
            at.stop()
            made.cluster.stop()
    finally:
        with contextlib.suppress(Exception):
            embedded.start(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


def asserted(site: Site, signed: str) -> tuple[str, list[tuple[str, str]]]:
    return f"/auth/{MAPLE}/oauth2/v1/token", [
        ("grant_type", "client_credentials"),
        ("scope", site.apps[0].scope),
        ("client_assertion_type", ASSERTION),
        ("client_assertion", signed),
    ]


def signed(site: Site) -> str:
    return site.apps[0].assertion(f"{site.town.at.url}/auth/{MAPLE}/oauth2/v1/token")


def test_without_a_database_503_and_healed_within_five_seconds_of_its_return(site, request):
    """Reads, searches, tokens: 503 with Retry-After and no data; health still answers; then all as before,
    both workers."""
    base, callers = site.town.base(SYSTEM), each_worker(site.town.at.port, 2)
    request.addfinalizer(lambda: [one.close() for one in callers])
    patient = callers[0].ask(f"{base}/Patient", site.token).matches()[0]["id"]
    for _ in range(count(2, 50)):
        site.kill_postgres()
        for caller in callers:
            for path in (f"Patient/{patient}", "Patient", f"Patient/{patient}/_history", "Group"):
                answer = caller.ask(f"{base}/{path}", site.token)
                assert answer.status == 503, path
                assert int(answer.headers["retry-after"]) > 0
                assert answer.json["resourceType"] == "OperationOutcome"
                assert not seen(answer.told)
            url, form = asserted(site, signed(site))
            refused = caller.ask(url, form=form)
            assert (refused.status, refused.json["error"]) == (503, "temporarily_unavailable")
            assert "retry-after" in refused.headers
            assert caller.ask("/healthz").status == 200
            assert caller.ask("/readyz").status == 503
        site.start_postgres()

        def healed() -> bool:
            read = [one.ask(f"{base}/Patient/{patient}", site.token).status for one in callers]
            tokens = [one.ask(url, form=asserted(site, signed(site))[1]).status for one in callers]  # noqa: B023
            ready = [one.ask("/readyz").status for one in callers]
            return {*read, *tokens, *ready} == {200}

        within(5, healed)
    if Path("/proc/self/fd").exists():  # the log is caught, so that its silence means something
        assert Path(f"/proc/{site.town.at.process.pid}/fd/2").readlink() == site.town.at.log
    assert not seen(site.town.at.log.read_bytes())


# Token issue -----------------------------------------------------------------------------------------------------


@dataclass
class Ledger:
    """What clients know: each assertion that was sent, and the tokens that came for it."""

    site: Site
    sent: list[str] = field(default_factory=list)
    got: Counter[str] = field(default_factory=Counter)
    tokens: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)

    def send(self, caller: Caller, one: str) -> None:
        """Once, without a second try: who repeats a request does not know what became of the first."""
        url, form = asserted(self.site, one)
        self.sent.append(one)
        answer = caller.ask(url, form=form, Connection="close")
        self.statuses[answer.status] += 1
        if answer.status == 200:
            self.got[one] += 1
            self.tokens.append(answer.json["access_token"])

    def work(self) -> None:
        while not self.stopping.is_set():
            with contextlib.closing(Caller(self.site.town.at.port)) as caller, contextlib.suppress(*BROKEN):
                self.send(caller, signed(self.site))

    def replay(self) -> None:
        """Every assertion that is still in its time, again, twice."""
        with contextlib.closing(Caller(self.site.town.at.port)) as caller:
            for one in list(self.sent) * 2:
                self.send(caller, one)


def claims(token: str) -> dict[str, str]:
    body = token.split(".")[1]
    return dict(loads(urlsafe_b64decode(body + "=" * (-len(body) % 4))))


def kill_a_worker(site: Site, chance: Random) -> None:
    os.kill(chance.choice(site.workers()), signal.SIGKILL)
    within(20, lambda: len(site.workers()) == 2)


def kill_postgres(site: Site, chance: Random) -> None:
    site.kill_postgres()
    site.start_postgres()


def test_web_processes_that_fall_again_and_again_are_started_again(site):
    """Three times within seconds all of them are killed: the server itself stays, and answers."""
    for _ in range(3):
        before = set(site.workers())
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        within(30, lambda: len(set(site.workers()) - before) == 2)  # noqa: B023
    within(30, site.town.at.ready)
    assert "exiting" not in site.town.at.log.read_text()


@pytest.mark.parametrize("kill", [kill_a_worker, kill_postgres])
def test_no_assertion_buys_twice_and_no_token_is_without_its_row(site, kill):
    """kill -9 while tokens are issued, then every assertion again: one token each at most, and the journal
    knows them all."""
    chance, ledger = Random(7), Ledger(site)
    threads = [threading.Thread(target=ledger.work) for _ in range(3)]
    for one in threads:
        one.start()
    try:
        for _ in range(count(2, 50)):
            time.sleep(chance.uniform(0.2, 0.6))
            kill(site, chance)
        time.sleep(0.3)
    finally:
        ledger.stopping.set()
        for one in threads:
            one.join()
    within(20, site.town.at.ready)
    first = sum(ledger.got.values())
    ledger.replay()
    assert first > 10
    assert len(ledger.sent) > first
    assert set(ledger.got.values()) == {1}
    assert set(ledger.statuses) <= {200, 401, 503}
    rows = {row["jti"] for row in site.town.sql("select jti from audit where action = 'token' and status = 200")}
    assert {claims(one)["jti"] for one in ledger.tokens} <= rows
    spent = site.town.sql("select count(*) from assertion where client = $1", site.apps[0].id)[0][0]
    recorded = site.town.sql(
        "select count(*) from audit where action = 'token' and status = 200 and client = $1", site.apps[0].id
    )[0][0]
    assert spent == recorded
