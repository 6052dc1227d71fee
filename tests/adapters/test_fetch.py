"""Fetching from strangers, against servers that are no friends: real sockets, real TLS."""

import asyncio
import gzip
import json
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from careweft.adapters.addresses import public, resolve
from careweft.adapters.fetch import Fetcher, FetchError
from tests.adapters.hostile import reply, serving

SET = {"keys": [{"kid": "a", "kty": "EC"}]}
BODY = json.dumps(SET).encode()


def fetcher(server, **options):
    return Fetcher(allow=frozenset({server.target}), **options)


async def test_a_key_set_is_fetched():
    """And what we ask with says nothing about us but our name."""
    async with serving(reply(BODY, "Cache-Control: max-age=60", "Age: 7")) as server:
        document = await fetcher(server).get(server.url + "?a=%20b")

        assert document.value == SET
        assert (document.cache_control, document.age) == ("max-age=60", 7)
        head = server.requests[0].decode().lower()
        assert head.startswith("get /jwks.json?a=%20b http/1.1\r\n")
        assert f"host: {server.target}\r\n" in head
        assert "accept-encoding: identity" in head
        assert "cookie" not in head
        assert "authorization" not in head


async def endless(_head, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{")
    while True:
        writer.write(b" " * 65536)
        await writer.drain()


async def endless_head(_head, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 8000 + b"\r\n")
        await writer.drain()


async def drip(_head, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def drip_head(_head, writer):
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def silence(_head, _writer):
    await asyncio.sleep(60)


async def no_http(_head, writer):
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")


async def half(_head, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n" + BODY)


BOMB = gzip.compress(b" " * 100_000_000)
MANY = json.dumps({"keys": [{"kid": str(n)} for n in range(100_000)]}).encode()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply(BOMB, "Content-Encoding: gzip"), "came compressed"),
        (reply(BOMB, "Content-Encoding: br, gzip"), "came compressed"),
        (reply(BOMB), "larger than 65536"),
        (reply(MANY), "larger than 65536"),
        (reply(b'{"keys": [], "x": "' + b"x" * 65536 + b'"}'), "larger than 65536"),
        (endless, "larger than 65536"),
        (endless_head, "could not be fetched"),
        (drip, "within 0.7 s"),
        (drip_head, "within 0.7 s"),
        (silence, "within 0.7 s"),
        (no_http, "could not be fetched"),
        (half, "could not be fetched"),
        (reply(b"", "Location: https://evil.example/", status="302 Found"), "answered 302"),
        (reply(b"", "Location: /jwks.json", status="308 Permanent Redirect"), "answered 308"),
        (reply(BODY, status="404 Not Found"), "answered 404"),
        (reply(BODY, status="206 Partial Content"), "answered 206"),
        (reply(b"", status="500 No"), "answered 500"),
        (reply(b""), "not JSON"),
        (reply(b"<html>"), "not JSON"),
        (reply(b"\xff\xfe"), "not JSON"),
        (reply(b'{"keys": [], "keys": []}'), "says a name twice"),
        (reply(b'{"keys": NaN}'), "not JSON"),
        (reply(b"[" * 60_000), "not JSON"),
        (reply(b'{"keys": ' + b"9" * 60_000 + b"}"), "not JSON"),
        (reply(b"[]"), "not a JSON object"),
        (reply(b"null"), "not a JSON object"),
    ],
)
async def test_a_hostile_server_gets_nowhere(answer, said):
    """PARSE-05: each is told in time, asked once, and nothing of what it sent is repeated."""
    async with serving(answer) as server:
        begun = time.monotonic()
        with pytest.raises(FetchError, match=said):
            await fetcher(server, deadline=0.7).get(server.url)

        assert time.monotonic() - begun < 3
        assert len(server.requests) == 1


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"])
async def test_no_proxy_of_the_environment_is_used(monkeypatch, variable):
    """Another server stands where the environment says that a proxy is: nobody asks it."""
    async with serving(reply(BODY)) as server, serving(reply(b"{}")) as proxy:
        monkeypatch.setenv(variable, f"http://{proxy.target}")

        assert (await fetcher(server).get(server.url)).value == SET
        assert proxy.requests == []


async def test_nobody_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        target = f"localhost:{taken.getsockname()[1]}"
        with pytest.raises(FetchError, match="ConnectError"):
            await Fetcher(allow=frozenset({target})).get(f"http://{target}/")


FORBIDDEN = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3",
    "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1",
    "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.1.1", "192.175.48.1", "198.18.0.1", "198.19.255.255",
    "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2620:4f:8000::1", "3fff::1", "5f00::1",
    "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "4000::1", "localhost",
    "2130706433", "0x7f000001", "017700000001", "127.1", "",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "100.128.0.1",
    "172.32.0.1",
    "192.169.0.1",
    "9.255.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
]


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_no_special_address_is_connected_to(address):
    """WEB-03: whatever the name's answer is, alone or beside a public one, nothing is sent."""
    asked = []

    async def answers(host, port):
        asked.append((host, port))
        return ["8.8.8.8", address]

    assert not public(address)
    with pytest.raises(FetchError, match="not on the public Internet"):
        await Fetcher(resolve=answers).get("https://keys.example.org/a")
    assert asked == [("keys.example.org", 443)]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address):
    assert public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1/", "https://localhost/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://0x7f.1/",
        "https://keys.example.org:8443/", "http://keys.example.org/", "file:///etc/passwd", "ftp://keys.example.org/",
        "https://user@keys.example.org/", "https://keys.example.org/#x", "https://keys.example.org\\@evil.example/", "",
        "https://keys.example.org/\r\nX: y",
    ],
)  # fmt: skip
async def test_no_name_is_looked_up_for_a_forbidden_url(url):
    """What could not have been registered is not fetched either."""

    async def answers(_host, _port):
        raise AssertionError("nobody should have asked")

    with pytest.raises(FetchError):
        await Fetcher(resolve=answers).get(url)


async def test_a_name_that_nobody_knows():
    async def answers(_host, _port):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(FetchError, match="host name is not known"):
        await Fetcher(resolve=answers).get("https://keys.example.org/a")


async def test_a_slow_resolver_counts_too():
    async def answers(_host, _port):
        await asyncio.sleep(60)

    with pytest.raises(FetchError, match=r"within 0\.2 s"):
        await Fetcher(resolve=answers, deadline=0.2).get("https://keys.example.org/a")


async def test_the_systems_resolver_answers():
    assert await resolve("localhost", 80)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for keys.example.org that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "keys.example.org")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("keys.example.org")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("name", "trusted", "fetched"),
    [("keys.example.org", True, True), ("other.example.org", True, False), ("keys.example.org", False, False)],
)
async def test_the_certificate_is_the_names_though_we_connect_to_the_address(certificate, name, trusted, fetched):
    """TLS is checked against the name that was registered; the address is the one that was looked up, once."""
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate)
    ours = ssl.create_default_context(cafile=certificate if trusted else None)
    asked = []

    async def answers(host, _port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async with serving(reply(BODY), ssl=theirs) as server:
        here = Fetcher(resolve=answers, allowed=lambda address: address == "127.0.0.1", trust=ours, port=server.port)
        fetch = here.get(f"https://{name}/jwks.json")
        if fetched:
            assert (await fetch).value == SET
        else:
            with pytest.raises(FetchError, match="could not be fetched"):
                await fetch
        assert len(server.requests) == fetched
    assert asked == [name]
