"""MIX: six families of searches with `_count=20`, each alone: token, date range, string prefix, reference, quantity,
composite. There is no goal: the figures are for comparison with other servers on the same machine and records.
"""

from . import rig
from .home import Home, home

FAMILIES = {
    "token": "Observation?code=http://loinc.org|8867-4",
    "date range": "Encounter?date=ge2024-01-01&date=lt2025-01-01",
    "string prefix": "Patient?name=a",
    "reference": "Condition?patient={patient}",
    "quantity": "Observation?value-quantity=gt100",
    "composite": "Observation?component-code-value-quantity=http://loinc.org|8480-6$gt120",
}


def measure() -> rig.Figure:
    """Requests a second and processor time of each family; the ratio is the dearest one's over the cheapest one's."""
    with home() as one:
        found = {name: family(one, asked.format(patient=one.patient)) for name, asked in FAMILIES.items()}
    dearest, cheapest = max(cost for _, cost in found.values()), min(cost for _, cost in found.values())
    return rig.Figure(
        "MIX", "six families of searches, 20 entries: the dearest", dearest / cheapest, float("inf"), False, "the cheapest",
        details=tuple(f"{name}: {rate:,.0f}/s at {cost:.0f} us CPU" for name, (rate, cost) in found.items()),
    )  # fmt: skip


def family(one: Home, asked: str) -> tuple[float, float]:
    """The rate and the processor microseconds of one search, server and database."""
    url = f"{one.base}/{asked.replace('|', '%7C').replace('$', '%24')}&_count=20"
    rig.wrk(url, headers=one.bearer, seconds=1, connections=16)
    rounds = [
        rig.loaded(url, [one.server, one.database], headers=one.bearer, connections=16) for _ in range(rig.ROUNDS)
    ]
    return rig.middle([load.per_second for load, _ in rounds]), rig.middle([cost for _, cost in rounds])
