"""`careweft group`, `schedule` and `research`, as an owner types them, on a database that stands."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from careweft.cli import main
from careweft.store import embedded
from tests.conftest import NAME, QUICK
from tests.insight.village import RECORDS

UNMEASURED = """\
include Condition?code=http://hl7.org/fhir/sid/icd-10-cm|E11.9
exclude Observation?code=http://loinc.org|4548-4&date=ge2025-11-27
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder whose database runs; not under pytest's own, which bars others."""
    folder = Path(tempfile.mkdtemp(prefix=NAME))
    running = embedded.start(folder, settings=QUICK)
    yield folder
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_an_owner_defines_shares_and_takes_back(home, capsys):
    """Each command does what it says, and the audit has a row of it."""

    def run(*words: str) -> Any:
        code = main([*words, "--data", str(home), "--json"])
        told = capsys.readouterr()
        assert code == 0, told.err
        return json.loads(told.out)

    (home / "records.ndjson").write_text("\n".join(map(json.dumps, RECORDS)))
    (home / "unmeasured.txt").write_text(UNMEASURED)
    text, mine = str(home / "unmeasured.txt"), ["--tenant", run("tenant", "create", "Northwind")["id"]]
    run("load", str(home / "records.ndjson"), *mine)

    assert run("group", "preview", text, *mine)["members"] == 3
    group = run("group", "create", text, *mine, "--name", "No HbA1c")["group"]
    assert [(one["name"], one["members"]) for one in run("group", "list", *mine)] == [("No HbA1c", 3)]
    assert run("group", "show", group, *mine)["definition"] == UNMEASURED
    assert run("group", "refresh", group, *mine)["outcome"] == "unchanged"

    study = ("app", "create", *mine, "--name", "Study", "--type", "system", "--access", "research", "--auth", "secret")
    client = ["--client", run(*study, "--bulk", "--approve")["client_id"]]
    assert run("research", "approve", group, *mine, *client, "--dates", "years")["dates"] == "years"
    assert [one["group"] for one in run("research", "list", *mine)] == [group]
    schedule = run("schedule", "create", group, *mine, *client, "--rule", "daily 02:30", "--type", "Patient")[
        "schedule"
    ]
    assert [one["rule"] for one in run("schedule", "list", *mine)] == ["daily 02:30"]
    run("schedule", "delete", schedule, *mine)
    run("research", "withdraw", group, *mine, *client)
    run("group", "delete", group, *mine)

    assert run("group", "list", *mine) == run("schedule", "list", *mine) == run("research", "list", *mine) == []
    assert main(["group", "show", group, *mine, "--data", str(home)]) == 1
    assert "No Group of this id" in capsys.readouterr().err
