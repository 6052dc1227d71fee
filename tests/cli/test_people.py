"""`careweft user`: accounts from a terminal, and many at once from a file."""

import csv
import json
import stat
from pathlib import Path

import pytest

from tests.platform import MAPLE, installed

PASSWORD = "violet kettle sings under oaks"


@pytest.fixture(scope="module")
def home(tmp_path_factory, module_database):
    """An installation with one tenant and the sample's first people."""
    folder = tmp_path_factory.mktemp("people")
    with installed(module_database.server_url) as platform:
        platform.run("tenant", "create", "Maple Clinic", "--id", MAPLE)
        platform.run("sample", "--patients", "7", "--seed", "1", "--out", str(folder / "sample"))
        platform.run("load", "--tenant", MAPLE, str(folder / "sample"))
        yield platform, folder


def resources(folder: Path, type_: str) -> list[dict]:
    return [json.loads(line) for line in (folder / "sample" / f"{type_}.ndjson").read_text().splitlines()]


def test_accounts_come_from_a_file_and_only_once(home):
    """Each line for itself: by record or by identifier; refused lines say why; a second run makes nothing new."""
    platform, folder = home
    patients, related = resources(folder, "Patient"), resources(folder, "RelatedPerson")
    mrn = next(
        one for one in patients[1]["identifier"] if one.get("type", {}).get("coding", [{}])[0].get("code") == "MR"
    )
    file, out = folder / "people.csv", folder / "codes.csv"
    rows = [
        ["role", "record", "identifier", "name", "email", "birth_date"],
        ["patient", f"Patient/{patients[0]['id']}", "", "=cmd|' /C calc'!A0", "", ""],
        ["patient", "", f"{mrn['system']}|{mrn['value']}", "", "kim@mail.example.org", ""],
        ["representative", f"RelatedPerson/{related[0]['id']}", "", "", "", "1960-01-01"],
        ["patient", "Patient/nobody", "", "", "", ""],
        ["patient", "", f"{mrn['system']}|none", "", "", ""],
        ["patient", f"RelatedPerson/{related[0]['id']}", "", "", "", ""],
        ["patient", f"Patient/{patients[2]['id']}", "", "", "no address", ""],
        ["patient", f"Patient/{patients[2]['id']}", "", "", "", "17.5.1980"],
        ["patient", f"Patient/{patients[2]['id']}", ""],
    ]
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows(rows)
    line = ("user", "import", str(file), "--tenant", MAPLE, "--out")
    done = platform.run(*line, str(out), "--json", fails=True)

    assert done.returncode == 1
    assert json.loads(done.stdout) == {"invited": 3, "refused": 6}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(newline="") as opened:
        lines = list(csv.DictReader(opened))
    assert [one["outcome"] for one in lines] == ["invited"] * 3 + ["refused"] * 6
    assert lines[0]["name"].startswith("'=")
    assert lines[1]["record"] == f"Patient/{patients[1]['id']}"
    assert all(one["code"] for one in lines[:3])
    assert all(one["reason"] and not one["code"] for one in lines[3:])
    second = folder / "again.csv"
    done = platform.run(*line, str(second), "--json", fails=True)
    assert json.loads(done.stdout) == {"waiting": 3, "refused": 6}
    assert lines[0]["code"] not in second.read_text()


def test_an_account_is_made_related_and_switched_off(home):
    platform, folder = home
    patients = resources(folder, "Patient")
    record, child = f"Patient/{patients[4]['id']}", patients[2]["id"]
    made = platform.json(
        "user", "create", "--tenant", MAPLE, "--role", "patient", "--username", "ana.li", "--fhir-user", record,
        "--password-stdin", stdin=PASSWORD + "\n",
    )  # fmt: skip
    short = platform.run(
        "user", "create", "--tenant", MAPLE, "--role", "owner", "--username", "kim.owner", "--password-stdin",
        stdin="short\n", fails=True,
    )  # fmt: skip
    platform.run("user", "relate", "ana.li", child, "--tenant", MAPLE, "--kind", "child")
    platform.run("user", "disable", "ana.li", "--tenant", MAPLE)
    listed = platform.json("user", "list", "--tenant", MAPLE)

    assert made["record"] == record
    assert "15 characters at least" in short.stderr
    assert [one["enabled"] for one in listed if one["username"] == "ana.li"] == [False]
