"""Processes that share one command: begun together, begun again, ended together."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.journeys.town import begun_by, within

SCRIPT = """
import signal, sys, time
from careweft.cli import processes
processes.RESTART = 0.1
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs tests in the background had it ignored
def stays():
    time.sleep(600)
def fails():
    sys.exit("no such thing")
jobs = {"stays": stays, "fails": fails}
try:
    processes.shared([jobs[one] for one in sys.argv[2:]], int(sys.argv[1]) or None)
except KeyboardInterrupt:
    sys.exit(130)
"""


@contextmanager
def begun(*jobs: str, supervisor: int = 0) -> Iterator["subprocess.Popen[str]"]:
    line = [sys.executable, "-c", SCRIPT, str(supervisor), *jobs]
    one = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    try:
        yield one
    finally:
        left = [*begun_by(one.pid), one.pid]
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        one.communicate()


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_one_that_falls_is_begun_again_and_the_others_stay():
    with begun("stays", "stays") as one:
        within(10, lambda: len(begun_by(one.pid)) == 2)
        first, second = begun_by(one.pid)
        os.kill(first, signal.SIGKILL)
        within(10, lambda: len(set(begun_by(one.pid)) - {first}) == 2)
        assert second in begun_by(one.pid)


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT])
def test_all_end_with_the_one_that_began_them(order):
    """And each leads a session: a key pressed at a terminal reaches the first alone, which tells the others."""
    with begun("stays", "stays") as one:
        within(10, lambda: len(begun_by(one.pid)) == 2)
        both = begun_by(one.pid)
        assert [os.getsid(pid) for pid in both] == both
        os.kill(one.pid, order)
        assert one.wait(20) == 130
        assert not any(map(alive, both))


def test_who_outlived_the_supervisor_ends():
    with begun("stays", supervisor=1 if os.getpid() != 1 else 2) as one:
        assert one.wait(20) == 0


def test_what_went_wrong_is_said():
    with begun("fails") as one:
        assert one.stderr is not None
        assert any("no such thing" in line for line in one.stderr)
