"""`/metrics`: counts of this process in Prometheus's text format, over the loopback unless told otherwise."""

from ..exchange import Reply, Request
from ..route import Handler
from ..telemetry import Telemetry


def handler(telemetry: Telemetry) -> Handler:
    """The handler of `GET /metrics`."""

    async def metrics(_: Request) -> Reply:
        text = "\n".join([*telemetry.exposition(), ""])
        return Reply(200, [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")], text.encode())

    return metrics
