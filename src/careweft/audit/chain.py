"""The seal over the journal: a chain of hashes in which no row can change, vanish, appear or move unseen (AUD-09).

A link covers the rows of one tenant that appeared since the link before:
hash = SHA-256(hash of the link before, the rows' numbers, the rows' digests). The database makes it; this checks it.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta

from ..ports.journal import Entry
from ..values import dataclass

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MARK = 8
SLACK = timedelta(hours=1)
"""A row is written at most so long after the moment that it names."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as the journal holds it; `seq` numbers the rows of all tenants."""

    seq: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Link:
    """One link: the rows [low, high) that it covers, eight bytes of each row's digest, and the moment it was made.

    No row that it covers is older than `since`, when the sealer had run before.
    """

    tenant: int | None
    n: int
    seqs: tuple[tuple[int, int], ...]
    marks: bytes = field(repr=False)
    hash: bytes = field(repr=False)
    since: datetime
    at: datetime
    mac: bytes | None = field(repr=False)

    def numbers(self) -> list[int]:
        """The numbers of its rows, in order."""
        return [seq for low, high in self.seqs for seq in range(low, high)]


@dataclass(frozen=True, slots=True)
class Head:
    """Where a tenant's chain ends; kept elsewhere it is an anchor, which the chain has to contain ever after."""

    tenant: int | None
    n: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """`changed`, `deleted`, `inserted`, `reordered` at row `seq`, or `broken`, `forged`, `truncated` at link `link`."""

    kind: str
    link: int | None
    seq: int | None = None

    def __str__(self) -> str:
        where = f"link {self.link}" if self.seq is None else f"row {self.seq} (link {self.link or 'none'})"
        return f"{self.kind}: {where}"


def digest(entry: Entry) -> bytes:
    """What a row comes to; the same bytes as `audit_digest` in the database."""
    values = (
        str((entry.at - EPOCH) // timedelta(microseconds=1)),
        None if entry.tenant is None else str(entry.tenant),
        entry.action,
        entry.surface,
        str(entry.status),
        entry.request_id,
        entry.client,
        entry.user,
        entry.patient,
        entry.jti,
        entry.type,
        entry.id,
        None if entry.query is None else entry.query.hex(),
        _json(entry.patients),
        entry.address,
        entry.reason,
    )
    return hashlib.sha256(_json(values).encode()).digest()


def _json(values: Sequence[str | None]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def sign(key: bytes, head: Head) -> bytes:
    """The link's MAC, with a key that is not in the database: who has that alone cannot make a chain anew."""
    text = f"{head.tenant or 0} {head.n} ".encode() + head.hash
    return hmac.digest(key, text, "sha256")


def check(link: Link, before: bytes, rows: Mapping[int, Sequence[Recorded]], key: bytes | None) -> Iterator[Finding]:
    """What is wrong with one link, given the hash of the link before and the rows that now have its numbers."""
    numbers = link.numbers()
    marks = [link.marks[at : at + MARK] for at in range(0, len(link.marks), MARK)]
    digests: list[bytes] = []
    wrong: list[tuple[int, bytes, bytes]] = []
    for seq, mark in zip(numbers, marks, strict=False):
        found = rows.get(seq, ())
        if not found:
            yield Finding("deleted", link.n, seq)
            continue
        mine = digest(found[0].entry)
        digests.append(mine)
        if mine[:MARK] != mark:
            wrong.append((seq, mark, mine[:MARK]))
        if len(found) > 1:
            yield Finding("inserted", link.n, seq)
        if not link.since - SLACK <= found[0].entry.at <= link.at + SLACK:
            yield Finding("inserted", link.n, seq)  # backdated: nothing so old was still to come
    yield from _moved(link.n, wrong)
    made = hashlib.sha256(before + _text(link.seqs).encode() + b"".join(digests)).digest()
    if len(numbers) != len(marks) or (len(digests) == len(numbers) and not wrong and made != link.hash):
        yield Finding("broken", link.n)
    if key is not None and not hmac.compare_digest(link.mac or b"", sign(key, Head(link.tenant, link.n, link.hash))):
        yield Finding("forged", link.n)


def _moved(n: int, wrong: Sequence[tuple[int, bytes, bytes]]) -> Iterator[Finding]:
    """Rows whose digest is not the one noted: moved, if another row's place wants it, else changed."""
    wanted = {mark for _, mark, _ in wrong}
    for seq, _, mark in wrong:
        yield Finding("reordered" if mark in wanted else "changed", n, seq)


def _text(seqs: Sequence[tuple[int, int]]) -> str:
    """The rows' numbers as PostgreSQL writes a multirange."""
    return "{" + ",".join(f"[{low},{high})" for low, high in seqs) + "}"


def ends(last: Link | None, head: Head | None, anchor: Head | None, hash_at_anchor: bytes | None) -> Iterator[Finding]:
    """Whether the chain reaches as far as its head, and still holds what the anchor saw."""
    n = last.n if last else 0
    if head is not None and (head.n, head.hash) != (n, last.hash if last else b""):
        yield Finding("truncated", min(n, head.n) + 1)
    elif head is None and n:
        yield Finding("broken", n)
    if anchor is not None and hash_at_anchor != anchor.hash:
        yield Finding("truncated" if anchor.n > n else "forged", min(n + 1, anchor.n))
