"""The file of an agreement: what is taken, what is refused, and as what it is handed back."""

import hashlib

import pytest

from careweft.registry.paper import MOST_BYTES, PDF, TEXT, PaperRefused, paper


@pytest.mark.parametrize(
    ("sent", "kind", "ending"),
    [
        (b"%PDF-1.7\n\x00\xff", PDF, ".pdf"),
        (b"# Agreement\r\n\r\n1. Nothing is sold.\n", TEXT, ".txt"),
        ("Convenio entre Nuñez y Clínica\t2026\f".encode(), TEXT, ".txt"),
        (b"<!doctype html><script>alert(1)</script>", TEXT, ".txt"),
        (b"x" * MOST_BYTES, TEXT, ".txt"),
    ],
)
def test_what_is_taken_is_kept_as_it_is(sent, kind, ending):
    """Each row: a file, and as what it is handed back; a page is text like any other, and never a page."""
    found = paper(sent)

    assert (found.kind, found.body, found.digest) == (kind, sent, hashlib.sha256(sent).hexdigest())
    assert found.name == f"agreement-{found.digest[:12]}{ending}"
    assert repr(sent) not in repr(found)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"", "empty"),
        (b"x" * (MOST_BYTES + 1), "at most 2 MB"),
        (b"PK\x03\x04 a document of Word", "PDF, or text"),
        (b"\x89PNG\r\n\x1a\n", "PDF, or text"),
        (b"\xff\xfeT\x00e\x00", "PDF, or text"),
        (b"text \x1b[31m for a terminal", "PDF, or text"),
    ],
)
def test_what_is_no_agreement_is_refused(sent, says):
    """Each row: a file, and what the refusal says; it is told at the field of the file."""
    with pytest.raises(PaperRefused, match=says) as refused:
        paper(sent)

    assert refused.value.field == "paper"
