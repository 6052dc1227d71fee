"""Accounts and what hangs on them, in PostgreSQL; what changes them is in `changing`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from ..accounts.changes import Change, Lost, Taken
from ..accounts.needs import Passkey, Relation, Secrets
from ..ports.journal import Entry
from ..ports.people import Account
from .changing import CHANGES
from .journal import APPEND, columns
from .pool import Pool, Row

ACCOUNT = (
    "a.id, a.tenant, coalesce(a.username, '') as username, a.name, a.email, a.role, a.fhir_user, a.language, a.enabled,"
    " a.second_factor, a.chosen"
)
FIND = f"select {ACCOUNT} from account a where a.tenant = $1 and a.id = $2"
BY_USERNAME = f"select {ACCOUNT} from account a where a.tenant = $1 and lower(a.username) = lower($2)"
BY_EMAIL = f"""select {ACCOUNT} from account a
  where a.tenant = $1 and lower(a.email) = lower($2) and a.activated is not null and a.enabled
  order by a.created limit 5"""
BY_RECORD = (
    f"select {ACCOUNT} from account a where a.tenant = $1 and a.fhir_user = $2 and a.role = $3 order by a.created"
)
ALL = f"select {ACCOUNT} from account a where a.tenant = $1 order by a.created, a.id"
SECRETS = """select a.password, a.totp,
  (select count(*) from recovery_code c where c.account = a.id and c.used is null) as codes
from account a where a.tenant = $1 and a.id = $2"""
PASSKEYS = """select p.id, p.account, p.public, p.counter, p.label, p.created, p.used from passkey p
  join account a on a.id = p.account where a.tenant = $1 and {} order by p.created, p.id"""
RELATIONS = """select r.id, r.account, r.patient, r.kind, r.until, r.minor, r.sensitive, r.types, r.created, r.ended,
  a.name, a.activated is not null as activated
from relation r join account a on a.id = r.account where r.tenant = $1 and r.ended is null and {}
  order by r.created, r.id"""
ENDING = "(r.until is not null or r.minor)"
DUE = "select distinct tenant from relation where ended is null and until <= $1"
ADMINISTERED = (
    "select 1 from account where tenant = 0 and role = 'administrator' and activated is not null and enabled limit 1"
)
LINKED = "select 1 from identity where tenant = $1 and issuer = $2 and account = $3 limit 1"
IDENTITY = f"""select {ACCOUNT} from identity i join account a on a.id = i.account
  where i.tenant = $1 and i.issuer = $2 and i.subject = $3 and a.tenant = $1"""


class PostgresPeople:
    """accounts.Register. Nothing is remembered: what has ended has ended at once, everywhere."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, tenant: int, id_: str) -> Account | None:
        """As ports.People."""
        return await self._account(FIND, tenant, id_)

    async def by_username(self, tenant: int, username: str) -> Account | None:
        """As ports.People."""
        return await self._account(BY_USERNAME, tenant, username)

    async def by_email(self, tenant: int, email: str) -> Sequence[Account]:
        """As accounts.Register."""
        return [account(row) for row in await self._pool.fetch(BY_EMAIL, tenant, storable(email))]

    async def by_record(self, tenant: int, fhir_user: str, role: str) -> Account | None:
        """As accounts.Register."""
        return await self._account(BY_RECORD, tenant, fhir_user, role)

    async def all(self, tenant: int) -> Sequence[Account]:
        """As accounts.Register."""
        return [account(row) for row in await self._pool.fetch(ALL, tenant)]

    async def secrets(self, tenant: int, account: str) -> Secrets:
        """As accounts.Register."""
        row = await self._pool.fetchrow(SECRETS, tenant, account)
        keys = await self._pool.fetch(PASSKEYS.format("p.account = $2"), tenant, account)
        if row is None:
            return Secrets()
        return Secrets(row["password"], row["totp"], row["codes"], tuple(Passkey(**dict(one)) for one in keys))

    async def passkey(self, tenant: int, id_: bytes) -> Passkey | None:
        """As accounts.Register."""
        row = await self._pool.fetchrow(PASSKEYS.format("p.id = $2"), tenant, id_)
        return None if row is None else Passkey(**dict(row))

    async def relations(
        self, tenant: int, *, patient: str | None = None, account: str | None = None
    ) -> Sequence[Relation]:
        """As accounts.Register."""
        column, value = ("r.patient = $2", patient) if account is None else ("r.account = $2", account)
        return [relation(row) for row in await self._pool.fetch(RELATIONS.format(column), tenant, value)]

    async def ending(self, tenant: int) -> Sequence[Relation]:
        """As accounts.Register."""
        return [relation(row) for row in await self._pool.fetch(RELATIONS.format(ENDING), tenant)]

    async def due(self, now: datetime, *, minors: bool) -> Sequence[int]:
        """The numbers of the tenants where a relation's date has come, or with `minors` where a child may be of age."""
        rows = await self._pool.fetch(DUE + (" or minor and ended is null" if minors else ""), now)
        return [row["tenant"] for row in rows]

    async def identity(self, tenant: int, issuer: str, subject: str) -> Account | None:
        """As accounts.Register."""
        return await self._account(IDENTITY, tenant, issuer, subject)

    async def linked(self, tenant: int, issuer: str, account: str) -> bool:
        """As accounts.Register."""
        return await self._pool.fetchrow(LINKED, tenant, issuer, account) is not None

    async def majority(self, tenant: int) -> int:
        """As accounts.Register."""
        row = await self._pool.fetchrow("select majority from tenant where number = $1", tenant)
        return 18 if row is None else int(row["majority"])

    async def set_majority(self, tenant: int, years: int) -> None:
        """At which age a child of this tenant is of age, from now on."""
        await self._pool.fetch("update tenant set majority = $2 where number = $1", tenant, years)

    async def upstream_role(self, tenant: int) -> str | None:
        """As accounts.Register."""
        row = await self._pool.fetchrow("select role from upstream where tenant = $1 and enabled", tenant)
        return None if row is None else str(row["role"])

    async def change(self, tenant: int, changes: Sequence[Change], entry: Entry) -> None:
        """As accounts.Register."""
        try:
            async with self._pool.connection() as connection, connection.transaction():
                for one in changes:
                    await CHANGES[type(one)](connection, tenant, one)
                await connection.execute(APPEND, *columns([entry]))
        except asyncpg.UniqueViolationError as taken:
            raise Taken(taken.constraint_name or "") from None
        except asyncpg.ForeignKeyViolationError as gone:
            raise Lost(gone.constraint_name or "") from None

    async def _account(self, sql: str, tenant: int, *args: str) -> Account | None:
        row = await self._pool.fetchrow(sql, tenant, *map(storable, args))
        return None if row is None else account(row)


async def administered(pool: Pool) -> bool:
    """Is there an administrator who can sign in?"""
    return await pool.fetchrow(ADMINISTERED) is not None


def account(row: Row) -> Account:
    """A row as an Account."""
    return Account(**{name: row[name] for name in Account.__dataclass_fields__})


def relation(row: Row) -> Relation:
    """A row as a Relation."""
    held: dict[str, Any] = dict(row)
    return Relation(**held | {"types": None if held["types"] is None else tuple(held["types"])})


def storable(text: str) -> str:
    """What somebody typed, as the database can compare it: no name holds NUL or half a surrogate pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
