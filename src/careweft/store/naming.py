"""Which Provenance names which records: by its index, and where it was changed since by what it said.

A token of `target` in an index row is the named record's own hash with the parameter's salt, so that either side can be
looked up by the other.
"""

from collections.abc import Collection, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from ..bulk.steps import Theirs
from ..fhir.definitions import RESOURCES, SEARCH
from ..fhir.outcomes import Unavailable
from ..values import dataclass
from .bound import Bound
from .columns import IN_RANGE, LISTED, Rows
from .found import Found
from .pool import Connection, Row
from .visible import hung_on, ref

TARGET, PROVENANCE = SEARCH["Provenance"]["target"].number, RESOURCES["Provenance"]
MARKS = """
select array(
  select x.own # $2::int8 from res x where x.tenant = $1 and x.pat = any($3::int8[]) and x.rt = any($4::int2[])
  union select x.own # $2::int8 from res_pat m join res x on x.tenant = m.tenant and x.rid = m.rid
    where m.tenant = $1 and m.pat = any($3::int8[]) and m.rt = any($4::int2[])) as marks
"""
"""What index rows of Provenance hold of these patients' records."""
FEW = "select count(*) <= $3 as few from (select from res where tenant = $1 and rt = $2 limit $3 + 1) x"
NAMING = """
select distinct b.id from unnest($3::int8[]) t(mark)
cross join lateral (
  select r.rid from res r where r.tok @> array[t.mark] and (r.tenant = $1 and r.rt = $2) is true offset 0) r
join body b on b.tenant = $1 and b.rid = r.rid and b.updated <= $4
"""
"""Each mark is looked up by itself: of `&&` with thousands the index compares all with all."""
WALKING = """
select b.id from body b where b.tenant = $1 and b.updated <= $4 and b.rid = any(array(
  select r.rid from res r where r.tenant = $1 and r.rt = $2
  and exists (select from unnest(r.tok) t(mark) where t.mark = any($3::int8[]))))
"""
"""The same found by a walk past all: the marks are hashed once."""
WALK = 5
"""So many records are walked past in the time of one look-up."""
OF_SOME = "{of}.pat in (select unnest($3::int8[]))"
OF_ALL = f"""({OF_SOME}
  or exists (select from res p where p.tenant = $1 and p.own = {{of}}.pat
    and p.rt::int4 = {RESOURCES["Patient"]} offset 0))
"""
THEIRS = """
x.rt = any($2::int2[])
and ({x} or exists (select from res_pat m where m.tenant = $1 and m.rid = x.rid and {m} offset 0))
"""
"""A record of these types in the compartment of one of these patients, who are hashed once; further patients are looked
for where the first is none of them, and not all of them hashed (`offset 0`).
"""
GONE = f"select id from body where tenant = $1 and rt = {RESOURCES['Patient']} and body is null"
ABOUT = f"""
select b.rid, b.id from body b
cross join lateral (select r.tok from res r where r.tenant = $1 and r.rid = b.rid offset 0) r
where b.tenant = $1 and b.rt::int4 = {PROVENANCE} and b.updated > $5 and b.updated <= $6 and {{where}} and exists (
  select from unnest(r.tok) t(mark) cross join lateral (
    select from res x where x.tenant = $1 and x.own = t.mark # $4::int8 and {{theirs}} offset 0) y)
order by b.rid
"""
"""The first of its targets that is theirs decides: two or three are looked up, of a dozen."""
NAMED = "select x.own from res x where x.tenant = $1 and x.own = any($4::int8[]) and {theirs}"


@dataclass(frozen=True, slots=True)
class Naming:
    """Looks at one tenant's records, under the snapshot of a connection. The index tells of what was changed between
    `since` and `moment` and not afterwards, and `told` of versions before that.
    """

    bound: Bound
    connection: Connection = field(repr=False)
    since: datetime
    moment: datetime

    async def patients(self, patients: Sequence[str], types: Sequence[str]) -> set[str]:
        """Ids of the Provenance of any of these patients' records of these types."""
        pats = [self.bound.hashes.own("Patient", one) for one in patients]
        salt, numbers = self.bound.hashes.salt(TARGET), [RESOURCES[one] for one in types]
        return await self._any(await self.connection.fetchval(MARKS, self.bound.tenant, salt, pats, numbers))

    async def records(self, refs: Sequence[tuple[str, str]]) -> set[str]:
        """Ids of the Provenance of any of these records."""
        return await self._any([self.bound.hashes.reference(TARGET, type_, id_) for type_, id_ in refs])

    async def _any(self, marks: Sequence[int]) -> set[str]:
        """Ids of the Provenance that holds any of these."""
        given = self.bound.tenant, PROVENANCE
        few = await self.connection.fetchval(FEW, *given, WALK * len(marks))
        rows = await self.connection.fetch(WALKING if few else NAMING, *given, marks, self.moment)
        return {row["id"] for row in rows}

    async def theirs(self, theirs: Theirs, low: int, high: int) -> Sequence[int]:
        """Numbers of the Provenance of any of their records, above `low` and up to `high`."""
        return [row["rid"] for row in await self._about(theirs, IN_RANGE, low, high)]

    async def those(self, theirs: Theirs, rids: Sequence[int]) -> set[str]:
        """Ids of the Provenance of any of their records, among these numbers."""
        return {row["id"] for row in await self._about(theirs, LISTED, 0, rids)}

    async def _about(self, theirs: Theirs, where: str, *more: object) -> Sequence[Row]:
        given = self.bound.hashes.salt(TARGET), self.since, self.moment
        return await self.connection.fetch(*await self.asked(ABOUT, theirs, where, *given, *more))

    async def told(self, of: Theirs | Collection[tuple[str, str]], rows: Rows) -> Sequence[bool]:
        """Of each of these versions of Provenance, whether it is of any of these records."""
        named = [self._named(row) for row in rows.rows]
        if isinstance(of, Theirs):
            asked = await self.asked(NAMED, of, "", sorted(set().union(*named)))
            here = {row["own"] for row in await self.connection.fetch(*asked)}
        else:
            here = {self.bound.hashes.own(type_, id_) for type_, id_ in of}
        return [not here.isdisjoint(one) for one in named]

    def _named(self, row: Row) -> set[int]:
        """What a version names, by own hashes; nothing where it cannot be read."""
        try:
            found = Found.of(row, "Provenance", row["id"], self.bound.bodies).resource or {}
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  whoever reads it next says so
            return set()
        links = map(ref, hung_on("Provenance", found))
        return {self.bound.hashes.own(one.type, one.id) for one in links if one is not None}

    async def asked(self, sql: str, theirs: Theirs, where: str, *more: object) -> tuple[Any, ...]:
        """A statement about their records, and what it is given. All patients are those who are here, or were."""
        of, patients = OF_SOME, theirs.patients
        if patients is None:
            of, patients = OF_ALL, [row["id"] for row in await self.connection.fetch(GONE, self.bound.tenant)]
        pats = [self.bound.hashes.own("Patient", one) for one in patients]
        whole = sql.format(where=where, theirs=THEIRS.format(x=of.format(of="x"), m=of.format(of="m")))
        return whole, self.bound.tenant, [RESOURCES[one] for one in theirs.types], pats, *more
