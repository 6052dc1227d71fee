"""Bundles as joined bytes, resources in them never being parsed: https://hl7.org/fhir/R4/bundle.html

Ids and types are safe as they are, since nothing is stored under others; links are written as JSON strings.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

Entry = tuple[str, str, bytes]
"""Type, id and final JSON of a resource."""

Past = tuple[str, str, int, datetime, bytes | None]
"""Type, id, version, when it was made, and final JSON, None where that version is a deletion."""


def searchset(
    base: str,
    links: Mapping[str, str],
    matches: Iterable[Entry],
    *,
    included: Iterable[Entry] = (),
    outcomes: Iterable[Mapping[str, Any]] = (),
    total: int | None = None,
) -> bytes:
    """The answer to a search. `links` by relation (`self`, `next`); `total` only when it was counted; outcomes last.

    >>> page = searchset("https://f", {"self": "https://f/Slot"}, [("Slot", "7", b'{"resourceType":"Slot"}')])
    >>> page[:82]
    b'{"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"http'
    >>> page[82:]
    b's://f/Slot"}],"entry":[{"fullUrl":"https://f/Slot/7","resource":{"resourceType":"Slot"},"search":{"mode":"match"}}]}'
    """
    entries = found(base, matches, "match") + found(base, included, "include")
    for outcome in outcomes:
        entries += (b',{"resource":' + written(outcome), MODES["outcome"])
    return bundle("searchset", links, entries, total)


def found(base: str, entries: Iterable[Entry], mode: str) -> list[bytes]:
    """The pieces of entries, each with a comma before it; an entry's end and the next one's start are one piece."""
    known = list(entries)
    if not known:
        return []
    start, end = ',{"fullUrl":' + written(base).decode()[:-1], MODES[mode]
    between = end.decode() + start
    pieces = [end] * (2 * len(known) + 1)
    pieces[0:-1:2] = [f'{between}/{type_}/{id_}","resource":'.encode() for type_, id_, _ in known]
    pieces[1::2] = [body for _, _, body in known]
    pieces[0] = pieces[0][len(end) :]
    return pieces


MODES = {mode: b',"search":{"mode":"%b"}}' % mode.encode() for mode in ("match", "include", "outcome")}


def history(base: str, links: Mapping[str, str], versions: Iterable[Past], total: int | None = None) -> bytes:
    """The versions of one resource or more, newest first: https://hl7.org/fhir/R4/http.html#history"""
    return bundle("history", links, [piece for version in versions for piece in past(base, version)], total)


def past(base: str, version: Past) -> tuple[bytes, ...]:
    """One version, with the request that made it and how it was answered."""
    type_, id_, number, at, body = version
    method, status = ("DELETE", "204") if body is None else ("PUT", "201" if number == 1 else "200")
    answer = {"status": status, "etag": f'W/"{number}"', "lastModified": instant(at)}
    return (
        b',{"fullUrl":' + written(f"{base}/{type_}/{id_}"),
        b"" if body is None else b',"resource":' + body,
        b',"request":' + written({"method": method, "url": f"{type_}/{id_}"}),
        b',"response":' + written(answer) + b"}",
    )


def bundle(type_: str, links: Mapping[str, str], entries: list[bytes], total: int | None) -> bytes:
    """A Bundle around these pieces; FHIR knows no empty arrays, so nothing found has no `entry`."""
    head = b'{"resourceType":"Bundle","type":' + written(type_)
    if total is not None:
        head += b',"total":%d' % total
    head += b',"link":' + written([{"relation": relation, "url": url} for relation, url in links.items()])
    if not entries:
        return head + b"}"
    entries[0] = entries[0][1:]
    return b"".join([head, b',"entry":[', *entries, b"]}"])


def instant(at: datetime) -> str:
    """A moment as FHIR writes it.

    >>> instant(datetime(2024, 5, 17, 8, 0, tzinfo=UTC))
    '2024-05-17T08:00:00.000000Z'
    """
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def written(value: Any) -> bytes:
    """A value of ours as JSON."""
    return orjson.dumps(value)
