"""`careweft explain` over a served installation: the path and the plan, and nothing of who was asked for."""

import json
import subprocess

import pytest

from tests.journeys.town import Town
from tests.platform import MAPLE


def explained(town: Town, *words: str) -> dict:
    return json.loads(town.at.run("explain", "--tenant", MAPLE, "--json", *words).stdout)


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("Observation?patient={first}&code=8867-4",), "patient"),
        (("--patient", "{first}", "Observation?_sort=-date,_id"), "patient"),
        (("Patient?_id={first}",), "rows"),
        (("Observation?_sort=date",), "walk"),
    ],
)
def test_the_path_is_told_and_nothing_that_was_asked(town, words, path):
    found = explained(town, *(one.format(first=town.first) for one in words))
    assert found["path"] == path
    assert any(one.startswith("res") for one in found["indexes"])  # which of them is the planner's, in so small a town
    assert town.first not in json.dumps(found)
    assert "8867" not in json.dumps(found)


def test_it_is_run_where_that_is_asked(town):
    found = explained(town, "--analyze", f"Observation?patient={town.first}&_count=1")
    assert found["parameters"] == ["patient", "_count"]
    assert found["plan"][0]["came"] >= 1
    assert found["milliseconds"] > 0


def test_a_search_that_would_be_refused_is_refused(town):
    for words, code in ((["Nonsense?x=1"], 2), (["Observation?colour=red"], 1)):
        line = town.at.command("explain", "--tenant", MAPLE, *words)
        done = subprocess.run(line, capture_output=True, text=True, env=town.at.env(), timeout=120, check=False)
        assert done.returncode == code, done.stderr
