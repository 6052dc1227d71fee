"""A gigabyte is exported by a worker whose memory does not grow by more than 64 MB, however large the records are
(security.md JOB-01). Some 60 MB in make test.
"""

import base64
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

from careweft import surfaces
from careweft.adapters.turns import HUMBLE
from careweft.ports.feed import Arrival
from tests.bulk.test_crash import registered
from tests.bulk.test_export import person, pulse
from tests.journeys.town import App, Caller, Installation, installation, new_tenant, system_token
from tests.platform import MAPLE
from tests.world import Database, count

SYSTEM = surfaces.find("provider", "system")
MEGABYTE = 1024 * 1024
SIZES = ((300, 3000), (6_000, 30_000), (200_000, 700_000), (2_000_000, 3_000_000))
"""Bytes of records, from and to: a quarter of all bytes for each."""
MOST = 64 * MEGABYTE


def records(total: int, chance: Random) -> Iterator[dict]:
    """Observations of one patient whose notes are of any length; of the long ones hardly anything can be compressed."""
    for number, (low, high) in enumerate(SIZES):
        made, at = 0, 0
        while made < total // len(SIZES):
            size = chance.randrange(low, high)
            text = base64.b64encode(chance.randbytes(size * 3 // 4)).decode()
            yield pulse(f"large-{number}-{at}", "a") | {"note": [{"text": text}]}
            made, at = made + size, at + 1


async def populated(house, total: int) -> App:
    tenant = await new_tenant(house, MAPLE, "Maple")
    feed = await house.clinical.feed(tenant)
    await feed.put([Arrival("Patient", "a", person("a"))])
    waiting: list[Arrival] = []
    held = 0
    for one in records(total, Random(20261127)):
        waiting.append(Arrival("Observation", one["id"], one))
        held += len(one["note"][0]["text"])
        if held > 8 * MEGABYTE:
            await feed.put(waiting)
            waiting, held = [], 0
    await feed.put(waiting)
    return await registered(house, tenant)


SCOPES = ("system/*.rs", "system/Observation.rs?status=final")
"""What is read together, and what is looked at record by record."""


def test_memory_does_not_grow_with_what_is_exported(database: Database, capsys):
    """Records from hundreds of bytes to three megabytes; the worker is one that has exported before."""
    total = count(60, 1024) * MEGABYTE
    with installation(database.server_url) as at:
        app = at.inside(lambda house: populated(house, total))
        at.serve()
        looks = []
        for scope in SCOPES:
            token = at.inside(lambda house, scope=scope: system_token(house, replace(app, scope=scope)))
            exported(at, token, "?_type=Observation&_until=2020-01-01T00:00:00Z")
            with watched(at.job_processes()) as seen:
                took, manifest = exported(at, token)
            size = sum(next(iter(one["extension"].values()))["bytes"] for one in manifest["output"])
            with capsys.disabled():
                sys.stdout.write(f"\n{size / MEGABYTE:.0f} MB exported in {took:.1f} s by {scope}: {seen}\n")
            assert size > total
            looks.append(seen)
        places = [os.getpriority(os.PRIO_PROCESS, one) for one in at.job_processes()[1:]]
        assert min(places) >= HUMBLE, "they go behind those on whom people wait"

    assert max(one.peak for one in looks) - looks[0].first < MOST


def exported(at: Installation, token: str, query: str = "") -> tuple[float, dict]:
    """Seconds, and the manifest; the caller asks as a client does."""
    with closing(Caller(at.port)) as caller:
        begun = time.monotonic()
        url = f"{SYSTEM.url(at.url, MAPLE)}/$export{query}"
        while (answer := caller.ask(url, token, Prefer="respond-async")).status == 503:
            time.sleep(int(answer.headers["retry-after"]))  # a gigabyte was just stored: the disk may be busy
        assert answer.status == 202, answer.body
        status = answer.headers["content-location"]
        while (answer := caller.ask(status, token)).status != 200:
            assert answer.status in (202, 503), answer.body
            time.sleep(int(answer.headers["retry-after"]))
    return time.monotonic() - begun, json.loads(answer.body)


class Seen:
    """Resident bytes of some processes together: the first and the highest that were met, and their swap counted in."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._files = [Path(f"/proc/{pid}/status") for pid in pids]
        self.first = self.peak = self.now()

    def now(self) -> int:
        every = [dict(line.split(":", 1) for line in one.read_text().splitlines()) for one in self._files]
        return sum(int(lines[name].split()[0]) for lines in every for name in ("RssAnon", "VmSwap")) * 1024

    def look(self) -> None:
        self.peak = max(self.peak, self.now())

    def __str__(self) -> str:
        return f"worker from {self.first / MEGABYTE:.0f} to {self.peak / MEGABYTE:.0f} MB"


@contextmanager
def watched(pids: Sequence[int]) -> Iterator[Seen]:
    """Looks twenty times a second."""
    seen, done = Seen(pids), threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            seen.look()

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        done.set()
        looking.join()
