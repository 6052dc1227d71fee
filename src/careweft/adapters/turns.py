"""How the threads of a process take turns on a processor: https://man7.org/linux/man-pages/man7/sched.7.html"""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

SECONDS = 5.0
"""Longer than a process needs from here to its first request."""
HUMBLE = 10
"""By how much who works in the background goes behind others: setpriority(2)."""

AGAIN = 0.2
"""Seconds until a session may be lowered where another one just was."""


def begin_patient(seconds: float = SECONDS) -> None:
    """Let threads that begin within `seconds` wait for their turn when they wake up, instead of taking it.

    The web server has a thread for sockets beside the one that runs Python. Where both share a processor it would push
    Python aside at every other reply, to send that one alone: two switches, and two half-cold caches. Threads inherit
    the policy of the one that begins them, which has its own again afterwards. Where the system knows no such policy,
    or forbids it, nothing changes.
    """
    if sys.platform != "linux" or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        asyncio.get_running_loop().call_later(seconds, os.sched_setscheduler, 0, os.SCHED_OTHER, os.sched_param(0))


def begin_humble() -> None:
    """Let this process go behind those on whom somebody waits, where both want a processor; to be called before there
    are threads.
    """
    lower(os.getpid())


def lower(pid: int) -> None:
    """Let a process go behind others by HUMBLE; one that may not be lowered stays where it is.

    Linux may give each session a share of its own (autogroup): then a process is weighed against those of its session
    alone, and the session against others. So whoever leads a session lowers all of it.
    """
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, pid, max(HUMBLE, os.getpriority(os.PRIO_PROCESS, pid)))
        if os.getsid(pid) == pid:
            _lower_session(pid)


def _lower_session(leader: int) -> None:
    try:
        Path(f"/proc/{leader}/autogroup").write_text(str(HUMBLE))
    except BlockingIOError:  # whoever is not root may do so ten times a second
        asyncio.get_running_loop().call_later(AGAIN, lower, leader)
