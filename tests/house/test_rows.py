"""What has to hold, row by row, and the test that holds it: rows.tsv; and that those tests notice (broken.py)."""

import ast

import pytest

from tests.house.broken import BROKEN, copied, noticed
from tests.world import DRILL, ROOT

HERE = ROOT / "tests" / "house"
ROWS = [
    line.split("\t")
    for line in (HERE / "rows.tsv").read_text().splitlines()
    if line and not line.startswith("#")
]  # fmt: skip
WANTED = {
    "OAUTH": [*range(1, 23), 26, 28, 29, 30],
    "SMART": [*range(1, 15), 17],
    "SCOPE": [1, 2, 3, 4, 5, 6, 8, 9],
    "AUTHZ": [*range(1, 19), 20, 21],
    "OATK": range(1, 19),
    "WEB": range(1, 15),
    "BULK": range(1, 19),
    "CRASH": range(4, 7),
    "JOB": range(1, 7),
}
"""The rows of the authorization server, of access, of pages and of exports without which nothing is released."""


def names_in(file: str) -> set[str]:
    """The names of the tests in a file below tests/."""
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_row_has_its_tests():
    """Each once, by tests that are there, or with a reason."""
    assert [row[0] for row in ROWS] == [f"{kind}-{n:02}" for kind, numbers in WANTED.items() for n in numbers]
    for row, tests, *reason in ROWS:
        assert (tests == "-") == bool(reason), row
        for one in tests.split() if tests != "-" else ():
            file, _, name = one.partition("::")
            assert name in names_in(file), f"{row} names {one}, which is not there"


def test_what_is_taken_out_is_there():
    """Each check of broken.py stands in the source once, and its test is one of the row's own file of tests."""
    held = {row: tests.split() for row, tests, *_ in ROWS}
    for one in BROKEN:
        text = (ROOT / "src" / "careweft" / one.file).read_text()
        assert text.count(one.check) == 1, (one.row, one.check)
        file, _, name = one.test.partition("::")
        assert name in names_in(file), one.test
        assert file in {test.partition("::")[0] for test in held[one.row]}, one.test


@pytest.mark.skipif(not DRILL, reason="make drill takes the checks out, one by one")
def test_every_check_is_missed_by_its_test(tmp_path):
    """Without the check the test fails: a test that lives without it would hold nothing."""
    tree = copied(tmp_path)
    ended = {(one.row, one.test): noticed(one, tree) for one in BROKEN}

    assert {row: one.returncode for row, one in ended.items()} == dict.fromkeys(ended, 1)
