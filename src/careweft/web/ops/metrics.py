"""`/metrics`: counts of this process, and the queues of all, in Prometheus's text format; over the loopback unless told
otherwise.

The queues are looked at when they are asked for, so that what is told is never old: where the database does not answer,
they are left out. One that stands still is a line in the log too, once (JOB-03).
"""

import logging
from collections.abc import Callable, Iterator, Sequence

from ...fhir.outcomes import FhirRefusal
from ...ports.queues import Queue, Queues
from ..exchange import Reply, Request
from ..route import Handler
from ..telemetry import Telemetry

LOG = logging.getLogger("careweft.web")
GAUGES: Sequence[tuple[str, str, Callable[[Queue], float]]] = (
    ("waiting", "Pieces of work that wait for a job process.", lambda one: one.waiting),
    ("oldest_seconds", "For how long the oldest of them was not touched.", lambda one: one.oldest),
    ("working", "Pieces that a job process has in its hands.", lambda one: one.working),
    ("stalled", "1 where work has waited for ten minutes and nobody is at any.", lambda one: one.stalled),
)


def handler(telemetry: Telemetry, queues: Queues) -> Handler:
    """The handler of `GET /metrics`."""
    told: set[str] = set()

    async def metrics(_: Request) -> Reply:
        try:
            found = await queues.look()
        except (OSError, TimeoutError, FhirRefusal):
            found = ()
        _warned(found, told)
        text = "\n".join([*telemetry.exposition(), *exposition(found), ""])
        return Reply(200, [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")], text.encode())

    return metrics


def exposition(queues: Sequence[Queue]) -> Iterator[str]:
    """Lines about each queue; none where none is known."""
    for name, what, value in GAUGES if queues else ():
        yield f"# HELP careweft_queue_{name} {what}"
        yield f"# TYPE careweft_queue_{name} gauge"
        for one in queues:
            yield f'careweft_queue_{name}{{queue="{one.name}"}} {float(value(one)):g}'


def _warned(queues: Sequence[Queue], told: set[str]) -> None:
    for one in queues:
        if one.stalled and one.name not in told:
            LOG.warning("the queue of %s stands still: nobody was at it for %d seconds", one.name, one.oldest)
        (told.add if one.stalled else told.discard)(one.name)
