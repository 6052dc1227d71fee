"""What a reach shows, as a condition on an index row `r`; `visible` decides it on exact ids and the decoded body."""

from ..access.reach import How, Reach, Way
from .conditions import Conditions
from .sources import IN_COMPARTMENT, targets


def shown(conditions: Conditions, reach: Reach, within: str | None) -> list[str]:
    """The condition that some way of this reach shows the row; none where every row is shown."""
    if reach.wide:
        return []
    return ["(" + (" or ".join(_way(conditions, way, within) for way in reach.ways) or "false") + ")"]


def _way(conditions: Conditions, way: Way, within: str | None) -> str:
    return "(" + " and ".join([_compartment(conditions, way, within), *conditions.groups(way.where)]) + ")"


def _compartment(conditions: Conditions, way: Way, within: str | None) -> str:
    if way.how in (How.NEVER, How.OWNER):
        return "false"  # by its owner a resource can be read, but not found
    if way.patient is None or (way.patient == within and way.how in IN_COMPARTMENT):
        return "true"
    if way.how is How.TARGET:
        return f"({targets(conditions, way.patient)}) is true"
    pat = conditions.args.add(conditions.hashes.own("Patient", way.patient), "int8")
    return (
        f"(r.pat = {pat} or exists (select from res_pat x where x.tenant = $1::int4 and x.pat = {pat} "
        f"and x.rt = {conditions.rt} and x.d = r.d and x.rid = r.rid))"
    )
