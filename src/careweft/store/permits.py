"""Permits, the codes and refresh tokens that hang on them, and their ends.

Whatever changes what a person granted is one transaction with its revocation and its audit entry. Of many who show one
code or one refresh token at once, the row's lock lets one through at a time (OAUTH-06, OAUTH-18).
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from ..ports.journal import Entry
from ..ports.permits import REPLAY, Check, Code, Launched, Pending, Permit, Replayed, Shared, Turn
from .clients import REVOKE
from .journal import APPEND, columns
from .pool import Connection, Pool, Row

FIELDS = (
    "tenant, id, account, person, client, surface, scopes, asked, redirect_uri, patient, encounter, fhir_context,"
    " intent, banner, lasting, session, auth_time, created, expires, until, used, ended, generation, rotated,"
    " standing"
)
PLACES = ", ".join(f"${n}" for n in range(1, 26))
ANSWER = "delete from auth_request where tenant = $1 and id = $2 and session is not distinct from $3 returning 1"
GRANT = f"insert into permit ({FIELDS}) values ({PLACES})"
GIVE = "insert into code (tenant, id, permit, challenge, nonce, expires) values ($1, $2, $3, $4, $5, $6)"
SHOWN = "select permit, challenge, nonce, expires, used from code where tenant = $1 and id = $2 for update"
USE = "update code set used = $3 where tenant = $1 and id = $2"
FIND = f"select {FIELDS} from permit where tenant = $1 and id = $2"
TURN = "update permit set generation = $3, rotated = $4, used = $5, expires = $6 where tenant = $1 and id = $2"
BY = (
    f"select {FIELDS} from permit where tenant = $1 and {{}} = $2 and ended is null and expires > $3"
    " order by created desc, id limit 1000"
)
BY_ACCOUNT, BY_CLIENT = BY.format("account"), BY.format("client")
END = """
with gone as (
  update permit set ended = $3 where tenant = $1 and id = any($2) and ended is null returning id
)
insert into revocation (tenant, key) select $1, 'grant:' || id from gone returning 1
"""
BY_CLIENTS = """
select client, count(*)::int4 as permits, count(distinct account)::int4 as people,
  count(session)::int4 as online, max(used) as used
from permit where tenant = $1 and ended is null and expires > $2 group by client order by client
"""
END_CLIENT = "update permit set ended = $3 where tenant = $1 and client = $2 and ended is null returning 1"


class PostgresPermits:
    """ports.Permits."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def grant(self, pending: Pending, permit: Permit, code: str, expires: datetime, entry: Entry) -> bool:
        """End the request and keep its permit, its code and the entry; False where it was answered before."""
        async with self._pool.connection() as connection, connection.transaction():
            tenant = pending.tenant
            if await connection.fetchrow(ANSWER, tenant, mark("request", pending.id), pending.session) is None:
                return False
            await connection.execute(GRANT, *values(permit))
            await connection.execute(
                GIVE, tenant, mark("code", code), permit.id, pending.challenge, pending.nonce, expires
            )
            await connection.execute(APPEND, *columns([entry]))
        return True

    async def redeem(self, tenant: int, code: str, check: Check, now: datetime) -> Code | Replayed | str:
        """Use the code, once. A second use ends the permit with all its tokens (OAUTH-05); str says why not."""
        async with self._pool.connection() as connection, connection.transaction():
            row = await connection.fetchrow(SHOWN, tenant, mark("code", code))
            if row is None:
                return "no such code"
            found = await _code(connection, tenant, row)
            wrong = check(found)
            if wrong == REPLAY:
                return await _replayed(connection, found.permit, now)
            if wrong is not None:
                return wrong
            await connection.execute(USE, tenant, mark("code", code), now)
            return found

    async def refresh(
        self, tenant: int, id_: str, turn: Turn, now: datetime, expires: datetime
    ) -> Permit | Replayed | str:
        """Turn the permit to the generation that `turn` says, one caller at a time."""
        async with self._pool.connection() as connection, connection.transaction():
            row = await connection.fetchrow(FIND + " for update", tenant, id_)
            if row is None:
                return "no such permit"
            permit = read(row)
            turned = turn(permit)
            if turned == REPLAY:
                return await _replayed(connection, permit, now)
            if isinstance(turned, str):
                return turned
            rotated = now if turned != permit.generation else permit.rotated
            until = expires if permit.limit is None else min(expires, permit.limit)
            await connection.execute(TURN, tenant, id_, turned, rotated, now, until)
            return read(await _row(connection, tenant, id_))

    async def find(self, tenant: int, id_: str) -> Permit | None:
        """The permit of that id."""
        row = await self._pool.fetchrow(FIND, tenant, id_)
        return None if row is None else read(row)

    async def of_account(self, tenant: int, account: str, now: datetime) -> Sequence[Permit]:
        """What this person granted and is in force, newest first."""
        return [read(row) for row in await self._pool.fetch(BY_ACCOUNT, tenant, account, now)]

    async def of_client(self, tenant: int, client: str, now: datetime) -> Sequence[Permit]:
        """What people granted to this application and is in force, newest first."""
        return [read(row) for row in await self._pool.fetch(BY_CLIENT, tenant, client, now)]

    async def by_client(self, tenant: int, now: datetime) -> Sequence[Shared]:
        """As ports.Permits."""
        return [Shared(*row) for row in await self._pool.fetch(BY_CLIENTS, tenant, now)]

    async def end_client(self, tenant: int, client: str, now: datetime, entry: Entry) -> int:
        """As ports.Permits."""
        async with self._pool.connection() as connection, connection.transaction():
            gone = await connection.fetch(END_CLIENT, tenant, client, now)
            await connection.execute(REVOKE, tenant, client)  # one mark for all: there may be thousands
            await connection.execute(APPEND, *columns([entry]))
        return len(gone)

    async def end(self, tenant: int, ids: Sequence[str], now: datetime, entry: Entry | None = None) -> int:
        """End permits, with their revocations and the entry. Returns how many were in force till now."""
        async with self._pool.connection() as connection, connection.transaction():
            gone = await connection.fetch(END, tenant, list(ids), now)
            if entry is not None:
                await connection.execute(APPEND, *columns([entry]))
        return len(gone)

    async def end_about(self, tenant: int, account: str, patient: str, now: datetime) -> int:
        """End what this person granted about this patient."""
        del now  # the function takes the database's own
        row = await self._pool.fetchrow("select end_permits($1, $2, $3)", tenant, account, patient)
        return 0 if row is None else int(row[0])


async def prune(pool: Pool) -> int:
    """Delete requests, codes, launches and permits that are long over; returns how many."""
    rows = await pool.fetch("select grants_prune()")
    return int(rows[0][0])


def mark(kind: str, secret: str) -> bytes:
    """What is kept of a secret that is random, and so needs no slow hash: of each kind of its own."""
    return hashlib.sha256(f"careweft {kind}\0{secret}".encode("utf-8", "surrogatepass")).digest()


async def _code(connection: Connection, tenant: int, row: Row) -> Code:
    permit = read(await _row(connection, tenant, row["permit"]))
    return Code(permit, row["challenge"], row["nonce"], row["expires"], row["used"])


async def _replayed(connection: Connection, permit: Permit, now: datetime) -> Replayed:
    await connection.fetch(END, permit.tenant, [permit.id], now)
    return Replayed(permit)


async def _row(connection: Connection, tenant: int, id_: str) -> Row:
    row = await connection.fetchrow(FIND, tenant, id_)
    assert row is not None  # noqa: S101  a foreign key, or a lock that is held
    return row


def read(row: Row) -> Permit:
    """A row as a Permit."""
    return Permit(
        id=row["id"],
        tenant=row["tenant"],
        account=row["account"],
        client=row["client"],
        surface=row["surface"],
        scopes=tuple(row["scopes"]),
        asked=tuple(row["asked"]),
        redirect_uri=row["redirect_uri"],
        launched=launched(row),
        auth_time=row["auth_time"],
        created=row["created"],
        expires=row["expires"],
        limit=row["until"],
        user=row["person"],
        lasting=row["lasting"],
        session=row["session"],
        used=row["used"],
        ended=row["ended"],
        generation=row["generation"],
        rotated=row["rotated"],
        standing=row["standing"],
    )


def launched(row: Row) -> Launched:
    """The context of a row that has one."""
    return Launched(row["patient"], row["encounter"], tuple(row["fhir_context"]), row["intent"], row["banner"])


def values(one: Permit) -> Sequence[object]:
    """A Permit as the values of a row, in the order of FIELDS."""
    context = one.launched
    return [
        one.tenant, one.id, one.account, one.user, one.client, one.surface, list(one.scopes), list(one.asked),
        one.redirect_uri, context.patient, context.encounter, list(context.fhir_context), context.intent,
        context.banner, one.lasting, one.session, one.auth_time, one.created, one.expires, one.limit, one.used,
        one.ended, one.generation, one.rotated, one.standing,
    ]  # fmt: skip
