"""In which order a search's rows come, and from which place on (architecture decision 22).

Each source runs along its index until the page is full; then they are merged. Paging is by key, so that page 100 costs
what page 1 costs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..fhir.search.query import Query
from ..ports.records import Place
from .conditions import Conditions
from .rows import MISSING
from .sources import Chosen, Source, column


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which part of a search's rows: those behind a place, at most so many."""

    query: Query
    after: Place | None
    limit: int

    @property
    def direction(self) -> str:
        """Without `_sort` the latest come first."""
        return "desc" if not self.query.sort or self.query.sort[0].descending else "asc"


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of the order: what holds in it, and how it runs."""

    where: tuple[str, ...]
    order: str


def found(conditions: Conditions, stretch: Stretch, chosen: Chosen, filters: Sequence[str]) -> str:
    """A SELECT of row numbers and sort keys (`rid`, `k`) in order."""
    if column(stretch.query) == "id":
        return _by_id(conditions, stretch, chosen, filters)
    parts = [part for source in chosen.sources for part in _parts(conditions, stretch, source, filters)]
    if len(parts) == 1:
        return parts[0]
    merge = "k desc, rid desc" if stretch.direction == "desc" else "k = '-infinity', k, rid"
    return f"select rid, k from ({' union all '.join(parts)}) merged order by {merge} limit {stretch.limit}"


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
    behind = (f"({key}, {rid}) > {place}",) if place else ()
    if key == "r.updated":
        yield Leg(behind, f"{key}, {rid}")
        return
    if start != MISSING:
        yield Leg((f"{key} > '-infinity'", *behind), f"{key}, {rid}")
    yield Leg((f"{key} = '-infinity'", *(behind if start == MISSING else ())), f"{key}, {rid}")


def _place(conditions: Conditions, after: Place | None) -> tuple[datetime | None, str]:
    """The sort key of a place, and the place in SQL."""
    if after is None:
        return None, ""
    start, add = datetime.fromisoformat(str(after.keys[0])), conditions.args.add
    return start, f"({add(start, 'timestamptz')}, {add(after.rid, 'int8')})"


def _by_id(conditions: Conditions, stretch: Stretch, chosen: Chosen, filters: Sequence[str]) -> str:
    """Rows by id, which only the bodies' own table knows."""
    after = conditions.args.add(stretch.after.keys[0] if stretch.after else None, "text")
    ending = f"order by i.id {stretch.direction} limit {stretch.limit}"
    if chosen.path == "walk":
        ids = "ids_descending" if stretch.direction == "desc" else "ids_ascending"
        most = "null" if filters else str(stretch.limit)
        return (
            f"select r.rid, i.id as k from {ids}($1::int4, {conditions.rt}, {after}, {most}) i "
            f"join res r on r.tenant = $1::int4 and r.rid = i.rid where {' and '.join(filters) or 'true'} {ending}"
        )
    parts = [
        f"(select r.rid from {source.of} where {' and '.join([*source.where, *filters])})" for source in chosen.sources
    ]
    sign = "<" if stretch.direction == "desc" else ">"
    return (
        f"select i.rid, i.id as k from ids_by_rid($1::int4, array({' union all '.join(parts)})) i "
        f"where ({after} is null or i.id {sign} {after}) {ending}"
    )
