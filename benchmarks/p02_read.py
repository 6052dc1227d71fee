"""P2: read by id, the whole path (token, scopes, row-level security, durable audit), against the bare granian response."""

from . import rig
from .home import home


def measure() -> rig.Figure:
    """Requests a second of both, each server has processor 0 to itself, load and database have the others."""
    ours, bare, server, database, alone = [], [], [], [], []
    with home() as one, rig.door("benchmarks.bare:app") as plain:
        url = f"{one.base}/Patient/{one.patient}"
        path = url.removeprefix(one.url).rpartition("/")[0]
        script = rig.asking([f"{path}/{id_}" for id_ in one.patients], one.data.parent / "patients.lua")
        rig.wrk(url, headers=one.bearer, seconds=2, script=script)
        for _ in range(rig.ROUNDS):
            before = rig.cpu([one.database])
            load, cost = rig.loaded(url, [one.server], headers=one.bearer, script=script)
            ours.append(load.per_second)
            server.append(cost)
            database.append(1e6 * (rig.cpu([one.database]) - before) / load.requests)
            load, cost = rig.loaded(plain[0] + "/x", [plain[1]])
            bare.append(load.per_second)
            alone.append(cost)
    rate, limit = rig.middle(ours), rig.middle(bare)
    whole = rig.middle(server) + rig.middle(database)
    return rig.Figure(
        "P2", "read by id, whole path", rate / limit, 0.30, True, "the bare granian response",
        details=(
            f"ours {rate:,.0f}/s at {whole:.0f} us CPU (server {rig.middle(server):.0f}, database {rig.middle(database):.0f}), "
            f"bare {limit:,.0f}/s at {rig.middle(alone):.0f} us CPU; by processor time {rig.middle(alone) / whole:.2f}",
        ),
    )  # fmt: skip
