"""Bundles as joined bytes, resources in them never being parsed: https://hl7.org/fhir/R4/bundle.html

Ids and types are safe as they are, since nothing is stored under others; links are written as JSON strings.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from .instants import in_utc

Past = tuple[str, str, int, datetime, bytes | None]
"""Type, id, version, when it was made, and final JSON, None where that version is a deletion."""

LEAD = b'{"fullUrl":'
MODES = {mode: b',"search":{"mode":"%b"}}' % mode.encode() for mode in ("match", "include", "outcome")}


def entry(type_: str, id_: str, body: bytes) -> bytes:
    """One entry, from behind its base URL to the end of its resource.

    >>> entry("Slot", "7", b"{}")
    b'Slot/7","resource":{}'
    """
    return f'{type_}/{id_}","resource":'.encode() + body


def searchset(
    base: str,
    links: Mapping[str, str],
    matches: Sequence[bytes],
    *,
    included: Sequence[bytes] = (),
    outcomes: Iterable[Mapping[str, Any]] = (),
    total: int | None = None,
) -> bytes:
    """The answer to a search. Entries as `entry` makes them; `links` by relation (`self`, `next`); outcomes come last.

    >>> page = searchset("https://f", {"self": "https://f/Slot"}, [entry("Slot", "7", b'{"resourceType":"Slot"}')])
    >>> page[:82]
    b'{"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"http'
    >>> page[82:]
    b's://f/Slot"}],"entry":[{"fullUrl":"https://f/Slot/7","resource":{"resourceType":"Slot"},"search":{"mode":"match"}}]}'
    """
    begun, after = head("searchset", links, total), b""
    last = b"".join(b',{"resource":' + written(one) + MODES["outcome"] for one in outcomes)
    if not matches and not included:
        return begun + (b',"entry":[' + last[1:] + b"]}" if last else b"}")
    before = begun + b',"entry":['
    if matches:
        before = joined(base, matches, "match", before, b"" if included else last + b"]}")
        after = b","
    return joined(base, included, "include", before + after, last + b"]}") if included else before


def joined(base: str, entries: Sequence[bytes], mode: str, before: bytes, after: bytes) -> bytes:
    """These entries with their mode, between what stands before and after them: their bytes are copied once."""
    lead, end = LEAD + written(f"{base}/")[:-1], MODES[mode]
    pieces = list(entries)
    pieces[0] = b"".join((before, lead, pieces[0]))
    pieces[-1] = b"".join((pieces[-1], end, after))
    return b"".join((end, b",", lead)).join(pieces)


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
    begun = head(type_, links, total)
    if not entries:
        return begun + b"}"
    entries[0] = entries[0][1:]
    return b"".join([begun, b',"entry":[', *entries, b"]}"])


def head(type_: str, links: Mapping[str, str], total: int | None) -> bytes:
    """All that stands before the entries."""
    said = b"" if total is None else b',"total":%d' % total
    told = written([{"relation": relation, "url": url} for relation, url in links.items()])
    return b'{"resourceType":"Bundle","type":"%b"%b,"link":%b' % (type_.encode(), said, told)


def instant(at: datetime) -> str:
    """A moment as FHIR writes it.

    >>> instant(datetime.fromisoformat("2024-05-17T08:00+00:00"))
    '2024-05-17T08:00:00.000000Z'
    """
    return f"{in_utc(at)}Z"


def written(value: Any) -> bytes:
    """A value of ours as JSON."""
    return orjson.dumps(value)
