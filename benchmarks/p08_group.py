"""P8: the export of a Group of everybody, against P7's export of everything: the same records, found patient by patient."""

from . import rig
from .p07_export import compared, standing, told


def measure() -> rig.Figure:
    """NDJSON bytes a second of a Group's export, as a part of a system export's, round by round."""
    with standing() as place:
        runs = [(compared(place, "group"), compared(place, "system")) for _ in range(rig.ROUNDS)]
    ratio = rig.middle([(one.size / one.took) / (all_.size / all_.took) for one, all_ in runs])
    return rig.Figure(
        "P8", "Group export of everybody, NDJSON bytes a second", ratio, 0.65, True, "P7",
        details=(*told("group", [one for one, _ in runs]), *told("system", [one for _, one in runs])),
    )  # fmt: skip
