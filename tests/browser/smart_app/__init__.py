"""A SMART application of a few lines over the fhirclient library, on an origin of its own, as many times as it is
registered.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests import world

HERE = Path(__file__).parent
LIBRARY = "build/fhir-client.min.js"
TYPES = {"html": "text/html", "js": "text/javascript"}


@dataclass
class Site:
    """Where it is served; `settings` are what the library is told, by the name of the registration."""

    port: int
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, name: str, page: str) -> str:
        return f"{self.origin}/{name}/{page}"


class Pages(BaseHTTPRequestHandler):
    """`/NAME/launch.html`, `/NAME/index.html`, `/NAME/settings.js`, and the library."""

    def __init__(self, site: Site, *more: Any) -> None:
        self.site = site
        super().__init__(*more)

    def do_GET(self) -> None:
        """One of the four files."""
        _, *folder, file = self.path.partition("?")[0].split("/")
        if file == "settings.js":
            text = f"const settings = {json.dumps(self.site.settings[folder[0]])};"
        elif file == "fhir-client.js":
            text = (world.node("fhirclient")[1] / "node_modules" / "fhirclient" / LIBRARY).read_text()
        else:
            text = (HERE / file).read_text() if file in ("launch.html", "index.html") else ""
        self.send_response(200 if text else 404)
        self.send_header("Content-Type", f"{TYPES.get(file.rpartition('.')[2], 'text/plain')}; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def served() -> Iterator[Site]:
    """The application on a free port of the loopback."""
    site = Site(0)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, site)) as server:
        site.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield site
        server.shutdown()
