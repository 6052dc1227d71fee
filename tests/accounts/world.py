"""A desk of accounts over a database, with a clock that stands still until it is told otherwise."""

import json
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pyotp
from argon2 import PasswordHasher

from careweft import surfaces
from careweft.accounts.changes import Create, SetPassword, Settle
from careweft.accounts.counts import Counts
from careweft.accounts.means import Means
from careweft.accounts.passwords import Passwords
from careweft.accounts.reception import Reception
from careweft.adapters.clock import now as utc
from careweft.adapters.fetch import Fetcher
from careweft.adapters.keysets import CachedKeySets
from careweft.adapters.upstream import OpenIdProvider
from careweft.intake.load import Intake
from careweft.intake.pieces import Piece
from careweft.ports.people import Account, Visit, number
from careweft.store.clinical import Clinical
from careweft.store.master import Master
from careweft.store.outbox import PostgresOutbox
from careweft.store.people import PostgresPeople
from careweft.store.pool import Pool
from careweft.store.sessions import PostgresSessions
from careweft.store.someone import Chart
from careweft.store.throttle import PostgresThrottle
from careweft.store.tickets import PostgresTickets
from careweft.store.upstreams import PostgresUpstreams
from careweft.tenancy import Tenant
from tests.store.house import connected

QUICK = PasswordHasher(time_cost=1, memory_cost=256, parallelism=1)
"""Of no use but to tests that are about something else."""
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
BASE = "https://records.example.org"
GOOD = "violet kettle sings under oaks"
BETTER = "seven lanterns drift past Tarn"
BIRTH = date(1980, 5, 17)


@dataclass
class Clock:
    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def on(self, **more: float) -> None:
        self.at += timedelta(**more)


@dataclass
class World:
    """One process over a database, and two tenants."""

    database: object
    pool: Pool
    clock: Clock
    desk: Reception
    people: PostgresPeople
    sessions: PostgresSessions
    outbox: PostgresOutbox
    clinical: Clinical
    tenant: Tenant
    other: Tenant
    addresses: int = field(default=0)

    def visit(self, **more) -> Visit:
        """A request from an address that nobody used before."""
        self.addresses += 1
        n = self.addresses
        return Visit(
            **{"request_id": f"r-{n}", "address": f"198.51.{n // 250}.{n % 250}", "agent": "Firefox on Linux"} | more
        )

    async def person(self, username="", password=GOOD, tenant=..., **more) -> Account:
        """An activated account with a password."""
        tenant = self.tenant if tenant is ... else tenant
        username = username or f"p{uuid.uuid4().hex[:12]}"
        made = Account(
            **{
                "id": secrets.token_hex(20),
                "tenant": number(tenant),
                "username": username,
                "name": "Ana Li",
                "email": f"{username}@mail.example.org",
                "role": "patient",
                "fhir_user": f"Patient/{username}",
            }
            | more
        )
        kept = await self.desk.means.passwords.keep(made.id, password)
        await self.desk.means.record(
            tenant, "made", self.visit(), None, [Create(made, self.clock()), SetPassword(made.id, kept)]
        )
        return made

    async def signed_in(self, account: Account, tenant=..., password=GOOD, **visit):
        """(cookie, session) of somebody who signs in with a password alone."""
        tenant = self.tenant if tenant is ... else tenant
        opened = await self.desk.sign_in.password(tenant, account.username, password, self.visit(**visit))
        return opened.cookie, await self.sessions.find(number(tenant), opened.cookie)

    async def with_totp(self, account: Account):
        """The secret of an authenticator that this account has enrolled, and the recovery codes."""
        _, session = await self.signed_in(account)
        begun = await self.desk.factors.begin(self.tenant, session)
        code = pyotp.TOTP(begun.secret).at(self.clock())
        done = await self.desk.factors.confirm(self.tenant, session, begun.ticket, code, self.visit())
        self.clock.on(seconds=60)
        return begun.secret, done.codes

    async def records(self, *resources, tenant=...) -> None:
        """Put resources into the clinical record."""
        tenant = self.tenant if tenant is ... else tenant
        intake = Intake(await self.clinical.feed(tenant), tenant.id, surfaces.OFFERED)
        for n, resource in enumerate(resources, 1):
            await intake.add(Piece("test", n, json.dumps(resource).encode()))
        report = await intake.finish()
        assert not report.refused, report.refused

    async def patient(self, id_="", birth=BIRTH, name="Ana Li", **more) -> str:
        """A Patient record; returns its id."""
        id_ = id_ or f"pt-{uuid.uuid4().hex[:12]}"
        given, _, family = name.partition(" ")
        await self.records(
            {
                "resourceType": "Patient",
                "id": id_,
                "identifier": [{"system": "urn:mrn", "value": id_}],
                "name": [{"use": "official", "family": family, "given": [given]}],
                "gender": "female",
                "birthDate": birth.isoformat(),
            }
            | more
        )
        return id_

    async def rows(self, sql: str, *args):
        """What the database holds, as its owner sees it."""
        async with connected(self.database.owner_url) as connection:
            return await connection.fetch(sql, *args)

    async def entries(self, action: str, tenant=...):
        """The audit entries of an action, in order."""
        tenant = self.tenant if tenant is ... else tenant
        return await self.rows(
            "select * from audit where action = $1 and tenant is not distinct from $2 order by seq",
            action,
            tenant.number if tenant else None,
        )

    async def settle(self, account: Account) -> None:
        await self.desk.means.record(self.tenant, "settled", self.visit(), None, [Settle(account.id)])


@asynccontextmanager
async def world(database, works=True, allow=frozenset()) -> AsyncIterator[World]:
    """A world of one's own over a database."""
    from careweft.store.listen import Listener
    from careweft.store.tenants import PostgresTenants

    pool, clock = Pool(database.server_url, 4), Clock()
    master = Master(bytes(range(32)))
    clinical = Clinical(pool, master)
    people, sessions = PostgresPeople(pool), PostgresSessions(pool, clock)
    outbox = PostgresOutbox(pool, master, works=works)
    means = Means(
        register=people,
        sessions=sessions,
        tickets=PostgresTickets(pool, master, secrets.token_bytes),
        counts=Counts(PostgresThrottle(pool, master.derive("throttle")), master.derive("known browsers")),
        passwords=Passwords(master, hasher=QUICK),
        records=Chart(clinical.records, clock),
        mail=outbox,
        sealing=master,
        base_url=BASE,
        now=clock,
        chance=secrets.token_bytes,
    )
    fetcher = Fetcher(allow=allow)
    provider = OpenIdProvider(fetcher, CachedKeySets(fetcher.get), utc)
    desk = Reception.of(means, PostgresUpstreams(pool, master, clock), provider)
    tenants = PostgresTenants(pool, Listener(pool.connect))
    made = [await tenants.create(name, str(uuid.uuid4()), "America/New_York", (), ()) for name in ("Maple", "Birch")]
    try:
        yield World(database, pool, clock, desk, people, sessions, outbox, clinical, *made)
    finally:
        await pool.close()
