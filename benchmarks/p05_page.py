"""P5: page 100 of a tenant-wide sorted search, against page 1 of the same search; the whole path, over HTTP."""

import http.client
import json
import time
from urllib.parse import urlsplit

from . import rig
from .home import Home, home

ASKED = 200
SEARCH = "Observation?_sort=-date&_count=20"
PAGE = 100


def measure() -> rig.Figure:
    """Milliseconds of each, asked for in turn, so that the neighbours' noise falls on both."""
    with home() as one:
        first = f"{one.base}/{SEARCH}"
        connection = http.client.HTTPConnection(urlsplit(one.url).netloc, timeout=30)
        far = first
        for _ in range(PAGE - 1):
            far = following(connection, one, far)
        took: dict[str, list[float]] = {first: [], far: []}
        for _ in range(ASKED):
            for url, times in took.items():
                begun = time.perf_counter()
                ask(connection, one, url)
                times.append(1e3 * (time.perf_counter() - begun))
        near, deep = (rig.middle(took[url]) for url in (first, far))
    return rig.Figure(
        "P5", f"page {PAGE} of a tenant-wide sorted search", deep / near, 1.5, False, "page 1",
        details=(f"{deep:.2f} ms and {near:.2f} ms, {SEARCH}",),
    )  # fmt: skip


def ask(connection: http.client.HTTPConnection, one: Home, url: str) -> bytes:
    """The answer to one request over the same connection."""
    connection.request("GET", url.removeprefix(one.url), headers=one.bearer)
    came = connection.getresponse()
    body = came.read()
    if came.status != 200:
        raise RuntimeError(f"{url} was answered {came.status}")
    return body


def following(connection: http.client.HTTPConnection, one: Home, url: str) -> str:
    """The link to the next page."""
    links = json.loads(ask(connection, one, url))["link"]
    return str(next(link["url"] for link in links if link["relation"] == "next"))
