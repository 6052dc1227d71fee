"""ports.groups.People over PostgreSQL: the patients that a search leads to, as one set, without opening a body.

The rows are found as a search finds them (`compile.every`); each says by its hashes whom it is about. A row counts for
a patient only where the type's own parameter names this patient: who performed or witnessed is not who it is about.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..access.reach import Narrowed
from ..fhir.compartments import naming
from ..fhir.definitions import RESOURCES, SEARCH
from .bound import Bound
from .compile import EVERY, Statement
from .conditions import Conditions
from .confine import shown
from .frequency import Frequencies
from .hashes import Hashes
from .hops import Hops
from .pool import Pool
from .registry import Registries
from .sources import Estimate, Source, only_patient

PATIENCE = "set local statement_timeout = '300s'"
"""A set is worth waiting for; nobody's request does."""


class PostgresPeople:
    """Finds the people of one tenant. `frequencies` is shared by all tenants of the process."""

    def __init__(self, bound: Bound, pool: Pool, frequencies: Frequencies, registries: Registries) -> None:
        self._bound = bound
        self._pool = pool
        self._frequencies = frequencies
        self._registries = registries

    async def found(self, asked: Sequence[Narrowed]) -> Sequence[frozenset[str]]:
        """As ports.groups.People; all of them in one snapshot."""
        await self._frequencies.refresh()
        for one in asked:
            await self._registries.require(one)
        made = [patients(one, self._bound.tenant, self._bound.hashes, self._frequencies) for one in asked]
        async with (
            self._pool.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute(PATIENCE)
            return [frozenset([row["id"] for row in await connection.fetch(one.sql, *one.args)]) for one in made]


def patients(narrowed: Narrowed, tenant: int, hashes: Hashes, estimate: Estimate) -> Statement:
    """The statement that gives the id of each patient whom some row of a search is about, once."""
    query, reach = replace(narrowed.query, count=EVERY), narrowed.reach
    hops = Hops(narrowed.sought, estimate)
    conditions = Conditions(tenant, query.type, hashes, hops)
    chosen = hops.choose(conditions, query, reach)
    conditions.look_beside(chosen.path)
    within = only_patient(reach) if chosen.path == "patient" else None
    filters = [
        *conditions.groups(group for group in query.where if not chosen.answers(group)),
        *shown(conditions, reach, within),
    ]
    parts = [part for source in chosen.sources for part in _about(conditions, source, filters)]
    patient = conditions.args.add(RESOURCES["Patient"], "int2")
    listed = ", ".join([*hops.sets(), f"f as materialized ({' union '.join(parts)})"])
    there = "select p.rid from res p where p.tenant = $1::int4 and p.own = f.own and (p.rt = {rt}) is true limit 1"
    rids = f"select ({there.format(rt=patient)}) from f"
    return Statement(
        f"with {listed} select i.id from ids_by_rid($1::int4, array({rids})) i", conditions.args.values, chosen.path
    )


def _about(conditions: Conditions, source: Source, filters: Sequence[str]) -> Iterator[str]:
    """The hashes of the patients whom a source's rows are about: subjects, and those named beside them."""
    where = [*source.where, *filters]
    if conditions.type == "Patient":
        yield f"select r.own as own from {source.of} where {' and '.join(where)}"
        return
    salt = conditions.args.add(_salt(conditions), "int8")
    yield f"select r.pat as own from {source.of} where {' and '.join([*where, _names('r.pat', salt)])}"
    beside = f"{source.of} join res_pat beside on beside.tenant = $1::int4 and beside.rid = r.rid"
    yield f"select beside.pat as own from {beside} where {' and '.join([*where, _names('beside.pat', salt)])}"


def _salt(conditions: Conditions) -> int:
    """What the token that names the patient has beside the patient's own hash."""
    code = naming(conditions.type)
    if code is None:
        raise TypeError(f"{conditions.type} is about no patient")
    return conditions.hashes.salt(SEARCH[conditions.type][code].number)


def _names(pat: str, salt: str) -> str:
    return f"(r.tok @> array[{pat} # {salt}]) is true"
