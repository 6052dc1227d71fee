"""Files and folders as pieces of JSON: one NDJSON line, one Bundle or one resource each.

`.ndjson`, `.ndjson.gz`, `.json` and `.json.gz`; a folder is read in the order of its names. What cannot be read at all
becomes an Unreadable with the reason, and the rest goes on.
"""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from pathlib import Path
from typing import BinaryIO

from ..values import dataclass

LINE = 16 * 1024 * 1024
"""The longest NDJSON line, in bytes."""
DOCUMENT = 256 * 1024 * 1024
"""The largest `.json` file, in bytes; it has to fit in memory."""
RATIO = 100
"""How many times its compressed size a gzip file may open to (PARSE-04), above the first megabyte."""
BUFFER = 1024 * 1024
"""Bytes that are asked of the system at once."""

Tell = Callable[[], int]
"""Says how many bytes of the file were read."""

LINES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")
DOCUMENTS = (".json", ".json.gz")


@dataclass(frozen=True, slots=True)
class Piece:
    """One JSON text and where it stood; `read` is how many bytes of its file are behind it, for the progress bar."""

    file: str
    line: int
    raw: bytes = field(repr=False)
    read: int = 0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place that gave no JSON text, and why."""

    file: str
    line: int
    reason: str


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Every file to load below `paths`, folders opened; raises FileNotFoundError for a path that is not there."""
    for path in paths:
        if path.is_dir():
            yield from (
                one for one in sorted(path.rglob("*")) if one.is_file() and one.name.endswith((*LINES, *DOCUMENTS))
            )
        elif path.is_file():
            yield path
        else:
            raise FileNotFoundError(f"there is no file or folder {path}")


def pieces(path: Path) -> Iterator[Piece | Unreadable]:
    """The pieces of one file; a file that breaks off yields what it held, then an Unreadable."""
    size = path.stat().st_size
    with path.open("rb", buffering=BUFFER) as raw:
        stream: BinaryIO = gzip.GzipFile(fileobj=raw) if path.name.endswith(".gz") else raw  # type: ignore[assignment]
        limit = max(size * RATIO, 1024 * 1024) if stream is not raw else None
        reader = lines if path.name.endswith(LINES) else document
        try:
            yield from reader(path.name, stream, raw.tell, limit)
        except (OSError, EOFError, zlib.error) as wrong:
            yield Unreadable(path.name, 0, f"the file breaks off: {type(wrong).__name__}")


def lines(name: str, stream: BinaryIO, tell: Tell, limit: int | None = None) -> Iterator[Piece | Unreadable]:
    """One piece a line; blank lines are skipped, CRLF is taken, a line above LINE is refused and skipped whole."""
    number = opened = 0
    while line := stream.readline(LINE + 1):
        number += 1
        opened += len(line)
        if limit is not None and opened > limit:
            yield Unreadable(name, number, f"the gzip opens to more than {RATIO} times its size; the rest is not read")
            return
        if len(line) > LINE:
            while not line.endswith(b"\n") and (line := stream.readline(LINE)):
                opened += len(line)
            yield Unreadable(name, number, f"the line is longer than {LINE} bytes")
        elif text := line.strip():
            yield Piece(name, number, text, opened if limit is None else tell())  # asking the system takes longer


def document(name: str, stream: BinaryIO, tell: Tell, limit: int | None = None) -> Iterator[Piece | Unreadable]:
    """The whole file as one piece."""
    most = DOCUMENT if limit is None else min(limit, DOCUMENT)
    raw = stream.read(most + 1)
    if len(raw) > most:
        yield Unreadable(name, 1, f"the file opens to more than {most} bytes")
    elif text := raw.strip():
        yield Piece(name, 1, text, tell())
