"""Processes that share the work of one command: forked before there is a thread or a loop, and again when one falls."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import NoReturn

WATCH = 0.5
"""Seconds between looks at them."""
RESTART = 2.0
"""Seconds before one that fell is started again."""
PATIENCE = 10.0
"""Seconds that they have to end."""


def shared(jobs: Sequence[Callable[[], None]], supervisor: int | None = None) -> None:
    """Do each of these jobs in a process of its own, until a signal comes (KeyboardInterrupt) or `supervisor`, the
    process that began this one, has ended. Whatever is loaded is shared by all of them.
    """
    before = signal.signal(signal.SIGTERM, _told)
    running: dict[int, int] = {}
    due = dict.fromkeys(range(len(jobs)), 0.0)
    try:
        while supervisor is None or os.getppid() == supervisor:
            for number in [one for one, at in due.items() if at <= time.monotonic()]:
                del due[number]
                running[_forked(jobs[number])] = number
            time.sleep(WATCH)
            for pid in [one for one in running if _ended(one)]:
                due[running.pop(pid)] = time.monotonic() + RESTART
    finally:
        _end(running)
        signal.signal(signal.SIGTERM, before)


def _told(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _forked(job: Callable[[], None]) -> int:
    """The number of a process that does this job and ends. It leads a session: only its parent tells it anything."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        job()
        code = 0
    except KeyboardInterrupt:
        code = 0
    except BaseException:  # noqa: BLE001  nothing of the parent's may run here
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def _ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def _end(running: dict[int, int]) -> None:
    """Ask them to end, and make who does not."""
    left = set(running)
    for order, patience in ((signal.SIGTERM, PATIENCE), (signal.SIGKILL, PATIENCE)):
        for pid in left:
            os.kill(pid, order)
        until = time.monotonic() + patience
        while left and time.monotonic() < until:
            left = {pid for pid in left if not _ended(pid)}
            time.sleep(0.01)
