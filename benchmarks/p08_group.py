"""P8: the export of a Group of everybody, against P7's export of everything: the same records, found patient by patient."""

from . import rig
from .p07_export import ROUNDS, compared, standing


def measure() -> rig.Figure:
    """NDJSON bytes a second of a Group's export, as a part of a system export's, round by round."""
    with standing() as place:
        runs = [(compared(place, "group"), compared(place, "system")) for _ in range(ROUNDS)]
    group, system = (rig.middle([run[n][0] for run in runs]) for n in (0, 1))
    return rig.Figure(
        "P8", "Group export of everybody", group / system, 0.65, True, "P7",
        details=(
            f"group {group / 1e6:,.0f} MB/s of {runs[0][0][2] / 1e6:,.0f} MB, system {system / 1e6:,.0f} MB/s of {runs[0][1][2] / 1e6:,.0f} MB",
            f"CPU a GB: worker {rig.middle([run[0][3] for run in runs]) * 1e9 / runs[0][0][2]:.1f} s, "
            f"database {rig.middle([run[0][4] for run in runs]) * 1e9 / runs[0][0][2]:.1f} s",
        ),
    )  # fmt: skip
