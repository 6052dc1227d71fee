"""What lies outside this installation: an application's own server. People come back to it, its keys lie there."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = b"<!doctype html><html lang=en><title>back</title><h1>Back</h1>"


@dataclass
class Outside:
    """Where it is, and the key sets that it publishes, by name."""

    port: int = 0
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def back(self) -> str:
        """Its redirect URI."""
        return f"{self.origin}/back"

    def key_set(self, name: str) -> str:
        """Where it publishes this set."""
        return f"{self.origin}/keys/{name}"


class Answers(BaseHTTPRequestHandler):
    """`/keys/NAME`, and a page for everything else."""

    def __init__(self, outside: Outside, *more: Any) -> None:
        self.outside = outside
        super().__init__(*more)

    def do_GET(self) -> None:
        """A key set or the page."""
        _, _, name = self.path.partition("/keys/")
        found = self.outside.keys.get(name)
        self.send_response(404 if name and found is None else 200)
        self.send_header("Content-Type", "application/json" if name else "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(json.dumps(found).encode() if name else PAGE)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def outside() -> Iterator[Outside]:
    """An application's server on a free port of the loopback."""
    made = Outside()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Answers, made)) as server:
        made.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()
