"""A running careweft, as its users meet it: the command line, a real server on a real socket, an embedded database."""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from joserfc.jwk import ECKey, KeySet, RSAKey

ROOT = Path(__file__).parent.parent
MAPLE, BIRCH = "43477c76-ceb6-47ed-81c8-1b7c0ae10ca6", "d6c40265-c5c6-494f-b1aa-a27bf9a8c3f1"
SIDES = ("provider", "payer")


@dataclass
class Platform:
    """One installation: `data` is its folder, `url` its base URL while it serves."""

    data: Path
    url: str
    port: int
    process: "subprocess.Popen[bytes] | None" = None
    environment: dict[str, str] = field(default_factory=lambda: {"CAREWEFT_ENVIRONMENT": "preview"})

    def run(self, *words: str, stdin: str = "", fails: bool = False) -> subprocess.CompletedProcess[str]:
        """One command; its exit code has to be 0 unless `fails`."""
        line = [sys.executable, "-m", "careweft", *words, "--data", str(self.data)]
        done = subprocess.run(
            line, check=False, input=stdin, capture_output=True, text=True, env=self.env(), timeout=300
        )
        if bool(done.returncode) is not fails:
            raise AssertionError(f"careweft {words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, *words: str, stdin: str = "", fails: bool = False) -> Any:
        """One command's result as JSON."""
        return json.loads(self.run(*words, "--json", stdin=stdin, fails=fails).stdout)

    def env(self) -> dict[str, str]:
        """The environment of its processes: this one's without careweft's settings, and with its own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CAREWEFT_")}
        return kept | self.environment

    def serve(self, *more: str, trust: ssl.SSLContext | bool = True) -> None:
        """Start serving and wait until it is ready."""
        line = [
            sys.executable,
            "-m",
            "careweft",
            "serve",
            "--port",
            str(self.port),
            "--workers",
            "1",
            "--data",
            str(self.data),
            *more,
        ]
        self.process = subprocess.Popen(line, env=self.env(), start_new_session=True)
        for _ in range(600):
            if self.process.poll() is not None:
                raise AssertionError(f"careweft serve ended with {self.process.returncode}")
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", verify=trust, trust_env=False).status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError("careweft serve was not ready in 30 s")

    def stop(self) -> None:
        """Stop serving, as an operator would."""
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
            self.process = None

    def base(self, side: str, audience: str = "system", tenant: str = MAPLE) -> str:
        """A FHIR base URL."""
        return f"{self.url}/{side}/{audience}-access/v2/{tenant}"

    def token_url(self, tenant: str = MAPLE) -> str:
        """A token endpoint."""
        return f"{self.url}/auth/{tenant}/oauth2/v1/token"


@dataclass(frozen=True)
class Service:
    """A registered backend service and its private keys."""

    client_id: str
    key: RSAKey | ECKey
    alg: str
    key_file: Path


@contextlib.contextmanager
def installed(database_url: str | None = None) -> Iterator[Platform]:
    """A new installation on a free port; stopped, its database too, and removed at the end. Over a database by URL
    where one is given: where the embedded one is not what a test is about.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not under pytest's own folder: the database's user may not pass that one.
    data = Path(tempfile.mkdtemp(prefix="careweft-installed-"))
    platform = Platform(data, f"http://localhost:{port}", port)
    if database_url is not None:
        platform.environment["CAREWEFT_DATABASE_URL"] = database_url
    try:
        yield platform
    finally:
        platform.stop()
        shutil.rmtree(data, ignore_errors=True)


def backend_service(
    platform: Platform, side: str, alg: str, folder: Path, tenant: str = MAPLE, scope: str = "system/*.rs"
) -> Service:
    """Register a backend service with a new key of this algorithm."""
    kid = {"kid": f"{side}-{alg}", "alg": alg, "use": "sig"}
    key: RSAKey | ECKey = RSAKey.generate_key(2048, kid) if alg.startswith("R") else ECKey.generate_key("P-384", kid)
    public, private = folder / f"{side}-{alg}.jwks", folder / f"{side}-{alg}.pem"
    public.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    private.write_bytes(key.as_pem(private=True))
    app = platform.json(
        "app", "create", "--tenant", tenant, "--name", f"{side} {alg}", "--type", "system", "--access", side,
        "--auth", "private-key-jwt", "--jwks", str(public), "--scope", scope, "--approve",
    )  # fmt: skip
    return Service(app["client_id"], key, alg, private)
