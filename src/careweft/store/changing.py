"""What each change of accounts.changes does, as one table; `PostgresPeople.change` runs them in a transaction."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..accounts import changes as c
from .pool import Connection

Doing = Callable[[Connection, int, Any], Awaitable[None]]


async def one(connection: Connection, sql: str, *args: Any) -> Any:
    """The first column of the one row that this changes. Raises Lost where it changes none."""
    row = await connection.fetchrow(sql, *args)
    if row is None:
        raise c.Lost
    return row[0]


async def accept_terms(on: Connection, tenant: int, change: c.AcceptTerms) -> None:
    """The first time counts."""
    del tenant  # the terms are those of the installation
    await on.execute(
        "insert into terms_accepted (account, version, at) values ($1, $2, $3) on conflict do nothing",
        change.account, change.version, change.now,
    )  # fmt: skip


async def spend(on: Connection, tenant: int, change: c.Spend) -> None:
    """Of many at once one gets here: the others find it used."""
    await one(
        on,
        "update ticket set used = $4 where tenant = $1 and digest = $2 and kind = $3 and used is null and until > $4"
        " returning 1",
        tenant, change.digest, change.kind, change.now,
    )  # fmt: skip


async def create(on: Connection, tenant: int, change: c.Create) -> None:
    """A row; the database keeps usernames unique."""
    a = change.account
    await on.execute(
        "insert into account (id, tenant, username, name, email, role, fhir_user, language, enabled, created,"
        " activated) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        a.id, tenant, a.username or None, a.name, a.email, a.role, a.fhir_user, a.language, a.enabled, change.now,
        change.now if a.username else None,
    )  # fmt: skip


async def activate(on: Connection, tenant: int, change: c.Activate) -> None:
    """Once."""
    await one(
        on,
        "update account set username = $3, activated = $4 where tenant = $1 and id = $2 and activated is null"
        " and enabled returning 1",
        tenant, change.account, change.username, change.now,
    )  # fmt: skip


async def set_password(on: Connection, tenant: int, change: c.SetPassword) -> None:
    """In place of the old one."""
    await _set(on, tenant, change.account, "password = $3", change.kept)


async def set_totp(on: Connection, tenant: int, change: c.SetTotp) -> None:
    """The step that was shown at the confirmation is used up with it."""
    await _set(on, tenant, change.account, "totp = $3, totp_step = $4", change.sealed, change.step)


async def use_step(on: Connection, tenant: int, change: c.UseStep) -> None:
    """Steps go forward only: of two that show one code at once the second finds it used (WEB-05)."""
    await one(
        on,
        "update account set totp_step = $3 where tenant = $1 and id = $2 and totp is not null and totp_step < $3"
        " returning 1",
        tenant, change.account, change.step,
    )  # fmt: skip


async def set_codes(on: Connection, tenant: int, change: c.SetCodes) -> None:
    """The old ones are gone."""
    await on.execute("delete from recovery_code where account = $1", await _own(on, tenant, change.account))
    await on.executemany(
        "insert into recovery_code (account, digest) values ($1, $2)",
        [(change.account, digest) for digest in change.digests],
    )


async def use_code(on: Connection, tenant: int, change: c.UseCode) -> None:
    """Once."""
    await one(
        on,
        "update recovery_code set used = $4 from account a where a.id = account and a.tenant = $1 and account = $2"
        " and digest = $3 and used is null returning 1",
        tenant, change.account, change.digest, change.now,
    )  # fmt: skip


async def add_passkey(on: Connection, tenant: int, change: c.AddPasskey) -> None:
    """A credential id belongs to one account."""
    await on.execute(
        "insert into passkey (id, account, public, counter, label, created) values ($1, $2, $3, $4, $5, $6)",
        change.id, await _own(on, tenant, change.account), change.public, change.counter, change.label, change.now,
    )  # fmt: skip


async def use_passkey(on: Connection, tenant: int, change: c.UsePasskey) -> None:
    """A counter that does not rise is a copy's, but for those that never count."""
    await one(
        on,
        "update passkey p set counter = $4, used = $5 from account a where a.id = p.account and a.tenant = $1"
        " and p.account = $2 and p.id = $3 and (p.counter < $4 or (p.counter = 0 and $4 = 0)) returning 1",
        tenant, change.account, change.id, change.counter, change.now,
    )  # fmt: skip


async def drop_passkey(on: Connection, tenant: int, change: c.DropPasskey) -> None:
    """One's own."""
    await one(
        on,
        "delete from passkey p using account a where a.id = p.account and a.tenant = $1 and p.account = $2"
        " and p.id = $3 returning 1",
        tenant, change.account, change.id,
    )  # fmt: skip


async def forget_factors(on: Connection, tenant: int, change: c.ForgetFactors) -> None:
    """All of them, and whoever is signed in with one is signed in no longer."""
    await _set(on, tenant, change.account, "totp = null, second_factor = false")
    await on.execute("delete from passkey where account = $1", change.account)
    await on.execute("delete from recovery_code where account = $1", change.account)
    await end_sessions(on, tenant, c.EndSessions(change.account))


async def settle(on: Connection, tenant: int, change: c.Settle) -> None:
    """Read off what is there."""
    await _set(
        on, tenant, change.account,
        "second_factor = totp is not null or exists (select from passkey p where p.account = account.id)",
    )  # fmt: skip


async def set_email(on: Connection, tenant: int, change: c.SetEmail) -> None:
    """Another address."""
    await _set(on, tenant, change.account, "email = $3", change.email)


async def set_language(on: Connection, tenant: int, change: c.SetLanguage) -> None:
    """Another language."""
    await _set(on, tenant, change.account, "language = $3, chosen = true", change.language)


async def set_enabled(on: Connection, tenant: int, change: c.SetEnabled) -> None:
    """Off: no session, no token of this account stays."""
    await _set(on, tenant, change.account, "enabled = $3", change.enabled)
    if not change.enabled:
        await end_sessions(on, tenant, c.EndSessions(change.account))
        await on.execute("delete from ticket where account = $1 and used is null", change.account)
        await revoke(on, tenant, f"account:{change.account}")


async def open_session(on: Connection, tenant: int, change: c.OpenSession) -> None:
    """A row under the hash of its cookie."""
    await on.execute(
        "insert into session (id, key, tenant, account, opened, auth_time, seen, amr, agent, address, enrol, issuer,"
        " subject, upstream_sid) values ($1, $2, $3, $4, $5, $5, $5, $6, $7, $8, $9, $10, $11, $12)",
        change.id, change.key, tenant, await _own(on, tenant, change.account), change.now, list(change.amr),
        change.agent.replace("\0", ""), change.address, change.enrol, change.issuer, change.subject,
        change.upstream_sid,
    )  # fmt: skip


async def elevate(on: Connection, tenant: int, change: c.Elevate) -> None:
    """The old cookie opens nothing from now on (OATK-12)."""
    await one(
        on,
        "update session set key = $4, auth_time = $5, seen = $5, amr = $6, enrol = $7"
        " where tenant = $1 and id = $2 and account = $3 returning 1",
        tenant, change.id, change.account, change.key, change.now, list(change.amr), change.enrol,
    )  # fmt: skip


async def end_sessions(on: Connection, tenant: int, change: c.EndSessions) -> None:
    """Each leaves its revocation, for the tokens that live as long as it does."""
    await on.execute(
        ENDING.format("account = $2 and ($3::text is null or id = $3) and ($4::text is null or id <> $4)"),
        tenant, change.account, change.id, change.but,
    )  # fmt: skip


async def end_upstream(on: Connection, tenant: int, change: c.EndUpstream) -> None:
    """One upstream session, or all of a subject."""
    await on.execute(
        ENDING.format(
            "issuer = $2 and ($3::text is null or subject = $3) "
            " and ($4::text is null or upstream_sid = $4 or (upstream_sid is null and $3::text is not null))"
            " and ($3::text is not null or $4::text is not null)"
        ),
        tenant, change.issuer, change.subject, change.upstream_sid,
    )  # fmt: skip


ENDING = (
    "with gone as (delete from session where tenant = $1 and {} returning id)"
    " insert into revocation (tenant, key) select $1, 'session:' || id from gone"
)


async def drop_tickets(on: Connection, tenant: int, change: c.DropTickets) -> None:
    """They are worth nothing any more."""
    await on.execute(
        "delete from ticket where tenant = $1 and account = $2 and kind = any ($3) and used is null",
        tenant, change.account, list(change.kinds),
    )  # fmt: skip


async def relate(on: Connection, tenant: int, change: c.Relate) -> None:
    """In place of one that stands; what was granted under that ends with it."""
    ended = await on.fetchrow(
        "update relation set ended = $4 where tenant = $1 and account = $2 and patient = $3 and ended is null"
        " returning 1",
        tenant, change.account, change.patient, change.now,
    )  # fmt: skip
    if ended is not None:
        await end_permits(on, tenant, change.account, change.patient)
    await on.execute(
        "insert into relation (id, tenant, account, patient, kind, until, minor, sensitive, types, maker, created)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        change.id, tenant, await _own(on, tenant, change.account), change.patient, change.kind, change.until,
        change.minor, change.sensitive, None if change.types is None else list(change.types), change.maker, change.now,
    )  # fmt: skip


async def limit(on: Connection, tenant: int, change: c.Limit) -> None:
    """What was granted under the old limits is granted anew under these, or not."""
    account = await one(
        on,
        "update relation set until = $4, sensitive = $5, types = $6 where tenant = $1 and id = $2 and patient = $3"
        " and ended is null returning account",
        tenant, change.id, change.patient, change.until, change.sensitive,
        None if change.types is None else list(change.types),
    )  # fmt: skip
    await end_permits(on, tenant, account, change.patient)


async def unrelate(on: Connection, tenant: int, change: c.Unrelate) -> None:
    """With the permits that it gave; an invitation that was not taken up is worth nothing any more."""
    account = await one(
        on,
        "update relation set ended = $4 where tenant = $1 and id = $2 and patient = $3 and ended is null"
        " returning account",
        tenant, change.id, change.patient, change.now,
    )  # fmt: skip
    await end_permits(on, tenant, account, change.patient)
    await on.execute(
        "delete from ticket t using account a where a.id = t.account and a.activated is null and t.account = $1"
        " and t.kind = 'invitation' and t.used is null"
        " and not exists (select from relation r where r.account = $1 and r.ended is null)",
        account,
    )


async def link(on: Connection, tenant: int, change: c.Link) -> None:
    """An upstream identity is one account for good."""
    await on.execute(
        "insert into identity (tenant, issuer, subject, account, linked) values ($1, $2, $3, $4, $5)",
        tenant, change.issuer, change.subject, await _own(on, tenant, change.account), change.now,
    )  # fmt: skip


async def end_permits(on: Connection, tenant: int, account: str, patient: str | None) -> None:
    """End what this account granted for this patient, with revocations, in the same transaction."""
    await on.execute("select end_permits($1, $2, $3)", tenant, account, patient)


async def revoke(on: Connection, tenant: int, key: str) -> None:
    """A revocation that every process hears of when this is committed."""
    await on.execute("insert into revocation (tenant, key) values ($1, $2)", tenant, key)


async def _own(on: Connection, tenant: int, account: str) -> str:
    """The account's id where it is this tenant's. Raises Lost."""
    return str(await one(on, "select id from account where tenant = $1 and id = $2", tenant, account))


async def _set(on: Connection, tenant: int, account: str, what: str, *values: Any) -> None:
    await one(on, f"update account set {what} where tenant = $1 and id = $2 returning 1", tenant, account, *values)


CHANGES: Mapping[type, Doing] = {
    c.Spend: spend, c.Create: create, c.Activate: activate, c.SetPassword: set_password, c.SetTotp: set_totp,
    c.UseStep: use_step, c.SetCodes: set_codes, c.UseCode: use_code, c.AddPasskey: add_passkey,
    c.UsePasskey: use_passkey, c.DropPasskey: drop_passkey, c.ForgetFactors: forget_factors, c.Settle: settle,
    c.SetEmail: set_email, c.SetEnabled: set_enabled, c.SetLanguage: set_language, c.OpenSession: open_session,
    c.Elevate: elevate,
    c.EndSessions: end_sessions, c.EndUpstream: end_upstream, c.DropTickets: drop_tickets, c.Relate: relate,
    c.Limit: limit, c.Unrelate: unrelate, c.Link: link, c.AcceptTerms: accept_terms,
}  # fmt: skip
