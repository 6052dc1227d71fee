"""P4: a Bundle of 100 entries, against joining the very same bytes.

Entries as the store hands them over; what is found and looked up before that is P3.
"""

import json
import timeit

from careweft.fhir.bundles import entry, searchset

from . import rig
from .home import people

ENTRIES = 100
ROUNDS = 200
BASE = "https://fhir.example.org/provider/system-access/v2/43477c76-ceb6-47ed-81c8-1b7c0ae10ca6"
LINKS = {"self": f"{BASE}/Observation?patient=x&_count=100", "next": f"{BASE}/Observation?_page={'x' * 300}"}


def measure() -> rig.Figure:
    """Microseconds of the quickest of many rounds, in turn."""
    with people(10) as records:
        lines = (records / "Observation.ndjson").read_bytes().splitlines()[:ENTRIES]
    entries = [entry("Observation", json.loads(line)["id"], line) for line in lines]
    whole = searchset(BASE, LINKS, entries)
    pieces = [whole[at * len(whole) // ENTRIES : (at + 1) * len(whole) // ENTRIES] for at in range(ENTRIES)]
    joined, made = [], []
    for _ in range(ROUNDS):
        joined.append(timeit.timeit(lambda: b"".join(pieces), number=20) / 20)
        made.append(timeit.timeit(lambda: searchset(BASE, LINKS, entries), number=20) / 20)
    return rig.Figure(
        "P4", f"a Bundle of {ENTRIES} entries", min(made) / min(joined), 2.0, False, "joining the same bytes",
        details=(f"{min(made) * 1e6:.1f} us and {min(joined) * 1e6:.1f} us for {len(whole) // 1000} KB",),
    )  # fmt: skip
