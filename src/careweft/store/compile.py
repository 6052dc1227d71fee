"""A narrowed search as one SQL statement (stack.md section 4).

Rows are found in the index tables, over the path that `sources` chooses and in the order that `order` writes; whatever
did not find a row is a filter on it. Their bodies are read through row-level security by the same statement.
"""

from collections.abc import Sequence
from dataclasses import field, replace
from typing import Any

from ..access.reach import Narrowed, Reach
from ..ports.records import Place
from ..values import dataclass
from . import order
from .conditions import Args, Conditions
from .confine import shown
from .hashes import Hashes
from .hops import Hops
from .order import Ordered, Stretch
from .sources import Estimate, by_tokens, only_patient
from .within import Patients

EVERY = 1 << 40
"""As a page's size: every row has to be touched, so that an index beats a walk."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and its bound values; `path` names the access path."""

    sql: str
    args: Sequence[Any]
    path: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a tenant before a statement is written."""

    tenant: int
    hashes: Hashes
    estimate: Estimate
    patients: Patients = field(default_factory=dict)

    def conditions(self, type_: str, hops: Hops | None = None) -> Conditions:
        """The conditions of a new statement over a type."""
        return Conditions(self.tenant, type_, self.hashes, hops, Args([self.tenant], self.patients))


def page(narrowed: Narrowed, known: Known, after: Place | None, limit: int) -> Statement:
    """The statement for at most `limit` rows of a search, from behind `after`.

    Its columns: k (the sort key), top (the highest row number there is), moment and snapshot (of the statement), and
    those of `bodies_by_rid`.
    """
    query, reach = narrowed.query, narrowed.reach
    hops = Hops(narrowed.sought, known.estimate)
    conditions = known.conditions(query.type, hops)
    chosen = hops.choose(conditions, query, reach)
    conditions.look_beside(chosen.path)
    within = only_patient(reach) if chosen.path == "patient" else None
    filters = [
        *conditions.groups(group for group in query.where if not chosen.answers(group)),
        *shown(conditions, reach, within),
        *([f"r.rid <= {conditions.args.add(after.top, 'int8')}"] if after else []),
        *([f"changed_since(r.xmin, {conditions.args.add(after.seen, 'text')})"] if after and after.late else []),
    ]
    stretch = Stretch(query, after, limit)
    found = order.found(conditions, stretch, chosen, filters)
    return Statement(_with_bodies(found, hops.sets()), conditions.args.values, chosen.path)


def every(narrowed: Narrowed, known: Known) -> Statement:
    """The statement that gives a 1 for each row of a search whose reach is wide: to be counted."""
    query = replace(narrowed.query, count=EVERY)
    hops = Hops(narrowed.sought, known.estimate)
    conditions = known.conditions(query.type, hops)
    chosen = hops.choose(conditions, query, narrowed.reach)
    conditions.look_beside(chosen.path)
    filters = conditions.groups(group for group in query.where if not chosen.answers(group))
    filters += shown(conditions, narrowed.reach, None)
    parts = [f"select 1 from {one.of} where {' and '.join([*one.where, *filters])}" for one in chosen.sources]
    sets = f"with {', '.join(hops.sets())} " if hops.sets() else ""
    return Statement(sets + " union all ".join(parts), conditions.args.values, chosen.path)


def referring(type_: str, reach: Reach, known: Known, tokens: Sequence[int], limit: int) -> Statement:
    """At most `limit` rows of a type that hold one of these reference tokens: what `_revinclude` brings."""
    conditions = known.conditions(type_)
    source = by_tokens(conditions, tokens)
    where = " and ".join([*source.where, *shown(conditions, reach, None)])
    found = f"select r.rid, r.d as k from {source.of} where {where} order by r.rid limit {limit}"
    return Statement(_with_bodies(Ordered(found, "f.k", "f.rid")), conditions.args.values, "token")


def _with_bodies(found: Ordered, sets: Sequence[str] = ()) -> str:
    listed = ", ".join([*sets, f"f as materialized ({found.sql})"])
    return (
        f"with {listed} "
        f"select {found.key} as k, (select max(x.rid) from res x where x.tenant = $1::int4) as top, "
        "now() as moment, (select pg_current_snapshot()::text) as snapshot, b.* "
        f"from bodies_by_rid($1::int4, array(select rid from f)) b join f on f.rid = b.rid order by {found.by}"
    )
