"""What a reach shows, as a condition on an index row `r`; `visible` decides it on exact ids and the decoded body."""

from ..access.reach import How, Reach, Way
from ..access.sight import Sight
from .conditions import Conditions
from .sources import IN_COMPARTMENT, targeting, targets
from .within import seen


def shown(conditions: Conditions, reach: Reach, within: str | None) -> list[str]:
    """The conditions that the row is not withheld, and that some way of this reach shows it; none where all are."""
    kept = unlabelled(conditions, reach.withheld)
    if any(way.open for way in reach.ways):
        return kept
    return [*kept, "(" + (" or ".join(_way(conditions, way, within) for way in reach.ways) or "false") + ")"]


def unlabelled(conditions: Conditions, withheld: int) -> list[str]:
    """The row carries none of these labels.

    Hardly any does, and the planner has no figure for that: of `= 0` it would believe one row in two hundred, of
    `<> 1` that nearly all are so.
    """
    if not withheld:
        return []
    return [f"((r.lab & {conditions.args.add(withheld, 'int2')}) <> 0)::int4 <> 1"]


def _way(conditions: Conditions, way: Way, within: str | None) -> str:
    closed = unlabelled(conditions, way.withheld)
    return "(" + " and ".join([*closed, *_compartment(conditions, way, within), *conditions.groups(way.where)]) + ")"


def _compartment(conditions: Conditions, way: Way, within: str | None) -> list[str]:
    if way.how in (How.NEVER, How.OWNER):
        return ["false"]  # by its owner a resource can be read, but not found
    if not way.confined:
        return ["true"]
    return [*_of_one(conditions, way, within), *([_of_some(conditions, way, way.sight)] if way.sight else [])] or [
        "true"
    ]


def _of_one(conditions: Conditions, way: Way, within: str | None) -> list[str]:
    if way.patient is None or (way.patient == within and way.how in IN_COMPARTMENT):
        return []
    pat = conditions.args.add(conditions.hashes.own("Patient", way.patient), "int8")
    if way.how is How.TARGET:
        return [f"({targets(conditions, f'array[{pat}]')}) is true"]
    beside = f"x.tenant = $1::int4 and x.pat = {pat} and x.rt = {conditions.rt} and x.d = r.d and x.rid = r.rid"
    return [f"(r.pat = {pat} or exists (select from res_pat x where {beside}))"]


def _of_some(conditions: Conditions, way: Way, sight: Sight) -> str:
    if way.how is How.TARGET:
        return f"({targeting(conditions, sight)}) is true"
    beside = "select true from res_pat m where m.tenant = $1::int4 and m.rid = r.rid and "
    return f"({seen(conditions, sight, 'r.pat')} or ({beside}{seen(conditions, sight, 'm.pat')} limit 1) is true)"
