"""The keys of `_sort` in SQL: what fhir.search.sort.key means, said of an index row `r`.

A key that is null has no value and comes last, whichever way the others run.
"""

from collections.abc import Sequence

from ..fhir.definitions import SEARCH
from ..fhir.search.query import Query, Sort
from ..fhir.search.sort import MAIN_DATE
from ..ports.records import Place
from ..values import dataclass
from .conditions import Conditions

TYPES = {"date": "timestamptz", "string": "text", "number": "numeric", "quantity": "numeric"}
COLUMNS = {"_lastUpdated": "updated", "_id": "id"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its name as a column, what it is of a row `r`, its type in SQL, and which way it runs."""

    name: str
    of: str
    type: str
    descending: bool

    @property
    def order(self) -> str:
        """As ORDER BY has it."""
        return f"{self.name} {'desc ' if self.descending else ''}nulls last"


def column(query: Query) -> str:
    """The column that an index has in the order of this search; without `_sort` the date. "" where there is none."""
    if not query.sort:
        return "d"
    first = query.sort[0].param
    return COLUMNS.get(first) or ("d" if first == MAIN_DATE.get(query.type) else "")


def descending(query: Query) -> bool:
    """Without `_sort` the latest come first."""
    return not query.sort or query.sort[0].descending


def effective(query: Query) -> Sequence[Sort]:
    """The keys up to `_id`, of which no two are equal."""
    found = []
    for one in query.sort:
        found.append(one)
        if one.param == "_id":
            break
    return found


def keys(conditions: Conditions, sort: Sequence[Sort]) -> list[Key]:
    """The keys of a search."""
    return [_key(conditions, f"k{at}", one) for at, one in enumerate(sort, 1)]


def _key(conditions: Conditions, name: str, by: Sort) -> Key:
    add, down = conditions.args.add, by.descending
    if by.param == "_id":
        return Key(name, "id_of($1::int4, r.rid)", "text", down)
    if by.param == "_lastUpdated":
        return Key(name, "r.updated", "timestamptz", down)
    if by.param == MAIN_DATE.get(conditions.type):
        return Key(name, "nullif(r.d, '-infinity')", "timestamptz", down)
    param = SEARCH[conditions.type][by.param]
    type_, p = TYPES[param.kind], add(param.number, "int2")
    if param.kind == "string":
        return Key(name, f"string_of($1::int4, r.rid, {p}, {str(down).lower()})", type_, down)
    table = "ix_date" if param.kind == "date" else "ix_num"
    first = "max" if down else "min"
    rows = f"{table} x where x.tenant = $1::int4 and x.rid = r.rid and x.p = {p} and x.lo > '-infinity'"
    return Key(name, f"(select {first}(x.lo) from {rows})", type_, down)


def behind(conditions: Conditions, found: Sequence[Key], after: Place | None) -> list[str]:
    """That a row with these keys stands behind a place: later by one key, with those before it being equal."""
    if after is None:
        return []
    equal: list[str] = []
    later: list[str] = []
    for one, text in zip(found, after.keys, strict=True):
        if text is None:
            equal.append(f"{one.name} is null")
            continue
        value = f"{conditions.args.add(text, 'text')}::{one.type}"
        sign = "<" if one.descending else ">"
        later.append(" and ".join([*equal, f"({one.name} {sign} {value} or {one.name} is null)"]))
        equal.append(f"{one.name} = {value}")
    sign = "<" if found[0].descending else ">"
    later.append(" and ".join([*equal, f"r.rid {sign} {conditions.args.add(after.rid, 'int8')}"]))
    return ["(" + " or ".join(f"({one})" for one in later) + ")"]
