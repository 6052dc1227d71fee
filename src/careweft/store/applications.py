"""Registrations of applications, what tenants decided about them, and the teams that share them (ADR 601)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ..ports.clock import Clock
from ..ports.journal import Entry
from ..ports.registry import Member
from ..registry.answers import read as application
from ..registry.answers import told
from ..registry.authorization import Agreement, Authorization, Basis, Narrowing, State
from ..registry.desk import Decision, Draft, Former, Held, Taken
from ..registry.paper import Paper
from ..registry.registration import Change, Registration, client_of
from .clients import put
from .journal import APPEND, columns
from .pool import Connection, Pool, Row

APPLICATION = "a.id, a.team, a.asked, a.secrets, a.secret_ends, a.version, a.created, a.changed, a.removed"
FIND = f"select {APPLICATION} from application a where id = $1 and removed is null"
OF = (
    f"select {APPLICATION} from application a join team_member m using (team)"
    " where m.account = $1 and removed is null order by a.created desc, a.id"
)
ADD = (
    "insert into application (id, team, asked, secrets, secret_ends, created, changed)"
    " values ($1, $2, $3::jsonb, $4, $5, $6, $6)"
)
CHANGE = (
    "update application set asked = $2::jsonb, secrets = $3, secret_ends = $4, version = $5, changed = $6, removed = $7"
    " where id = $1"
)
FORMER = (
    "insert into application_change (application, version, at, who, what, asked) values ($1, $2, $3, $4, $5, $6::jsonb)"
)
HISTORY = "select version, at, who, what, asked from application_change where application = $1 order by version desc"

DECIDED = (
    "t.application, t.tenant, t.state, t.requested, t.requested_by, t.message, t.version, t.decided, t.decided_by,"
    " t.code, t.reason, t.narrowing, t.basis, t.agreement"
)
OF_APPLICATION = f"select {DECIDED} from tenant_authorization t where application = $1 order by requested, tenant"
OF_BOTH = f"select {DECIDED} from tenant_authorization t where application = $1 and tenant = $2"
OF_TENANT = (
    f"select {APPLICATION}, {DECIDED}, t.version as decision,"
    " array(select m.account from team_member m where m.team = a.team) as members"
    " from tenant_authorization t join application a on a.id = t.application"
    " where t.tenant = $1 and a.removed is null order by t.requested desc, a.id"
)
DECIDE = """
insert into tenant_authorization (application, tenant, state, requested, requested_by, message, version, decided,
  decided_by, code, reason, narrowing, basis, agreement)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb, $13::jsonb, $14::jsonb)
on conflict (application, tenant) do update set state = excluded.state, requested = excluded.requested,
  requested_by = excluded.requested_by, message = excluded.message, version = excluded.version,
  decided = excluded.decided, decided_by = excluded.decided_by, code = excluded.code, reason = excluded.reason,
  narrowing = excluded.narrowing, basis = excluded.basis, agreement = excluded.agreement
"""
STEP = (
    "insert into authorization_step (application, tenant, at, who, step, state, code, reason, agreement)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
STEPS = (
    "select at, who, step, state, code, reason, agreement from authorization_step"
    " where tenant = $2 and application = $1 order by n"
)
FILE = """
insert into agreement_file (application, tenant, digest, kind, body, at) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""
PAPER = "select digest, kind, body from agreement_file where application = $1 and tenant = $2 and digest = $3"
OVERDUE = (
    "select application, tenant from tenant_authorization where state in ('approved', 'suspended')"
    " and (narrowing ->> 'expires')::timestamptz <= $1"
)
MEMBERS = (
    "select m.account, m.role, m.since from team_member m join application a using (team)"
    " where a.id = $1 order by m.since, m.account"
)
OWN_TEAM = "select team from team_member where account = $1 and role = 'owner' order by since, team limit 1"
JOIN = (
    "insert into team_member (team, account, role, since) select team, $2, $3, $4 from application where id = $1"
    " on conflict (team, account) do update set role = excluded.role"
)
LEAVE = "delete from team_member m using application a where a.team = m.team and a.id = $1 and m.account = $2"
DRAFTS = "select id, account, answers, changed from application_draft where account = $1 order by changed desc, id"
KEEP = (
    "insert into application_draft as d (id, account, answers, changed) values ($1, $2, $3::jsonb, $4)"
    " on conflict (id) do update set answers = excluded.answers, changed = excluded.changed"
    " where d.account = excluded.account"
)
DROP = """
with gone as (delete from application_draft where account = $1 and id = $2 returning id),
  bare as (delete from picture where owner in (select 'draft ' || id from gone))
select id from gone
"""


class PostgresApplications:
    """registry.desk.Shelf; whatever is done is one transaction with its audit entry and the rows of `client`."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def find(self, id_: str) -> Registration | None:
        """As Shelf."""
        row = await self._pool.fetchrow(FIND, id_) if plain(id_) else None
        return None if row is None else registration(row)

    async def of(self, account: str) -> Sequence[Registration]:
        """As Shelf."""
        return [registration(row) for row in await self._pool.fetch(OF, account)]

    async def members(self, id_: str) -> Sequence[Member]:
        """As Shelf."""
        return [Member(*row) for row in await self._pool.fetch(MEMBERS, id_)] if plain(id_) else []

    async def team(self, account: str, name: str) -> str:
        """As Shelf."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtext('careweft team ' || $1))", account)
            found = await connection.fetchval(OWN_TEAM, account)
            if found is None:
                found = await connection.fetchval(
                    "insert into team (id, name) values (gen_random_uuid()::text, $1) returning id", name
                )
                await connection.execute(
                    "insert into team_member (team, account, role) values ($1, $2, 'owner')", found, account
                )
            return str(found)

    async def share(self, id_: str, member: Member | None, account: str, entry: Entry) -> None:
        """As Shelf."""
        async with self._pool.connection() as connection, connection.transaction():
            if member is None:
                await connection.execute(LEAVE, id_, account)
            else:
                await connection.execute(JOIN, id_, account, member.role, member.since)
            await connection.execute(APPEND, *columns([entry]))

    async def add(self, new: Registration, who: str, entry: Entry) -> None:
        """As Shelf."""
        async with self._pool.connection() as connection, connection.transaction():
            asked = json.dumps(told(new.asked))
            await connection.execute(ADD, new.id, new.team, asked, *secrets(new), new.created or self._clock())
            await connection.execute(FORMER, new.id, new.version, entry.at, who, "app create", asked)
            await connection.execute(APPEND, *columns([entry]))

    async def change(self, id_: str, what: str, change: Change, who: str, entry: Entry) -> Registration | None:
        """As Shelf: the rows of every tenant are written with it, and their revocations."""
        async with self._pool.connection() as connection, connection.transaction():
            row = await connection.fetchrow(FIND + " for update", id_) if plain(id_) else None
            if row is None:
                return None
            new = change(registration(row))
            asked = json.dumps(told(new.asked))
            await connection.execute(CHANGE, id_, asked, *secrets(new), new.version, entry.at, new.removed)
            await connection.execute(FORMER, id_, new.version, entry.at, who, what, asked)
            for one in await connection.fetch(OF_APPLICATION + " for update", id_):
                await put(connection, client_of(new, decided(one)), self._clock())
            await connection.execute(APPEND, *columns([entry]))
        return new

    async def decide(
        self, id_: str, tenant: int, step: str, decision: Decision, entry: Entry, paper: Paper | None = None
    ) -> Authorization | None:
        """As Shelf: the registration is locked, so that decisions about one application come one after another."""
        async with self._pool.connection() as connection, connection.transaction():
            held = await _held(connection, id_, tenant) if plain(id_) else None
            if held is None:
                return None
            new = decision(held)
            await connection.execute(DECIDE, *values(new))
            digest = new.agreement.digest if new.agreement and step == "approve" else ""
            await connection.execute(
                STEP, id_, tenant, entry.at, entry.user or "", step, new.state, new.code, new.reason or new.message,
                digest,
            )  # fmt: skip
            if paper is not None:
                await connection.execute(FILE, id_, tenant, paper.digest, paper.kind, paper.body, entry.at)
            await put(connection, client_of(held.registration, new), self._clock())
            await connection.execute(APPEND, *columns([entry]))
        return new

    async def authorizations(self, id_: str) -> Sequence[Authorization]:
        """As Shelf."""
        return [decided(row) for row in await self._pool.fetch(OF_APPLICATION, id_)] if plain(id_) else []

    async def requests(self, tenant: int) -> Sequence[Held]:
        """As Shelf."""
        rows = await self._pool.fetch(OF_TENANT, tenant)
        return [Held(registration(row), decided(row, "decision"), tuple(row["members"])) for row in rows]

    async def held(self, id_: str, tenant: int) -> Held | None:
        """As Shelf."""
        if not plain(id_):
            return None
        async with self._pool.connection() as connection:
            return await _held(connection, id_, tenant, lock="")

    async def overdue(self, now: datetime) -> Sequence[tuple[str, int]]:
        """As Shelf."""
        return [(row["application"], row["tenant"]) for row in await self._pool.fetch(OVERDUE, now)]

    async def steps(self, id_: str, tenant: int) -> Sequence[Taken]:
        """As Shelf."""
        rows = await self._pool.fetch(STEPS, id_, tenant) if plain(id_) else []
        return [Taken(**{**dict(row), "state": State(row["state"])}) for row in rows]

    async def paper(self, id_: str, tenant: int, digest: str) -> Paper | None:
        """As Shelf."""
        if not (plain(id_) and plain(digest)):
            return None
        row = await self._pool.fetchrow(PAPER, id_, tenant, digest)
        return None if row is None else Paper(row["digest"], row["kind"], bytes(row["body"]))

    async def history(self, id_: str) -> Sequence[Former]:
        """As Shelf."""
        rows = await self._pool.fetch(HISTORY, id_) if plain(id_) else []
        return [Former(**{**dict(row), "asked": application(json.loads(row["asked"]))}) for row in rows]

    async def drafts(self, account: str) -> Sequence[Draft]:
        """As Shelf."""
        rows = await self._pool.fetch(DRAFTS, account)
        return [Draft(row["id"], row["account"], json.loads(row["answers"]), row["changed"]) for row in rows]

    async def keep(self, draft: Draft) -> None:
        """As Shelf."""
        await self._pool.fetch(KEEP, draft.id, draft.account, json.dumps(draft.answers), draft.changed)

    async def drop(self, account: str, id_: str) -> bool:
        """As Shelf."""
        return bool(await self._pool.fetch(DROP, account, id_))


async def _held(connection: Connection, id_: str, tenant: int, lock: str = " for update") -> Held | None:
    row = await connection.fetchrow(FIND + lock, id_)
    if row is None:
        return None
    said = await connection.fetchrow(OF_BOTH + lock, id_, tenant)
    members = await connection.fetch(MEMBERS, id_)
    return Held(registration(row), None if said is None else decided(said), tuple(one["account"] for one in members))


def plain(id_: str) -> bool:
    """Ids are ours, and ours are of ASCII without a NUL: nothing else is asked of the database."""
    return id_.isascii() and "\0" not in id_


def registration(row: Row) -> Registration:
    """A row as a Registration."""
    pairs = zip(row["secrets"], row["secret_ends"], strict=True)
    return Registration(
        id=row["id"],
        team=row["team"],
        asked=application(json.loads(row["asked"])),
        secrets=tuple((bytes(hash_), end) for hash_, end in pairs),
        version=row["version"],
        created=row["created"],
        changed=row["changed"],
        removed=row["removed"],
    )


def secrets(held: Registration) -> tuple[list[bytes], list[datetime | None]]:
    """The two columns of the secrets."""
    return [hash_ for hash_, _ in held.secrets], [end for _, end in held.secrets]


def decided(row: Row, version: str = "version") -> Authorization:
    """A row as an Authorization; `version` is the name of its column."""
    return Authorization(
        application=row["application"],
        tenant=row["tenant"],
        state=State(row["state"]),
        requested=row["requested"],
        requested_by=row["requested_by"],
        message=row["message"],
        version=row[version],
        decided=row["decided"],
        decided_by=row["decided_by"],
        code=row["code"],
        reason=row["reason"],
        narrowing=narrowing(row["narrowing"]),
        basis=None if row["basis"] is None else Basis(**json.loads(row["basis"])),
        agreement=None if row["agreement"] is None else Agreement(**json.loads(row["agreement"])),
    )


def narrowing(text: str | None) -> Narrowing | None:
    """What a tenant allowed, from its JSON."""
    if text is None:
        return None
    said: dict[str, Any] = json.loads(text)
    lists = {name: tuple(said[name]) for name in ("scopes", "groups", "networks")}
    ends = said["expires"] and datetime.fromisoformat(said["expires"])
    return Narrowing(**said | lists | {"expires": ends})


def values(held: Authorization) -> Sequence[Any]:
    """An Authorization as the values of DECIDE."""
    said = [None if one is None else json.dumps(asdict(one), default=datetime.isoformat)
            for one in (held.narrowing, held.basis, held.agreement)]  # fmt: skip
    return [
        held.application, held.tenant, held.state, held.requested, held.requested_by, held.message, held.version,
        held.decided, held.decided_by, held.code, held.reason, *said,
    ]  # fmt: skip
