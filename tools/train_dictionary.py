"""Train the built-in zstd dictionary on synthetic people and write `store/dictionaries/1.zdict`.

A dictionary holds fragments of what it was trained on, so it is never trained on a tenant's records. What it learns
from are tails, the JSON after `"meta":{"versionId":"...","lastUpdated":"..."`, because that is what the store keeps.
Bodies that were packed with a dictionary need it for ever: a better one gets the next number, this one stays as it is.

    python tools/train_dictionary.py [--check]
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import zstandard

from careweft.intake.sample import people
from careweft.store.bodies import tail

TARGET = Path(__file__).resolve().parent.parent / "src" / "careweft" / "store" / "dictionaries" / "1.zdict"
SIZE = 110 * 1024
SEED, TODAY = 20_240_517, date(2024, 5, 17)
PEOPLE = 400
MOST = 700  # samples of a type: Observations would crowd out the rest


def samples() -> Iterator[bytes]:
    """Tails of synthetic resources, of each type at most so many, spread over all the people."""
    by_type: dict[str, list[bytes]] = defaultdict(list)
    for resource in people(PEOPLE, SEED, today=TODAY):
        if resource["resourceType"] != "Group":
            by_type[resource["resourceType"]].append(tail(resource))
    for type_ in sorted(by_type):
        tails = by_type[type_]
        yield from tails[:: max(1, len(tails) // MOST)][:MOST]


def train() -> bytes:
    """The dictionary's bytes; the same samples and library give the same bytes."""
    return zstandard.train_dictionary(SIZE, list(samples()), level=3, threads=0, dict_id=1).as_bytes()


def main() -> int:
    """Write the dictionary, or with `--check` only say whether the committed one is what training gives."""
    content = train()
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_bytes() == content else 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(content)
    sys.stdout.write(f"{TARGET.name}: {len(content):,} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
