"""P3: search patient+category with 25 entries, the whole path: how much of the processor time is the database's own."""

from . import rig
from .home import home


def measure() -> rig.Figure:
    """The database's share of all processor time; and the same search's cost on each side."""
    server, database, rates = [], [], []
    with home() as one:
        url = f"{one.base}/Observation?patient={one.patient}&category=vital-signs&_count=25"
        rig.wrk(url, headers=one.bearer, seconds=2, connections=16)
        for _ in range(rig.ROUNDS):
            before = rig.cpu([one.database])
            load, cost = rig.loaded(url, [one.server], headers=one.bearer, connections=16)
            rates.append(load.per_second)
            server.append(cost)
            database.append(1e6 * (rig.cpu([one.database]) - before) / load.requests)
    ours, theirs = rig.middle(server), rig.middle(database)
    return rig.Figure(
        "P3", "search patient+category, 25 entries, whole path", theirs / (ours + theirs), 0.30, True, "all processor time is the database's", unit="part",
        details=(f"{rig.middle(rates):,.0f}/s; CPU a request: server {ours:.0f} us, database {theirs:.0f} us",),
    )  # fmt: skip
