"""An installation to measure: a data folder with sample people, served on a free port."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import rig

TENANT = "43477c76-ceb6-47ed-81c8-1b7c0ae10ca6"
PATIENTS = int(os.environ.get("BENCH_PATIENTS", "200"))


def settings_free() -> dict[str, str]:
    """The environment of an installation: no setting of ours leaks in, and compiled modules are kept as pip keeps them."""
    kept = {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "careweft-bench-compiled"),
        "CAREWEFT_AUTH_RATE": "1000000",  # counted, and not refused
    }
    return {name: "" for name in os.environ if name.startswith("CAREWEFT_")} | kept


@dataclass(frozen=True, slots=True)
class Home:
    """A served installation: its URL, the process numbers of server and database, a system token, a busy patient, and how
    long the load took.
    """

    url: str
    data: Path
    server: int
    database: int
    token: str
    patient: str
    patients: tuple[str, ...]
    observations: int
    load_seconds: float

    @property
    def base(self) -> str:
        return f"{self.url}/provider/system-access/v2/{TENANT}"

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def careweft(data: Path, *words: str, stdin: str = "", url: str = "") -> Any:
    """One command; its result as JSON."""
    line = [sys.executable, "-m", "careweft", *words, "--data", str(data), "--json"]
    done = subprocess.run(
        line,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **settings_free(), "CAREWEFT_BASE_URL": url},
    )
    if done.returncode:
        raise RuntimeError(f"careweft {words[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


@contextmanager
def people(patients: int = PATIENTS) -> Iterator[Path]:
    """A folder with sample people as NDJSON."""
    folder = Path(tempfile.mkdtemp(prefix="careweft-people-"))
    try:
        careweft(
            folder / "unused", "sample", "--patients", str(patients), "--seed", "5", "--out", str(folder / "people")
        )
        yield folder / "people"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def home(patients: int = PATIENTS, *, pin: str | None = "0", workers: int = 1) -> Iterator[Home]:
    """Made, loaded, served; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="careweft-bench-"))
    folder.chmod(0o711)
    port = rig.free_port()
    data = folder / "data"
    try:
        with people(patients) as records, standing(data) as database:
            careweft(data, "tenant", "create", "Bench", "--id", TENANT)
            began = time.monotonic()
            careweft(data, "load", "--tenant", TENANT, str(records))
            spent = time.monotonic() - began
            patient, many = busiest(records / "Observation.ndjson")
            everyone = tuple(json.loads(line)["id"] for line in (records / "Patient.ndjson").read_text().splitlines())
            app = careweft(
                data, "app", "create", "--tenant", TENANT, "--name", "bench", "--type", "system", "--access", "provider",
                "--auth", "secret", "--approve",
            )  # fmt: skip
            told = careweft(
                data, "token", "--tenant", TENANT, "--client", app["client_id"], "--scope", "system/*.rs", "--secret-stdin",
                stdin=app["client_secret"] + "\n", url=f"http://localhost:{port}",
            )  # fmt: skip
            line = [
                sys.executable,
                "-m",
                "careweft",
                "serve",
                "--port",
                str(port),
                "--workers",
                str(workers),
                "--no-worker",
                "--data",
                str(data),
            ]
            if pin is not None and len(os.sched_getaffinity(0)) > 1:  # the server has its processor to itself
                os.sched_setaffinity(database, os.sched_getaffinity(0) - {int(pin)})
            with rig.running(line, pin=pin, env=settings_free()) as server:
                rig.await_answer(f"http://localhost:{port}/readyz")
                yield Home(
                    f"http://localhost:{port}",
                    data,
                    server,
                    database,
                    told["access_token"],
                    patient,
                    everyone,
                    many,
                    spent,
                )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def standing(data: Path) -> Iterator[int]:
    """The installation's database, kept running over several commands; yields its process number."""
    from careweft.store import embedded

    database = embedded.start(data)
    try:
        yield database.pid
    finally:
        database.stop()


def busiest(file: Path) -> tuple[str, int]:
    """The patient with most observations, and how many."""
    had: dict[str, int] = {}
    for line in file.read_text().splitlines():
        reference = json.loads(line)["subject"]["reference"]
        had[reference] = had.get(reference, 0) + 1
    reference = max(sorted(had), key=had.__getitem__)
    return reference.removeprefix("Patient/"), had[reference]
