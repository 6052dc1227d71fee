"""`careweft export` and `careweft load URL`: another server's records, whole, checked, resumed."""

import asyncio
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from careweft.adapters import bulk
from careweft.adapters.bulk import BulkClient, ExportError, Login, Wanted

LINES = b"".join(b'{"resourceType":"Patient","id":"p%d"}\n' % n for n in range(5000))
WHOLE = gzip.compress(LINES, mtime=0)


class Server(BaseHTTPRequestHandler):
    """A Bulk Data server that breaks every download off, throttles, and forgets its tokens."""

    protocol_version = "HTTP/1.1"
    cut = 1500
    seen: list[str]

    def log_message(self, *_):
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.answer(200, json.dumps({"access_token": "t", "expires_in": 300}).encode())

    def do_DELETE(self):
        self.seen.append("DELETE")
        self.answer(202)

    def do_GET(self):
        here = f"http://127.0.0.1:{self.server.server_port}"
        self.seen.append(self.path)
        if self.path.endswith("smart-configuration"):
            self.answer(200, json.dumps({"token_endpoint": f"{here}/token"}).encode())
        elif "$export" in self.path:
            assert self.headers["prefer"] == "respond-async"
            self.answer(202, content_location=f"{here}/status")
        elif self.path == "/status":
            polls = self.seen.count("/status")
            if polls < 3:
                headers = {"retry_after": "0", "x_progress": "Running (40% complete)"}
                self.answer(429 if polls == 1 else 202, **headers)
                return
            items = [{"type": "Patient", "url": f"{here}/file", "count": 5000}]
            told = {
                "requiresAccessToken": True,
                "output": items,
                "error": [],
                "transactionTime": "2026-05-17T00:00:00Z",
            }
            self.answer(200, json.dumps(told).encode(), content_type="application/json")
        else:
            self.file()

    def file(self) -> None:
        assert self.headers["authorization"] == "Bearer t"
        start = int((self.headers["range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else 200)
        for name, value in (
            ("content-length", str(len(WHOLE) - start)),
            ("etag", '"one"'),
            ("content-encoding", "gzip"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(WHOLE[start : start + self.cut])
        self.close_connection = True


@pytest.fixture
def server():
    """Its base URL, and what it was asked."""
    handler = type("Handler", (Server,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}", handler
        served.shutdown()


def client(base: str, folder: Path, **more) -> BulkClient:
    return BulkClient(Wanted(base, **more), Login("id", secret="s"), folder)


def test_a_download_goes_on_where_it_broke_off(server, tmp_path):
    """Polls as it is told, resumes by Range and If-Range, checks, deletes at the end."""
    base, handler = server
    handler.cut = len(WHOLE) // 4 + 1
    (path,) = asyncio.run(client(base, tmp_path / "out").run())

    assert gzip.decompress(path.read_bytes()) == LINES
    assert path.name == "Patient.0001.ndjson.gz"
    assert 4 <= handler.seen.count("/file") < 8
    assert handler.seen[-1] == "DELETE"
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


def test_an_export_goes_on_after_its_client_was_killed(server, tmp_path, monkeypatch):
    """The second run asks for no new export and fetches no file that is here."""
    base, handler = server
    monkeypatch.setattr(bulk, "TRIES", 1)
    handler.cut = len(WHOLE) // 2 + 1
    with pytest.raises(ExportError):
        asyncio.run(client(base, tmp_path).run())
    monkeypatch.setattr(bulk, "TRIES", 8)
    (path,) = asyncio.run(client(base, tmp_path).run())
    assert gzip.decompress(path.read_bytes()) == LINES
    assert sum("$export" in one for one in handler.seen) == 1
    fetched = handler.seen.count("/file")
    assert asyncio.run(client(base, tmp_path).run()) == [path]
    assert handler.seen.count("/file") == fetched < 5


def test_a_folder_holds_one_export(server, tmp_path):
    base, handler = server
    handler.cut = len(WHOLE)
    asyncio.run(client(base, tmp_path).run())
    with pytest.raises(ExportError, match="another export"):
        asyncio.run(client(base, tmp_path, below="Patient/").run())


def test_what_is_not_what_the_manifest_says_is_not_taken(server, tmp_path, monkeypatch):
    """Fewer lines than `count`: fetched again, then given up."""
    base, handler = server
    handler.cut = len(WHOLE)
    monkeypatch.setattr("tests.cli.test_export.WHOLE", gzip.compress(LINES[:-30].rpartition(b"\n")[0] + b"\n"))
    monkeypatch.setattr(bulk, "TRIES", 2)
    with pytest.raises(ExportError, match="could not be fetched whole"):
        asyncio.run(client(base, tmp_path).run())
    assert not list(tmp_path.glob("*.ndjson.gz"))
