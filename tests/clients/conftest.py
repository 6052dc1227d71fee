"""One installation for the tests with other people's clients: sample people, a backend service on each side."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from careweft.store.embedded import Embedded
from tests.platform import BIRCH, MAPLE, SIDES, Platform, Service, backend_service, installed
from tests.world import borrowed


@dataclass(frozen=True)
class Town:
    """A served installation, its services, the patient that the tests read, and a token of each API once asked for."""

    platform: Platform
    services: dict[tuple[str, str], Service]
    patient: str
    observations: frozenset[str]
    tokens: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)


@pytest.fixture(scope="session")
def town(cluster: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Maple has ten sample people, Birch none; both sides have a service that signs with RS384 and one with ES384."""
    folder = tmp_path_factory.mktemp("town")
    with borrowed(cluster) as database, installed(database.server_url) as platform:
        platform.serve()
        for id_, name in ((MAPLE, "Maple Clinic"), (BIRCH, "Birch Health")):
            platform.run("tenant", "create", name, "--id", id_)
        platform.run("sample", "--patients", "10", "--seed", "7", "--out", str(folder / "people"))
        platform.run("load", "--tenant", MAPLE, str(folder / "people"))
        services = {
            (side, alg): backend_service(platform, side, alg, folder) for side in SIDES for alg in ("RS384", "ES384")
        }
        patient, observations = busiest(folder / "people")
        yield Town(platform, services, patient, observations)


def busiest(folder: Path) -> tuple[str, frozenset[str]]:
    """The sample patient with most observations, and their ids."""
    import json
    from collections import defaultdict

    had: dict[str, set[str]] = defaultdict(set)
    for line in (folder / "Observation.ndjson").read_text().splitlines():
        one = json.loads(line)
        had[one["subject"]["reference"].removeprefix("Patient/")].add(one["id"])
    patient = max(sorted(had), key=lambda id_: len(had[id_]))
    return patient, frozenset(had[patient])
