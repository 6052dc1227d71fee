"""The sample as files: newline-delimited JSON, one per resource type, as an export of Bulk Data 2.0.0 has them."""

from collections import Counter
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import BinaryIO

from careweft.fhir.json import encode

from .society import people


def write(out: Path, patients: int, seed: int, today: date) -> Counter[str]:
    """Write `<Type>.ndjson` files into a folder, made if it is not there; return how many resources of each type."""
    out.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    files: dict[str, BinaryIO] = {}
    with ExitStack() as stack:
        for resource in people(patients, seed, today=today):
            type_ = resource["resourceType"]
            if type_ not in files:
                files[type_] = stack.enter_context((out / f"{type_}.ndjson").open("wb"))
            files[type_].write(encode(resource) + b"\n")
            counts[type_] += 1
    return counts
