"""What the journal holds of a period, as a table for people (AUD-11).

A cell that a spreadsheet would run as a formula gets an apostrophe before it: https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator, Sequence

from ..ports.journal import Entry
from .chain import Recorded
from .event import describe

FIELDS = ("seq", *Entry._fields)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class NoSuchFieldError(ValueError):
    """The journal has no such field to sort by."""


def chosen(rows: Sequence[Recorded], actions: Collection[str]) -> Sequence[Recorded]:
    """The rows of these actions; all of them where none is named."""
    return [row for row in rows if row.entry.action in actions] if actions else rows


def table(rows: Iterable[Recorded], by: str = "at") -> str:
    """The rows as CSV with a head line, sorted by the field `by`. Raises NoSuchFieldError."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow(FIELDS)
    writer.writerows(cells(row) for row in ordered(rows, by))
    return made.getvalue()


def events(rows: Iterable[Recorded], server: str, by: str = "at") -> Iterator[str]:
    """The rows as AuditEvents, one JSON text for each."""
    for row in ordered(rows, by):
        yield from (json.dumps(event, ensure_ascii=False, separators=(",", ":")) for event in describe(row, server))


def ordered(rows: Iterable[Recorded], by: str) -> list[Recorded]:
    """Sorted by a field, what lacks it first, and by number within."""
    if by not in FIELDS:
        raise NoSuchFieldError(f"an audit report is sorted by one of {', '.join(FIELDS)}, not {by!r}")
    return sorted(
        rows, key=lambda row: ((value := of(row, by)) is not None, value if value is not None else 0, row.seq)
    )


def of(row: Recorded, name: str) -> object:
    """The value of one field."""
    return row.seq if name == "seq" else getattr(row.entry, name)


def cells(row: Recorded) -> list[str]:
    """One line of the table."""
    return [neutral(text(of(row, name))) for name in FIELDS]


def text(value: object) -> str:
    """A field's value as text."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, tuple):
        return " ".join(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def neutral(cell: str) -> str:
    """A cell that no spreadsheet runs.

    >>> neutral("=1+1"), neutral("ana")
    ("'=1+1", 'ana')
    """
    return f"'{cell}" if cell.lstrip(" \n\u00a0\ufeff").startswith(FORMULA) or cell.startswith(FORMULA) else cell
