"""Threads that wait for their turn."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from careweft.adapters import turns

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no such policy elsewhere")


def session_share(pid: int) -> int | None:
    """How far its session goes behind others; None where the system does not weigh sessions."""
    try:
        said = Path(f"/proc/{pid}/autogroup").read_text()
    except OSError:
        return None
    return int(said.split()[-1]) if said else None


def of_a_new_thread() -> int:
    """The scheduling policy that a thread has which begins now."""
    found: list[int] = []
    one = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
    one.start()
    one.join()
    return found[0]


async def test_threads_that_begin_meanwhile_are_patient_and_nothing_else():
    """Those that begin within the time yield when they wake; the one that begins them has its own policy again."""
    turns.begin_patient(0.05)
    meanwhile = of_a_new_thread()
    await asyncio.sleep(0.2)

    assert meanwhile == os.SCHED_BATCH
    assert os.sched_getscheduler(0) == of_a_new_thread() == os.SCHED_OTHER


async def test_a_policy_that_an_operator_chose_stays():
    """A process that was started under another policy keeps it in all its threads."""
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        turns.begin_patient(0.01)
        await asyncio.sleep(0.1)
        kept = os.sched_getscheduler(0)
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))

    assert kept == os.SCHED_BATCH


async def test_who_goes_behind_others_takes_the_session_along_that_it_leads():
    """One that leads none leaves its session as it is; several at once too, whoever may lower how many."""
    children = [subprocess.Popen(["sleep", "60"], start_new_session=leads) for leads in (True, True, False)]
    before = session_share(os.getpid())
    try:
        for one in children:
            turns.lower(one.pid)
        await asyncio.sleep(3 * turns.AGAIN)
        places = [os.getpriority(os.PRIO_PROCESS, one.pid) for one in children]
        shares = [session_share(one.pid) for one in children]
    finally:
        for one in children:
            one.kill()
            one.wait()

    assert min(places) >= turns.HUMBLE
    assert shares[:2] in ([turns.HUMBLE] * 2, [None] * 2)
    assert shares[2] == before


def test_one_that_is_gone_is_no_trouble():
    child = subprocess.Popen(["true"])
    child.wait()
    turns.lower(child.pid)
