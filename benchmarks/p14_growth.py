"""P14: a read, a search, the rates of load and export and the server's memory at ten times the patients, against one time.

BENCH_GROWTH names the patients of the smaller installation (50).
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from . import rig
from .home import home
from .p07_export import compared, standing

FEW = int(os.environ.get("BENCH_GROWTH", "50"))
TIMES = 10


@dataclass(frozen=True, slots=True)
class Costs:
    """Processor microseconds of a read and a search, patients loaded a second, megabytes of the server, NDJSON megabytes
    exported a second.
    """

    read: float
    search: float
    load: float
    memory: float
    export: float


def measure() -> rig.Figure:
    """The worst growth: of read and search, or of the time that a resource takes to load or a byte to export."""
    few, many = costs(FEW), costs(FEW * TIMES)
    read, search, load = many.read / few.read, many.search / few.search, many.load / few.load
    export = many.export / few.export
    worst = max(read / 1.3, search / 1.3, 0.8 / load, 0.8 / export)
    return rig.Figure(
        "P14", f"growth from {FEW} to {FEW * TIMES} patients", worst, 1.0, False,
        "the goals (read, search <= 1.3 x; rates of load and export >= 0.8 x)",
        details=(
            f"read {few.read:.0f} to {many.read:.0f} us CPU, {read:.2f} x; search {few.search:.0f} to {many.search:.0f} us, {search:.2f} x",
            f"load, patients a second: {few.load:.1f} to {many.load:.1f}, {load:.2f} x; server memory {few.memory:.0f} to {many.memory:.0f} MB",
            f"export, MB of NDJSON a second: {few.export:.1f} to {many.export:.1f}, {export:.2f} x",
        ),
    )  # fmt: skip


def costs(patients: int) -> Costs:
    """The figures of an installation of this size."""
    with home(patients) as one:
        load = patients / one.load_seconds
        path = one.base.removeprefix(one.url)
        script = rig.asking([f"{path}/Patient/{id_}" for id_ in one.patients], one.data.parent / "patients.lua")
        urls = {f"{one.base}/Patient/{one.patient}": script,
                f"{one.base}/Observation?patient={one.patient}&category=vital-signs&_count=25": None}  # fmt: skip
        spent = []
        for url, asked in urls.items():
            rig.wrk(url, headers=one.bearer, seconds=1, connections=16, script=asked)
            rounds = [rig.loaded(url, [one.server, one.database], headers=one.bearer, connections=16, script=asked)[1]
                      for _ in range(rig.ROUNDS)]  # fmt: skip
            spent.append(rig.middle(rounds))
        memory = sum(resident(pid) for pid in rig.processes(one.server))
    return Costs(spent[0], spent[1], load, memory, exported(patients))


def exported(patients: int) -> float:
    """NDJSON megabytes a second of a system export, from kick-off to closed files."""
    with standing(patients, "") as place:
        return rig.middle([one.size / one.took / 1e6 for one in (compared(place, "system") for _ in range(rig.ROUNDS))])


def resident(pid: int) -> float:
    """Megabytes of a process in memory."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
