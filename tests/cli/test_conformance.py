"""`careweft check records`: how it is asked, and how a person reads it."""

import pytest

from careweft.cli import main
from careweft.cli.conformance import expected, lines
from careweft.fhir.validate.known import validator


@pytest.mark.parametrize("words", [["check", "records"], ["check", "--tenant", "x"]])
def test_records_and_tenant_go_together(words, capsys):
    assert main(words) == 2
    assert "--tenant" in capsys.readouterr().err


def test_every_profile_that_the_apis_promise_is_known():
    assert [url for url in expected() if validator().canonical(url) is None] == []


def test_a_report_is_read_by_a_person():
    issue = {"issue": "Patient.gender: wants at least 1", "count": 1200, "first": ["Patient/a", "Patient/b"]}
    profile = {"records": 1500, "failing": 1200, "issues": [issue], "must_support_never_seen": ["Patient.name"]}
    none = {"records": 0, "failing": 0, "issues": [], "must_support_never_seen": ["Goal.target"]}
    profiles = {"http://p|1": profile, "http://q/goal|1": none}
    told = "\n".join(lines({"records": 1500, "failing": 1200, "profiles": profiles}))

    assert told == (
        "http://p|1: 1,500 records, 1,200 with errors\n"
        "   1,200 x Patient.gender: wants at least 1; Patient/a Patient/b\n"
        "         must-support, but in no record: Patient.name\n"
        "promised by an API, but claimed by no record: goal|1\n"
        "1,500 records looked at"
    )
