"""The served platform as an operator meets it: TLS, silent connections, a killed supervisor, a database by URL."""

import contextlib
import datetime as dt
import os
import shutil
import signal
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from careweft.store import embedded
from careweft.store.embedded import Embedded
from tests.platform import MAPLE, installed


@pytest.fixture
def platform():
    with installed() as one:
        yield one


@pytest.fixture
def beside(module_database):
    """An installation over the run's database, for what has nothing to do with where the records lie."""
    with installed(module_database.server_url) as one:
        yield one


def certificate(folder):
    """A key and a certificate for localhost, as PEM files."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(*pem))
    return files


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_from_1_2_on_and_nothing_older(beside, tmp_path):
    """With a certificate every link is https, HSTS is sent, TLS 1.2 and 1.3 are spoken and 1.1 is not."""
    cert, key = certificate(tmp_path)
    beside.url = beside.url.replace("http:", "https:")
    trust = ssl.create_default_context(cafile=str(cert))
    beside.serve("--tls-cert", str(cert), "--tls-key", str(key), trust=trust)
    beside.run("tenant", "create", "Maple", "--id", MAPLE)

    told = httpx.get(f"{beside.base('provider')}/metadata", verify=trust, trust_env=False)
    spoken = {}
    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=str(cert))
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with (
            contextlib.suppress(ssl.SSLError, OSError),
            socket.create_connection(("localhost", beside.port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost", do_handshake_on_connect=False) as secure,
        ):
            secure.do_handshake()
            spoken[secure.version()] = True

    assert told.json()["implementation"]["url"] == beside.base("provider")
    assert "max-age" in told.headers["strict-transport-security"]
    assert {"TLSv1.2", "TLSv1.3"} == set(spoken)


def test_silent_connections_do_not_keep_others_out(beside):
    """Three hundred connections that say nothing: others are answered, and the silent ones are closed in time."""
    beside.serve()
    silent = [socket.create_connection(("localhost", beside.port)) for _ in range(300)]
    half = [socket.create_connection(("localhost", beside.port)) for _ in range(50)]
    for one in half:
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    try:
        began = time.monotonic()
        answers = [httpx.get(f"{beside.url}/healthz", trust_env=False).status_code for _ in range(20)]
        took = time.monotonic() - began
        half[0].settimeout(20)
        closed = half[0].recv(1000)
    finally:
        for one in (*silent, *half):
            one.close()

    assert answers == [200] * 20
    assert took < 5
    assert closed == b"" or b"408" in closed


@pytest.mark.skipif(sys.platform != "linux", reason="no such policy elsewhere")
def test_the_thread_of_the_sockets_waits_for_its_turn(beside):
    """It yields when it wakes, so that Python is not pushed aside for each reply (docs/explanation/performance.md)."""
    beside.serve()
    assert beside.process
    sockets = [one for one in threads(beside.process.pid) if (one / "comm").read_text().startswith("tokio")]

    assert {os.sched_getscheduler(int(one.name)) for one in sockets} == {os.SCHED_BATCH}


def threads(session):
    """The threads of all processes of a session."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(int(process.name)) == session:
                yield from (process / "task").iterdir()


def test_a_killed_supervisor_leaves_no_orphan_on_the_port(platform):
    """After kill -9 of `careweft serve` its processes end, and it can be started again on the same port and data."""
    platform.serve()
    os.kill(platform.process.pid, signal.SIGKILL)
    platform.process.wait(5)
    gone = time.monotonic() + 10
    while time.monotonic() < gone:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", platform.port)) != 0:
                break
        time.sleep(0.1)
    else:
        raise AssertionError("somebody still listens on the port")

    platform.serve()

    assert httpx.get(f"{platform.url}/readyz", trust_env=False).status_code == 200


def test_another_host_is_misdirected_and_loopback_names_are_preview_only(beside):
    """A Host that is not ours is 421 in production, 127.0.0.1 too; in preview loopback names are aliases."""
    beside.environment["CAREWEFT_ENVIRONMENT"] = "production"
    beside.serve()
    address = f"http://127.0.0.1:{beside.port}/healthz"
    strict = [
        httpx.get(address, headers={"Host": host}, trust_env=False).status_code
        for host in ("evil.test", f"127.0.0.1:{beside.port}")
    ]
    beside.stop()
    beside.environment["CAREWEFT_ENVIRONMENT"] = "preview"
    beside.serve()

    assert strict == [421, 421]
    assert httpx.get(address, trust_env=False).status_code == 200


@pytest.fixture
def foreign() -> Iterator[Embedded]:
    """A PostgreSQL of its own: a role's password holds for a whole cluster, and the run's is everybody's."""
    folder = Path(tempfile.mkdtemp(prefix="careweft-foreign-"))
    folder.chmod(0o711)
    cluster = embedded.start(folder)
    yield cluster
    cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_database_by_url_is_migrated_by_its_owner_and_used_by_the_confined_role(platform, foreign):
    """`--database URL` of an owner: the schema is made, the server's role gets its own password and owns nothing."""
    url = foreign.dsn("careweft_admin")
    platform.run("tenant", "create", "Maple", "--id", MAPLE, "--database", url)
    platform.environment["CAREWEFT_DATABASE_URL"] = url
    platform.serve()
    told = httpx.get(f"{platform.base('provider')}/metadata", trust_env=False)
    platform.stop()

    assert told.status_code == 200


def test_an_initial_load_builds_its_indexes_at_the_end(platform, tmp_path):
    """`load --initial` of an empty database takes the same records; a second time it is a plain load."""
    platform.run("tenant", "create", "Maple", "--id", MAPLE)
    platform.run("sample", "--patients", "2", "--seed", "3", "--out", str(tmp_path / "people"))

    first = platform.json("load", "--tenant", MAPLE, "--initial", str(tmp_path / "people"))
    second = platform.run("load", "--tenant", MAPLE, "--initial", str(tmp_path / "people"), "--json")
    platform.serve()
    found = httpx.get(f"{platform.url}/readyz", trust_env=False).status_code

    assert first["created"] > 100
    assert first["refused"] == 0
    assert "records already" in second.stderr
    assert found == 200
