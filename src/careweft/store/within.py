"""Whose records a sight shows, in hashes: a set of patients where they are few, else leads followed from each row.

Whoever reads these conditions decides again on exact ids (`visible`); a set that is some seconds old therefore shows
nobody who is not seen any more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from ..access.reach import Narrowed
from ..access.sight import Lead, Sight
from ..fhir.definitions import RESOURCES, SEARCH
from .hashes import Hashes
from .memory import Memory
from .pool import Pool

if TYPE_CHECKING:  # Conditions are written with these, and these with Conditions
    from .conditions import Conditions

FEW = 2000
"""So many patients are bound one by one; where there are more, a walk soon meets their records."""
LOOKED_AT = 50_000
"""So many records are looked at to know whether their patients are few."""
LASTS = 2.0

PATIENTS = """
select distinct k from (
  select x.pat as k from res x where x.tok && $2 and (x.tenant = $1 and x.rt = $3 and x.pat <> 0) is true limit $4) y
limit $5
"""

Many = Literal["many"]
Patients = Mapping[Sight, Sequence[int]]
"""The patients of the sights whose patients are few, by the hashes of their ids."""


class Circles:
    """Who is within the sights of a tenant's callers, as far as they are few; remembered for two seconds."""

    def __init__(self, tenant: int, hashes: Hashes, pool: Pool) -> None:
        self._tenant, self._hashes, self._pool = tenant, hashes, pool
        self._memory: Memory[Sight, list[int] | Many] = Memory(LASTS)

    async def of(self, narrowed: Narrowed) -> Patients:
        """The few patients of each sight that decides what this search finds. Raises Unavailable."""
        found = {one: await self._memory.get(one, partial(self._read, one)) for one in set(sights_of(narrowed))}
        return {one: patients for one, patients in found.items() if isinstance(patients, list)}

    async def _read(self, sight: Sight) -> list[int] | Many:
        """The patients of a sight, as long as they are few."""
        found = {self._hashes.own("Patient", one) for one in sight.patients or ()}
        for lead in sight.leads:
            args = self._tenant, tokens(self._hashes, lead), RESOURCES[lead.type], LOOKED_AT, FEW + 1
            found |= {row["k"] for row in await self._pool.fetch(PATIENTS, *args)}
            if len(found) > FEW:
                return "many"
        return sorted(found)


def sights_of(narrowed: Narrowed) -> Iterator[Sight]:
    """Every sight by which something is found."""
    for reach in (narrowed.reach, *narrowed.backward.values(), *narrowed.sought.values()):
        yield from (way.sight for way in reach.ways if way.sight is not None)


def tokens(hashes: Hashes, lead: Lead) -> list[int]:
    """The tokens of records that a lead begins with."""
    param = SEARCH[lead.type][lead.param].number
    return [hashes.reference(param, *_named(one)) for one in lead.to]


def _named(reference: str) -> tuple[str, str]:
    type_, _, id_ = reference.partition("/")
    return type_, id_


def seen(conditions: "Conditions", sight: Sight, key: str) -> str:
    """The patient whose hash is `key` is within the sight."""
    few = conditions.args.few(sight)
    if few is not None:
        return f"{key} = any({few})"
    return (
        "("
        + " or ".join([*_listed(conditions, sight, key), *(_led(conditions, one, key) for one in sight.leads)])
        + ")"
    )


def _listed(conditions: "Conditions", sight: Sight, key: str) -> Iterable[str]:
    if sight.patients or not sight.leads:
        hashes = [conditions.hashes.own("Patient", one) for one in sorted(sight.patients or ())]
        yield f"{key} = any({conditions.args.add(hashes, 'int8[]')})"


def _led(conditions: "Conditions", lead: Lead, key: str) -> str:
    """One of the patient's records refers to where the lead begins. Not `exists`, for which the planner would gather
    all such records of the tenant in case; in an order that one index has.
    """
    held = conditions.args.add(tokens(conditions.hashes, lead), "int8[]")
    rt = conditions.args.add(RESOURCES[lead.type], "int2")
    return (
        f"({key} <> 0 and (select true from res x where x.tenant = $1::int4 and x.rt = {rt} and x.pat = {key} "
        f"and (x.tok && {held}) is true order by x.d desc limit 1) is true)"
    )
