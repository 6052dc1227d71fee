"""Signing up as a developer takes as long whoever is known (OATK-16)."""

import statistics
import time
from dataclasses import replace

import pytest

from careweft.accounts.passwords import Passwords
from careweft.accounts.reception import Reception
from careweft.accounts.signup import Wish
from tests import world as tests_world

from .world import BETTER


@pytest.mark.drill
@pytest.mark.skipif(not tests_world.DRILL, reason="statistics take a while: make drill")
async def test_asking_takes_as_long_whoever_is_known(here):
    """500 each of an address and a username that are somebody's, and of ones that are nobody's: the medians differ by
    less than a twentieth.
    """
    desk = Reception.of(replace(here.desk.means, passwords=Passwords(here.desk.means.sealing)), None, None)
    dana = Wish("dana", "Dana", "Ng", "dana@mail.example.org", BETTER)
    await desk.sign_up.ask(dana, here.visit())
    await desk.sign_up.settled()
    link = (await here.outbox.box(0))[0].letter.body.partition("/verify/")[2].split()[0]
    await desk.sign_up.verify(link, "", here.visit())

    async def took(wish):
        await here.pool.fetch("delete from throttle")
        await here.pool.fetch("delete from outbox")
        begun = time.perf_counter()
        await desk.sign_up.ask(wish, here.visit())
        spent = time.perf_counter() - begun
        await desk.sign_up.settled()
        return spent

    known, unknown = [], []
    for number in range(500):
        known.append(await took(dana))
        nobody = replace(dana, username=f"nobody{number}", email=f"nobody{number}@mail.example.org")
        unknown.append(await took(nobody))

    assert abs(statistics.median(known) / statistics.median(unknown) - 1) < 0.05
