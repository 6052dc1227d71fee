"""Chains and `_has` in SQL: joins over reference tokens (architecture decision 6).

A token of a reference is the target's own hash XOR the salt of the parameter, so that either side gives the other. At
every hop a row counts only where its type's reach shows it.

What a hop asks is written in two ways. As a filter on a row that was found otherwise, it looks from this row to the
rows at the other end, by the index over `own` or the one over tokens. As a source, the rows at the far end are found
first, each by its own best path; if they are few, they lead to the rows that are searched, else these are walked until
the page is full. Which of the two is decided by the statement itself, when it has counted them.
"""

from collections.abc import Mapping, Sequence

from ..access.reach import Reach
from ..fhir.definitions import SEARCH
from ..fhir.search.query import AnyOf, Chain, Has, Hop, Query, Test
from . import sources
from .bound import naming
from .conditions import Conditions
from .confine import shown
from .sources import Chosen, Estimate, Source, of_type, only_patient

STARTS = 3
"""So many chains of a search are tried as its beginning."""


class Hops:
    """Writes the hops of one statement. A type that is not in `sought` is not shown."""

    def __init__(self, sought: Mapping[str, Reach], estimate: Estimate) -> None:
        self._sought = sought
        self._estimate = estimate
        self._most = estimate.start
        self._sets: list[str] = []

    def sets(self) -> Sequence[str]:
        """What the statement's WITH list wants for them."""
        return [f"s{n} as materialized ({rows})" for n, rows in enumerate(self._sets)]

    def choose(self, conditions: Conditions, query: Query, reach: Reach) -> Chosen:
        """The path of `sources.choose`; but where that could only walk, and there are hops, from their far ends."""
        chosen = sources.choose(conditions, query, reach, self._estimate)
        groups = [group for group in query.where if not group.negated and all(map(is_hop, group.tests))]
        if chosen.path != "walk" or not groups:
            return chosen
        filters = {id(group): conditions.group(group) for group in groups}
        found: list[Source] = []
        passed: list[str] = []
        for group in groups[:STARTS]:
            source, few = self._start(conditions, group, query)
            rest = [filters[id(one)] for one in groups if one is not group]
            found.append(Source(source.of, (few, *passed, *source.where, *rest)))
            passed.append(f"not ({few})")
        walks = (
            Source(one.of, (*passed, *one.where, *filters.values()), one.date, whole=True) for one in chosen.sources
        )
        return Chosen("chain", (*found, *walks), tuple(groups))

    # As a filter -----------------------------------------------------------------------------------------------------

    def condition(self, conditions: Conditions, test: Test) -> str:
        """Does a row at the other end answer? For the row `r`; within, the row at the other end is `r`."""
        hop = test.value
        if not isinstance(hop, Chain | Has) or (reach := self._sought.get(hop.type)) is None:
            return "false"
        inner = self._at(conditions, hop)
        inner.few = True
        holds = " and ".join([*inner.groups(hop.where), *shown(inner, reach, None)]) or "true"
        if isinstance(hop, Chain):
            return _lead(conditions, inner, test.param, holds)
        return _referred(conditions, inner, hop, holds)

    # As a source -----------------------------------------------------------------------------------------------------

    def _start(self, conditions: Conditions, group: AnyOf, query: Query) -> tuple[Source, str]:
        """The rows to which the far ends of this group lead, and the condition that those are few."""
        ends = [self._far_end(conditions, test) for test in group.tests]
        name = f"s{len(self._sets)}"
        self._sets.append(f"select k from ({' union all '.join(ends)}) far limit {self._most + 1}")
        few = f"(select count(*) from {name}) <= {self._most}"
        hop = group.tests[0].value
        if isinstance(hop, Has):
            salt = _salt(conditions, hop.type, hop.by)
            owns = f"select k.k # {salt} from {name} cross join unnest({name}.k) k(k)"
            return Source("res r", ("r.tenant = $1::int4", f"r.own = any(array({owns}))", of_type(conditions))), few
        if common := self._estimate.common(sources.few(query, self._estimate)):
            few += f" and not array(select k from {name}) && {conditions.args.add(list(common), 'int8[]')}"
        return Source("res r", (f"r.tok && array(select k from {name})", of_type(conditions))), few

    def _far_end(self, conditions: Conditions, test: Test) -> str:
        """Of the rows at the far end: the tokens by which they are referred to, or with which they refer."""
        hop = test.value
        if not isinstance(hop, Chain | Has) or (reach := self._sought.get(hop.type)) is None:
            return f"(select null::int8{'[]' if isinstance(hop, Has) else ''} as k where false)"
        inner = self._at(conditions, hop)
        key = f"r.own # {_salt(conditions, conditions.type, test.param)}" if isinstance(hop, Chain) else "r.tok"
        return self._rows(inner, Query(hop.type, hop.where, count=self._most + 1), reach, key)

    def _rows(self, inner: Conditions, query: Query, reach: Reach, key: str) -> str:
        """Some of the rows that a search finds."""
        chosen = self.choose(inner, query, reach)
        inner.look_beside(chosen.path)
        within = only_patient(reach) if chosen.path == "patient" else None
        filters = inner.groups(group for group in query.where if not chosen.answers(group))
        filters += shown(inner, reach, within)
        return " union all ".join(_some(chosen, source, key, filters, query.count) for source in chosen.sources)

    def _at(self, conditions: Conditions, hop: Hop) -> Conditions:
        """Conditions on rows of the hop's type, in the same statement."""
        return Conditions(conditions.tenant, hop.type, conditions.hashes, self, conditions.args)


def is_hop(test: Test) -> bool:
    """Is this a chain or `_has`?"""
    return isinstance(test.value, Chain | Has)


def _some(chosen: Chosen, source: Source, key: str, filters: Sequence[str], most: int) -> str:
    """Some of a source's rows. A walk is told to follow an index: else the whole table may be read for a rare type."""
    walks = chosen.path == "walk" or source.whole
    order = f" order by {source.date} desc, r.rid desc" if walks else ""
    return f"(select {key} as k from {source.of} where {' and '.join([*source.where, *filters])}{order} limit {most})"


def _salt(conditions: Conditions, type_: str, code: str) -> str:
    return conditions.args.add(conditions.hashes.salt(SEARCH[type_][code].number), "int8")


def _lead(outer: Conditions, inner: Conditions, code: str, holds: str) -> str:
    """One of the row's tokens leads to a row for which this holds."""
    salt = _salt(outer, outer.type, code)
    row = f"r.tenant = $1::int4 and r.own = t.k # {salt} and r.rt = {inner.rt} and {holds}"
    return _one("unnest(r.tok) t(k)", [f"select 1 from res r where {row}"])


def _referred(outer: Conditions, inner: Conditions, has: Has, holds: str) -> str:
    """A row for which this holds has a token that leads to the row. Who refers to a patient as whom it is about is
    found among that patient's rows, as every search of them is.
    """
    salt = _salt(outer, has.type, has.by)
    if outer.type != "Patient" or has.by not in naming(has.type):
        rows = [f"select 1 from res r where r.tok @> array[t.own # {salt}] and {of_type(inner)} and {holds}"]
    else:
        token = f"(r.tok @> array[t.own # {salt}]) is true and {holds}"
        own = f"res r where r.tenant = $1::int4 and r.rt = {inner.rt} and r.pat = t.own"
        beside = (
            "res_pat m join res r on r.tenant = m.tenant and r.rid = m.rid "
            f"where m.tenant = $1::int4 and m.pat = t.own and m.rt = {inner.rt}"
        )
        rows = [f"select 1 from {some} and {token}" for some in (own, beside)]
    return _one("(select r.own) t", rows)


def _one(start: str, rows: Sequence[str]) -> str:
    """There is one such row. A scalar, which the planner leaves where it stands."""
    found = " union all ".join(f"({one} limit 1)" for one in rows)
    return f"(select true from {start} cross join lateral ({found}) y limit 1) is true"
