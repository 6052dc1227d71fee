"""The tutorial and the how-tos, followed word for word: their commands on a real server, their output as promised.

A block marked `sh` is run, and a `text` block right behind it is what it has to print; other blocks are only shown.
"""

import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs.machine import PEOPLE, Step, here
from tests.docs.pages import DOCS, Block, blocks, fits
from tests.world import ROOT

TUTORIAL = DOCS / "tutorial" / "first-ten-minutes.md"
EXPORT = DOCS / "tutorial" / "export-a-group.md"
HOWTOS = ("load-your-records", "check-your-records", "register-a-backend-service", "register-an-app", "file-a-document")
CURL = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not on this machine")


def steps(page: Path) -> list[Step]:
    """What a page asks to be typed, in order."""
    pairs = pairwise([*blocks(page), Block("", "")])
    return [
        Step(one.text, behind.text if behind.language == "text" else "...")
        for one, behind in pairs
        if one.language == "sh"
    ]


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
