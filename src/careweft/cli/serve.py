"""`careweft demo`, `serve`, `worker`: the running platform.

`serve` is a supervisor: the database, N web processes, one worker. What it started it stops.
"""

import argparse
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import config
from ..config import Settings
from .awaited import awaited
from .model import Command, Usage, arg
from .place import note_served, settings_of, standing
from .processes import RESTART, shared

if TYPE_CHECKING:  # loaded when something is served
    from granian.server.mp import MPServer

SERVER = ("granian.server.mp", "granian.http")
HEADERS = 10_000
"""Milliseconds within which a request's headers have to arrive (LOAD-02)."""
CONNECTIONS = 1024
"""Connections that one web process answers at once; more wait in the backlog."""
BEHIND = 1.0
"""Seconds after the doors: a start is quicker when nothing else starts beside it."""
MOST = 4
"""Processes that share the jobs, unless somebody wants more."""
CALM, CROWD, PAUSE = 5, 10.0, 1.0
"""So many web processes that fall within so many seconds are started again at once, more of them after a pause."""


def serve(args: argparse.Namespace) -> int:
    """Run the platform until it is told to stop."""
    settings = settings_of(args, **given(args))
    if settings.base_url is None and not settings.loopback:
        raise Usage("--base-url is needed where --host is not loopback: every link is built from it")
    with standing(settings, serving=SERVER) as ready:
        if not awaited(prepared(ready)):
            awaited(first_run(ready))
        run(ready, worker=not args.no_worker)
    return 0


def demo(args: argparse.Namespace) -> int:
    """Everything on one machine: sample tenants, a backend service, a token and three curl lines; then serve."""
    from . import demo as sample_platform  # makes people up: no other command waits for it to load

    settings = settings_of(args, **given(args), environment="preview")
    with standing(settings, serving=SERVER) as ready:
        told = awaited(sample_platform.prepare(ready, args.patients))
        run(ready, worker=True, when_ready=lambda: print(told, flush=True))
    return 0


def worker(args: argparse.Namespace) -> int:
    """Background jobs only: one process does them all, the others export."""
    with standing(settings_of(args)) as ready:
        import uvloop

        from ..app import export, work

        parent = os.getpid()
        count = args.processes or min(MOST, os.cpu_count() or 1)

        def doing(job: Callable[[Settings, int], Coroutine[Any, Any, None]]) -> Callable[[], None]:
            return lambda: awaited(job(ready, parent), uvloop.new_event_loop)

        shared([doing(work), *[doing(export)] * (count - 1)], args.supervisor)
    return 0


async def prepared(settings: Settings) -> bool:
    """Fail early, and in words, where the platform cannot run: what every process needs is there.

    Is there somebody who administers it?
    """
    from ..store import master
    from ..store.people import administered
    from ..store.pool import Pool

    master.load(settings.master_key)
    pool = Pool(str(settings.database_url), 1)
    there = await administered(pool)
    await pool.close()
    return there


async def first_run(settings: Settings) -> None:
    """Nobody administers yet: say how to begin; the one-time code only to a person who sits there."""
    if not sys.stderr.isatty():  # a log is no place for a code
        print("no administrator yet: `careweft platform invite NAME` makes a one-time code", file=sys.stderr)
        return
    from ..app import open_house
    from .platform import address, invited

    async with open_house(settings) as house:
        code, days = await invited(house, "Administrator", None)
        print(f"no administrator yet: open {address(house)} and write this code, within {days} days: {code}",
              file=sys.stderr)  # fmt: skip


def run(settings: Settings, *, worker: bool, when_ready: Callable[[], None] | None = None) -> None:
    """Serve until a signal comes; the job process lives as long as this."""
    from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    config.hand_down(settings)
    note_served(settings)
    server = steadfast()(
        "careweft.app:application",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=settings.workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        backlog=2 * CONNECTIONS,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS),
        log_level=LogLevels.warning,
        ssl_protocol_min=SSLProtocols.tls12,
        ssl_cert=settings.tls_cert,
        ssl_key=settings.tls_key,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        process_name=None,
    )
    jobs = JobProcess() if worker else None
    if when_ready:
        threading.Thread(target=announce, args=(settings, when_ready), daemon=True).start()
    try:
        server.serve()
    finally:
        if jobs:
            jobs.stop()


def steadfast() -> "type[MPServer]":
    """A server that starts its web processes again however often they fall, and waits when they fall too often.

    Granian itself ends where one falls twice within seconds: then two kills, or a restart while the database is away,
    would take the whole platform down.
    """
    from granian.server.mp import MPServer

    class Steadfast(MPServer):
        def _respawn_workers(self, *args: Any, **kwargs: Any) -> None:
            now = time.monotonic()
            self._falls = [at for at in getattr(self, "_falls", ()) if now - at < CROWD] + [now]
            if len(self._falls) > CALM:
                time.sleep(PAUSE)
            super()._respawn_workers(*args, **kwargs)
            self.respawned_wrks.clear()

    return Steadfast


def announce(settings: Settings, when_ready: Callable[[], None]) -> None:
    """Wait until the server takes connections, which it does once it can answer, then say so."""
    for _ in range(600):
        try:
            socket.create_connection((settings.host, settings.port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            break
    when_ready()


class JobProcess:
    """One `careweft worker`, begun when the doors have had time to open, and started again when it falls."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        pause = BEHIND
        while not self._stopping.wait(pause) and (process := self._start()):
            process.wait()
            pause = RESTART

    def _start(self) -> "subprocess.Popen[bytes] | None":
        with self._starting:
            if self._stopping.is_set():
                return None
            line = [sys.executable, "-m", "careweft", "worker", "--supervisor", str(os.getpid())]
            self._process = subprocess.Popen(line, start_new_session=True)
            return self._process

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._stopping.set()
        with self._starting:
            process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def given(args: argparse.Namespace) -> dict[str, Any]:
    """The serving arguments as settings."""
    names = ("host", "port", "base_url", "workers", "trusted_proxies")
    found = {name: getattr(args, name, None) for name in names}
    found |= {name: Path(value) for name in ("tls_cert", "tls_key") if (value := getattr(args, name, None))}
    return found


PORT = arg("--port", metavar="N", type=int, help="default: 8080")
COMMANDS = (
    Command(
        ("demo",),
        "everything on one machine, with sample people: a first token in a minute",
        demo,
        (PORT, arg("--patients", metavar="N", type=int, default=50, help="sample people in each tenant (default: 50)")),
    ),
    Command(
        ("serve",),
        "run the platform: database, web processes, one job process",
        serve,
        (
            arg("--host", metavar="ADDRESS", help="where to listen (default: 127.0.0.1)"),
            PORT,
            arg("--base-url", metavar="URL", help="what every link is built from; needed unless the host is loopback"),
            arg("--workers", metavar="N", type=int, help="web processes (default: one a core)"),
            arg("--tls-cert", metavar="F", help="certificate chain (PEM)"),
            arg("--tls-key", metavar="F", help="its private key (PEM)"),
            arg(
                "--trusted-proxies", metavar="N", type=int, help="how many proxies of yours stand in front (default: 0)"
            ),
            arg("--no-worker", action="store_true", help="no job process here: `careweft worker` runs elsewhere"),
        ),
    ),
    Command(
        ("worker",),
        "background jobs only",
        worker,
        (
            arg("--processes", metavar="N", type=int, help=f"that share exports (default: one a core, {MOST} at most)"),
            arg("--supervisor", metavar="PID", type=int, help="end when this parent process has ended"),
        ),
    ),
)
