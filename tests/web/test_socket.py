"""Over a real socket, with the server that we ship: paths and headers that only raw bytes can say."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from .twins import MAPLE, base

ROOT = Path(__file__).parent.parent.parent
READ = f"{base()}/Patient/ana"
FLAGS = ["--interface", "asginl", "--http", "1", "--no-ws", "--loop", "uvloop", "--workers", "1", "--factory"]


@dataclass(frozen=True)
class Server:
    """A server of its own process, and a bearer token that opens everything of Maple's."""

    port: int
    bearer: str

    @property
    def base(self) -> str:
        return f"http://localhost:{self.port}"

    def status(self, request: bytes) -> int:
        """The status of the first answer to these bytes; 0 where the connection is closed without one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as wire:
            wire.sendall(request)
            answer = wire.recv(65_536)
        return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0

    def get(self, target: bytes, *headers: bytes, host: bool = True) -> int:
        """GET of this request target, with the bearer token."""
        lines = [
            b"GET " + target + b" HTTP/1.1",
            *([f"Host: localhost:{self.port}".encode()] if host else []),
            b"Authorization: " + self.bearer.encode(),
            b"Connection: close",
            *headers,
            b"",
            b"",
        ]
        return self.status(b"\r\n".join(lines))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Granian with one worker over twins."""
    bearer = tmp_path_factory.mktemp("served") / "bearer"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {
        "CAREWEFT_TEST_BASE": f"http://localhost:{port}",
        "CAREWEFT_TEST_BEARER": str(bearer),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
    }
    line = [sys.executable, "-m", "granian", *FLAGS, "--port", str(port), "tests.web.served:application"]
    child = subprocess.Popen(
        line, cwd=ROOT, env={**os.environ, **told}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(400):
        try:
            httpx.get(f"http://localhost:{port}/healthz", trust_env=False)
            break
        except httpx.HTTPError:
            time.sleep(0.05)
    yield Server(port, bearer.read_text())
    child.terminate()
    child.wait(15)


A, B = MAPLE.id, "d6c40265-c5c6-494f-b1aa-a27bf9a8c3f1"
OWN = f"/provider/system-access/v2/{A}"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (f"{OWN}/Patient/ana", 200),
        (f"{OWN}/%50atient/%61na", 200),
        (f"/provider/system-access/v2/{B}/Patient/ana", 401),
        (f"/provider/system-access/v2/{A}/..;/{B}/Patient/ana", 404),
        (f"/provider/system-access/v2/{A}/../{B}/Patient/ana", 404),
        (f"/provider/system-access/v2/{A}/%2e%2e/{B}/Patient/ana", 400),
        (f"/provider/system-access/v2/{A}/%2E%2E%2F{B}/Patient/ana", 400),
        (f"/provider/system-access/v2/{A}/..%2f{B}/Patient/ana", 400),
        (f"/provider/system-access/v2/{A}/..%5c{B}/Patient/ana", 400),
        (f"/provider/system-access/v2/{A};tenant={B}/Patient/ana", 404),
        (f"/provider/system-access/v2/{A}%3btenant={B}/Patient/ana", 400),
        (f"/provider/system-access/v2/{A}%00/Patient/ana", 400),
        (f"/provider/system-access/v2/{A}%0d%0aHost:%20evil/Patient/ana", 400),
        (f"/provider/system-access/v2/{A.upper()}/Patient/ana", 404),
        (f"/provider/system-access/v2//{A}/Patient/ana", 404),
        (f"//provider/system-access/v2/{A}/Patient/ana", 404),
        (f"/provider/./system-access/v2/{A}/Patient/ana", 404),
        (f"/PROVIDER/system-access/v2/{A}/Patient/ana", 404),
        (f"{OWN}//Patient/ana", 404),
        (f"{OWN}/Patient//ana", 404),
        (f"{OWN}/Patient/ana/", 404),
        (f"{OWN}/Patient/ana%20", 400),
        (f"{OWN}/Patient/ana%2f..%2fp0", 400),
        (f"{OWN}/Patient/ana/../p0", 404),
        (f"{OWN}/Patient/ana%252e", 400),
        (f"{OWN}/Patient/%zz", 400),
        (f"{OWN}/Patient/%", 400),
        (f"{OWN}/Patient/ana;v=1", 404),
        (f"{OWN}/Patient/ana?a=1", 400),
        (f"{OWN}/Patient/%C0%AE%C0%AE", 400),
        (f"{OWN}/Patient/%EF%BC%8E", 400),
        (f"{OWN}/Patient/{'a' * 9000}", 414),
        (f"{OWN}/Patient?name={'a' * 9000}", 414),
        (f"{OWN}/patient/ana", 404),
        (f"{OWN}/Patient/ana#fragment", 400),
        (f"http://evil.example{OWN}/Patient/ana", 200),
        ("/", 404),
    ],
)
def test_paths_are_what_they_say(server, target, status):
    """AUTHZ-05; each row: a request target, byte for byte, and its status. A fragment is refused or cut off."""
    found = server.get(target.encode("latin-1"))
    assert found == status or (b"#" in target.encode() and found in (200, 400))


@pytest.mark.parametrize("target", [b"*", b"\xc3\xa9", b"/\xc3\xa9", b"/a b", b"/\x00", b"/\x7f", b"relative", b""])
def test_targets_that_are_no_paths_are_refused(server, target):
    assert server.get(target) in (0, 400, 404, 421)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"Host: evil.example", 421),
        (b"Host: localhost:1", 421),
        (b"Host:", 400),
        (b"Host: a b", 421),
        (b"X-Forwarded-Host: localhost", 400),
        (b"X-Original-Host: localhost", 400),
    ],
)
def test_hosts(server, host, status):
    assert server.get(READ.encode(), host, host=False) in (status, 400)


def test_two_hosts(server):
    own = f"Host: localhost:{server.port}".encode()
    for pair in ([own, b"Host: evil.example"], [b"Host: evil.example", own], [own, own]):
        assert server.get(READ.encode(), *pair, host=False) in (400, 421)


@pytest.mark.parametrize(
    "request_",
    [
        b"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
        b"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nname=ana",
        b"POST {path} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET {path} HTTP/1.1\r\nHost: {host}\r\nX-A: 1\r\n folded\r\n\r\n",
        b"GET {path} HTTP/1.1\r\nHost : {host}\r\n\r\n",
        b"GET {path} HTTP/1.1\r\nHost: {host}\r\nX A: 1\r\n\r\n",
        b"GET {path} HTTP/9.9\r\nHost: {host}\r\n\r\n",
        b"GET  {path} HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_ambiguous_requests_show_nothing(server, request_):
    """PARSE-07: what two servers could read in two ways is answered without records, or not at all."""
    host = f"localhost:{server.port}".encode()
    try:
        found = server.status(request_.replace(b"{path}", READ.encode()).replace(b"{host}", host))
    except TimeoutError:
        found = 0
    assert found in (0, 400, 401, 405, 501, 505)


def test_many_headers(server):
    assert server.get(READ.encode(), *(b"X-%d: 1" % n for n in range(150))) in (400, 431)
    assert server.get(READ.encode(), b"X-Long: " + b"x" * 17_000) in (400, 431)


def test_head_over_a_socket(server):
    """Length as GET, no body, and the connection lives on."""
    with httpx.Client(
        base_url=server.base, headers={"authorization": server.bearer, "accept-encoding": "identity"}, trust_env=False
    ) as client:
        head, get = client.head(READ), client.get(READ)

    assert (head.status_code, head.headers["content-length"]) == (200, str(len(get.content)))
    assert not any(one.isdigit() for one in get.headers["server"]), "no version of the server is told (WEB-12)"
    assert len(get.headers.get_list("content-length")) == 1


def test_a_whole_walk_over_a_socket(server):
    """Discovery, a token, a search by POST, its pages, a conditional read."""
    with httpx.Client(base_url=server.base, trust_env=False) as client:
        smart = client.get(f"{OWN}/.well-known/smart-configuration").json()
        answer = client.post(
            smart["token_endpoint"],
            data={"grant_type": "client_credentials", "scope": "system/*.rs"},
            auth=("nightly", "a-secret-of-the-nightly-job-0123456789"),
        )
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        bundle, seen = client.post(f"{OWN}/Patient/_search", data={"_count": "1"}).json(), 0
        while bundle:
            seen += len(bundle["entry"])
            links = {one["relation"]: one["url"] for one in bundle["link"]}
            bundle = client.get(links["next"]).json() if "next" in links else None
        read = client.get(READ)
        again = client.get(READ, headers={"if-none-match": read.headers["etag"]})

    assert (seen, read.status_code, again.status_code, again.content) == (4, 200, 304, b"")
