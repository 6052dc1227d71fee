"""Authorization requests that wait, pushed ones, and the launches of EHRs: all of them under hashes of their names."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from ..ports.journal import Entry
from ..ports.permits import Launch, Launched, Pairs, Pending, Pushed
from .journal import APPEND, columns
from .permits import launched, mark
from .pool import Pool, Row

BEGIN = "insert into auth_request (tenant, id, client, asked, expires) values ($1, $2, $3, $4, $5)"
FIND = (
    "select asked, session, account, patient, encounter from auth_request"
    " where tenant = $1 and id = $2 and expires > $3"
)
BIND = """
update auth_request set session = $3, account = $4
where tenant = $1 and id = $2 and (session is null or session = $3 and account = $4) returning 1
"""
PICK = "update auth_request set patient = $4 where tenant = $1 and id = $2 and session = $3 returning 1"
VISIT = "update auth_request set encounter = $4 where tenant = $1 and id = $2 and session = $3 returning 1"
REFUSE = "delete from auth_request where tenant = $1 and id = $2 and session is not distinct from $3 returning 1"
PUSH = "insert into pushed_request (tenant, id, client, pairs, expires) values ($1, $2, $3, $4, $5)"
PULL = (
    "delete from pushed_request where tenant = $1 and id = $2 and client = $3 returning pairs, expires > $4 as in_time"
)
LAUNCH = """
insert into launch (tenant, id, client, surface, person, patient, encounter, fhir_context, intent, banner, expires)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
REDEEM = """
delete from launch where tenant = $1 and id = $2 and client = $3 and surface = $4 and expires > $5
returning client, surface, person, patient, encounter, fhir_context, intent, banner
"""
MOMENTS = ("created", "expires")


class PostgresRequests:
    """ports.Requests."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, pending: Pending) -> None:
        """Keep a new request. Raises Unavailable."""
        await self._pool.fetch(
            BEGIN, pending.tenant, mark("request", pending.id), pending.client, written(pending), pending.expires
        )

    async def find(self, tenant: int, id_: str, now: datetime) -> Pending | None:
        """The request of that id, as long as it waits. Raises Unavailable."""
        row = await self._pool.fetchrow(FIND, tenant, mark("request", id_), now)
        return None if row is None else read(row, id_)

    async def bind(self, tenant: int, id_: str, session: str, account: str) -> bool:
        """Bind it to the session that meets it first; of two at once one gets it. Raises Unavailable."""
        return await self._pool.fetchrow(BIND, tenant, mark("request", id_), session, account) is not None

    async def pick(self, tenant: int, id_: str, session: str, patient: str) -> bool:
        """Note whom the person picked. Raises Unavailable."""
        return await self._pool.fetchrow(PICK, tenant, mark("request", id_), session, patient) is not None

    async def visit(self, tenant: int, id_: str, session: str, encounter: str) -> bool:
        """Note which visit the person picked. Raises Unavailable."""
        return await self._pool.fetchrow(VISIT, tenant, mark("request", id_), session, encounter) is not None

    async def refuse(self, tenant: int, id_: str, session: str | None, entry: Entry) -> bool:
        """End it without a permit, with the entry, in one transaction. Raises Unavailable."""
        async with self._pool.connection() as connection, connection.transaction():
            if await connection.fetchrow(REFUSE, tenant, mark("request", id_), session) is None:
                return False
            await connection.execute(APPEND, *columns([entry]))
        return True

    async def push(self, tenant: int, id_: str, pushed: Pushed, expires: datetime) -> None:
        """Keep a pushed request. Raises Unavailable."""
        pairs = json.dumps([list(pair) for pair in pushed.pairs])
        await self._pool.fetch(PUSH, tenant, mark("pushed", id_), pushed.client, pairs, expires)

    async def pulled(self, tenant: int, id_: str, client: str, now: datetime) -> Pairs | None:
        """The pushed request of this client, once; of many at once one gets it. Raises Unavailable."""
        row = await self._pool.fetchrow(PULL, tenant, mark("pushed", id_), client, now)
        if row is None or not row["in_time"]:
            return None
        return [(name, value) for name, value in json.loads(row["pairs"])]


class PostgresLaunches:
    """ports.Launches."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(self, tenant: int, handle: str, launch: Launch, expires: datetime, entry: Entry) -> None:
        """Keep a launch, with its entry, in one transaction. Raises Unavailable."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(LAUNCH, *_values(tenant, handle, launch), expires)
            await connection.execute(APPEND, *columns([entry]))

    async def redeem(self, tenant: int, handle: str, client: str, surface: str, now: datetime) -> Launch | None:
        """What the handle stands for, once; of many at once one gets it. Raises Unavailable."""
        row = await self._pool.fetchrow(REDEEM, tenant, mark("launch", handle), client, surface, now)
        return None if row is None else Launch(row["client"], row["person"], launched(row), row["surface"])


def _values(tenant: int, handle: str, launch: Launch) -> Sequence[object]:
    context = launch.launched
    return [
        tenant, mark("launch", handle), launch.client, launch.surface, launch.user, context.patient,
        context.encounter, list(context.fhir_context), context.intent, context.banner,
    ]  # fmt: skip


def written(pending: Pending) -> str:
    """A request as it is kept: without its name, which nobody can make of its hash."""
    told = asdict(replace(pending, id="", session=None, account=None, patient=None, encounter=None))
    return json.dumps(told | {name: told[name].isoformat() for name in MOMENTS})


def read(row: Row, id_: str) -> Pending:
    """What was kept, with who met it and what they picked."""
    told: dict[str, Any] = json.loads(row["asked"])
    told |= {name: datetime.fromisoformat(told[name]) for name in MOMENTS}
    told |= {name: tuple(told[name]) for name in ("scopes", "prompt")}
    told |= {"id": id_} | {name: row[name] for name in ("session", "account", "patient", "encounter")}
    if told["launched"] is not None:
        context = told["launched"]
        told["launched"] = Launched(**context | {"fhir_context": tuple(context["fhir_context"])})
    return Pending(**told)
