"""Index again what was indexed by an older version, while reads and writes go on (architecture decision 21), and label
again what was labelled by an older table.

Bodies stay as they are and get no new version. A parameter answers again once no row of its type is old, in any tenant.
"""

from collections.abc import AsyncIterator, Sequence

from ..fhir.labels import labels
from ..tenancy import Tenant
from ..values import dataclass
from .bound import Bound, patients
from .clinical import Clinical
from .found import TYPES, Found, each
from .indexing import Entry, Indexing
from .pool import Connection, Pool, Row
from .registry import Registries

BATCH = 500

STALE = "select distinct p / 64 as rt from param where not ready order by 1"
OLD = """
select r.rid from res r join ixgen g on g.rt = r.rt
where r.tenant = $1 and r.rid > $2 and r.rt = any($3::int2[]) and r.ixv <> g.ixv order by r.rid limit $4
"""
BEGIN = "select set_config('app.tenant', $1::int4::text, true), require_index_version($2, $3)"
LOCK = """
select * from body where tenant = $1 and rid = any($2::int8[]) and rt = $3 and body is not null order by rid for update
"""
MEMBERS = """
update body b set subject = x.subject, others = string_to_array(x.others, ' '), lab = x.lab
from unnest($2::int8[], $3::text[], $4::text[], $5::int2[]) x(rid, subject, others, lab)
where b.tenant = $1 and b.rid = x.rid
  and (b.subject, b.others, b.lab) is distinct from (x.subject, string_to_array(x.others, ' '), x.lab)
"""
KEPT = """
select h.* from hist h where h.tenant = $1 and h.rt = $2 and (h.id, h.ver) > ($3, $4::int4) and h.body is not null
order by h.id, h.ver limit $5
"""
RELABEL = """
update hist h set lab = x.lab from unnest($3::text[], $4::int4[], $5::int2[]) x(id, ver, lab)
where h.tenant = $1 and h.rt = $2 and h.id = x.id and h.ver = x.ver and h.lab <> x.lab
"""
AS_BEFORE = """
with was as (
  select b.id, b.ver, h.lab from body b
  join hist h on h.tenant = b.tenant and h.rt = b.rt and h.id = b.id and h.ver = b.ver - 1
  where b.tenant = $1 and b.rt = $2 and b.body is null
), there as (
  update body b set lab = was.lab from was where b.tenant = $1 and b.rt = $2 and b.id = was.id and b.ver = was.ver
)
update hist h set lab = p.lab from hist p where h.tenant = $1 and h.rt = $2 and h.body is null
  and p.tenant = $1 and p.rt = $2 and p.id = h.id and p.ver = h.ver - 1 and h.lab <> p.lab
"""
DONE = """
update param set ready = true where not ready and p / 64 = $1 and not exists (
  select from res r join ixgen g on g.rt = r.rt where r.rt = $1 and r.ixv <> g.ixv
  and r.tenant in (select number from tenant))
"""


@dataclass(frozen=True, slots=True)
class Step:
    """How far it is: so many resources of this tenant so far."""

    tenant: Tenant
    done: int


async def reindex(clinical: Clinical, tenants: Sequence[Tenant]) -> AsyncIterator[Step]:
    """Bring these tenants' index rows to this program's version, some hundred in one transaction, saying how far it is.

    Stopped at any point and started again it goes on. Raises Unavailable.
    """
    pool, registries = clinical.pool, clinical.registries
    await registries.refresh(at_once=True)
    stale = [row["rt"] for row in await pool.fetch(STALE)]
    for tenant in tenants:
        done, last = 0, 0
        bound = await clinical.bound(tenant)
        while rids := [row["rid"] for row in await pool.fetch(OLD, tenant.number, last, stale, BATCH)]:
            await _batch(pool, bound, registries, stale, rids)
            last, done = rids[-1], done + len(rids)
            yield Step(tenant, done)
        for rt in stale:
            await _relabel(pool, bound, rt, registries.version(TYPES[rt]))
    for rt in stale:
        await pool.fetch(DONE, rt)
    await registries.refresh(at_once=True)


async def _batch(pool: Pool, bound: Bound, registries: Registries, stale: Sequence[int], rids: Sequence[int]) -> None:
    for rt in stale:
        async with pool.connection() as connection, connection.transaction():
            await connection.execute(BEGIN, bound.tenant, rt, registries.version(TYPES[rt]))
            rows = await connection.fetch(LOCK, bound.tenant, rids, rt)
            if rows:
                await _again(
                    connection, bound, [each(row, bound.bodies) for row in rows], rows, registries.version(TYPES[rt])
                )


async def _relabel(pool: Pool, bound: Bound, rt: int, version: int) -> None:
    """Give earlier versions, and what was deleted, the labels that they carry by this program's table."""
    last = ("", 0)
    while True:
        async with pool.connection() as connection, connection.transaction():
            await connection.execute(BEGIN, bound.tenant, rt, version)
            rows = await connection.fetch(KEPT, bound.tenant, rt, *last, BATCH)
            found = [Found.of(row, TYPES[rt], row["id"], bound.bodies) for row in rows]
            bits = [labels(one.resource or {}) for one in found]
            places = [one.id for one in found], [one.version for one in found]
            await connection.execute(RELABEL, bound.tenant, rt, *places, bits)
            if len(rows) < BATCH:
                await connection.execute(AS_BEFORE, bound.tenant, rt)
                return
            last = (found[-1].id, found[-1].version)


async def _again(
    connection: Connection, bound: Bound, found: Sequence[Found], rows: Sequence[Row], version: int
) -> None:
    """Replace the index rows of these resources of one type."""
    entries = [
        Entry(rid, one.type, one.id, it, patients(one.type, it), one.updated, version, labels(it))
        for rid, one, it in ((row["rid"], one, one.resource) for row, one in zip(rows, found, strict=True))
        if it is not None
    ]
    rids = [one.rid for one in entries]
    who = [list(one.patients) for one in entries]
    await connection.execute(
        MEMBERS,
        bound.tenant,
        rids,
        [one[0] if one else None for one in who],
        [" ".join(one[1:]) or None for one in who],
        [one.labels for one in entries],
    )
    indexing = Indexing(bound, connection)
    await indexing.drop(rids)
    await indexing.add(entries)
