"""What every benchmark needs: a server started and watched, a load put on it, and the processor time it took.

All figures are ratios inside one run on one machine. Processor time is user plus system of the whole process tree of a
server, the database's backends included where they are said to be.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

TICK = os.sysconf("SC_CLK_TCK")
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))


class Missing(Exception):
    """A program that this benchmark needs is not installed."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one benchmark found: `ratio` is held against `goal`; `at_least` says which side of it is good."""

    number: str
    name: str
    ratio: float
    goal: float
    at_least: bool
    held_against: str
    unit: str = "x"
    details: tuple[str, ...] = field(default=())

    @property
    def reached(self) -> bool:
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        verdict = "reached" if self.reached else "MISSED"
        head = f"{self.number:<4} {self.name}\n     {self.ratio:.2f} {self.unit} of {self.held_against}; goal {sign} {self.goal:g}: {verdict}"
        return "\n".join([head, *(f"     {line}" for line in self.details)])


@dataclass(frozen=True, slots=True)
class Load:
    """One round of requests."""

    per_second: float
    failed: int
    requests: int
    seconds: float


def program(name: str) -> str:
    """Where a program is; raises Missing with what to install."""
    found = shutil.which(name)
    if not found:
        raise Missing(f"{name} is not installed (Debian: apt-get install {name if name != 'nginx' else 'nginx-light'})")
    return found


def processes(root: int) -> set[int]:
    """A process and all that came from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
    tree, more = {root}, True
    while more:
        found = {pid for pid, parent in parents.items() if parent in tree} - tree
        more = bool(found)
        tree |= found
    return tree


def cpu(roots: Sequence[int]) -> float:
    """Processor seconds, user and system, that these process trees have used, those of ended children included."""
    total = 0.0
    for pid in set().union(*(processes(root) for root in roots)):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(fields[n]) for n in (11, 12, 13, 14)) / TICK
    return total


def backend_cpu(pid: int) -> float:
    """Processor seconds of one process of one thread, to the nanosecond where the kernel tells."""
    file = Path(f"/proc/{pid}/schedstat")
    return int(file.read_text().split()[0]) / 1e9 if file.exists() else cpu([pid])


@contextmanager
def running(
    command: Sequence[str], ready: str | None = None, *, pin: str | None = None, env: dict[str, str] | None = None
) -> Iterator[int]:
    """A server as a child process, until the block ends; `ready` is a URL that answers once it is up."""
    line = [*(["taskset", "-c", pin] if pin and shutil.which("taskset") else []), *command]
    log = open(os.environ.get("BENCH_LOG", os.devnull), "ab")
    child = subprocess.Popen(line, env={**os.environ, **(env or {})}, stdout=log, stderr=log, start_new_session=True)
    try:
        if ready:
            await_answer(ready, child)
        yield child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
        log.close()


@contextmanager
def door(target: str, *, factory: bool = False, env: dict[str, str] | None = None) -> Iterator[tuple[str, int]]:
    """Granian serving an ASGI target on processor 0, set as `careweft serve` sets it; its URL and process number."""
    port = free_port()
    line = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port), "--loop", "uvloop"]
    line += ["--http", "1", "--no-ws", "--backlog", "2048", "--backpressure", "1024", "--log-level", "warning"]
    with running([*line, *(["--factory"] if factory else []), target], pin="0", env=env) as pid:
        await_answer(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}", pid


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def await_answer(url: str, child: "subprocess.Popen[bytes] | None" = None, seconds: float = 60) -> float:
    """Seconds until the URL answers with anything."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if child and child.poll() is not None:
            raise RuntimeError(f"the server ended with {child.returncode}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return time.monotonic() - began
        except urllib.error.HTTPError:
            return time.monotonic() - began
        except OSError:
            time.sleep(0.005)
    raise TimeoutError(f"nothing answered at {url}")


def wrk(
    url: str,
    *,
    connections: int = 64,
    headers: dict[str, str] | None = None,
    seconds: float = SECONDS,
    pin: str | None = "1",
    script: Path | None = None,
) -> Load:
    """One round with wrk: closed loop, keep-alive, one thread; `script` says in Lua what is asked for in turn."""
    extra = [part for name, value in (headers or {}).items() for part in ("-H", f"{name}: {value}")]
    line = [
        program("wrk"),
        "-t1",
        f"-c{connections}",
        f"-d{seconds:g}s",
        *extra,
        *(["-s", str(script)] if script else []),
        url,
    ]
    if pin and shutil.which("taskset"):
        line = ["taskset", "-c", pin, *line]
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    done = re.search(r"(\d+) requests in ([\d.]+)(m?s)", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not done or not rate:
        raise RuntimeError(f"wrk said: {said}")
    spent = float(done[2]) / (1000 if done[3] == "ms" else 1)
    return Load(float(rate[1]), int(failed[1]) if failed else 0, int(done[1]), spent)


def asking(paths: Sequence[str], file: Path) -> Path:
    """A script for wrk that asks for these paths in turn."""
    listed = ", ".join(f'"{path}"' for path in paths)
    file.write_text(
        f"local paths = {{{listed}}}\nlocal at = 0\n"
        "request = function() at = at % #paths + 1; return wrk.format(nil, paths[at]) end\n"
    )
    return file


def loaded(url: str, roots: Sequence[int], **how: object) -> tuple[Load, float]:
    """A round, and the processor microseconds per request that these trees took. Raises when requests failed."""
    before = cpu(roots)
    load = wrk(url, **how)  # type: ignore[arg-type]
    if load.failed or not load.requests:
        raise RuntimeError(f"{load.failed} of {load.requests} requests to {url} failed")
    return load, 1e6 * (cpu(roots) - before) / load.requests


def middle(values: Sequence[float]) -> float:
    """The median."""
    return median(values)


def machine() -> str:
    """The machine in one line."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "?",
    )
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 1024**2  # type: ignore[index]
    return f"{os.cpu_count()} processors ({model}), {memory:.0f} GB, Python {sys.version.split()[0]}"
