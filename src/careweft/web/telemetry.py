"""Counts for the one who runs the machine, and the log of what went wrong: no tenant, person or clinical content."""

import logging
import traceback
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

LOG = logging.getLogger("careweft.web")
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Telemetry:
    """Requests by route name and status, and how long they took, of this process."""

    __slots__ = ("_series",)

    def __init__(self) -> None:
        self._series: dict[tuple[str, int], list[float]] = {}

    def count(self, name: str, status: int, seconds: float) -> None:
        """One request is done."""
        series = self._series.get((name, status))
        if series is None:  # the sum of seconds, then a count for each bound and one beyond
            series = self._series[name, status] = [0.0] * (len(BOUNDS) + 2)
        series[0] += seconds
        series[bisect_left(BOUNDS, seconds) + 1] += 1

    def exposition(self) -> Iterator[str]:
        """Lines in Prometheus's text format: https://prometheus.io/docs/instrumenting/exposition_formats/"""
        yield "# HELP careweft_requests_total Requests by route and HTTP status."
        yield "# TYPE careweft_requests_total counter"
        for (name, status), series in sorted(self._series.items()):
            yield f'careweft_requests_total{{route="{name}",status="{status}"}} {sum(series[1:]):.0f}'
        yield "# HELP careweft_request_seconds Time from the request's header to the end of its reply."
        yield "# TYPE careweft_request_seconds histogram"
        for name in sorted({name for name, _ in self._series}):
            yield from self._histogram(name)

    def _histogram(self, name: str) -> Iterator[str]:
        every = [series for (of, _), series in self._series.items() if of == name]
        seconds, *spread = (sum(column) for column in zip(*every, strict=True))
        for bound, below in zip([*BOUNDS, "+Inf"], accumulate(spread), strict=True):
            yield f'careweft_request_seconds_bucket{{route="{name}",le="{bound}"}} {below:.0f}'
        yield f'careweft_request_seconds_sum{{route="{name}"}} {seconds:.6f}'
        yield f'careweft_request_seconds_count{{route="{name}"}} {sum(spread):.0f}'


def faulted(error: BaseException, request_id: str, where: str) -> None:
    """Log an unexpected error by its type and place. Its message is left out: it may quote what a record says."""
    frames = " < ".join(
        f"{frame.name} {frame.filename.rpartition('careweft/')[2]}:{frame.lineno}"
        for frame in reversed(traceback.extract_tb(error.__traceback__)[-6:])
    )
    LOG.error("request %s, %s: %s at %s", request_id, where, type(error).__name__, frames)
