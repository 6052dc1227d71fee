"""In which order a search's rows come, and from which place on (architecture decision 22).

Each source runs along its index until the page is full; then they are merged. Paging is by key, so that page 100 costs
what page 1 costs. Where no index has the order, the keys of all rows that are found are compared.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from ..fhir.search.query import Query
from ..ports.records import Place
from ..values import dataclass
from .conditions import Conditions
from .rows import MISSING
from .sorting import Key, behind, column, descending, effective, keys
from .sources import Chosen, Source


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which part of a search's rows: those behind a place, at most so many."""

    query: Query
    after: Place | None
    limit: int

    @property
    def direction(self) -> str:
        """Which way the first key runs, and the row numbers with it."""
        return "desc" if descending(self.query) else "asc"


@dataclass(frozen=True, slots=True)
class Ordered:
    """A SELECT of row numbers (`rid`) in order; `key` tells a row `f` of it from others, `by` is the order again."""

    sql: str
    key: str
    by: str


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of the order: what holds in it, and how it runs."""

    where: tuple[str, ...]
    order: str


def found(conditions: Conditions, stretch: Stretch, chosen: Chosen, filters: Sequence[str]) -> Ordered:
    """The rows in order."""
    sort, of = effective(stretch.query), column(stretch.query)
    if not of or len(sort) > 1:
        return _by_keys(conditions, stretch, chosen, filters, keys(conditions, sort))
    by = "f.k desc, f.rid desc" if stretch.direction == "desc" else "f.k::text = '-infinity', f.k, f.rid"
    if of == "id":
        return Ordered(_by_id(conditions, stretch, chosen, filters), "f.k", by)
    parts = [part for source in chosen.sources for part in _parts(conditions, stretch, source, filters)]
    if len(parts) == 1:
        return Ordered(parts[0], "f.k", by)
    merge = "k desc, rid desc" if stretch.direction == "desc" else "k = '-infinity', k, rid"
    merged = f"select rid, k from ({' union all '.join(parts)}) merged order by {merge} limit {stretch.limit}"
    return Ordered(merged, "f.k", by)


# One key that an index has -------------------------------------------------------------------------------------------


def _parts(conditions: Conditions, stretch: Stretch, source: Source, filters: Sequence[str]) -> Iterator[str]:
    key = source.date if column(stretch.query) == "d" else "r.updated"
    for leg in _legs(conditions, stretch, key):
        where = " and ".join([*source.where, *filters, *leg.where])
        yield f"(select r.rid, {key} as k from {source.of} where {where} order by {leg.order} limit {stretch.limit})"


def _legs(conditions: Conditions, stretch: Stretch, key: str) -> Iterator[Leg]:
    """Descending, what has no date is last by itself; ascending it is a leg of its own."""
    rid = "m.rid" if key == "m.d" else "r.rid"
    start, place = _place(conditions, stretch.after)
    if stretch.direction == "desc":
        yield Leg((f"({key}, {rid}) < {place}",) if place else (), f"{key} desc, {rid} desc")
        return
    behind_ = (f"({key}, {rid}) > {place}",) if place else ()
    if key == "r.updated":
        yield Leg(behind_, f"{key}, {rid}")
        return
    if start != MISSING:
        yield Leg((f"{key} > '-infinity'", *behind_), f"{key}, {rid}")
    yield Leg((f"{key} = '-infinity'", *(behind_ if start == MISSING else ())), f"{key}, {rid}")


def _place(conditions: Conditions, after: Place | None) -> tuple[datetime | None, str]:
    """The sort key of a place, and the place in SQL."""
    if after is None:
        return None, ""
    start, add = datetime.fromisoformat(str(after.keys[0])), conditions.args.add
    return start, f"({add(start, 'timestamptz')}, {add(after.rid, 'int8')})"


def _by_id(conditions: Conditions, stretch: Stretch, chosen: Chosen, filters: Sequence[str]) -> str:
    """Rows by id, which only the bodies' own table knows."""
    after = conditions.args.add(stretch.after.keys[0] if stretch.after else None, "text")
    if chosen.path == "walk":
        return _walked(conditions, stretch, after, filters)
    parts = [
        f"(select r.rid from {one.of} where {' and '.join([*one.where, *filters])})"
        for one in chosen.sources
        if not one.whole
    ]
    sign = "<" if stretch.direction == "desc" else ">"
    looked_up = (
        f"select i.rid, i.id as k from ids_by_rid($1::int4, array({' union all '.join(parts)})) i "
        f"where ({after} is null or i.id {sign} {after}) order by i.id {stretch.direction} limit {stretch.limit}"
    )
    walked = [_walked(conditions, stretch, after, [*one.where, *filters]) for one in chosen.sources if one.whole]
    if not walked:
        return looked_up
    either = " union all ".join(f"({one})" for one in (looked_up, *walked))
    return f"select rid, k from ({either}) merged order by k {stretch.direction} limit {stretch.limit}"


def _walked(conditions: Conditions, stretch: Stretch, after: str, where: Sequence[str]) -> str:
    """All rows of the type by id, until enough are met for which this holds."""
    ids = "ids_descending" if stretch.direction == "desc" else "ids_ascending"
    most = "null" if where else str(stretch.limit)
    return (
        f"select r.rid, i.id as k from {ids}($1::int4, {conditions.rt}, {after}, {most}) i "
        f"join res r on r.tenant = $1::int4 and r.rid = i.rid where {' and '.join(where) or 'true'} "
        f"order by i.id {stretch.direction} limit {stretch.limit}"
    )


# Several keys, or one that no index has ------------------------------------------------------------------------------


def _by_keys(
    conditions: Conditions, stretch: Stretch, chosen: Chosen, filters: Sequence[str], by: Sequence[Key]
) -> Ordered:
    """Where an index has the first key, it is followed, and the others order what is equal by it."""
    names = ", ".join(one.name for one in by)
    later = behind(conditions, by, stretch.after)
    ending = f"{', '.join(one.order for one in by[1:])}{', ' if by[1:] else ''}rid {stretch.direction}"
    parts = []
    for source in chosen.sources:
        for leg in _first(conditions, stretch, by[0]):
            where = " and ".join([*source.where, *filters, *leg.where, *later])
            values = ", ".join(f"{one.of} as {one.name}" for one in by)
            parts.append(
                f"(select r.rid, {names} from {source.of} cross join lateral (select {values} offset 0) k "
                f"where {where} order by {leg.order}{', ' if leg.order else ''}{ending} limit {stretch.limit})"
            )
    order = f"{by[0].order}, {ending}"
    merged = f"select rid, {names} from ({' union all '.join(parts)}) merged order by {order} limit {stretch.limit}"
    texts = ", ".join(f"f.{one.name}::text" for one in by)
    again = ", ".join([*(f"f.{one.order}" for one in by), f"f.rid {stretch.direction}"])
    return Ordered(merged if len(parts) > 1 else parts[0], f"array[{texts}]", again)


def _first(conditions: Conditions, stretch: Stretch, key: Key) -> Iterator[Leg]:
    """The legs by the first key, with what lets an index begin at the place."""
    of = column(stretch.query)
    if of not in ("d", "updated"):
        yield Leg((), key.order)
        return
    at = stretch.after.keys[0] if stretch.after else None
    sign = "<=" if key.descending else ">="
    begin = (f"r.{of} {sign} {conditions.args.add(at, 'text')}::timestamptz",) if at is not None else ()
    if of == "updated" or key.descending:
        passed = () if stretch.after is None or at is not None else ("r.d = '-infinity'",)
        yield Leg((*begin, *passed), f"r.{of}{' desc' if key.descending else ''}")
        return
    if stretch.after is None or at is not None:
        yield Leg(("r.d > '-infinity'", *begin), "r.d")
    yield Leg(("r.d = '-infinity'",), "")
