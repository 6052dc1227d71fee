"""A narrowed search as one SQL statement (stack.md section 4).

Rows are found in the index tables, over the path that `sources` chooses and in the order that `order` writes; whatever
did not find a row is a filter on it. Their bodies are read through row-level security by the same statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..access.reach import How, Narrowed, Reach, Way
from ..ports.records import Place
from . import order
from .conditions import Conditions
from .hashes import Hashes
from .order import Ordered, Stretch
from .sources import IN_COMPARTMENT, Estimate, by_tokens, choose, only_patient, targets

EVERY = 1 << 40
"""As a page's size: every row has to be touched, so that an index beats a walk."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and its bound values; `path` names the access path."""

    sql: str
    args: Sequence[Any]
    path: str


def page(
    narrowed: Narrowed, tenant: int, hashes: Hashes, estimate: Estimate, after: Place | None, limit: int
) -> Statement:
    """The statement for at most `limit` rows of a search, from behind `after`.

    Its columns: k (the sort key), top (the highest row number there is), and those of `bodies_by_rid`.
    """
    query, reach = narrowed.query, narrowed.reach
    conditions = Conditions(tenant, query.type, hashes)
    chosen = choose(conditions, query, reach, estimate)
    within = only_patient(reach) if chosen.path == "patient" else None
    filters = [
        *conditions.groups(group for group in query.where if group is not chosen.used),
        *_shown(conditions, reach, within),
        *([f"r.rid <= {conditions.args.add(after.top, 'int8')}"] if after else []),
    ]
    stretch = Stretch(query, after, limit)
    found = order.found(conditions, stretch, chosen, filters)
    return Statement(_with_bodies(found), conditions.args.values, chosen.path)


def every(narrowed: Narrowed, tenant: int, hashes: Hashes, estimate: Estimate) -> Statement:
    """The statement that gives a 1 for each row of a search whose reach shows every row: to be counted."""
    query = replace(narrowed.query, count=EVERY)
    conditions = Conditions(tenant, query.type, hashes)
    chosen = choose(conditions, query, narrowed.reach, estimate)
    filters = conditions.groups(group for group in query.where if group is not chosen.used)
    parts = [f"select 1 from {one.of} where {' and '.join([*one.where, *filters])}" for one in chosen.sources]
    return Statement(" union all ".join(parts), conditions.args.values, chosen.path)


def referring(type_: str, reach: Reach, tenant: int, hashes: Hashes, tokens: Sequence[int], limit: int) -> Statement:
    """At most `limit` rows of a type that hold one of these reference tokens: what `_revinclude` brings."""
    conditions = Conditions(tenant, type_, hashes)
    source = by_tokens(conditions, tokens)
    where = " and ".join([*source.where, *_shown(conditions, reach, None)])
    found = f"select r.rid, r.d as k from {source.of} where {where} order by r.rid limit {limit}"
    return Statement(_with_bodies(Ordered(found, "f.k", "f.rid")), conditions.args.values, "token")


def _shown(conditions: Conditions, reach: Reach, within: str | None) -> list[str]:
    """The condition that some way of this reach shows the row; none where every row is shown."""
    if reach.open:
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


def _with_bodies(found: Ordered) -> str:
    return (
        f"with f as materialized ({found.sql}) "
        f"select {found.key} as k, (select max(x.rid) from res x where x.tenant = $1::int4) as top, b.* "
        f"from bodies_by_rid($1::int4, array(select rid from f)) b join f on f.rid = b.rid order by {found.by}"
    )
