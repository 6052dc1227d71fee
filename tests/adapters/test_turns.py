"""Threads that wait for their turn."""

import asyncio
import os
import sys
import threading

import pytest

from careweft.adapters import turns

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no such policy elsewhere")


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
