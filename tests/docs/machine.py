"""Somebody's machine on which careweft runs, and commands that a page has typed there."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.docs.pages import fits
from tests.world import ROOT

MARK = "== the page goes on =="
PEOPLE = 5  # instead of fifty, to be quick
READY = "Try it"


class Step(NamedTuple):
    """Commands, and the output that is promised of them."""

    commands: str
    promised: str


def here(text: str, port: int) -> str:
    """The same on a free port, with the Python that runs the tests: what .venv holds in a checkout."""
    instead = {
        "localhost:8080": f"localhost:{port}",
        ".venv/bin/careweft": f"{sys.executable} -m careweft",
        ".venv/bin/python": sys.executable,
    }
    return re.sub("|".join(map(re.escape, instead)), lambda one: instead[one[0]], text)


@dataclass(frozen=True)
class Machine:
    """Somebody's machine, with careweft running; `log` is what its terminal shows."""

    port: int
    environment: dict[str, str]
    log: str

    def follow(self, followed: list[Step]) -> str:
        """Run these blocks in one shell and compare what each prints; everything that was printed."""
        script = f"\necho '{MARK}'\n".join(here(commands, self.port) for commands, _ in followed)
        done = subprocess.run(
            ["bash", "-c", script],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=self.environment,
            timeout=300,
            check=False,
        )
        outputs = done.stdout.split(f"{MARK}\n")

        assert (done.returncode, len(outputs)) == (0, len(followed)), done.stderr
        for (commands, promised), came in zip(followed, outputs, strict=True):
            assert fits(here(promised, self.port), came), f"{commands}\ngave\n{came}\n{done.stderr}"
        return done.stdout

    def login(self, key: str) -> dict[str, str]:
        """Who may sign in, by the name that the demonstration gives."""
        data = Path(self.environment["CAREWEFT_DATA"])
        tenant = json.loads((data / "demo-samples.json").read_text())["folder"]["tenant"]
        every = json.loads((data / "demo-logins.json").read_text())
        return next(one for one in every if (one["tenant"], one["username"]) == (tenant, key))


@contextmanager
def started(home: Path) -> Iterator[Machine]:
    """What `make run` starts, once everything is installed, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = Path(tempfile.mkdtemp(prefix="careweft-tutorial-"))  # not under pytest's own, which bars the database's user
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CAREWEFT_")}
    environment = kept | {"CAREWEFT_DATA": str(data), "HOME": str(home), "NO_PROXY": "localhost"}
    try:
        with running(port, environment, data / "log"):
            yield Machine(port, environment, (data / "log").read_text())
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def running(port: int, environment: dict[str, str], log: Path) -> Iterator[None]:
    """What `make run` starts, once everything is installed."""
    line = [sys.executable, "-m", "careweft", "demo", "--port", str(port), "--patients", str(PEOPLE)]
    with log.open("wb") as out:
        process = subprocess.Popen(line, cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while READY not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        time.sleep(0.2)  # what follows on the terminal
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
