"""Every current record of a tenant, one after another, in memory that does not grow: for an operator's own checks."""

from collections.abc import AsyncIterator

from ..ports.records import Resource
from ..tenancy import Tenant
from .clinical import Clinical
from .found import each

BATCH = 200

BEGIN = "select set_config('app.tenant', $1::int4::text, true)"
NEXT = "select * from body where tenant = $1 and rid > $2 and body is not null order by rid limit $3"


async def every(clinical: Clinical, tenant: Tenant) -> AsyncIterator[Resource]:
    """The records in the order in which they first came. Raises Unavailable."""
    bound = await clinical.bound(tenant)
    last = 0
    while True:
        async with clinical.pool.connection() as connection, connection.transaction():
            await connection.execute(BEGIN, tenant.number)
            rows = await connection.fetch(NEXT, tenant.number, last, BATCH)
        for row in rows:
            resource = each(row, bound.bodies).resource
            if resource is not None:
                yield resource
        if len(rows) < BATCH:
            return
        last = rows[-1]["rid"]
