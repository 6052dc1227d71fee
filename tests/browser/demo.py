"""A running demonstration, as a person finds it: `careweft demo` on a free port, and who may sign in."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.platform import Platform, installed

from .outside import Outside, outside

PATIENTS = 8


@dataclass(frozen=True)
class Demo:
    """The platform, its logins by name, its registered applications by key, and a server that it may fetch from."""

    platform: Platform
    logins: dict[str, dict[str, str]]
    apps: dict[str, dict[str, str]]
    outside: Outside

    @property
    def url(self) -> str:
        return self.platform.url

    def account(self, page: str) -> str:
        """The address of a page of somebody's account."""
        return f"{self.url}/account/{self.tenant}/{page}"

    @property
    def tenant(self) -> str:
        return self.apps["folder"]["tenant"]


@contextlib.contextmanager
def demonstration() -> Iterator[Demo]:
    """`careweft demo`, from an empty folder until it answers."""
    with installed() as platform, outside() as elsewhere:
        allowed = elsewhere.origin.removeprefix("http://")
        platform.environment = {
            "CAREWEFT_WORKERS": "1",
            "CAREWEFT_ENVIRONMENT": "preview",
            "CAREWEFT_FETCH_ALLOW": allowed,
        }
        words = ["demo", "--port", str(platform.port), "--patients", str(PATIENTS), "--data", str(platform.data)]
        line = [sys.executable, "-m", "careweft", *words]
        platform.process = subprocess.Popen(line, env=platform.env(), start_new_session=True, stdout=subprocess.DEVNULL)
        answered(platform)
        apps = read(platform.data / "demo-samples.json")
        every = read(platform.data / "demo-logins.json")
        here = {one["username"]: one for one in every if one["tenant"] == apps["folder"]["tenant"]}
        yield Demo(platform, here, apps, elsewhere)


def answered(platform: Platform) -> None:
    """Wait until it is ready."""
    for _ in range(1200):
        if platform.process and platform.process.poll() is not None:
            raise AssertionError(f"careweft demo ended with {platform.process.returncode}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{platform.url}/readyz", trust_env=False).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError("careweft demo was not ready in 60 s")


def read(file: Path):
    return json.loads(file.read_text())
