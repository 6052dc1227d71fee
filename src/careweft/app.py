"""The composition root: the one place where the rooms meet what answers for them.

`House` is an opened installation, for the command line and the server alike; `application` is what the web processes
run.
"""

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

from . import config, surfaces
from .access.caller import Caller
from .access.labels import opened as labels_opened
from .access.reach import Narrowed, Reach
from .accounts.attendant import Attendant
from .accounts.counts import Counts
from .accounts.letters import letter
from .accounts.means import Means
from .accounts.passwords import Passwords
from .accounts.reception import Reception
from .accounts.signin import chance
from .adapters import clock, memory, turns
from .adapters.anchors import AnchorFile
from .adapters.fetch import Fetcher
from .adapters.files import DiskFiles
from .adapters.itself import Itself
from .adapters.keysets import CachedKeySets
from .adapters.upstream import OpenIdProvider
from .bulk.desk import DAY
from .bulk.desk import Desk as ExportDesk
from .bulk.order import Order
from .bulk.recur import Recurring
from .bulk.research import formed, holds
from .bulk.run import Worker
from .bulk.steps import Limits, Work
from .config import Settings
from .fhir.validate.known import accepts, refusals
from .insight.groups.job import Keeper
from .insight.groups.keep import Groups
from .intake.conformance import UNHELD, Held
from .oauth import secrets
from .oauth.charts import PatientCharts
from .oauth.errors import OAuthError
from .oauth.frame import Frame
from .oauth.keys import Keyring
from .oauth.pace import Pace
from .oauth.refresh import Refreshing
from .oauth.scope import granted
from .oauth.server import Kept, Persons, Server, build
from .oauth.token import TokenEndpoint
from .oauth.tokens import Mint
from .oauth.trial import Trial
from .oauth.verifier import Verifier
from .ports.clock import Clock
from .ports.files import Files
from .ports.jobs import Job, Task
from .ports.records import Page, Place, Records, Version
from .registry.authorization import Authorization
from .registry.breakage import Breakage
from .registry.desk import Desk
from .registry.expiry import Expiry
from .registry.registration import Registration
from .registry.reminders import Reminders
from .store import master as master_key
from .store.activity import PostgresActivity
from .store.applications import PostgresApplications
from .store.approvals import PostgresApprovals
from .store.assertions import PostgresAssertions
from .store.clients import PostgresClients
from .store.clinical import Clinical
from .store.definitions import PostgresDefinitions
from .store.due import PostgresDue
from .store.emergencies import PostgresEmergencies
from .store.jobs import PostgresJobs
from .store.journal import PostgresJournal
from .store.key_sets import PostgresKeySets
from .store.keys import PostgresSigningKeys
from .store.listen import Listener
from .store.master import Master
from .store.notices import PostgresNotices
from .store.outbox import PostgresOutbox
from .store.people import PostgresPeople
from .store.permits import PostgresPermits
from .store.pictures import PostgresPictures
from .store.platform import PostgresPlatform
from .store.pool import Pool
from .store.postmaster import works_in
from .store.queues import PostgresQueues
from .store.requests import PostgresLaunches, PostgresRequests
from .store.revocations import PostgresRevocations
from .store.schedules import PostgresSchedules
from .store.seal import Sealer
from .store.sessions import PostgresSessions
from .store.sights import PostgresSights
from .store.someone import Chart
from .store.tenants import PostgresTenants
from .store.throttle import PostgresThrottle
from .store.tickets import PostgresTickets
from .store.turns import PostgresTurns
from .store.upstreams import PostgresUpstreams
from .store.usage import PostgresUsage
from .tenancy import PLATFORM, Tenant
from .values import dataclass
from .web import Site
from .web import application as doors
from .web.trial import LOGINS, SAMPLES, Credential, Login, Preview

CONNECTIONS = 8
"""Of one process, for records."""
ACCESS_CONNECTIONS = 4
"""Of one process, for tokens and tenants: a crowd of searches does not keep a revocation waiting (FAIL-07)."""


EXPORTING = 8
"""Of a job process, for exports: each part holds one while it reads."""
SOON = 0.3
"""Seconds after the doors: what tokens need is loaded then, so that no start waits for it and no first token."""
EXPORT_SETTINGS = {"application_name": "careweft export", "statement_timeout": "600000"}

WATCH = 0.5
"""Seconds between looks at whether the supervisor lives."""


class NoSuchTenant(ValueError):
    """There is no tenant with this id; `careweft tenant list` shows them all."""

    def __str__(self) -> str:
        return str(self.__doc__)


class Shelf:
    """ports.Records of one tenant, bound when it is first read: what a tenant's records need lies in the database."""

    __slots__ = ("_clinical", "_tenant")

    def __init__(self, clinical: Clinical, tenant: Tenant) -> None:
        self._clinical, self._tenant = clinical, tenant

    async def read(self, type_: str, id_: str, reach: Reach) -> Version | None:
        """As ports.Records."""
        return await (await self._clinical.records(self._tenant)).read(type_, id_, reach)

    async def version(self, type_: str, id_: str, version: int, reach: Reach) -> Version | None:
        """As ports.Records."""
        return await (await self._clinical.records(self._tenant)).version(type_, id_, version, reach)

    async def history(
        self, type_: str, id_: str, reach: Reach, count: int, before: int | None = None
    ) -> Sequence[Version]:
        """As ports.Records."""
        return await (await self._clinical.records(self._tenant)).history(type_, id_, reach, count, before)

    async def search(self, narrowed: Narrowed, after: Place | None = None) -> Page:
        """As ports.Records."""
        return await (await self._clinical.records(self._tenant)).search(narrowed, after)


@dataclass(frozen=True)
class House:
    """An opened installation: its rooms, joined. Nothing of it outlives `open_house`."""

    settings: Settings
    master: Master
    pool: Pool
    tenants: PostgresTenants
    clients: PostgresClients
    signing_keys: PostgresSigningKeys
    keyring: Keyring
    revocations: PostgresRevocations
    journal: PostgresJournal
    verifier: Verifier
    auth: Server
    trial: Trial
    clinical: Clinical
    registry: Desk
    key_sets: CachedKeySets
    fetches: PostgresKeySets
    register: PostgresPeople
    sessions: PostgresSessions
    outbox: PostgresOutbox
    tickets: PostgresTickets
    throttle: PostgresThrottle
    people: Reception
    listener: Listener
    files: Files
    sights: PostgresSights
    emergencies: PostgresEmergencies
    pace: Pace

    @property
    def tokens(self) -> TokenEndpoint:
        """The token endpoint, for terminals."""
        return self.auth.tokens

    @property
    def pictures(self) -> PostgresPictures:
        """The logos that were taken in."""
        return PostgresPictures(self.pool)

    @property
    def platform(self) -> PostgresPlatform:
        """What the one who runs it looks after."""
        return PostgresPlatform(self.pool)

    @property
    def anchors(self) -> AnchorFile:
        """Where the ends of the audit chains are noted, outside the database."""
        return AnchorFile(self.settings.data / "audit-anchors.ndjson", clock.now)

    async def tenant(self, id_: str) -> Tenant:
        """The tenant of this id. Raises NoSuchTenant."""
        found = await self.tenants.find(id_)
        if found is None:
            raise NoSuchTenant
        return found

    async def groups(self, tenant: Tenant) -> Groups:
        """The Groups that this tenant defines. Raises Unavailable."""
        return Groups(
            tenant=tenant,
            definitions=PostgresDefinitions(tenant.number, self.pool),
            people=await self.clinical.people(tenant),
            records=await self.clinical.records(tenant),
            journal=self.journal,
            base_url=self.settings.public_url,
            now=clock.now,
            identifier=identifier,
        )

    async def groups_of(self, number: int) -> Groups | None:
        """The same by the tenant's number, None where there is no such tenant."""
        found = [one for one in await self.tenants.all() if one.number == number]
        return await self.groups(found[0]) if found else None

    def urls(self, tenant: Tenant) -> Mapping[str, str]:
        """Where each API of a tenant is, and where its tokens are had."""
        base_url = self.settings.public_url
        found = {one.name: one.url(base_url, tenant.id) for one in surfaces.ALL}
        return found | {"Token endpoint": surfaces.issuers.V2.token_url(base_url, tenant.id)}

    async def ready(self) -> Mapping[str, bool]:
        """What has to work, and whether it does."""
        database = False
        with suppress(Exception):
            database = bool(await self.pool.fetchrow("select 1"))
        return {"database": database, "revocations": self.revocations.fresh()}

    def records(self, tenant: Tenant) -> Records:
        """The records of this tenant, as they are bound already or when they are first read."""
        return self.clinical.known(tenant) or Shelf(self.clinical, tenant)

    def site(self) -> Site:
        """What the doors are built from."""
        settings = self.settings
        return Site(
            base_url=settings.public_url,
            tenants=self.tenants,
            records=self.records,
            feed=self.clinical.feed,
            filing=self.clinical.filing,
            journal=self.journal,
            verifier=self.verifier,
            clients=self.clients,
            auth=self.auth,
            keyring=self.keyring,
            people=self.people,
            sessions=self.sessions,
            sights=self.sights,
            emergencies=self.emergencies,
            activity=PostgresActivity(self.pool),
            registry=self.registry,
            usage=PostgresUsage(self.pool, clock.now),
            look=self.key_sets.look,
            fetched=self.fetches.last,
            groups=self.groups,
            platform=self.platform,
            pictures=self.pictures,
            preview=trial(self),
            queues=PostgresQueues(self.pool),
            exports=ExportDesk(
                PostgresJobs(self.pool),
                self.files,
                PostgresApprovals(self.pool),
                settings.exports_at_once,
                settings.export_days_most * DAY,
            ),
            seal=self.master.derive("paging links"),
            clock=clock.now,
            ready=self.ready,
            trusted_proxies=settings.trusted_proxies,
            environment=settings.environment,
            attachment=settings.attachment_bytes,
            pace=self.pace,
            accepts=refusals,
            held=UNHELD if settings.load_validation == "off" else Held(settings.load_validation, accepts),
        )


def identifier() -> str:
    """A new id of a record or a request."""
    return str(uuid.uuid4())


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Join the rooms over the database of `settings`, as the role that owns nothing."""
    master = master_key.load(settings.master_key)
    url = str(settings.database_url)
    pool = Pool(url, CONNECTIONS, settings={"statement_timeout": str(int(settings.statement_timeout * 1000))})
    small = Pool(url, ACCESS_CONNECTIONS)
    listener = Listener(small.connect)
    revocations = PostgresRevocations(small, listener, clock.now)
    house = _joined(settings, master, pool, small, listener, revocations)
    listening = asyncio.create_task(listener.run())
    try:
        await _heard(revocations)
        yield house
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        await house.journal.close()
        await small.close()
        await pool.close()


def _joined(
    settings: Settings,
    master: Master,
    pool: Pool,
    small: Pool,
    listener: Listener,
    revocations: PostgresRevocations,
) -> House:
    journal = PostgresJournal(pool.connect)
    clients = PostgresClients(small, listener, clock.now)
    signing_keys = PostgresSigningKeys(small, listener, master, clock.now)
    keyring = Keyring(signing_keys, clock.now)
    mint = Mint(settings.public_url, keyring)
    assertions = PostgresAssertions(small, journal)
    fetches = PostgresKeySets(small, clock.now)
    key_sets = CachedKeySets(Fetcher(allow=frozenset(settings.fetch_allow)).get, log=fetches)
    clinical = Clinical(pool, master)
    register, sessions = PostgresPeople(small), PostgresSessions(small, clock.now)
    outbox = PostgresOutbox(small, master, works=settings.mails)
    tickets, throttle = PostgresTickets(small, master, chance), PostgresThrottle(small, master.derive("throttle"))
    means = Means(
        register=register,
        sessions=sessions,
        tickets=tickets,
        counts=Counts(throttle, master.derive("known browsers")),
        passwords=Passwords(master),
        records=Chart(clinical.records, clock.now),
        mail=outbox,
        sealing=master,
        base_url=settings.public_url,
        now=clock.now,
        chance=chance,
    )
    guarded = Fetcher(allow=frozenset(settings.fetch_allow))
    provider = OpenIdProvider(guarded, key_sets, clock.now)
    people = Reception.of(means, PostgresUpstreams(small, master, clock.now), provider)
    pace = Pace(throttle, settings.auth_rate)
    frame = Frame(settings.public_url, clients, key_sets, assertions, clock.now, pace)
    verifier = Verifier(settings.public_url, keyring, revocations, clock.now)
    sights = PostgresSights(clinical, people, clock.now)
    charts = PatientCharts(people, sights, lambda tenant: Shelf(clinical, tenant), settings.public_url, clock.now)
    return House(
        settings=settings,
        master=master,
        pool=pool,
        tenants=PostgresTenants(small, listener),
        clients=clients,
        signing_keys=signing_keys,
        keyring=keyring,
        revocations=revocations,
        journal=journal,
        verifier=verifier,
        auth=build(
            frame,
            mint,
            verifier,
            revocations,
            Kept(PostgresRequests(small), PostgresPermits(small), PostgresLaunches(small)),
            Persons(people, sessions.alive, charts),
            Refreshing(master.derive("refresh tokens")),
        ),
        trial=Trial(mint, clients, assertions, clock.now, settings.preview),
        clinical=clinical,
        listener=listener,
        files=files_of(settings),
        registry=desk(settings, small),
        key_sets=key_sets,
        fetches=fetches,
        register=register,
        sessions=sessions,
        outbox=outbox,
        people=people,
        sights=sights,
        emergencies=PostgresEmergencies(small),
        tickets=tickets,
        throttle=throttle,
        pace=pace,
    )


def desk(settings: Settings, pool: Pool) -> Desk:
    """What developers and owners do with applications."""
    return Desk(
        PostgresApplications(pool, clock.now),
        clock.now,
        identifier=secrets.identifier,
        secret=secrets.make,
        digest=secrets.digest,
        fetch_allow=frozenset(settings.fetch_allow),
    )


async def _heard(revocations: PostgresRevocations, seconds: float = 5.0) -> None:
    """Wait until the revocations were read once: before that no token is believed."""
    async with asyncio.timeout(seconds):
        while not revocations.fresh():  # noqa: ASYNC110  asked, not told: the answer lies with the clock
            await asyncio.sleep(0.005)


def trial(house: House) -> Preview | None:
    """What `careweft demo` prepared in the data folder: logins and sample applications; None in production."""
    if not house.settings.preview:
        return None
    logins, samples = (held(house.settings.data / name) for name in (LOGINS, SAMPLES))
    return Preview(
        logins=[Login(**one) for one in logins or ()],
        apps={key: Credential(**one) for key, one in dict(samples or {}).items()},
        ask=Itself(house.settings.public_url).ask,
        seal=house.master.seal,
        unseal=house.master.open,
        mail=house.outbox,
    )


def held(file: Path) -> Any:
    """What a file of ours holds as JSON; None where it is not there."""
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        return None


Adapt = Callable[[Site], Site]


def application(adapt: Adapt = lambda site: site) -> Callable[..., Any]:
    """The ASGI application of one web process, by the settings that its supervisor handed down.

    `adapt` may change what the doors are built from: benchmarks leave a part out to see what it costs.
    """
    supervisor = os.getppid()

    @asynccontextmanager
    async def opening() -> AsyncIterator[Site]:
        async with open_house(config.read()) as house, while_lives(supervisor):
            turns.begin_patient()
            yield adapt(house.site())

    return doors(opening, begun)


def begun() -> None:
    """The doors of this process are made: what it has it keeps, and what tokens need is loaded soon."""
    memory.settle()
    loading = Thread(target=import_module, args=("joserfc.jws",), daemon=True)
    asyncio.get_running_loop().call_later(SOON, loading.start)


@asynccontextmanager
async def while_lives(supervisor: int) -> AsyncIterator[None]:
    """End this process when its supervisor has ended without stopping it: an orphan would keep the port."""

    async def watch() -> None:
        while os.getppid() == supervisor:  # noqa: ASYNC110  nobody tells an orphan
            await asyncio.sleep(WATCH)
        os._exit(1)  # nothing is lost: what was acknowledged is committed

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def attendant(house: House) -> Attendant:
    """What ends relations by the clock and sends the letters."""
    from .adapters.mail import Smtp  # noqa: PLC0415 - no web process sends letters

    smtp, sender = house.settings.smtp_url, house.settings.mail_from
    send = Smtp.read(smtp, sender).send if smtp and sender else None
    means = house.people.means
    prune = (
        house.sessions.prune,
        lambda: house.tickets.prune(clock.now()),
        lambda: house.throttle.prune(clock.now()),
        lambda: house.outbox.prune(clock.now()),
    )
    return Attendant(house.people.relations, house.register, house.tenants.all, house.outbox, send, prune, means.now)


@asynccontextmanager
async def working(settings: Settings, supervisor: int) -> AsyncIterator[tuple[House, Worker]]:
    """A process in the background, which does not outlive its supervisor."""
    memory.begin_frugal()
    turns.begin_humble()
    async with open_house(settings) as house, while_lives(supervisor), exporting(house) as worker:
        memory.settle()
        yield house, worker


async def export(settings: Settings, supervisor: int) -> None:
    """A process that exports and does nothing else, until it is cancelled or its supervisor has ended."""
    async with working(settings, supervisor) as (_, worker):
        await worker.run()


async def work(settings: Settings, supervisor: int) -> None:
    """The job process: seals the journal, keeps its tables in order and Groups current, and exports, until it is
    cancelled or its supervisor has ended.
    """
    async with working(settings, supervisor) as (house, worker), asyncio.TaskGroup() as group:
        keeper = Keeper(PostgresDue(house.pool), house.groups_of, clock.now, identifier)
        group.create_task(Sealer(house.pool.connect, house.master.derive("journal"), house.anchors.note).run())
        group.create_task(keeper.run())
        group.create_task(worker.run())
        group.create_task(attendant(house).run())
        group.create_task(recurring(house).run())
        group.create_task(expiry(house).run())
        group.create_task(breakage(house).run())
        group.create_task(reminders(house).run())


async def to_developer(house: House, kind: str, held: Registration, id_: str, **words: str) -> None:
    """A letter about an application to this account, where it is still in use."""
    account = await house.people.find(PLATFORM.number, id_)
    if account is not None and account.enabled:
        link = f"{house.settings.public_url}/developers/applications/{held.id}"
        told = {"app": held.asked.name, "link": link} | words
        await house.people.means.write(PLATFORM, letter(kind, account, PLATFORM.name, **told))


def expiry(house: House) -> Expiry:
    """Ends what tenants allowed until a day, and tells developers."""

    async def tenant(number: int) -> Tenant | None:
        return next((one for one in await house.tenants.all() if one.number == number), None)

    async def tell(held: Registration, of: Tenant, said: Authorization) -> None:
        words = {"tenant": of.name, "state": str(said.state), "reason": ""}
        await to_developer(house, "decision", held, said.requested_by, **words)

    return Expiry(house.registry, tenant, tell)


def breakage(house: House) -> Breakage:
    """Tells developers of key sets that cannot be fetched any more."""

    async def tell(held: Registration, id_: str, fault: str) -> None:
        await to_developer(house, "breakage", held, id_, fault=fault)

    return Breakage(house.registry, house.fetches, tell)


def reminders(house: House) -> Reminders:
    """Tells developers of secrets that end, and administrators of loads that are late."""

    async def tell(held: Registration, id_: str, ends: datetime) -> None:
        await to_developer(house, "secret", held, id_, day=ends.date().isoformat())

    async def warn(tenant: Tenant) -> None:
        link = f"{house.settings.public_url}/administration/feeds"
        words = {"tenant": tenant.name, "hours": str(tenant.feed_hours), "link": link}
        for one in await house.register.all(PLATFORM.number):
            if one.role == "administrator" and one.enabled:
                await house.people.means.write(PLATFORM, letter("late", one, PLATFORM.name, **words))

    notices = PostgresNotices(house.pool)
    return Reminders(house.registry, notices, house.platform, house.tenants.all, tell, warn)


# Exports --------------------------------------------------------------------------------------------------------------


def files_of(settings: Settings) -> Files:
    """Where the files of exports lie."""
    place = settings.export_files or str(settings.data / "exports")
    if not place.startswith("s3://"):
        return DiskFiles(Path(place))
    from .adapters.buckets import BucketFiles  # noqa: PLC0415 - a start without a bucket does not wait for it

    return BucketFiles(
        place,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        key_id=settings.s3_key_id,
        secret=settings.s3_secret,
    )


def lowered(pid: int, cluster: Path) -> None:
    """Let this backend go behind others, where it is one of `cluster` on this machine; of any other the number says
    nothing here.
    """
    with suppress(OSError):
        if works_in(pid, cluster):
            turns.lower(pid)


@asynccontextmanager
async def exporting(house: House, limits: Limits | None = None) -> AsyncIterator[Worker]:
    """A worker of exports, with connections of its own: what it reads takes longer than a request may."""
    cluster = house.settings.data / "postgres"
    pool = Pool(
        str(house.settings.database_url),
        EXPORTING,
        wait=60.0,
        settings=EXPORT_SETTINGS,
        humble=lambda pid: lowered(pid, cluster),
    )
    taking = PostgresTurns(pool, house.listener)
    clinical = Clinical(pool, house.master)
    settings = house.settings
    sizes = limits or Limits.of(settings.export_file_bytes, settings.export_days * DAY, settings.export_tenant_bytes)

    async def prepare(task: Task, job: Job, order: Order) -> Work | None:
        tenant = next((one for one in await house.tenants.all() if one.number == job.tenant), None)
        surface = exporting_surface(job.surface)
        if tenant is None or surface is None:
            return None
        caller = await ordering(house, job, order, tenant, surface)
        if caller is None or not await approved(house, job, order):
            return None
        source = await clinical.source(tenant)
        base = surface.url(settings.public_url, tenant.id)
        return Work(task, job, order, tenant, surface, caller, base, source, taking, house.files, sizes, clock.now)

    try:
        yield Worker(taking, house.files, prepare)
    finally:
        await pool.close()


def exporting_surface(id_: str) -> surfaces.Surface | None:
    """An API whose records can be exported, by its id."""
    return next((one for one in (*surfaces.ALL, surfaces.RESEARCH) if one.id == id_ and one.exports), None)


async def approved(house: House, job: Job, order: Order) -> bool:
    """What goes out de-identified is still approved."""
    approvals = PostgresApprovals(house.pool)
    return holds(order, await approvals.find(job.tenant, job.client, order.group) if order.form else None)


async def ordering(house: House, job: Job, order: Order, tenant: Tenant, surface: surfaces.Surface) -> Caller | None:
    """Who ordered a job, with what is left today of the rights that it had then; None where that is nothing."""
    client = await house.clients.find(tenant.number, job.client)
    if client is None or not (client.enabled and client.approved and client.bulk and order.within(client.groups)):
        return None
    if client.expires is not None and client.expires <= clock.now():
        return None
    marks = (f"client:{client.id}", f"tenant:{tenant.id}")
    if house.revocations.dead(marks, job.created.timestamp()):
        return None
    try:
        scopes = granted(" ".join(order.scopes), client.scopes, surface)
    except OAuthError:
        return None
    labels = order.labels & labels_opened(client.scopes)
    return Caller(client.id, tenant.id, surface.url(house.settings.public_url, tenant.id), scopes, labels=labels)


def recurring(house: House, now: Clock = clock.now) -> Recurring:
    """What begins exports again."""

    async def tenant(number: int) -> Tenant | None:
        return next((one for one in await house.tenants.all() if one.number == number), None)

    async def rights(tenant: Tenant, surface: surfaces.Surface, client: str, group: str) -> Caller | None:
        kept = await house.clients.find(tenant.number, client)
        if kept is None or surfaces.find(kept.access, surface.audience) != surface:
            return None
        asked = Order("group", "", kept.scopes, (), group, labels=labels_opened(kept.scopes))
        job = Job("", tenant.number, client, surface.id, asked.about, "waiting", now())
        return await ordering(house, job, asked, tenant, surface)

    async def shaped(order: Order, tenant: Tenant, surface: surfaces.Surface, client: str) -> Order:
        return await formed(order, surface, tenant.number, client, PostgresApprovals(house.pool))

    return Recurring(
        due=PostgresDue(house.pool),
        tenant=tenant,
        surface=exporting_surface,
        schedules=lambda one: PostgresSchedules(one.number, house.pool),
        records=lambda one: Shelf(house.clinical, one),
        rights=rights,
        formed=shaped,
        jobs=PostgresJobs(house.pool),
        journal=house.journal,
        base_url=house.settings.public_url,
        now=now,
        at_once=house.settings.exports_at_once,
    )
