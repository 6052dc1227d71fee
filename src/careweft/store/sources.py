"""Where a search's rows come from: the access path that we choose, and what it answers (architecture decision 6).

`patient` is the btree of one patient's rows, `sight` that of the rows of a few patients, `token` the GIN index alone,
`rows` row numbers from a lookup of ids or strings, `walk` a type's rows in the order asked for, until the page is full.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from ..access.reach import How, Reach
from ..access.sight import Sight
from ..fhir.definitions import SEARCH
from ..fhir.search.query import AnyOf, Display, Query, Ref, Test, Text, Token
from ..values import dataclass
from .bound import naming
from .conditions import Conditions, is_hashed
from .sorting import column
from .within import seen

CLOSE = 50
"""Records of so many patients are gathered and put into order; of more, a walk in that order meets enough."""
IN_COMPARTMENT = (How.COMPARTMENT, How.OWN)


@dataclass(frozen=True, slots=True)
class Source:
    """A FROM clause, what holds there, and whose column carries the date."""

    of: str
    where: tuple[str, ...]
    date: str = "r.d"
    whole: bool = False
    """A walk, over all rows of the type."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The path, its sources (which have no row in common), and the groups of the search that they answer in full."""

    path: str
    sources: tuple[Source, ...]
    used: tuple[AnyOf, ...] = ()

    def answers(self, group: AnyOf) -> bool:
        """Do the sources answer this group, so that it need not be a filter?"""
        return any(group is one for one in self.used)


class Estimate(Protocol):
    """What is known of how common tokens are."""

    rows: float
    start: int
    """From so many rows at the far end of a chain a search is begun; where there are more, a walk meets them soon."""

    def of(self, tokens: Sequence[int]) -> float:
        """About how many rows hold one of these."""
        ...

    def common(self, rows: float) -> Sequence[int]:
        """The tokens that more rows hold than that."""
        ...


def choose(conditions: Conditions, query: Query, reach: Reach, estimate: Estimate) -> Chosen:
    """The path that is expected to touch the fewest rows."""
    if (patient := only_patient(reach) or _asked_patient(query)) is not None:
        return Chosen("patient", _by_patient(conditions, patient))
    if (group := _first(query, _is_id)) is not None:
        return Chosen("rows", (_by_ids(conditions, group),), (group,))
    if (group := _rarest(conditions, query, estimate)) is not None:
        return Chosen("token", (by_tokens(conditions, conditions.hashed(group.tests)),), (group,))
    if (patients := _target_patients(conditions, reach)) is not None:
        return Chosen("token", (_by_targets(conditions, patients),))
    found = _by_text(conditions, query) or _by_sight(conditions, reach)
    return found or Chosen("walk", tuple(_walk(conditions, query)))


def _by_text(conditions: Conditions, query: Query) -> Chosen | None:
    """By strings or display texts, if any are asked for."""
    if (group := _first(query, _is_word)) is not None:
        return Chosen("rows", (_by_words(conditions, group),), (group,))
    if (group := _first(query, _is_display)) is not None:
        return Chosen("token", (_by_display(conditions, group),), (group,))
    return None


def only_patient(reach: Reach) -> str | None:
    """The patient in whose compartment every way lies."""
    patients = {way.patient if way.how in IN_COMPARTMENT else None for way in reach.ways}
    return patients.pop() if len(patients) == 1 else None


def _by_sight(conditions: Conditions, reach: Reach) -> Chosen | None:
    """By the patients in whose compartments every way lies, where their rows are fewer than a walk would meet."""
    sights = {way.sight if way.how in IN_COMPARTMENT and way.patient is None else None for way in reach.ways}
    sight = sights.pop() if len(sights) == 1 else None
    few = None if sight is None else conditions.args.few(sight)
    if sight is None or few is None or (conditions.type != "Patient" and len(conditions.args.patients[sight]) > CLOSE):
        return None
    return Chosen("sight", _by_patients(conditions, few))


def _target_patients(conditions: Conditions, reach: Reach) -> str | None:
    """The one patient, or the few, by the targets of whose records every way goes."""
    ends = {(way.patient, way.sight) if way.how is How.TARGET else (None, None) for way in reach.ways}
    patient, sight = ends.pop() if len(ends) == 1 else (None, None)
    if patient is not None:
        return f"array[{conditions.args.add(conditions.hashes.own('Patient', patient), 'int8')}]"
    few = None if sight is None else conditions.args.few(sight)
    return few if sight is not None and few and len(conditions.args.patients[sight]) <= CLOSE else None


def _asked_patient(query: Query) -> str | None:
    """The one patient that a parameter asks for, if all whom it may name are in `pat` or `res_pat`."""
    params = naming(query.type)
    for group in query.where:
        match group:
            case AnyOf((test,), False) if test.param in params and isinstance(test.value, Ref):
                if test.value.type == "Patient":
                    return test.value.id
    return None


def _rarest(conditions: Conditions, query: Query, estimate: Estimate) -> AnyOf | None:
    """The group of tokens that the fewest rows hold, if they are few enough for the index to beat a walk."""
    groups = [group for group in query.where if not group.negated and all(map(is_hashed, group.tests))]
    if not groups:
        return None
    held = [estimate.of(conditions.hashed(group.tests)) for group in groups]
    return groups[held.index(min(held))] if estimate.rows <= 0 or min(held) <= few(query, estimate) else None


def few(query: Query, estimate: Estimate) -> float:
    """So many rows are quicker looked up than met by a walk.

    A walk passes about count * rows / n rows until the page is full, the index n: so below the root of count * rows.
    Where no index has the order, a walk passes them all.
    """
    return math.sqrt(max(query.count, 1) * estimate.rows) if column(query) else estimate.rows


def _first(query: Query, is_such: Callable[[Test], bool]) -> AnyOf | None:
    """The first group that asks for nothing but such values."""
    return next((group for group in query.where if not group.negated and all(map(is_such, group.tests))), None)


def _is_id(test: Test) -> bool:
    return test.param == "_id" and isinstance(test.value, Token)


def _is_word(test: Test) -> bool:
    return isinstance(test.value, Text) and test.how != "exact"


def _is_display(test: Test) -> bool:
    return isinstance(test.value, Display)


# Where rows come from ------------------------------------------------------------------------------------------------


def _by_patient(conditions: Conditions, patient: str) -> tuple[Source, ...]:
    """A patient's own rows, and those that have this patient beside their subject."""
    pat = conditions.args.add(conditions.hashes.own("Patient", patient), "int8")
    return (
        Source("res r", ("r.tenant = $1::int4", f"r.rt = {conditions.rt}", f"r.pat = {pat}")),
        Source(
            "res_pat m join res r on r.tenant = m.tenant and r.rid = m.rid",
            ("m.tenant = $1::int4", f"m.pat = {pat}", f"m.rt = {conditions.rt}"),
            "m.d",
        ),
    )


def _by_patients(conditions: Conditions, pats: str) -> tuple[Source, ...]:
    """The rows of some patients, and those that have one of them beside another subject."""
    mine = ("r.tenant = $1::int4", f"r.rt = {conditions.rt}", f"r.pat = any({pats})")
    beside = f"select m.rid from res_pat m where m.tenant = $1::int4 and m.pat = any({pats}) and m.rt = {conditions.rt}"
    others = ("r.tenant = $1::int4", f"r.rid = any(array({beside}))", f"(r.pat = any({pats})) is not true")
    return Source("res r", mine), Source("res r", others)


def by_tokens(conditions: Conditions, tokens: Sequence[int]) -> Source:
    """The rows that hold one of these tokens."""
    return Source("res r", (conditions.tokens(tokens, index=True), of_type(conditions)))


def _by_targets(conditions: Conditions, pats: str) -> Source:
    return Source("res r", (targets(conditions, pats), of_type(conditions)))


def _by_display(conditions: Conditions, group: AnyOf) -> Source:
    terms = " union all ".join(
        f"select terms_starting({conditions.beginning(SEARCH[conditions.type][test.param].number, test.value.text)})"
        for test in group.tests
        if isinstance(test.value, Display)
    )
    return Source("res r", (f"r.tok && array({terms})", of_type(conditions)))


def _by_ids(conditions: Conditions, group: AnyOf) -> Source:
    ids = [test.value.code for test in group.tests if isinstance(test.value, Token)]
    rids = f"select rids_of($1::int4, {conditions.rt}, {conditions.args.add(ids, 'text[]')})"
    return Source("res r", ("r.tenant = $1::int4", f"r.rid = any(array({rids}))", f"(r.rt = {conditions.rt}) is true"))


def _by_words(conditions: Conditions, group: AnyOf) -> Source:
    rids = " union all ".join(
        _lookup(conditions, test.param, test.value.text, test.how)
        for test in group.tests
        if isinstance(test.value, Text)
    )
    return Source("res r", ("r.tenant = $1::int4", f"r.rid = any(array({rids}))", f"(r.rt = {conditions.rt}) is true"))


def _lookup(conditions: Conditions, code: str, text: str, how: str) -> str:
    p = SEARCH[conditions.type][code].number
    if how == "contains":
        return f"select {conditions.containing(p, text)}"
    return f"select strings_starting({conditions.beginning(p, text)})"


def _walk(conditions: Conditions, query: Query) -> Iterator[Source]:
    """All rows of the type, between the bounds that date tests set; apart the few with several main dates and, where
    only what is brief can be bounded, those that last.
    """
    whole = ("r.tenant = $1::int4", f"r.rt = {conditions.rt}")
    found = [conditions.bounds(group) for group in query.where if column(query) in ("d", "")]
    always = [bound for one in found for bound in one.always]
    single = [bound for one in found for bound in one.single]
    brief = [bound for one in found for bound in one.brief]
    if not (single or brief):
        yield Source("res r", (*whole, *always))
        return
    if brief:
        yield Source("res r", (*whole, *always, *single, *brief, "not r.many", "not lasts(r.d, r.dz)"))
        yield Source("res r", (*whole, *always, *single, "not r.many", "lasts(r.d, r.dz)"))
    else:
        yield Source("res r", (*whole, *always, *single, "not r.many"))
    yield Source("res r", (*whole, "r.many"))


def of_type(conditions: Conditions) -> str:
    """Said so that no index is used for it."""
    return f"(r.tenant = $1::int4 and r.rt = {conditions.rt}) is true"


def targets(conditions: Conditions, pats: str) -> str:
    """The row targets something of one of these patients', be they its subject or named beside it."""
    target = conditions.args.add(conditions.hashes.salt(SEARCH[conditions.type]["target"].number), "int8")
    return (
        f"r.tok && array(select x.own # {target} from unnest({pats}) p(k) cross join lateral "
        "(select x.own from res x where x.tenant = $1::int4 and x.pat = p.k offset 0) x "
        f"union all select x.own # {target} from res_pat m join res x on x.tenant = m.tenant and x.rid = m.rid "
        f"where m.tenant = $1::int4 and m.pat = any({pats}))"
    )


def targeting(conditions: Conditions, sight: Sight) -> str:
    """The row targets something of a patient within the sight: followed from the row."""
    target = conditions.args.add(conditions.hashes.salt(SEARCH[conditions.type]["target"].number), "int8")
    beside = "select true from res_pat m where m.tenant = $1::int4 and m.rid = x.rid and "
    near = f"{seen(conditions, sight, 'x.pat')} or ({beside}{seen(conditions, sight, 'm.pat')} limit 1) is true"
    row = f"x.tenant = $1::int4 and x.own = t.k # {target} and ({near})"
    one = f"select 1 from res x where {row} limit 1"
    return f"(select true from unnest(r.tok) t(k) cross join lateral ({one}) y limit 1)"
