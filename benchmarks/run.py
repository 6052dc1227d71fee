"""`make bench`: run every benchmark, or those named, and print figure, limit and ratio of each. Never asserts times.

python benchmarks/run.py [P1 P2 ...]
"""

import importlib
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import rig

ALL = {
    "P1": "benchmarks.p01_memory",
    "P2": "benchmarks.p02_read",
    "P3": "benchmarks.p03_search",
    "P4": "benchmarks.p04_bundle",
    "P5": "benchmarks.p05_page",
    "P6": "benchmarks.p06_load",
    "P7": "benchmarks.p07_export",
    "P8": "benchmarks.p08_group",
    "P9": "benchmarks.p09_audit",
    "P10": "benchmarks.p10_row_level_security",
    "P11": "benchmarks.p11_disk",
    "P12": "benchmarks.p12_start",
    "P13": "benchmarks.p13_token",
    "P14": "benchmarks.p14_growth",
    "BESIDE": "benchmarks.beside",
    "MIX": "benchmarks.mix_searches",
}


def main(wanted: list[str]) -> int:
    """Run and print; the exit code says whether every goal was reached."""
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {rig.machine()}\n", flush=True)
    missed = False
    for number in wanted or ALL:
        try:
            figure = importlib.import_module(ALL[number]).measure()
        except rig.Missing as why:
            print(f"{number:<4} not run: {why}\n", flush=True)
            continue
        print(f"{figure}\n", flush=True)
        missed = missed or not figure.reached
    return int(missed)


if __name__ == "__main__":
    sys.exit(main([one.upper() for one in sys.argv[1:]]))
