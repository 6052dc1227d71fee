"""Published records beside the repository, a few of each type; none where they are absent."""

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.world import SHARED

DATA = SHARED / "data"


def resources_of(each: int) -> Iterator[dict[str, Any]]:
    """At most so many resources of each type from every folder; skips the test when there are none."""
    if not DATA.exists():
        pytest.skip(f"no published records at {DATA}")
    seen: Counter[tuple[Path, str]] = Counter()
    for file in files():
        for found in parts(file):
            seen[file.parent, found["resourceType"]] += 1
            if seen[file.parent, found["resourceType"]] <= each:
                yield found


def files() -> list[Path]:
    """Some of the Bundles and all of the rest."""
    bundles = sorted((DATA / "synthea-bundles").glob("*.json"), key=lambda file: (file.stat().st_size, file.name))[:6]
    return [*bundles, *sorted((DATA / "bulk-ndjson").glob("*.ndjson")), *sorted((DATA / "claims").glob("*.json"))]


def parts(file: Path) -> Iterator[dict[str, Any]]:
    """The resources in a file."""
    with file.open(encoding="utf-8") as lines:
        for text in lines if file.suffix == ".ndjson" else [lines.read()]:
            found = json.loads(text, parse_float=Decimal)
            yield from (entry["resource"] for entry in found["entry"]) if found["resourceType"] == "Bundle" else [found]
