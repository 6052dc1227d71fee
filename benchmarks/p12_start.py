"""P12: from `careweft serve` to ready, in a new data folder and again, against `pg_ctl start` of the same cluster."""

import contextlib
import sys
import tempfile
import time
from pathlib import Path

from careweft.store import embedded

from . import rig
from .home import settings_free
from .rig import free_port

FIRST, LATER = 2.0, 0.7


def measure() -> rig.Figure:
    """The median of some rounds; the ratio told is the later start's time over its goal."""
    first, later, bare = [], [], []
    with tempfile.TemporaryDirectory(prefix="careweft-bench-", ignore_cleanup_errors=True) as all_rounds:
        Path(all_rounds).chmod(0o711)
        for at in range(rig.ROUNDS + 1):
            folder = Path(all_rounds, str(at))  # kept to the end: ext4 makes files slowly where many have just gone
            folder.mkdir(mode=0o711)
            times = start(folder), pg_ctl(folder), start(folder)
            if at:  # before the first round nothing is compiled
                for found, seconds in zip((first, bare, later), times, strict=True):
                    found.append(seconds)
    one, two, alone = rig.middle(first), rig.middle(later), rig.middle(bare)
    worst = max(one / FIRST, two / LATER)
    return rig.Figure(
        "P12", "start to ready", worst, 1.0, False, "the goal's time (first < 2 s, later < 0.7 s)",
        details=(
            f"limits: first start {FIRST:g} s, later {LATER:g} s",
            f"first start, initdb and migrations included: {one:.2f} s",
            f"later start: {two:.2f} s, {two / alone:.1f} x the embedded database's start alone ({alone:.2f} s)",
        ),
    )  # fmt: skip


def start(folder: Path) -> float:
    """Seconds from the command to the first answer of /readyz that says yes."""
    port = free_port()
    line = [
        sys.executable,
        "-m",
        "careweft",
        "serve",
        "--port",
        str(port),
        "--workers",
        "1",
        "--data",
        str(folder / "data"),
    ]
    began = time.monotonic()
    with rig.running(line, env=settings_free()):
        while not ready(port):
            if time.monotonic() - began > 30:
                raise TimeoutError("careweft serve was not ready in 30 s")
            time.sleep(0.01)
        return time.monotonic() - began


def ready(port: int) -> bool:
    """Does /readyz say yes?"""
    import urllib.request

    with contextlib.suppress(OSError):
        return bool(urllib.request.urlopen(f"http://localhost:{port}/readyz", timeout=2).status == 200)
    return False


def pg_ctl(folder: Path) -> float:
    """Seconds that the database alone takes to take connections."""
    began = time.monotonic()
    database = embedded.start(folder / "data")
    spent = time.monotonic() - began
    database.stop()
    return spent
