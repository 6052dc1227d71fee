"""The tutorial and the how-tos, followed word for word: their commands on a real server, their output as promised.

A block marked `sh` is run, and a `text` block right behind it is what it has to print; other blocks are only shown.
"""

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
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs.pages import DOCS, Block, blocks, fits
from tests.world import ROOT

TUTORIAL = DOCS / "tutorial" / "first-ten-minutes.md"
EXPORT = DOCS / "tutorial" / "export-a-group.md"
HOWTOS = ("load-your-records", "check-your-records", "register-a-backend-service", "register-an-app", "file-a-document")
MARK = "== the page goes on =="
PEOPLE = 5  # instead of fifty, to be quick
READY = "Try it"
CURL = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not on this machine")


class Step(NamedTuple):
    """Commands, and the output that is promised of them."""

    commands: str
    promised: str


def steps(page: Path) -> list[Step]:
    """What a page asks to be typed, in order."""
    pairs = pairwise([*blocks(page), Block("", "")])
    return [
        Step(one.text, behind.text if behind.language == "text" else "...")
        for one, behind in pairs
        if one.language == "sh"
    ]


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


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """What `make run` starts, once everything is installed, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = Path(tempfile.mkdtemp(prefix="careweft-tutorial-"))  # not under pytest's own, which bars the database's user
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CAREWEFT_")}
    home = str(tmp_path_factory.mktemp("home"))
    environment = kept | {"CAREWEFT_DATA": str(data), "HOME": home, "NO_PROXY": "localhost"}
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


def test_make_run_is_the_demonstration():
    """What the tutorial's first command comes to is what these tests start."""
    recipe = r"^run: .*\n\t@exec \$\(BIN\)/careweft demo --port \$\(PORT\)$"

    assert re.search(recipe, (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert blocks(TUTORIAL)[0] == Block("sh", "make run\n")


@CURL
def test_tutorial_keeps_its_promises(machine):
    """Every block of commands, in order, in one shell; every sample person is read."""
    start, *rest = steps(TUTORIAL)

    assert fits(here(start.promised, machine.port), machine.log)
    assert f"people: {PEOPLE}\n" in machine.follow(rest)


@CURL
def test_export_tutorial_keeps_its_promises(machine):
    """A Group is exported, step by step and by one command, and loaded into another tenant."""
    assert f"people: {PEOPLE}\n" in machine.follow(steps(EXPORT))


@CURL
@pytest.mark.parametrize("name", HOWTOS)
def test_howto_keeps_its_promises(machine, name):
    """The same for each how-to that has commands to type."""
    machine.follow(steps(DOCS / "howto" / f"{name}.md"))
