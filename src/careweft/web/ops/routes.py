"""The rows for the one who runs the machine."""

from collections.abc import Iterator

from ..route import Ops, Route
from ..site import Site
from ..telemetry import Telemetry
from . import health, metrics


def rows(site: Site, telemetry: Telemetry) -> Iterator[Route]:
    """Alive, ready, counts."""
    yield Route(("GET",), "/healthz", Ops(), health.alive, "healthz", "")
    yield Route(("GET",), "/readyz", Ops(), health.ready(site), "readyz", "")
    yield Route(("GET",), "/metrics", Ops(local=True), metrics.handler(telemetry, site.queues), "metrics", "")
