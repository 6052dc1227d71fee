"""The seal's own arithmetic; what it finds in a database is in tests/store/test_seal.py."""

from datetime import UTC, datetime, timedelta

import pytest

from careweft.audit.chain import Finding, Head, digest, sign
from careweft.ports.journal import Entry

ONE = Entry(
    at=datetime(2026, 11, 22, tzinfo=UTC), tenant=1, action="a", surface="s", status=200, request_id="r", client="c",
    user="u", patient="p", jti="j", type="t", id="i", query=b"q", patients=("a", "b"), address="d", reason="z",
)  # fmt: skip
OTHER = {"at": ONE.at + timedelta(microseconds=1), "tenant": 2, "status": 201, "query": b"", "patients": ("a b",)}


@pytest.mark.parametrize("name", Entry._fields)
def test_every_field_counts(name):
    """Whichever field is changed, or emptied, the digest is another one."""
    changed = ONE._replace(**{name: OTHER.get(name, "x")})

    assert digest(changed) != digest(ONE)
    if name not in ("at", "action", "surface", "status", "request_id", "patients"):
        assert len({digest(ONE), digest(changed), digest(ONE._replace(**{name: None}))}) == 3


def test_fields_do_not_run_together():
    assert digest(ONE._replace(client="ab", user="c")) != digest(ONE._replace(client="a", user="bc"))
    assert digest(ONE._replace(patients=("a", "b"))) != digest(ONE._replace(patients=("a,b",)))


@pytest.mark.parametrize("head", [Head(1, 2, b"h"), Head(2, 1, b"h"), Head(1, 1, b"i"), Head(None, 1, b"h")])
def test_a_signature_is_for_one_link(head):
    assert sign(b"k", head) != sign(b"k", Head(1, 1, b"h"))
    assert sign(b"k", head) != sign(b"l", head)


@pytest.mark.parametrize(
    ("finding", "said"),
    [(Finding("changed", 3, 17), "changed: row 17 (link 3)"),
     (Finding("inserted", None, 17), "inserted: row 17 (link none)"),
     (Finding("truncated", 4), "truncated: link 4")],
)  # fmt: skip
def test_a_finding_names_its_position(finding, said):
    assert str(finding) == said
