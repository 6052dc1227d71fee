"""`POST /intake/v1/{tenant}`: NDJSON lines, a Bundle or a resource; the answer says what became of each line.

What is committed is visible at once. A body that is not through when the time is up is answered with the line to go on
from: send the same body again with `?from=` that line. Sent again whole, nothing is doubled.
"""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from ...access.decide import Denied, decide
from ...fhir.outcomes import BadValue, UnsupportedMedia
from ...intake.entries import Entry as Incoming
from ...intake.load import Intake, concerned
from ...intake.pieces import Piece, Unreadable, document, lines
from ...ports.feed import Arrival
from ...ports.journal import Entry
from ...surfaces import INTAKE, OFFERED
from .. import forms, limits, replies
from ..exchange import Reply, Request
from ..route import Handler
from ..site import Site

LARGEST = 64 * 1024 * 1024
"""Bytes of a body, once inflated; more is sent in several requests."""
ENOUGH = 20.0
"""Seconds after which no further line is taken."""
READERS: dict[bytes, Callable[..., Iterator[Piece | Unreadable]]] = {
    b"application/fhir+ndjson": lines,
    b"application/ndjson": lines,
    b"application/x-ndjson": lines,
    b"application/fhir+json": document,
    b"application/json": document,
}


def handler(site: Site) -> Handler:
    """The handler of the intake."""

    async def take(request: Request) -> Reply:
        kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind not in READERS:
            raise UnsupportedMedia("The intake takes application/fhir+ndjson and application/fhir+json.")
        first = start(request.query)
        body = await limits.body(request, LARGEST)
        ledger = Ledger(request, site.clock)
        intake = Intake(
            await site.feed(request.known_tenant),
            request.known_tenant.id,
            OFFERED,
            may=partial(may, request),
            entry=ledger.entry,
            held=site.held,
        )
        left = await fed(intake, READERS[kind]("body", io.BytesIO(body), lambda: 0), first)
        return replies.as_json(200, told(intake, left))._replace(recorded=ledger.written)

    return take


async def fed(intake: Intake, found: Iterator[Piece | Unreadable], first: int) -> int | None:
    """Take the pieces from line `first` on; the line to go on from, or None when all were taken."""
    until = time.monotonic() + ENOUGH
    left = None
    for piece in found:
        if piece.line < first:
            continue
        if time.monotonic() > until:
            left = piece.line
            break
        await intake.add(piece)
    await intake.finish()
    return left


def start(query: bytes) -> int:
    """`?from=`: the number of the first line to take, 1 where it is not said."""
    given = forms.pairs(query)
    if not given:
        return 1
    if len(given) > 1 or given[0][0] != "from" or not given[0][1].isdecimal() or len(given[0][1]) > 9:
        raise BadValue("The intake knows one parameter: from, the number of the first line to take.")
    return int(given[0][1])


def may(request: Request, incoming: Incoming) -> str | None:
    """Why this entry is not the caller's to bring, or None: a record wants create and update, a deletion delete."""
    wanted = ("delete",) if incoming.resource is None else ("create", "update")
    for interaction in wanted:
        answer = decide(request.known_caller, INTAKE, incoming.type, interaction)
        if isinstance(answer, Denied):
            return f"insufficient scope: {answer.because}"
    return None


def told(intake: Intake, left: int | None) -> dict[str, Any]:
    """The report of one request."""
    report = intake.report.as_json()
    for refusal in report["refusals"]:
        del refusal["file"]
    for kind in report.get("validation", {}).get("kinds", ()):
        kind["first"] = [where.rpartition(":")[2] for where in kind["first"]]
    return {"complete": left is None, "next_line": left, **report}


class Ledger:
    """The audit entries of one request: one for each batch, written in the batch's own transaction."""

    def __init__(self, request: Request, clock: Callable[[], datetime]) -> None:
        self.written = False
        self._request, self._clock = request, clock

    def entry(self, arrivals: Sequence[Arrival]) -> Entry:
        """Who brought what about whom."""
        request, caller = self._request, self._request.known_caller
        self.written = True
        return Entry(
            at=self._clock(),
            tenant=request.known_tenant.number,
            action="intake",
            surface=INTAKE.id,
            status=200,
            request_id=request.id,
            client=caller.client,
            jti=caller.jti,
            patients=concerned(arrivals),
            address=request.peer,
        )
