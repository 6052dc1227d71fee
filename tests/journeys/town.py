"""Two tenants with the same ids on a real server over a real PostgreSQL: what the journeys about isolation
walk through."""

import asyncio
import base64
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import asyncpg
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from careweft import config, surfaces
from careweft.access.labels import WORDS
from careweft.app import House, open_house
from careweft.cli.apps import operator, terminal
from careweft.config import Settings
from careweft.fhir.json import encode
from careweft.intake.load import Intake
from careweft.intake.pieces import Piece
from careweft.oauth.frame import Context
from careweft.registry.application import Application
from careweft.registry.narrowing import wanted
from careweft.surfaces.model import Surface
from careweft.tenancy import Tenant
from careweft.web.route import Route
from careweft.web.routes import table
from careweft.web.telemetry import Telemetry
from tests.journeys.canaries import Flock, Json
from tests.platform import BIRCH, MAPLE
from tests.world import Database

T = TypeVar("T")
CEDAR = "0a4cf8c1-9f3e-4c64-9d2e-5f6f1b8c2d37"
"""A tenant without a single record."""
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
STATUSES = (200, 304)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def told(self) -> bytes:
        """All of it, as a net for canaries wants it."""
        return "\n".join(f"{name}: {value}" for name, value in self.headers.items()).encode() + b"\n" + self.body

    def without_number(self) -> tuple[Any, ...]:
        """All of it that may be compared: without the date and this request's own number."""
        own = self.headers.get("x-request-id", "").encode()
        kept = {k: v for k, v in self.headers.items() if k not in ("date", "x-request-id")}
        return self.status, kept, self.body.replace(own, b"*") if own else self.body

    def matches(self) -> list[Json]:
        """The resources of a searchset that are matches or were included."""
        entries = self.json.get("entry", ())
        return [one["resource"] for one in entries if one.get("search", {}).get("mode") != "outcome"]

    def link(self, relation: str) -> str | None:
        return next((one["url"] for one in self.json.get("link", ()) if one["relation"] == relation), None)


class Caller:
    """One keep-alive connection; asks what it is told to."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection = http.client.HTTPConnection("localhost", port, timeout=30)
        self.sent = 0

    def ask(
        self,
        path: str,
        token: str | None = None,
        *,
        method: str = "GET",
        form: Sequence[tuple[str, str]] | None = None,
        **headers: str,
    ) -> Answer:
        """One request; a name of `headers` is written with dashes. `path` may be a whole URL of this server."""
        self.sent += 1
        path = path.removeprefix(f"http://localhost:{self._port}")
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        body = None
        if form is not None:
            method, body = "POST", urlencode(form)
            given.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            return self._asked(method, path, body, given)
        except (http.client.BadStatusLine, BrokenPipeError, ConnectionResetError):
            self._connection.close()  # an idle connection that the server had closed
            return self._asked(method, path, body, given)

    def _asked(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        self._connection.request(method, path, body, headers)
        came = self._connection.getresponse()
        return Answer(came.status, {name.lower(): value for name, value in came.getheaders()}, came.read())

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Row:
    """A row of the route table, as far as tests need it."""

    methods: tuple[str, ...]
    path: str
    policy: str
    surface: str
    type: str
    interaction: str
    audited: bool

    @classmethod
    def of(cls, route: Route) -> "Row":
        type_, interaction = (getattr(route.policy, name, "") for name in ("type", "interaction"))
        surface = route.policy.surface.id if hasattr(route.policy, "surface") else ""
        return cls(route.methods, route.path, type(route.policy).__name__, surface, type_, interaction, route.audited)

    def at(self, tenant: str, id_: str = "", vid: str = "1") -> str:
        return self.path.format(tenant=tenant, id=id_, vid=vid)

    def form(self, *pairs: tuple[str, str]) -> Sequence[tuple[str, str]] | None:
        return pairs if "POST" in self.methods else None


@dataclass(frozen=True)
class App:
    """A registered client: its id, and how it proves itself."""

    tenant: str
    id: str
    secret: str | None = field(repr=False)
    scope: str
    key: ECKey | None = field(default=None, repr=False)

    def assertion(self, audience: str, **changes: Any) -> str:
        """A fresh client assertion."""
        assert self.key is not None
        now = int(time.time())
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": audience,
            "iat": now,
            "exp": now + 240,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode({"alg": "ES384", "kid": self.key.kid, "typ": "JWT"}, claims | changes, self.key,
                          algorithms=["ES384"])  # fmt: skip


@dataclass
class Installation:
    """careweft over a database of one's own: opened here for what an operator does, and served as a process."""

    database_url: str = field(repr=False)
    data: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None
    given: dict[str, str] = field(default_factory=dict)
    """More of the environment of its processes."""

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        """What the server says on its outputs."""
        return self.data / "server.log"

    def settings(self) -> Settings:
        return config.read(
            data=self.data, database_url=self.database_url, port=self.port, environment="preview", workers=1
        )

    def inside(self, work: Callable[[House], Awaitable[T]]) -> T:
        """Do something as the composition root would let us."""

        async def opened() -> T:
            async with open_house(self.settings()) as house:
                return await work(house)

        return asyncio.run(opened())

    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CAREWEFT_")}
        mine = {
            "CAREWEFT_AUTH_RATE": "1000000",  # one machine asks for thousands of tokens here
            "CAREWEFT_ENVIRONMENT": "preview",
            "CAREWEFT_DATABASE_URL": self.database_url,
            "CAREWEFT_DATA": str(self.data),
        }
        return kept | mine | self.given

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "careweft", *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of an operator."""
        done = subprocess.run(
            self.command(*words), capture_output=True, text=True, env=self.env(), timeout=120, check=False
        )
        assert done.returncode == 0, f"careweft {words}: {done.stdout}\n{done.stderr}"
        return done

    def serve(self, workers: int = 1, *more: str) -> None:
        """Start serving and wait until it is ready; what it says goes into `log`."""
        self.process = self.begin("serve", "--port", str(self.port), "--workers", str(workers), *more)
        within(30, self.ready)

    def begin(self, *words: str) -> "subprocess.Popen[bytes]":
        """A command that runs on; what it says goes into `log`."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command(*words), env=self.env(), stdout=log, stderr=log, start_new_session=True
            )

    def ready(self) -> bool:
        assert self.process is None or self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(Caller(self.port)) as caller:
            return caller.ask("/readyz").status == 200
        return False

    def children(self, word: str) -> list[int]:
        """The processes that the server started, with this word in their command line."""
        assert self.process
        return begun_by(self.process.pid, word)

    def job_processes(self) -> list[int]:
        """The process of jobs and those that share its exports, once they are there; the one that began them first."""
        within(30, lambda: [one for pid in self.children("worker") for one in begun_by(pid)])
        (first,) = self.children("worker")
        return [first, *begun_by(first)]

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(40)
            self.process = None


def begun_by(parent: int, word: str = "") -> list[int]:
    """The processes that another one started, with this word in their command line."""
    line = ["ps", "-o", "pid=,args=", "--ppid", str(parent)]
    listed = subprocess.run(line, capture_output=True, text=True, check=False).stdout.splitlines()
    rows = (one.split(None, 1) for one in listed)
    return [int(pid) for pid, words in rows if not word or f" {word} " in f"{words} "]


@contextlib.contextmanager
def installation(database_url: str) -> Iterator[Installation]:
    """An installation over this database, stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = Path(tempfile.mkdtemp(prefix="careweft-journey-"))
    found = Installation(database_url, data, port)
    try:
        yield found
    finally:
        found.stop()
        shutil.rmtree(data, ignore_errors=True)


def within(seconds: float, holds: Callable[[], bool]) -> float:
    """Wait until it holds; how long that took. Fails after `seconds`."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, f"not within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - begun


async def feed(house: House, tenant: Tenant, resources: Sequence[Json]) -> None:
    """Take records in, as a load does; none is refused."""
    intake = Intake(await house.clinical.feed(tenant), tenant.id, {one["resourceType"] for one in resources})
    for number, one in enumerate(resources, 1):
        await intake.add(Piece("town", number, encode(one)))
    report = await intake.finish()
    assert not report.refused, report.refused[:3]


async def new_tenant(house: House, id_: str, name: str) -> Tenant:
    tenant = await house.tenants.create(name, id_, "UTC", (), ())
    await house.keyring.signing(tenant.number)
    return tenant


SENSITIVE = " ".join(WORDS)
EVERYTHING = f"system/*.rs {SENSITIVE}"


async def new_app(house: House, tenant: Tenant, side: str, scope: str = "", *, keyed: bool = False) -> App:
    """A registered and approved backend service; without a scope of its own it may have all, sensitive records too."""
    scope = scope or ("" if side == "intake" else EVERYTHING)
    private = (
        ECKey.generate_key("P-384", {"kid": f"{side}-{uuid.uuid4()}", "alg": "ES384", "use": "sig"}) if keyed else None
    )
    asked = Application(
        name="Night report", type="system", access=side, auth="private-key-jwt" if keyed else "secret",
        scopes=tuple(scope.split()), jwks=KeySet([private]).as_dict(private=False) if private else None,
    )  # fmt: skip
    made = await house.registry.register(asked, None, operator(), terminal())
    held = made.registration
    await house.registry.ask(held.id, tenant, "", operator(), terminal())
    await house.registry.approve(held.id, tenant, None, operator(), terminal())
    return App(tenant.id, held.id, made.secret, " ".join(wanted(held.asked)), private)


async def patient_token(house: House, app: App, patient: str, scope: str = f"patient/*.rs {SENSITIVE}") -> str:
    tenant = await house.tenant(app.tenant)
    minted = await house.trial.mint_patient(tenant, app.id, patient, scope, Context(str(uuid.uuid4())))
    return minted.text


async def system_token(house: House, app: App) -> str:
    tenant = await house.tenant(app.tenant)
    return str((await house.tokens.answer(tenant, token_form(app), None, Context(str(uuid.uuid4()))))["access_token"])


@dataclass
class Town:
    """The installation with its two tenants.

    `flock` lives at both, `only` at one of them; `versions` is all that each tenant ever stored. `apps` by tenant and
    side (secret) and `keyed` (private_key_jwt); `tokens` by tenant and surface, patient-access ones for the first
    patient. `ours` and `theirs` are records that only Maple or only Birch has.
    """

    at: Installation
    database: Database
    table: list[Row] = field(default_factory=list, repr=False)
    flock: Flock = field(init=False, repr=False)
    only: dict[str, Flock] = field(default_factory=dict, repr=False)
    versions: dict[str, list[Json]] = field(default_factory=dict, repr=False)
    tenants: dict[str, Tenant] = field(default_factory=dict)
    apps: dict[tuple[str, str], App] = field(default_factory=dict)
    keyed: dict[tuple[str, str], App] = field(default_factory=dict)
    tokens: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    ours: list[Json] = field(default_factory=list, repr=False)
    theirs: list[Json] = field(default_factory=list, repr=False)

    def owner(self, resource: Json) -> str:
        """Whose a stored record is."""
        return self._owners.get((resource["resourceType"], resource["id"]), "")

    @cached_property
    def _owners(self) -> dict[tuple[str, str], str]:
        flocks = (self.flock, *self.only.values())
        return {(one[0], flock.ids[one]): whose for flock in flocks for one, whose in flock.owners.items()}

    @property
    def first(self) -> str:
        """The patient of the patient-access tokens: the same id at both tenants."""
        return self.flock.patients["1"]

    def base(self, surface: str, tenant: str = MAPLE) -> str:
        return by_id(surface).url(self.at.url, tenant)

    def id_of(self, type_: str, owner: str = "") -> str:
        """The id of a record of this type, of this owner where one is named; a made-up one where there is none."""
        for (one, plain), whose in self.flock.owners.items():
            if one == type_ and owner in ("", whose):
                return self.flock.ids[one, plain]
        return "nothing-has-this-id"

    def sql(self, statement: str, *args: Any) -> list[asyncpg.Record]:
        """As the database's superuser, who sees everything."""

        async def asked() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.database.admin_url)
            try:
                return list(await connection.fetch(statement, *args))
            finally:
                await connection.close()

        return asyncio.run(asked())


def by_id(surface: str) -> Surface:
    return next(one for one in (*surfaces.ALL, surfaces.INTAKE, surfaces.RESEARCH) if one.id == surface)


def token_form(app: App, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("grant_type", "client_credentials"), ("scope", app.scope), ("client_id", app.id),
            ("client_secret", app.secret or ""), *more]  # fmt: skip


def basic(app: App) -> str:
    return "Basic " + base64.b64encode(f"{app.id}:{app.secret}".encode()).decode()


@contextlib.contextmanager
def founded(database: Database) -> Iterator[Town]:
    """A town, built, populated and served."""
    with installation(database.server_url) as at:
        town = Town(at, database)
        at.inside(lambda house: _populate(house, town))
        at.serve()
        yield town


async def _populate(house: House, town: Town) -> None:
    town.table = [Row.of(route) for route in table(house.site(), Telemetry())]
    town.flock = Flock(2, 7, "i")
    town.only = {MAPLE: Flock(1, 8, "m", first=8), BIRCH: Flock(1, 9, "b", first=9)}
    for id_, letter, name in ((MAPLE, "m", "Maple"), (BIRCH, "b", "Birch")):
        tenant = town.tenants[id_] = await new_tenant(house, id_, name)
        own = town.only[id_].marked(letter)
        marked = [*town.flock.marked(letter), *own]
        await feed(house, tenant, marked)
        town.versions[id_] = marked
        await _changed(house, tenant, town, letter)
        (town.ours if id_ == MAPLE else town.theirs).extend(own)
        for side in ("provider", "payer", "intake", "research"):
            await _registered(house, tenant, town, side)
    town.tenants[CEDAR] = await new_tenant(house, CEDAR, "Cedar")
    await _registered(house, town.tenants[CEDAR], town, "provider")


async def _changed(house: House, tenant: Tenant, town: Town, letter: str) -> None:
    """The first record of each type has a second version, and at Maple a third."""
    firsts: dict[str, str] = {}
    for type_, plain in town.flock.ids:
        firsts.setdefault(type_, town.flock.ids[type_, plain])
    for _ in range(2 if tenant.id == MAPLE else 1):
        again = [one for one in town.flock.marked(letter) if firsts[one["resourceType"]] == one["id"]]
        await feed(house, tenant, again)
        town.versions[tenant.id] += again


async def _registered(house: House, tenant: Tenant, town: Town, side: str) -> None:
    app = town.apps[tenant.id, side] = await new_app(house, tenant, side)
    town.keyed[tenant.id, side] = await new_app(house, tenant, side, keyed=True)
    town.tokens[tenant.id, surfaces.find(side, "system").id] = await system_token(house, app)
    if side not in ("intake", "research"):
        town.tokens[tenant.id, surfaces.find(side, "patient").id] = await patient_token(house, app, town.first)
