"""What validation costs: a resource of the sample people by all the profiles that it claims, and `careweft load` with it.

python benchmarks/validation.py [PEOPLE]    prints milliseconds of processor time a resource; 0.3 is the limit.
"""

import datetime as dt
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import rig
from careweft.fhir.json import decode, encode
from careweft.fhir.validate import narrative
from careweft.fhir.validate.known import accepts, validator
from careweft.intake.sample import people

LIMIT = 0.3
TODAY = dt.date(2026, 11, 24)


def mean(resources: Sequence[dict[str, Any]]) -> float:
    """Milliseconds a resource, the median of five rounds; narratives are looked at anew in each."""
    rounds = []
    for _ in range(5):
        narrative.safe.cache_clear()
        start = time.process_time()
        for one in resources:
            accepts(one)
        rounds.append((time.process_time() - start) / len(resources) * 1000)
    return statistics.median(rounds)


def main(count: int = 50) -> int:
    """Print the figures; 1 where the limit was missed."""
    raw = [encode(one) for one in people(count, 1, today=TODAY)]
    resources = [decode(one) for one in raw]
    start = time.process_time()
    validator()
    for one in resources[: len(resources) // 4]:
        accepts(one)
    print(f"{rig.machine()}\nfirst use, with compiling: {time.process_time() - start:.2f} s")
    found = mean(resources)
    print(f"{len(resources):,} resources of {count} people, by R4 and {profiles(resources)} claims of profiles")
    print(f"validation: {found:.3f} ms a resource (limit {LIMIT})")
    start = time.process_time()
    for one in raw:
        decode(one)
    print(f"reading the same from JSON: {(time.process_time() - start) / len(raw) * 1000:.3f} ms")
    return int(found > LIMIT)


def profiles(resources: Sequence[dict[str, Any]]) -> int:
    """How many profiles are claimed in all."""
    return sum(len(validator().claimed(one)) for one in resources)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
